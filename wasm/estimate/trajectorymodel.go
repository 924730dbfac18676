package estimate

import (
	"errors"
	"math"

	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/metrics/portable"
	"github.com/finece/finece/position"
)

// TrajectoryVersion is the version of a trajectory model's JSON form, see wasm/calibration.
const TrajectoryVersion = 1

// TrajectoryModel is a logistic regression on [Feature]s. It estimates from the
// log-probabilities of an answer how likely the answer is to be correct. Package
// host/trajectory fits such models. Do not change a model while it is in use.
type TrajectoryModel struct {
	Source   string    // name of the answers on which it was fitted, such as their file
	Features []Feature // the features that it reads, each once
	// Center and Scale standardise the features, in the order of Features: (value-Center)/Scale.
	// The result is clamped to [-MaxDeviation, MaxDeviation], so that values far outside the
	// data of the fit have no larger weight.
	Center, Scale []float64
	Boundary      int // positions with fewer tokens before them are early
	Parts         [Phases]Weights
	Card          *calibrate.Card // describes the labelled answers; nil if that is not stated

	// Observe is called for each estimated position, with all features by their numbers. It is
	// set only while a model is fitted.
	Observe func(p *position.Position, features *[Features]float64)
}

// Weights are the logistic regression of one [Phase].
type Weights struct {
	N         int // number of labelled positions of the fit; 0 if these are the weights of another phase
	Intercept float64
	Weights   []float64 // in the order of TrajectoryModel.Features
}

// Phase says which weights of a model are used for a position.
type Phase uint8

const (
	EarlyText Phase  = iota // fewer than Boundary tokens are before the position
	LateText                // other positions within the answer
	WholeText               // the whole answer
	Phases    = iota        // the number of phases
)

var phaseNames = [Phases]string{"early", "late", "end"}

// String returns the phase's name in a trajectory model's file.
func (p Phase) String() string { return nameOf(phaseNames[:], int(p)) }

// MaxDeviation is the largest absolute value of a standardised feature.
const MaxDeviation = 4

// PhaseAt returns the phase of a position with this number of tokens before it. end says that
// the position is the end of the answer.
func (m *TrajectoryModel) PhaseAt(end bool, tokens int64) Phase {
	switch {
	case end:
		return WholeText
	case tokens < int64(m.Boundary):
		return EarlyText
	}
	return LateText
}

// OfAlternatives reports whether the model reads a feature that needs the alternatives
// to each token.
func (m *TrajectoryModel) OfAlternatives() bool {
	for _, f := range m.Features {
		if f.OfAlternatives() {
			return true
		}
	}
	return false
}

// Confidence returns the model's probability that the answer is correct, in [0,1]. features
// has every feature by its number. The result is NaN if the model reads a feature that is NaN.
func (m *TrajectoryModel) Confidence(p Phase, features *[Features]float64) float64 {
	w := &m.Parts[p]
	score := w.Intercept
	for i, f := range m.Features {
		z := (features[f] - m.Center[i]) / m.Scale[i]
		score += float64(w.Weights[i] * min(max(z, -MaxDeviation), MaxDeviation))
	}
	return 1 / (1 + portable.Exp(-score))
}

// Validate returns an error about the first value that cannot be used: lists of different
// lengths, a number that is not finite or 1e9 or more, a scale or a boundary out of range.
func (m *TrajectoryModel) Validate() error {
	n := len(m.Features)
	switch {
	case len(m.Center) != n || len(m.Scale) != n:
		return errors.New("trajectory: center, scale: want a number for each feature")
	case m.Boundary < 0:
		return errors.New("trajectory: boundary: want a number of tokens, 0 or more")
	case m.Card != nil:
		if err := m.Card.Validate(); err != nil {
			return err
		}
	}
	for i := range n {
		if !isNumber(m.Center[i]) || !(m.Scale[i] > 0 && isNumber(m.Scale[i])) {
			return errors.New("trajectory: center, scale: want numbers below 1e9, and scales above 0")
		}
	}
	for p := range m.Parts {
		w := &m.Parts[p]
		good := len(w.Weights) == n && isNumber(w.Intercept)
		for _, weight := range w.Weights {
			good = good && isNumber(weight)
		}
		if !good {
			return errors.New("trajectory: " + Phase(p).String() + ": want an intercept and a weight for each feature")
		}
	}
	return nil
}

func isNumber(v float64) bool { return v-v == 0 && math.Abs(v) < 1e9 }
