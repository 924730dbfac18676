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

// TrajectoryModel is a logistic regression on [Feature]s: the probability that an answer
// is correct, as far as its log-probabilities tell. Package host/trajectory fits
// one. Nothing writes to a model while it is in use.
type TrajectoryModel struct {
	Source   string    // name of the answers that it was fitted on, such as their file
	Features []Feature // that it reads, each once
	// Center and Scale standardise the features, in the order of Features. A feature is
	// (value-Center)/Scale, and at most MaxDeviation away from 0: a value that is far
	// outside of what the fit saw has no more weight than that.
	Center, Scale []float64
	Boundary      int // in tokens; before it a position of the answer is early
	Parts         [Phases]Weights
	Card          *calibrate.Card // what the labelled answers cover; nil if that is not stated

	// Observe is called with each position that is estimated and its features, by their
	// numbers. It is how a model is fitted, and nil otherwise.
	Observe func(p *position.Position, features *[Features]float64)
}

// Weights are the logistic regression of one [Phase].
type Weights struct {
	N         int // labelled positions that it was fitted on; 0 for another phase's weights
	Intercept float64
	Weights   []float64 // in the order of TrajectoryModel.Features
}

// Phase says which of a model's weights a position takes.
type Phase uint8

const (
	EarlyText Phase  = iota // before Boundary
	LateText                // the rest
	WholeText               // the whole answer
	Phases    = iota        // their number
)

var phaseNames = [Phases]string{"early", "late", "end"}

// String returns the phase's name in a trajectory model's file.
func (p Phase) String() string { return nameOf(phaseNames[:], int(p)) }

// MaxDeviation bounds a standardised feature.
const MaxDeviation = 4

// PhaseAt is the phase of a position by the number of tokens before it.
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

// Confidence is the model's probability that the answer is correct, in [0,1]. features
// has every feature by its number. It is NaN if a feature that the model reads is NaN.
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
			return errors.New("trajectory: center, scale: want numbers, and a scale over 0")
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
