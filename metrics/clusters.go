package metrics

// BootstrapClusters is [Sample.Bootstrap] for pairs that come in clusters, such as the
// positions of one question. Pairs of one cluster depend on each other, so an interval from
// independent draws would be too narrow. Here whole clusters are drawn with replacement, as
// many as there are (Davison and Hinkley 1997, section 3.8). cluster[i] is the number of
// pair i's cluster, from 0. There is one interval for each of the figures, from the same
// draws. Errors: those of [NewSample] and [Sample.Bootstrap].
func BootstrapClusters(conf []float64, correct []bool, cluster []int, figures []Metric, r Resampling) ([]Interval, error) {
	if len(cluster) != len(conf) {
		return nil, &LengthError{len(conf), len(cluster)}
	}
	return bootstrapClusters([][]float64{conf}, correct, cluster, figures, r)
}

// BootstrapDifferences is [BootstrapClusters] for the difference of two confidences of the
// same answers, a's figure minus b's. Both are measured on the same draws. So a draw
// that is easy for both hardly changes their difference. The interval of the
// difference can exclude 0 even if the intervals of a and of b overlap. If cluster is
// nil, each pair is drawn by itself.
func BootstrapDifferences(a, b []float64, correct []bool, cluster []int, figures []Metric, r Resampling) ([]Interval, error) {
	return bootstrapClusters([][]float64{a, b}, correct, cluster, figures, r)
}

// bootstrapClusters measures the figures of confs[0] minus those of the others.
func bootstrapClusters(confs [][]float64, correct []bool, cluster []int, figures []Metric, r Resampling) ([]Interval, error) {
	if err := r.validate(); err != nil {
		return nil, err
	}
	for _, figure := range figures {
		if figure >= metricCount {
			return nil, ErrMetric
		}
	}
	populations := make([]*population, len(confs))
	for i, conf := range confs {
		if cluster != nil && len(cluster) != len(conf) {
			return nil, &LengthError{len(conf), len(cluster)}
		}
		s, err := NewSample(conf, correct)
		if err != nil {
			return nil, err
		}
		populations[i] = newPopulation(s, figures, r.Binning)
		populations[i].cells = cellsInOrder(s, conf, correct)
	}
	if cluster == nil {
		if len(correct) == 0 {
			return nil, ErrEmpty
		}
		return bootstrapped(populations, nil, figures, r), nil
	}
	members, err := clustersOf(cluster, len(cluster))
	if err != nil {
		return nil, err
	}
	return bootstrapped(populations, members, figures, r), nil
}
