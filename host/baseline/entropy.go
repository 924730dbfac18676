package baseline

import (
	"fmt"
	"math"

	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/metrics/portable"
)

// Weighting says how the weight of a sample in the probability of its class is computed.
type Weighting uint8

const (
	// Normalized is e to the mean log-probability of the sample's tokens, as in the code of
	// Farquhar et al. Long answers then count as much as short ones.
	Normalized Weighting = iota
	// Sequence is e to the sum of the log-probabilities, the likelihood.
	Sequence
	// Discrete is 1 for each sample (discrete semantic entropy). It needs no
	// log-probabilities.
	Discrete
	weightings = iota
)

var weightingNames = [weightings]string{"normalized", "sequence", "discrete"}

// String returns "normalized", "sequence" or "discrete".
func (w Weighting) String() string {
	if int(w) < len(weightingNames) {
		return weightingNames[w]
	}
	return fmt.Sprintf("weighting(%d)", w)
}

// SemanticEntropy is SE: how much the samples differ in meaning (Kuhn et al. 2023, arXiv
// 2302.09664; Farquhar et al. 2024, doi 10.1038/s41586-024-07421-0). With the weights w of
// the n samples and the class c of each:
//
//	p(c) = sum of w in class c / sum of w
//	SE   = - sum over c of p(c) ln p(c)      (in nats, 0 to ln n)
//
// The confidence is 1 - SE/ln n, in [0,1]. This transformation is monotone, so it keeps
// AUROC; it does not calibrate. A sample without a final answer is a class of its own.
// Probabilities are those of the completions given the state.
type SemanticEntropy struct{ Weighting Weighting }

// Name is "se", followed by the weighting if that is not Normalized.
func (e SemanticEntropy) Name() string {
	if e.Weighting == Normalized {
		return "se"
	}
	return "se-" + e.Weighting.String()
}

// Needs is Classes.
func (SemanticEntropy) Needs() Needs { return Classes }

// Confidence is unavailable for fewer than two samples. Unless the weighting is Discrete, it
// also needs the log-probabilities of all samples.
func (e SemanticEntropy) Confidence(s *Statistics) (float64, error) {
	if err := s.need(Classes); err != nil {
		return 0, err
	}
	entropy, err := e.Entropy(s.Samples)
	if err != nil {
		return 0, err
	}
	return min(max(1-entropy/math.Log(float64(len(s.Samples))), 0), 1), nil
}

// Entropy returns SE, in nats.
func (e SemanticEntropy) Entropy(samples []Answer) (float64, error) {
	if len(samples) < 2 {
		return 0, unavailable("semantic entropy needs at least two samples")
	}
	if e.Weighting >= weightings {
		return 0, fmt.Errorf("baseline: unknown %v", e.Weighting)
	}
	// Weights are relative to the largest, so they do not all underflow to 0.
	logs := make([]float64, len(samples))
	largest := math.Inf(-1)
	for i := range samples {
		if e.Weighting != Discrete {
			sum, ok := likelihood(samples[i].Tokens)
			if !ok {
				return 0, unavailable(fmt.Sprintf("sample %d of %d has no log-probabilities", i+1, len(samples)))
			}
			if logs[i] = sum; e.Weighting == Normalized {
				logs[i] /= float64(len(samples[i].Tokens))
			}
		}
		largest = max(largest, logs[i])
	}
	var masses []float64
	at := map[int]int{}
	total := 0.0
	for i := range samples {
		w := portable.Exp(logs[i] - largest)
		total += w
		class := samples[i].Class
		place, ok := at[class]
		if !ok || class == grade.NoAnswer {
			place = len(masses)
			masses = append(masses, 0)
			at[class] = place
		}
		masses[place] += w
	}
	entropy := 0.0
	for _, m := range masses {
		if p := m / total; p > 0 {
			entropy -= p * math.Log(p)
		}
	}
	return max(entropy, 0), nil
}
