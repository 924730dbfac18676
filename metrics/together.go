package metrics

import (
	"cmp"
	"math"
)

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

// EvaluateAndBootstrap is [Sample.Evaluate] and [Sample.Bootstraps] in one. With many pairs and
// several processors it takes less time than one after the other. Both use the binning of o.
func (s *Sample) EvaluateAndBootstrap(o Options, metrics []Metric, r Resampling) (Summary, []Interval, error) {
	r.Binning = o.Binning
	if s.N() < condenseFrom { // what follows would write to memory of s at once
		summary, err := s.Evaluate(o)
		if err != nil {
			return summary, nil, err
		}
		all, err := s.Bootstraps(metrics, r)
		return summary, all, err
	}
	var summary Summary
	var p *population
	var all []Interval
	var errs [2]error
	atOnce(2, func(k int) {
		if k == 0 {
			summary, errs[0] = s.Evaluate(o)
		} else {
			p, all, errs[1] = s.drawnFrom(metrics, r)
		}
	})
	if err := cmp.Or(errs[0], errs[1]); err != nil {
		return summary, all, err
	}
	return summary, p.intervals(metrics, r, summary.metric), nil
}

// metric returns the value of a metric, which is NaN if it is undefined.
func (r *Summary) metric(m Metric) float64 {
	return [metricCount]float64{
		MetricAccuracy: r.Accuracy, MetricECE: r.ECE, MetricBrier: r.Brier, MetricNLL: r.NLL, MetricAUROC: r.AUROC.Value, MetricAUPRC: r.AUPRC,
		MetricAURC: r.AURC.Value, MetricAUGRC: r.AUGRC.Value, MetricPRR: r.PRR.Value, MetricBrierSkill: r.BrierSkill,
	}[m]
}

// together computes the figures of a sample that is not empty.
func (s *Sample) together(o *Options) *together {
	t := new(together)
	t.tally = newTally(o.Binning.partition(s), nil)
	tasks := [...]func(){
		func() { t.points(s) },
		func() { t.smooth, t.width, _ = s.SmoothECE(); t.mass = s.massECE(o.Binning.Bins) },
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

// massECE is the ECE with bins of equal mass.
func (s *Sample) massECE(bins int) float64 {
	if s.groups != nil {
		ece, _ := s.ECE(Binning{EqualMass, bins})
		return ece
	}
	t := newTally(s.equalMassOfKeys(bins), nil)
	t.addSorted(s.keys)
	return t.ece()
}

// equalMassOfKeys is equalMass of sorted keys. It looks only at the pairs at the edges.
func (s *Sample) equalMassOfKeys(bins int) partition {
	p := partition{EqualMass, []float64{0}}
	rank := func(next int) int { return int(quantileRank(uint64(next), uint64(bins), s.N())) }
	for next := 1; next <= bins; {
		at := rank(next) - 1
		p.edges = append(p.edges, keyConf(s.keys[at]))
		for at, _ = endOfTie(s.keys, at); next <= bins && at >= rank(next); {
			next++
		}
	}
	return p
}

// points computes the figures to which each pair adds a term of its own.
func (t *together) points(s *Sample) {
	var conf, brier, nll sum
	if s.groups == nil && t.tally.rule != Netcal {
		t.pointsOfKeys(s.keys, &brier, &nll)
	} else {
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
	at := lastWithin{risk: o.Risk, conf: math.NaN()}
	for groups := range s.down {
		t.area.add(groups)
		t.precision.add(groups)
		risk.add(groups)
		at.add(groups)
	}
	t.atCoverage = risk.value()
	t.atRisk = Operating{at.conf, ratio(at.seen, s.N()), ratio(at.errs, at.seen)} // 0/0 is NaN
}

// lastWithin finds the last threshold with at most a risk, from the highest confidence down.
type lastWithin struct {
	risk             float64
	allErrs, allSeen uint64

	conf       float64 // of the threshold
	errs, seen uint64
}

func (l *lastWithin) add(groups []group) {
	for i := len(groups) - 1; i >= 0; i-- {
		g := &groups[i]
		l.allErrs += g.wrong
		l.allSeen += g.size()
		if ratio(l.allErrs, l.allSeen) <= l.risk {
			l.conf, l.errs, l.seen = g.conf, l.allErrs, l.allSeen
		}
	}
}
