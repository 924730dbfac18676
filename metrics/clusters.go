package metrics

// BootstrapClusters is [Sample.Bootstrap] for pairs that come in clusters, such
// as the positions of one question: clusters are drawn with replacement, as many
// as there are, each with all its pairs (Davison and Hinkley 1997, section 3.8).
// Pairs that depend on each other would make the interval of independent draws
// too narrow. cluster[i] is a number of pair i's cluster, from 0. There is one
// interval for each of the figures, from the same draws. Errors: those of
// [NewSample] and [Sample.Bootstrap].
func BootstrapClusters(conf []float64, correct []bool, cluster []int, figures []Metric, r Resampling) ([]Interval, error) {
	return bootstrapClusters([][]float64{conf}, correct, cluster, figures, r)
}

// BootstrapDifferences is [BootstrapClusters] for how much two confidences of the
// same answers differ in each figure, a's less b's: both are measured on the same
// draws, so that what makes a draw easy for both drops out. The interval of the
// difference can be clear of 0 where those of a and of b overlap.
func BootstrapDifferences(a, b []float64, correct []bool, cluster []int, figures []Metric, r Resampling) ([]Interval, error) {
	return bootstrapClusters([][]float64{a, b}, correct, cluster, figures, r)
}

// bootstrapClusters measures the first of some confidences less the others.
func bootstrapClusters(confs [][]float64, correct []bool, cluster []int, figures []Metric, r Resampling) ([]Interval, error) {
	if err := r.validate(); err != nil {
		return nil, err
	}
	samples := make([]*Sample, len(confs))
	for i, conf := range confs {
		if len(cluster) != len(conf) {
			return nil, &LengthError{len(conf), len(cluster)}
		}
		var err error
		if samples[i], err = NewSample(conf, correct); err != nil {
			return nil, err
		}
	}
	members, err := clustersOf(cluster, len(cluster))
	if err != nil {
		return nil, err
	}
	values := make([][]float64, len(figures))
	var drawn []int
	var conf []float64
	var right []bool
	for i := range r.Resamples {
		state := splitMix(mix(r.Seed) ^ mix(^uint64(i)))
		drawn = drawn[:0]
		for range members {
			drawn = append(drawn, members[state.below(uint64(len(members)))]...)
		}
		for j, s := range samples {
			conf, right = conf[:0], right[:0]
			for _, at := range drawn {
				conf = append(conf, confs[j][at])
				right = append(right, correct[at])
			}
			if err := s.Reset(conf, right); err != nil {
				return nil, err
			}
		}
		for k, figure := range figures {
			v, err := difference(samples, figure, r.Binning)
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
		out[k] = percentiles(v, r)
	}
	return out, nil
}

// difference is a figure of the first sample less those of the others.
func difference(samples []*Sample, figure Metric, b Binning) (float64, error) {
	v, err := samples[0].metric(figure, b)
	for _, s := range samples[1:] {
		if err != nil {
			break
		}
		var less float64
		less, err = s.metric(figure, b)
		v -= less
	}
	return v, err
}
