package baseline

import (
	"math"

	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/metrics/portable"
)

// CoCoA combines the probability of an answer with its similarity to the samples (Vashurin
// et al. 2025, arXiv 2502.04964). For an answer y* and n samples y(i) of the same prompt, the
// uncertainty is
//
//	U = u(y*) * (1/n) * sum over i of (1 - s(y*, y(i)))
//
// where s in [0,1] is the similarity. u(y*) is the negative mean log-probability of the
// tokens of y* (CoCoA_PPL) or, with Sequence, their negative sum (CoCoA_MSP). The confidence
// is e^-U, in (0,1]: p(y*), a geometric mean or a likelihood, to the power of the mean
// dissimilarity. This transformation is monotone, so it keeps AUROC; it does not calibrate.
// CoCoA_MTE, which uses token entropies, is left out: servers send only the most probable
// tokens.
//
// At p(z), y* is the given answer. At other states it is the completion of the state at
// temperature 0, as in the paper, with its probability given the state.
type CoCoA struct {
	Sequence bool
	// Cosine uses the cosine of the texts' vectors (Config.Vectorizer) as s. Without it, s
	// is 1 if the answers are of the same class and 0 if not. (The paper uses the similarity
	// of a cross-encoder.)
	Cosine bool
}

// Name is "cocoa", with the options that are not the default.
func (c CoCoA) Name() string {
	name := "cocoa"
	if c.Sequence {
		name += "-msp"
	}
	if c.Cosine {
		name += "-cosine"
	}
	return name
}

// Needs is Chosen, with Agreement or Similarity.
func (c CoCoA) Needs() Needs {
	if c.Cosine {
		return Chosen | Similarity
	}
	return Chosen | Agreement
}

// Confidence is unavailable without samples or without log-probabilities of the answer. An
// answer without a final answer has similarity 0 to all samples.
func (c CoCoA) Confidence(s *Statistics) (float64, error) {
	if err := s.need(c.Needs()); err != nil {
		return 0, err
	}
	n := float64(len(s.Samples))
	if n == 0 {
		return 0, unavailable("there are no samples")
	}
	sum, ok := likelihood(s.Chosen.Tokens)
	if !ok {
		return 0, unavailable("the answer has no log-probabilities")
	}
	if !c.Sequence {
		sum /= float64(len(s.Chosen.Tokens))
	}
	alike := 0.0
	for i := range s.Samples {
		switch {
		case c.Cosine:
			alike += s.Similarity[i]
		case s.Chosen.Class != grade.NoAnswer && s.Samples[i].Class == s.Chosen.Class:
			alike++
		}
	}
	dissimilarity := min(max(1-alike/n, 0), 1)
	if dissimilarity == 0 {
		return 1, nil
	}
	return portable.Exp(math.Max(sum, -math.MaxFloat64) * dissimilarity), nil
}
