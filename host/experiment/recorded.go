package experiment

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/finece/finece/host/baseline"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/openai"
)

// Recorded has what was sampled before. With it, [Collect] asks no server. A method that
// needs more than what was recorded has no figures.
type Recorded struct {
	Answers map[string]*openai.Sampled // the answers to measure, by the question's id
	Samples map[string]*openai.Sampled // further answers, for the baselines, by the question's id; may be nil
	// Labels has the labels of states. Its keys are the question's id, and the answer's
	// text up to the state without white space at its end. It may be nil.
	Labels map[string]map[string]*Label
}

// asksServer is the reason for leaving out a baseline that needs a server.
const asksServer = "not recorded: this method asks the generator or a trained model"

// answersTo returns the recorded answers to a question.
func (r *Recorded) answersTo(q *grade.Question, n int) (*openai.Sampled, error) {
	got := r.Answers[q.ID]
	if got == nil || len(got.Completions) < n {
		return nil, fmt.Errorf("experiment: fewer than %d answers are recorded", n)
	}
	all := *got
	all.Completions = all.Completions[:n]
	return &all, nil
}

// givenAt returns the statistics of a state that need no server.
func (w *work) givenAt(s *baseline.State) baseline.Needs {
	given := baseline.Tokens
	if s.Samples != nil {
		given |= baseline.Samples | baseline.Classes | baseline.Agreement
		if s.Complete {
			given |= baseline.Chosen | baseline.Similarity
		}
	}
	return given
}

// state returns the state that the baselines estimate.
func (w *work) state(q *grade.Question, text string, tokens []openai.Token, whole bool) baseline.State {
	s := baseline.State{Question: q, Text: text, Tokens: tokens, Complete: whole}
	if w.Recorded != nil && (whole || text == "") {
		s.Samples = w.Recorded.Samples[q.ID]
	}
	return s
}

// possible returns the baselines that can estimate a state: all of them, unless answers
// are recorded.
func (w *work) possible(s *baseline.State, list []baseline.Estimator) []baseline.Estimator {
	if w.Recorded == nil {
		return list
	}
	given := w.givenAt(s)
	return slices.DeleteFunc(slices.Clone(list), func(b baseline.Estimator) bool { return b.Needs()&^given != 0 })
}

// leaveOut leaves out the baselines that need a server at every state.
func (w *work) leaveOut(q *grade.Question) {
	if w.Recorded == nil {
		return
	}
	s := w.state(q, "", nil, true)
	some := w.possible(&s, w.Baselines)
	for _, b := range w.Baselines {
		if !slices.Contains(some, b) {
			w.missing(b.Name(), asksServer)
		}
	}
	w.Baselines = some
}

// missing says why a method has no figures.
func (w *work) missing(name, why string) {
	if w.unavailable == nil {
		w.unavailable = map[string]string{}
	}
	w.unavailable[name] = why
}

// labelled returns the label of a state: a recorded one, or one from new continuations.
func (w *work) labelled(ctx context.Context, q *grade.Question, text string) (*Label, error) {
	switch {
	case w.Recorded != nil:
		return w.Recorded.Labels[q.ID][text], nil
	case w.Labels > 0:
		return w.label(ctx, q, text)
	}
	return nil, nil
}

// errNoGenerator is the error for recorded answers with fusion, which needs a generator.
var errNoGenerator = errors.New("experiment: recorded answers have no trees: set Depth or Width to 0")
