package baseline

import (
	"errors"

	"github.com/finece/finece/wasm/estimate"
)

// LECO is the confidence of Learning from Correctness (Yao et al. 2024, arXiv 2403.19094) in
// the steps of the answer so far. It uses how probable a step's tokens are, how evenly their
// probability is spread, and how probable its first tokens are. Package estimate computes it
// from the tokens of the text and the ends of its steps; see [estimate.StepScores] for the
// formula. At p(0) there is no step, so there is no confidence.
type LECO struct {
	// Transition is the number of first tokens of a step that make its transition score.
	Transition int
	// Least uses the lowest of the steps' confidences instead of their mean.
	Least bool
}

// DefaultLECO returns LECO with the transition score of estimate.DefaultOptions.
func DefaultLECO() LECO { return LECO{Transition: estimate.DefaultOptions().Transition} }

// Name is "leco", or "leco-min" with Least.
func (l LECO) Name() string {
	if l.Least {
		return "leco-min"
	}
	return "leco"
}

// Needs is Tokens.
func (LECO) Needs() Needs { return Tokens }

// Confidence is unavailable without log-probabilities. A single token without one is left
// out.
func (l LECO) Confidence(s *Statistics) (float64, error) {
	if err := s.need(Tokens); err != nil {
		return 0, err
	}
	o := estimate.DefaultOptions()
	o.Transition = l.Transition
	e, err := estimate.NewLogprobWith(estimate.LECO, o)
	if err != nil {
		return 0, err
	}
	if len(s.Steps) == 0 {
		return 0, unavailable("there is no step yet")
	}
	end, next, least := 0, 0, 1.0
	// close adds the score of the step that ends here.
	close := func() {
		if scores, ok := e.Scores(); ok {
			least = min(least, scores.Confidence())
		}
	}
	for i := range s.Tokens {
		// A token that extends beyond the end of a step, such as the last letter with line
		// feeds, is the last token of that step.
		for next < len(s.Steps)-1 && end >= s.Steps[next] {
			close()
			e.Step()
			next++
		}
		e.Token(s.Tokens[i].Logprob)
		end += len(s.Tokens[i].Text)
	}
	close()
	mean, err := confidence(&e, "LECO")
	if err != nil || !l.Least {
		return mean, err
	}
	return least, nil
}

// confidence returns the confidence of a statistic after the answer's tokens.
func confidence(e *estimate.Logprob, method string) (float64, error) {
	value, why := e.Confidence()
	switch why {
	case estimate.Available:
		return value, nil
	case estimate.NoTokens:
		return 0, unavailable(noLogprobs)
	}
	return 0, &Unavailable{method, errors.New(why.String())}
}
