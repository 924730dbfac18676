package trajectory

import (
	"errors"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/session"
)

// State is a position of an answer, with the features of the log-probabilities before it.
type State struct {
	Kind     position.Kind
	Tokens   int64                      // number of the answer's tokens before the position
	Features [estimate.Features]float64 // indexed by estimate.Feature; NaN if a feature needs alternatives and there are none
}

// Answer is a labelled answer.
type Answer struct {
	Group   int // number of the question, from 0; answers to one question are not independent
	Correct bool
	States  []State // in the order of the text, as Observe returns them
}

// Observe returns the states of a stream of one answer: every position of the answer that a
// trajectory model could estimate. c says where the positions are; its estimator, calibration
// and card are not used. A stream without log-probabilities has no states. An error is about
// c; see session.Config.Validate.
func Observe(c session.Config, stream []byte) ([]State, error) {
	var states []State
	var index []int // the position's index for each state
	c.Estimator, c.Calibration, c.Card = session.Trajectory, nil, nil
	c.Trajectory = &estimate.TrajectoryModel{Observe: func(p *position.Position, f *[estimate.Features]float64) {
		if p.Segment == position.Answer {
			states, index = append(states, State{p.Kind, p.Token, *f}), append(index, p.Index)
		}
	}}
	s, _, err := session.Open(c)
	if err != nil {
		return nil, err
	}
	unavailable := map[int]bool{}
	take := func(events []session.Event, err error) error {
		for i := range events {
			if e := &events[i]; e.Kind == session.Confidence && e.State == session.Unavailable {
				unavailable[e.Position.Index] = true
			}
		}
		return err
	}
	if err := errors.Join(take(s.Write(stream)), take(s.End())); err != nil {
		return nil, err
	}
	kept := states[:0]
	for i, state := range states {
		if !unavailable[index[i]] {
			kept = append(kept, state)
		}
	}
	return kept, nil
}
