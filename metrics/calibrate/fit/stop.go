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
	Right     int     // number of right answers on which Threshold was chosen
	Bound     float64 // upper bound of the probability that a right answer is stopped, at most Alpha; see StopBelow
}

// ErrStop means that an alpha is out of range.
var ErrStop = errors.New("fit: want an alpha between 0 and 1")

// FewestRight returns the minimum number of right answers for which [StopBelow] can find a
// threshold over 0, for an alpha in (0,1). With fewer answers, no threshold over 0 has the
// guarantee.
func FewestRight(alpha float64) int { return int(math.Ceil(1/alpha-1e-9)) - 1 }

// StopBelow finds the highest threshold that stops at most a share alpha of right answers,
// alpha in (0,1). An answer is stopped if its confidence is below the threshold at any step.
// paths has the confidences of right answers, one for each step at which the answer can be
// stopped. Pass one answer to each question, because answers to the same question are not
// independent. A path may be empty; such an answer is never stopped.
//
// The method is split conformal prediction (Vovk, Gammerman and Shafer 2005, "Algorithmic
// Learning in a Random World", section 4.1; Angelopoulos and Bates 2023, "Conformal
// Prediction: A Gentle Introduction", theorem 1). The score of an answer is the lowest
// confidence of its path. An answer is stopped at some step if and only if its score is below
// the threshold. So the guarantee covers all steps together. The threshold is the k-th
// smallest score, where k = floor(alpha (n+1)).
//
// A further right answer that is exchangeable with these has one of n+1 ranks, each with the
// same probability. It is stopped only with one of the first k ranks. So it is stopped with
// probability at most k/(n+1), over the draw of these answers and the further one. With k = 0
// no threshold has the guarantee, and the result is 0; see [FewestRight].
//
// Errors: [ErrStop], and a confidence that is not in [0,1].
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
	// Without the small amount, rounding could put a product such as 0.1*30 below 3.
	if k := int(math.Floor(alpha*float64(len(paths)+1) + 1e-9)); k > 0 {
		s.Threshold, s.Bound = scores[k-1], float64(k)/float64(len(paths)+1)
	}
	return s, nil
}

// Stops returns the first step, from 0, at which a path is stopped, or -1.
func (s *Stop) Stops(path []float64) int {
	return slices.IndexFunc(path, func(p float64) bool { return p < s.Threshold })
}
