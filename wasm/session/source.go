package session

import "github.com/finece/finece/wasm/estimate"

// Source is a raw confidence's provenance.
type Source struct {
	Estimator Estimator
	Method    uint8   // an estimate.Method for Builtin, an estimate.Basis for Model
	Mass      float64 // Model with basis Expectation: the probability of the replies that it was taken over; else NaN
}

// String is such as "perplexity" or "model: expectation".
func (s Source) String() string {
	if s.Estimator == Model {
		return modelName + ": " + estimate.Basis(s.Method).String()
	}
	return estimate.Method(s.Method).String()
}

func builtinSource(m estimate.Method) Source {
	return Source{Estimator: Builtin, Method: uint8(m), Mass: nan}
}

func modelSource(r estimate.Reading) Source {
	return Source{Estimator: Model, Method: uint8(r.Basis), Mass: r.Mass}
}

// reasonOf is the session's word for why a built-in estimator has no value.
func reasonOf(why estimate.Reason) Reason {
	switch why {
	case estimate.Available:
		return NoReason
	case estimate.NoTokens:
		return NoText
	}
	return NoLogprobs
}
