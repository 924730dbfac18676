package trajectory

import (
	"errors"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/session"
)

// State is a position of an answer, and the features of the log-probabilities before it.
type State struct {
	Kind     position.Kind
	Tokens   int64                      // of the answer, before the position
	Features [estimate.Features]float64 // by their numbers; NaN if there are no alternatives for one
}

// Answer is a labelled answer.
type Answer struct {
	Group   int // number of the question, from 0: answers to one are not independent
	Correct bool
	States  []State // in the order of the text, as Observe returns them
}

// Observe returns the states of a stream of one answer: every position of the answer that
// a trajectory model could estimate. c says where the positions are; its estimator,
// calibration and card are not used. It returns none if the stream has no
// log-probabilities. An error is about c: see session.Config.Validate.
func Observe(c session.Config, stream []byte) ([]State, error) {
	var states []State
	var index []int // of each state's position
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
