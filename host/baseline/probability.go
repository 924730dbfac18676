package baseline

import (
	"github.com/finece/finece/host/openai"
	"github.com/finece/finece/wasm/estimate"
)

// Probability is the mean or the lowest probability of the tokens of the answer so far: e to
// the mean log-probability (inverse perplexity; Malinin and Gales 2021, arXiv 2002.07650), or
// e to the lowest one (Manakul et al. 2023, arXiv 2303.08896). Package estimate computes it.
type Probability struct {
	Least  bool // the lowest instead of the mean
	Solver bool // log-probabilities of Config.Solver instead of the generator's
}

func (p Probability) method() estimate.Method {
	if p.Least {
		return estimate.MinProb
	}
	return estimate.Perplexity
}

// SolverPrefix begins the names of the solver's estimators.
const SolverPrefix = "solver-"

// Name is the method's name in package estimate, after SolverPrefix for the solver's.
func (p Probability) Name() string {
	if p.Solver {
		return SolverPrefix + p.method().String()
	}
	return p.method().String()
}

// Needs is Tokens or SolverTokens.
func (p Probability) Needs() Needs {
	if p.Solver {
		return SolverTokens
	}
	return Tokens
}

// Confidence is unavailable without log-probabilities, as at p(0).
func (p Probability) Confidence(s *Statistics) (float64, error) {
	if err := s.need(p.Needs()); err != nil {
		return 0, err
	}
	tokens := s.Tokens
	if p.Solver {
		tokens = s.SolverTokens
	}
	return p.Of(tokens)
}

// Of returns the confidence of the given tokens.
func (p Probability) Of(tokens []openai.Token) (float64, error) {
	e := estimate.NewLogprob(p.method())
	for i := range tokens {
		e.Token(tokens[i].Logprob)
	}
	return confidence(&e, p.Name())
}
