package fit

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Stop is a threshold for ending answers early: an answer is stopped at the first step
// where its confidence is below Threshold.
type Stop struct {
	Alpha     float64 // the share of right answers that may be stopped, in (0,1)
	Threshold float64 // in [0,1]; 0 stops nothing
	Right     int     // right answers that it was chosen on
	Bound     float64 // on the probability that a right answer is stopped, at most Alpha: see StopBelow
}

// ErrStop is the error of an alpha that is out of range.
var ErrStop = errors.New("fit: want an alpha between 0 and 1")

// FewestRight is the least number of right answers for which [StopBelow] finds a threshold
// over 0, for an alpha in (0,1). With fewer, even the lowest of their confidences promises
// less.
func FewestRight(alpha float64) int { return int(math.Ceil(1/alpha-1e-9)) - 1 }

// StopBelow finds the greatest threshold that stops, at any step, at most a share alpha of
// right answers, alpha in (0,1). paths are the confidences of each right answer at the steps where it can
// be stopped; one answer of each question, because answers to the same question are not
// exchangeable with those to others. A path may be empty: such an answer is never stopped.
//
// It is split conformal prediction (Vovk, Gammerman and Shafer 2005, "Algorithmic Learning
// in a Random World", section 4.1; Angelopoulos and Bates 2023, "Conformal Prediction: A
// Gentle Introduction", theorem 1) on one score of each answer, the least confidence of
// its path. An answer is stopped at some step if and only if its score is below the
// threshold, so looking at every step costs nothing. The threshold is the k-th smallest
// score, where k = floor(alpha (n+1)). A further right answer that is exchangeable with
// these has one of n+1 ranks, each equally likely, and a score below the threshold needs
// one of the first k. So the probability is at most k/(n+1), over the draw of these
// answers and of the further one. With k = 0 nothing can be promised, and the threshold
// is 0; see [FewestRight]. Errors: [ErrStop], and one about a confidence that is not in
// [0,1].
func StopBelow(paths [][]float64, alpha float64) (Stop, error) {
	s := Stop{Alpha: alpha, Right: len(paths)}
	if !(alpha > 0 && alpha < 1) {
		return s, ErrStop
	}
	scores := make([]float64, len(paths))
	for i, path := range paths {
		scores[i] = 1 // no confidence is below a threshold of 1 or less in an empty path
		for _, p := range path {
			if !(p >= 0 && p <= 1) {
				return s, fmt.Errorf("fit: right answer %d: a confidence is not in [0,1]", i)
			}
			scores[i] = min(scores[i], p)
		}
	}
	slices.Sort(scores)
	// The small amount keeps a product such as 0.1*30 from falling below its whole number.
	if k := int(math.Floor(alpha*float64(len(paths)+1) + 1e-9)); k > 0 {
		s.Threshold, s.Bound = scores[k-1], float64(k)/float64(len(paths)+1)
	}
	return s, nil
}

// Stops is the first step, from 0, at which a path is stopped, or -1.
func (s *Stop) Stops(path []float64) int {
	return slices.IndexFunc(path, func(p float64) bool { return p < s.Threshold })
}
