package metrics

import "math"

// Bounded is a figure and the bounds within which its exact value lies: three
// equal numbers, unless it comes from an [Accumulator] that has folded.
type Bounded struct{ Value, Low, High float64 }

func exactly(v float64) Bounded { return Bounded{v, v, v} }

// between keeps rounding from putting a value outside its own bounds.
func between(value, low, high float64) Bounded {
	return Bounded{value, min(low, value), max(high, value)}
}

// The methods below take the groups for tied pairs, or when they are the cells
// of a folded accumulator, add what the best and the worst order inside the
// cells would give.

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

// extreme orders the pairs of each cell with the correct ones all above or all
// below the wrong ones: the best and the worst ranking that the cells allow.
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
