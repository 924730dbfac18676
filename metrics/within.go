package metrics

import (
	"math"
	"slices"
)

// Discrimination says how well confidences separate right from wrong answers to the same
// question.
type Discrimination struct {
	Value     float64
	Interval  Interval // over questions
	Questions int      // that have both a correct and a wrong answer
	Pairs     uint64   // pairs of a correct and a wrong answer to the same question
}

// WithinQuestion is the within-question discrimination (Taubenfeld et al. 2025, "CISC"):
// the probability that a correct answer has a higher confidence than a wrong answer to
// the same question, over all such pairs of answers. Here a tie counts one half, as in
// [AUROC]; the paper counts it as 0. Chance gives 0.5. An AUROC over all questions can be
// high because some questions are easy; this figure cannot.
//
// cluster[i] is the number of answer i's question, from 0. The interval is the percentile
// bootstrap over questions, with the same draws as [BootstrapClusters]. If no question has
// both a correct and a wrong answer, Value is NaN with [ErrNoContrast].
func WithinQuestion(conf []float64, correct []bool, cluster []int, r Resampling) (Discrimination, error) {
	d := Discrimination{Value: math.NaN(), Interval: Interval{Low: math.NaN(), High: math.NaN(), Level: r.Level, Method: Percentile}}
	if err := r.validate(); err != nil {
		return d, err
	}
	if len(conf) != len(correct) {
		return d, &LengthError{len(conf), len(correct)}
	}
	members, err := clustersOf(cluster, len(conf))
	if err != nil {
		return d, err
	}
	counts, err := countWithin(conf, correct, members)
	if err != nil {
		return d, err
	}
	var all ordered
	for _, c := range counts {
		all.add(c)
		if c.pairs > 0 {
			d.Questions++
		}
	}
	d.Pairs = all.pairs
	if d.Pairs == 0 {
		return d, ErrNoContrast
	}
	d.Value = all.share()
	values := make([]float64, 0, r.Resamples)
	for i := range r.Resamples {
		state := splitMix(mix(r.Seed) ^ mix(^uint64(i)))
		var drawn ordered
		for range counts {
			drawn.add(counts[state.below(uint64(len(counts)))])
		}
		if drawn.pairs > 0 {
			values = append(values, drawn.share())
		}
	}
	d.Interval = percentiles(values, r)
	return d, nil
}

// ordered counts pairs of a correct and a wrong answer. twice is twice the number of pairs in
// which the correct answer has the higher confidence, plus 1 for each tie.
type ordered struct{ twice, pairs uint64 }

func (o *ordered) add(p ordered) {
	o.twice += p.twice
	o.pairs += p.pairs
}

func (o *ordered) share() float64 { return float64(o.twice) / float64(2*o.pairs) }

// countWithin counts the pairs of each question.
func countWithin(conf []float64, correct []bool, members [][]int) ([]ordered, error) {
	out := make([]ordered, len(members))
	s := new(Sample)
	var c []float64
	var y []bool
	for q, rows := range members {
		c, y = c[:0], y[:0]
		for _, at := range rows {
			if v := conf[at]; !(v >= 0 && v <= 1) {
				return nil, &ValueError{at, v}
			}
			c, y = append(c, conf[at]), append(y, correct[at])
		}
		if len(rows) < 2 {
			continue
		}
		if err := s.Reset(c, y); err != nil {
			return nil, err
		}
		twice, _ := s.mannWhitney()
		out[q] = ordered{twice.lo, s.right * s.wrong}
	}
	return out, nil
}

// clustersOf lists the pairs of each cluster that has any.
func clustersOf(cluster []int, n int) ([][]int, error) {
	if len(cluster) != n {
		return nil, &LengthError{n, len(cluster)}
	}
	if n == 0 {
		return nil, ErrEmpty
	}
	if slices.Min(cluster) < 0 {
		return nil, ErrCount
	}
	members := make([][]int, slices.Max(cluster)+1)
	for i, c := range cluster {
		members[c] = append(members[c], i)
	}
	return slices.DeleteFunc(members, func(m []int) bool { return len(m) == 0 }), nil
}
