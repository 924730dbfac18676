package metrics

import "math"

// Bounded is a figure with bounds that contain its exact value. The three numbers are equal
// unless the figure is from an [Accumulator] that has folded.
type Bounded struct{ Value, Low, High float64 }

func exactly(v float64) Bounded { return Bounded{v, v, v} }

// between keeps rounding from putting a value outside its own bounds.
func between(value, low, high float64) Bounded {
	return Bounded{value, min(low, value), max(high, value)}
}

// The methods below take the pairs of a group for tied. If the groups are the cells of a
// folded accumulator, the pairs of a cell may have any order. The bounds are then the
// figures of the best and of the worst order.

func (s *Sample) auroc(cells bool) (Bounded, error) {
	if err := s.ranked(); err != nil {
		return exactly(math.NaN()), err
	}
	twice, tied := s.mannWhitney()
	value := pairShare(twice, s.right, s.wrong)
	if !cells {
		return exactly(value), nil
	}
	return between(value,
		pairShare(twice.minus(tied), s.right, s.wrong),
		pairShare(twice.plus(tied), s.right, s.wrong)), nil
}

func (s *Sample) riskAreas(area float64, cells bool) (aurc, augrc Bounded, err error) {
	if s.N() == 0 {
		return exactly(math.NaN()), exactly(math.NaN()), ErrEmpty
	}
	n := float64(s.N())
	area /= n
	twice, tied := s.mannWhitney()
	general := generalizedRisk(twice, s.right, s.wrong)
	if !cells {
		return exactly(area), exactly(general), nil
	}
	aurc = between(area,
		areaUnderRisk(extreme(s.tied(), true))/n,
		areaUnderRisk(extreme(s.tied(), false))/n)
	augrc = between(general,
		generalizedRisk(twice.plus(tied), s.right, s.wrong),
		generalizedRisk(twice.minus(tied), s.right, s.wrong))
	return aurc, augrc, nil
}

func (s *Sample) prr(area float64, cells bool) (Bounded, error) {
	if err := s.ranked(); err != nil {
		return exactly(math.NaN()), err
	}
	value := rejectionRatio(area, s.right, s.wrong)
	if !cells {
		return exactly(value), nil
	}
	return between(value,
		rejectionRatio(areaUnderRisk(extreme(s.tied(), false)), s.right, s.wrong),
		rejectionRatio(areaUnderRisk(extreme(s.tied(), true)), s.right, s.wrong)), nil
}

// extreme returns the best or the worst ranking that the cells allow: in each cell, all
// correct pairs above or below all wrong ones.
func extreme(groups []group, best bool) []group {
	out := make([]group, 0, 2*len(groups))
	for _, g := range groups {
		right, wrong := group{right: g.right}, group{wrong: g.wrong}
		if best {
			out = append(out, wrong, right)
		} else {
			out = append(out, right, wrong)
		}
	}
	return out
}
