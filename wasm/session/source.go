package session

import (
	"strings"

	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/wasm/estimate"
)

// Source is a confidence's provenance: who estimated the raw value, and which
// map calibrated it.
type Source struct {
	Estimator Estimator
	Method    uint8   // an estimate.Method for Builtin, an estimate.Basis for Model, else 0
	Mass      float64 // Model with basis Expectation: the probability of the replies that it was taken over; else NaN

	Map     calibrate.Method  // calibrate.None where the value is not calibrated
	Band    calibrate.Band    // whose map it is
	Outside calibrate.Outside // in which ways the value lies outside what its map or its model covers
}

// String is such as "perplexity", "model: expectation", or "perplexity,
// calibrated by platt for late positions, outside: range".
func (s Source) String() string {
	name := estimate.Method(s.Method).String()
	switch s.Estimator {
	case Model:
		name = modelName + ": " + estimate.Basis(s.Method).String()
	case Trajectory:
		name = trajectoryName
	}
	if s.Map != calibrate.None {
		name += ", calibrated by " + s.Map.String() + " for " + s.Band.String() + " positions"
	}
	if s.Outside != 0 {
		name += ", outside: " + strings.Join(s.Outside.Names(), ", ")
	}
	return name
}

// ownSource is that of an estimate of the stream's own log-probabilities.
func (s *Session) ownSource() Source {
	from := Source{Estimator: s.config.Estimator, Mass: nan}
	if from.Estimator == Builtin {
		from.Method = uint8(s.config.Method)
	}
	return from
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
