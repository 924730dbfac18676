package metrics

import "math"

// together has the figures that [Sample.Evaluate] computes in a few passes over the sample,
// which run at the same time. They have the same bits as the figures of the single methods.
type together struct {
	mean, brier, nll, mass float64
	clipped                uint64
	tally                  tally
	smooth, width          float64
	area                   riskArea
	precision              precision
	atRisk                 Operating
	atCoverage             float64
	interval               Interval // DeLong's
	intervalErr            error
}

// together computes the figures of a sample that is not empty.
func (s *Sample) together(o *Options) *together {
	t := new(together)
	t.tally = newTally(o.Binning.partition(s), nil)
	tasks := [...]func(){
		func() { t.points(s); t.mass, _ = s.ECE(Binning{EqualMass, o.Binning.Bins}) },
		func() { t.smooth, t.width, _ = s.SmoothECE() },
		func() {
			t.descend(s, o)
			if o.delong(s.N()) {
				t.interval, t.intervalErr = s.DeLong(o.Level)
			}
		},
	}
	atOnce(len(tasks), func(k int) { tasks[k]() })
	return t
}

// points computes the figures to which each pair adds a term of its own.
func (t *together) points(s *Sample) {
	var conf, brier, nll sum
	for groups := range s.up {
		t.tally.addGroups(groups, true)
		for i := range groups {
			g := &groups[i]
			addBrier(&brier, g)
			t.clipped += addNLL(&nll, g)
			if t.tally.rule == Netcal { // its bins have clipped confidences
				conf.add(g.conf, g.size())
			}
		}
	}
	if t.tally.rule != Netcal {
		for i := range t.tally.slots {
			conf.merge(&t.tally.slots[i].conf)
		}
	}
	n := float64(s.N())
	t.mean, t.brier, t.nll = conf.value()/n, brier.value()/n, nll.value()/n
}

// descend computes the figures that need the confidences in descending order.
func (t *together) descend(s *Sample, o *Options) {
	risk := riskAt{k: float64(o.Coverage * float64(s.N()))}
	at := thresholds{n: s.N()}
	t.atRisk = Operating{math.NaN(), 0, math.NaN()}
	within := t.atRisk.within(o.Risk)
	for groups := range s.down {
		t.area.add(groups)
		t.precision.add(groups)
		risk.add(groups)
		at.each(groups, within)
	}
	t.atCoverage = risk.value()
}
