package metrics

import (
	"math"
	"slices"
)

// BootstrapClusters is [Sample.Bootstrap] for pairs that come in clusters, such
// as the positions of one question: clusters are drawn with replacement, as many
// as there are, each with all its pairs (Davison and Hinkley 1997, section 3.8).
// Pairs that depend on each other would make the interval of independent draws
// too narrow. cluster[i] is a number of pair i's cluster, from 0. There is one
// interval for each of the figures, from the same draws. Errors: those of
// [NewSample] and [Sample.Bootstrap].
func BootstrapClusters(conf []float64, correct []bool, cluster []int, figures []Metric, r Resampling) ([]Interval, error) {
	r.fill()
	if _, err := twoSidedZ(r.Level); err != nil {
		return nil, err
	}
	if len(cluster) != len(conf) {
		return nil, &LengthError{len(conf), len(cluster)}
	}
	s, err := NewSample(conf, correct)
	if err != nil {
		return nil, err
	}
	if s.N() == 0 {
		return nil, ErrEmpty
	}
	if least := slices.Min(cluster); least < 0 {
		return nil, ErrCount
	}
	members := make([][]int, slices.Max(cluster)+1)
	for i, c := range cluster {
		members[c] = append(members[c], i)
	}
	members = slices.DeleteFunc(members, func(m []int) bool { return len(m) == 0 })
	values := make([][]float64, len(figures))
	var drawnConf []float64
	var drawnCorrect []bool
	for i := range r.Resamples {
		state := splitMix(mix(r.Seed) ^ mix(^uint64(i)))
		drawnConf, drawnCorrect = drawnConf[:0], drawnCorrect[:0]
		for range members {
			for _, at := range members[state.below(uint64(len(members)))] {
				drawnConf = append(drawnConf, conf[at])
				drawnCorrect = append(drawnCorrect, correct[at])
			}
		}
		if err := s.Reset(drawnConf, drawnCorrect); err != nil {
			return nil, err
		}
		for k, figure := range figures {
			v, err := s.metric(figure, r.Binning)
			if _, undefined := err.(Undefined); err != nil && !undefined {
				return nil, err
			}
			if err == nil {
				values[k] = append(values[k], v)
			}
		}
	}
	out := make([]Interval, len(figures))
	for k, v := range values {
		iv := Interval{Low: math.NaN(), High: math.NaN(), Level: r.Level, Method: Percentile, Resamples: len(v), Skipped: r.Resamples - len(v)}
		if len(v) > 0 {
			slices.Sort(v)
			iv.Low, iv.High = quantile(v, (1-r.Level)/2), quantile(v, (1+r.Level)/2)
		}
		out[k] = iv
	}
	return out, nil
}
