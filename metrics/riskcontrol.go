package metrics

import "math"

// Guarantee is a threshold and what holds of the answers of at least that
// confidence: with probability at least 1-Delta over the draw of the sample,
// their true error rate is at most Target.
type Guarantee struct {
	Target, Delta float64
	Threshold     float64 // NaN if no threshold qualifies
	Pairs         uint64  // the pairs that thresholds were tested on, three quarters of the sample
	Kept, Wrong   uint64  // of those, how many have at least the threshold, and how many of these are wrong
	Coverage      float64 // Kept/Pairs; 0 if no threshold qualifies
	Bound         float64 // Clopper-Pearson upper bound of the error rate, at most Target; NaN if no threshold qualifies
	Tested        int     // thresholds that were tested, the first to fail included
}

// coverages is how many coverages the thresholds that are tested have.
const coverages = 40

// ThresholdForRisk is the smallest threshold found, so the largest coverage, such
// that the error rate of the answers of at least that confidence is at most
// target with probability 1-delta over samples of independent pairs, both in
// (0,1). It needs no assumption on how confidence and correctness depend on each
// other. If none qualifies, Threshold and Bound are NaN and Coverage is 0, without
// an error. Other errors: those of [NewSample].
//
// It is split fixed sequence testing (Angelopoulos, Bates, Candes, Jordan and Lei
// 2021, "Learn then Test"). A quarter of the pairs, drawn by
// seed, says which thresholds to test and in which order: those that keep a
// fortieth of the quarter, two fortieths and so on, from the one that looks
// safest downwards. The other three quarters test them in turn, each by the
// Clopper-Pearson bound at the full delta, up to the first whose bound exceeds
// target. As the order is fixed before the tests, and the first threshold that
// is really unsafe has to pass a test to be chosen, all of them together are
// wrong with probability delta at most, however many are tested.
//
// Pairs that depend on each other, such as several positions of one answer, are
// not what the guarantee is about: give one pair of each question.
func ThresholdForRisk(conf []float64, correct []bool, target, delta float64, seed uint64) (Guarantee, error) {
	nan := math.NaN()
	g := Guarantee{Target: target, Delta: delta, Threshold: nan, Bound: nan}
	switch {
	case !(target > 0 && target < 1):
		return g, ErrOption
	case !(delta > 0 && delta < 1):
		return g, ErrDelta
	}
	if _, err := NewSample(conf, correct); err != nil {
		return g, err
	}
	if len(conf) == 0 {
		return g, ErrEmpty
	}
	order, testing := quarters(conf, correct, seed)
	g.Pairs = testing.N()
	sequence := order.sequence(delta)
	for _, threshold := range sequence {
		kept, wrong := testing.atLeast(threshold)
		if kept == 0 {
			break
		}
		g.Tested++
		bound, err := ClopperPearsonUpper(wrong, kept, delta)
		if err != nil {
			return g, err
		}
		if bound > target {
			break
		}
		g.Threshold, g.Bound, g.Kept, g.Wrong = threshold, bound, kept, wrong
		g.Coverage = ratio(kept, g.Pairs)
	}
	return g, nil
}

// quarters splits pairs at random: a quarter, and the rest.
func quarters(conf []float64, correct []bool, seed uint64) (quarter, rest *Sample) {
	n := len(conf)
	shuffled, labels := make([]float64, n), make([]bool, n)
	state := splitMix(mix(seed))
	for i := range n { // Fisher and Yates, inside out
		j := int(state.below(uint64(i + 1)))
		shuffled[i], labels[i] = shuffled[j], labels[j]
		shuffled[j], labels[j] = conf[i], correct[i]
	}
	quarter, _ = NewSample(shuffled[:n/4], labels[:n/4]) // checked by the caller
	rest, _ = NewSample(shuffled[n/4:], labels[n/4:])
	return quarter, rest
}

// sequence is the thresholds to test, in order. Without pairs to choose by, it is
// the one that keeps everything.
func (s *Sample) sequence(delta float64) []float64 {
	var grid []float64
	first, least := 0, 2.0
	for step := uint64(1); step <= coverages; step++ {
		threshold := s.thresholdAt((s.N()*step + coverages - 1) / coverages)
		if n := len(grid); n > 0 && grid[n-1] == threshold {
			continue
		}
		grid = append(grid, threshold)
		kept, wrong := s.atLeast(threshold)
		if bound, err := ClopperPearsonUpper(wrong, kept, delta); err == nil && bound < least {
			first, least = len(grid)-1, bound
		}
	}
	return grid[first:]
}

// thresholdAt is the threshold that keeps the rank most confident pairs, fewer
// where ties would make them more.
func (s *Sample) thresholdAt(rank uint64) float64 {
	groups := s.tied()
	seen, next := uint64(0), math.Inf(1)
	for i := len(groups) - 1; i >= 0; i-- {
		if seen += groups[i].size(); seen > rank {
			return above(groups[i].conf, next)
		}
		next = groups[i].conf
	}
	return 0
}

// above is a number over v with few digits: four decimals, or three digits of
// 1-v where these are more. Where that passes over next, the least confidence
// above v, it has up to three digits of next, as far as 1e-20. For v = 1 it is
// over 1.
func above(v, next float64) float64 {
	scale := 1e4
	for scale < 1e15 && (1-v)*scale < 100 {
		scale *= 10
	}
	for {
		k := math.Floor(v*scale) + 1
		for k/scale <= v {
			k++
		}
		if t := k / scale; t <= next || next*scale >= 100 || scale >= 1e22 {
			return t
		}
		scale *= 10
	}
}

// atLeast counts the pairs of at least a confidence, and the wrong ones.
func (s *Sample) atLeast(threshold float64) (kept, wrong uint64) {
	groups := s.tied()
	for i := len(groups) - 1; i >= 0 && groups[i].conf >= threshold; i-- {
		kept += groups[i].size()
		wrong += groups[i].wrong
	}
	return kept, wrong
}
