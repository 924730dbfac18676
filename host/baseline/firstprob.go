package baseline

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/finece/finece/host/openai"
	"github.com/finece/finece/metrics/portable"
)

// FirstProb is the probability of the first token of the answer, a baseline of the FineCE
// paper (arXiv 2508.12040).
//
//   - At p(0), where there is no answer yet, it is the probability of the most probable
//     first token.
//   - At p(i) and p(z), it is the probability of the token that the given answer begins
//     with. It stays the same as the answer grows, as in package estimate.
//
// With Next it is, at p(i) too, the probability of the most probable next token after the
// partial answer. p(z) is then unavailable, because nothing follows.
//
// Some servers divide logits by the temperature before they compute log-probabilities. There
// the most probable token has probability 1 at temperature 0, so First-Prob is useless at
// p(0).
type FirstProb struct {
	Next bool
	// Top, if it is not 0, follows the authors' released code: the largest probability
	// among the Top most probable first tokens, normalised to sum to 1 over these. The
	// token that was taken does not matter. The code uses 5. Config.TopLogprobs must be at
	// least Top.
	Top int
}

// Name is "first-prob".
func (f FirstProb) Name() string {
	name := "first-prob"
	if f.Next {
		name += "-next"
	}
	if f.Top > 0 {
		name += fmt.Sprintf("-top%d", f.Top)
	}
	return name
}

// Needs is First or Next.
func (f FirstProb) Needs() Needs {
	if f.Next {
		return Next
	}
	return First
}

// Confidence is unavailable without log-probabilities.
func (f FirstProb) Confidence(s *Statistics) (float64, error) {
	if f.Next && s.State.Complete {
		return 0, unavailable("nothing follows a complete answer")
	}
	if err := s.need(f.Needs()); err != nil {
		return 0, err
	}
	token := s.First
	if f.Next {
		token = s.Next
	}
	switch {
	case token == nil && s.State.Text == "" && s.State.Complete:
		return 0, unavailable("the answer is empty")
	case token == nil:
		return 0, unavailable(noLogprobs)
	case f.Top > 0:
		return normalised(token.Top, f.Top)
	case !known(token.Logprob):
		return 0, unavailable("the log-probability of the first token is not known")
	}
	return portable.Exp(min(token.Logprob, 0)), nil
}

// normalised returns the largest probability divided by the sum of the top ones.
func normalised(list []openai.Alternative, top int) (float64, error) {
	if len(list) < top {
		return 0, unavailable(fmt.Sprintf("the server gives %d alternatives to the first token, %d are needed", len(list), top))
	}
	p := make([]float64, len(list))
	for i, a := range list {
		p[i] = portable.Exp(min(a.Logprob, 0))
	}
	slices.SortFunc(p, func(a, b float64) int { return cmp.Compare(b, a) })
	sum := 0.0
	for _, x := range p[:top] {
		sum += x
	}
	if !(sum > 0) {
		return 0, unavailable("the alternatives to the first token have no probability")
	}
	return min(p[0]/sum, 1), nil
}

// slack is how far above 0 a rounded log-probability may be.
const slack = 1e-3

// known reports whether a number is a log-probability.
func known(lp float64) bool { return lp <= slack && !math.IsInf(lp, -1) }

// likelihood sums the log-probabilities of tokens, each at most 0. ok is false if there are
// no tokens, or if one log-probability is unknown.
func likelihood(tokens []openai.Token) (sum float64, ok bool) {
	for i := range tokens {
		if !known(tokens[i].Logprob) {
			return 0, false
		}
		sum += min(tokens[i].Logprob, 0)
	}
	return sum, len(tokens) > 0
}
