package baseline

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/finece/finece/host/openai"
	"github.com/finece/finece/metrics/portable"
)

// FirstProb is the probability of the first token of the answer, as the FineCE
// paper has it among its baselines (arXiv 2508.12040).
//
//   - At p(0), where there is no answer yet, it is that of the token that the
//     model would most probably begin with.
//   - At p(i) and p(z) it is that of the token which the given answer begins
//     with. It stays the same as the answer grows, as in package estimate.
//
// With Next it is, also at p(i), that of the token that the model would most
// probably continue with, given the partial answer; p(z) is then unavailable, for
// nothing follows.
//
// Where a server scales log-probabilities by the temperature, the most probable
// token has probability 1 at temperature 0, and First-Prob says nothing at p(0).
type FirstProb struct {
	Next bool
	// Top, if it is not 0, follows the authors' released code: the largest
	// probability of the first token after normalising over the Top most probable
	// ones, whichever was taken. The code has 5; Config.TopLogprobs has to be as
	// many.
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

// normalised is the largest probability among the top ones, over their sum.
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

// likelihood sums the log-probabilities of tokens, each at most 0. ok is false
// where there is none, or one is not known.
func likelihood(tokens []openai.Token) (sum float64, ok bool) {
	for i := range tokens {
		if !known(tokens[i].Logprob) {
			return 0, false
		}
		sum += min(tokens[i].Logprob, 0)
	}
	return sum, len(tokens) > 0
}
