package baseline

import (
	"math"

	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/metrics/portable"
)

// CoCoA combines how probable an answer is with how much the samples resemble it
// (Vashurin et al. 2025, arXiv 2502.04964). Of the answer y* with n
// samples y(i) of the same prompt, its uncertainty is
//
//	U = u(y*) * (1/n) * sum over i of (1 - s(y*, y(i)))
//
// where s in [0,1] is the similarity, and u(y*) is the negative mean
// log-probability of its tokens (CoCoA_PPL) or their negative sum (CoCoA_MSP,
// with Sequence). The confidence is e^-U, in (0,1]: p(y*), a geometric mean or a
// likelihood, to the power of the mean dissimilarity. That is a monotone
// transformation, which keeps AUROC as it is and is not calibrated. CoCoA_MTE, by
// token entropies, is left out: servers send only the most probable tokens.
//
// y* is the given answer at p(z). Elsewhere it is the completion of the state at
// temperature 0, as the paper decodes it, with the probability that it has given
// the state.
type CoCoA struct {
	Sequence bool
	// Cosine takes the cosine of the texts' vectors for s, by
	// Config.Vectorizer, instead of 1 where the final answers come to the same
	// and 0 elsewhere. (The paper has a cross-encoder's similarity.)
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

// Confidence is unavailable without samples or without log-probabilities of the
// answer. An answer in which no final answer is found resembles none.
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
		return 0, unavailable("the answer comes without its log-probabilities")
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
