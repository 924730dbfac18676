package metrics

import "math"

// Guarantee is a confidence threshold with a guarantee. The answers that reach the threshold
// have a true error rate of at most Target, with probability at least 1-Delta over the draw
// of the sample.
type Guarantee struct {
	Target, Delta float64
	Threshold     float64 // NaN if no threshold qualifies
	Pairs         uint64  // the pairs on which thresholds were tested, three quarters of the sample
	Kept, Wrong   uint64  // how many of these pairs reach the threshold, and how many of the kept ones are wrong
	Coverage      float64 // Kept/Pairs; 0 if no threshold qualifies
	Bound         float64 // Clopper-Pearson upper bound of the error rate, at most Target; NaN if no threshold qualifies
	Tested        int     // thresholds that were tested, including the first that failed
}

// coverages is the number of coverages whose thresholds may be tested.
const coverages = 40

// ThresholdForRisk finds a confidence threshold with a guarantee: the answers that
// reach the threshold have an error rate of at most target, with probability at least
// 1-delta over samples of independent pairs. A low threshold is preferred, since it
// keeps more answers (a higher coverage). target and delta are in (0,1). It does not
// matter how confidence and correctness depend on each other. If no threshold
// qualifies, Threshold and Bound are NaN and Coverage is 0, without an error. Errors:
// those of [NewSample], [ErrEmpty], and target or delta out of range.
//
// The method is split fixed sequence testing (Angelopoulos, Bates, Candes, Jordan and Lei
// 2021, "Learn then Test"). A quarter of the pairs, drawn by seed, decides which thresholds
// are tested and in which order. Candidate i keeps i fortieths of the quarter. The
// order begins with the candidate that has the lowest bound of its error rate in the
// quarter, and goes on to lower thresholds. The other three quarters of the pairs
// test one threshold after the other, by the Clopper-Pearson bound at the full delta.
// The tests end at the first threshold whose bound exceeds target.
//
// The order is fixed before the tests. So an unsafe threshold can be chosen only if
// the test of the first unsafe threshold in that order has a wrong result. That has a
// probability of at most delta, for any number of tests.
//
// The guarantee needs independent pairs. Several positions of one answer are not independent:
// pass one pair for each question.
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

// quarters splits pairs at random into a quarter and the rest.
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

// sequence returns the thresholds to test, in order. If s has no pairs, it is the threshold 0
// alone, which keeps everything.
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

// thresholdAt returns a threshold that keeps the rank most confident pairs. It keeps fewer
// if ties make that number impossible.
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

// above returns a number over v with few digits: four decimals, or more if three digits of
// 1-v need more. next is the lowest confidence above v. If the number would be over
// next, it gets more decimals, until next has three significant digits or there are
// 22 decimals. For v = 1 the result is over 1.
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

// atLeast counts the pairs whose confidence reaches threshold, and the wrong ones of them.
func (s *Sample) atLeast(threshold float64) (kept, wrong uint64) {
	groups := s.tied()
	for i := len(groups) - 1; i >= 0 && groups[i].conf >= threshold; i-- {
		kept += groups[i].size()
		wrong += groups[i].wrong
	}
	return kept, wrong
}
