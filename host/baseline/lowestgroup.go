package baseline

import "github.com/finece/finece/wasm/estimate"

// LowestGroup is the lowest group confidence of DeepConf (Fu et al. 2025, arXiv 2508.15260):
// that of the least probable run of tokens in the answer so far. The paper uses the mean
// log-probability of the most probable tokens at each place. Here only the token that was
// taken is used, because a recorded answer has no others. Package estimate computes it; see
// [estimate.Group].
type LowestGroup struct {
	// Window is the number of tokens in a group. The paper uses 2048, for long reasoning.
	Window int
}

// DefaultLowestGroup returns LowestGroup with the groups of estimate.DefaultOptions.
func DefaultLowestGroup() LowestGroup {
	return LowestGroup{estimate.DefaultOptions().Window}
}

// Name is "lowest-group".
func (LowestGroup) Name() string { return "lowest-group" }

// Needs is Tokens.
func (LowestGroup) Needs() Needs { return Tokens }

// Confidence is unavailable without log-probabilities. A single token without one is left
// out.
func (l LowestGroup) Confidence(s *Statistics) (float64, error) {
	if err := s.need(Tokens); err != nil {
		return 0, err
	}
	o := estimate.DefaultOptions()
	o.Window = l.Window
	e, err := estimate.NewLogprobWith(estimate.Group, o)
	if err != nil {
		return 0, err
	}
	for i := range s.Tokens {
		e.Token(s.Tokens[i].Logprob)
	}
	return confidence(&e, "LowestGroup")
}
