package session

import (
	"strings"

	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/wasm/estimate"
)

// Source says where a confidence comes from: the estimator of the raw value, and the map that
// was applied to it.
type Source struct {
	Estimator Estimator
	Method    uint8   // an estimate.Method for Builtin, an estimate.Basis for Model, else 0
	Mass      float64 // Model with basis Expectation: the total probability of the replies that were counted; else NaN

	Map     calibrate.Method  // calibrate.None if no map was applied
	Band    calibrate.Band    // the band of that map
	Outside calibrate.Outside // the reasons why the map or the model does not cover the value
}

// String returns a text such as "perplexity", "model: expectation", or "perplexity, calibrated
// by platt for late positions, outside: range".
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

// ownSource returns the source of an estimate from the stream's own log-probabilities.
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

// reasonOf returns the session's reason for a built-in estimator's reason.
func reasonOf(why estimate.Reason) Reason {
	switch why {
	case estimate.Available:
		return NoReason
	case estimate.NoTokens:
		return NoText
	}
	return NoLogprobs
}
