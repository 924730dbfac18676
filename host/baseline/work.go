package baseline

import (
	"context"
	"fmt"
	"sync"

	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/openai"
)

// work is one call of Collect.
type work struct {
	*Collector
	s  *Statistics
	n  Needs
	mu sync.Mutex // guards s.costs and s.Missing
}

// spent adds to the cost of a statistic.
func (w *work) spent(n Needs, c Cost) {
	w.mu.Lock()
	defer w.mu.Unlock()
	sum := w.s.costs[n]
	sum.Add(c)
	w.s.costs[n] = sum
}

// lacks notes that a statistic is not available.
func (w *work) lacks(n Needs, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.s.Missing[n] = err
}

// sampled returns n completions of a prefix. One caller at a time samples.
func (w *work) sampled(ctx context.Context, from *openai.Sampler, kind, prefix string, n int) ([]openai.Completion, Cost, error) {
	q := w.s.State.Question
	done, err := w.turns.take(ctx, fmt.Sprintf("%s %q %q", kind, q.ID, prefix))
	if err != nil {
		return nil, Cost{}, err
	}
	defer done()
	got, err := from.Sample(ctx, openai.Stem{ID: q.ID, Question: q.Text, At: place(prefix), Partial: prefix}, n)
	if err != nil {
		return nil, Cost{}, err
	}
	return got.Completions, Cost{got.Replies, n, got.PromptTokens, got.CompletionTokens}, nil
}

// given returns the samples that the state came with, and their cost, or nil if it has none.
func (w *work) given() ([]openai.Completion, Cost, error) {
	got := w.s.State.Samples
	if got == nil {
		return nil, Cost{}, nil
	}
	if len(got.Completions) < w.config.Samples {
		return nil, Cost{}, fmt.Errorf("baseline: question %s came with %d samples: want %d", w.s.State.Question.ID, len(got.Completions), w.config.Samples)
	}
	return got.Completions[:w.config.Samples], Cost{got.Replies, w.config.Samples, got.PromptTokens, got.CompletionTokens}, nil
}

// answers gets the samples and the chosen answer, their classes and their similarity.
func (w *work) answers(ctx context.Context) error {
	s, state := w.s, &w.s.State
	prefix := state.prefix()
	if w.n&Samples != 0 {
		list, cost, err := w.given()
		if list == nil && err == nil {
			list, cost, err = w.sampled(ctx, w.samples, "samples", prefix, w.config.Samples)
		}
		if err != nil {
			return err
		}
		w.spent(Samples, cost)
		for i := range list {
			s.Samples = append(s.Samples, Answer{prefix + list[i].Text, list[i].Tokens, grade.NoAnswer})
		}
	}
	s.Chosen.Class = grade.NoAnswer
	switch {
	case state.Complete:
		s.Chosen.Text = state.Text
	case w.n&Chosen != 0:
		list, cost, err := w.sampled(ctx, w.greedy, "greedy", prefix, 1)
		if err != nil {
			return err
		}
		w.spent(Chosen, cost)
		s.Chosen.Text, s.Chosen.Tokens = prefix+list[0].Text, list[0].Tokens
	}
	switch {
	case w.n&Classes == 0:
	case w.config.Equivalence == nil:
		w.lacks(Classes, unavailable("no Equivalence was given to compare answers"))
	default:
		if err := w.classes(ctx); err != nil {
			return err
		}
	}
	if w.n&Similarity != 0 {
		return w.similarity(ctx)
	}
	return nil
}

// classes finds out which answers mean the same. The chosen answer comes last, so the classes
// of the samples do not depend on it.
func (w *work) classes(ctx context.Context) error {
	s := w.s
	texts := make([]string, 0, len(s.Samples)+1)
	for i := range s.Samples {
		texts = append(texts, s.Samples[i].Text)
	}
	done, err := w.turns.take(ctx, "classes "+s.State.Question.ID)
	if err != nil {
		return err
	}
	defer done()
	of, err := w.config.Equivalence.Classes(ctx, s.State.Question, texts)
	if err != nil {
		return err
	}
	for i := range s.Samples {
		s.Samples[i].Class = of.Of[i]
	}
	judged := func(j grade.Judged) Cost { return Cost{j.Requests, 0, j.PromptTokens, j.CompletionTokens} }
	cost := judged(of.Judged)
	w.spent(Classes, cost)
	if w.n&Agreement == 0 {
		return nil
	}
	if of, err = w.config.Equivalence.Classes(ctx, s.State.Question, append(texts, s.Chosen.Text)); err != nil {
		return err
	}
	s.Chosen.Class = of.Of[len(texts)]
	more := judged(of.Judged)
	w.spent(Agreement, Cost{more.Requests - cost.Requests, 0, more.PromptTokens - cost.PromptTokens, more.CompletionTokens - cost.CompletionTokens})
	return nil
}

// similarity compares the chosen answer with the samples.
func (w *work) similarity(ctx context.Context) error {
	s := w.s
	texts := []string{s.Chosen.Text}
	for i := range s.Samples {
		texts = append(texts, s.Samples[i].Text)
	}
	vectors, err := w.config.Vectorizer.Vectors(ctx, texts)
	if err != nil {
		return err
	}
	for _, v := range vectors[1:] {
		s.Similarity = append(s.Similarity, max(1-construct.CosineDistance(vectors[0], v), 0))
	}
	return nil
}

// tokens gets the tokens of the answer so far.
func (w *work) tokens(ctx context.Context) error {
	switch {
	case w.s.State.Text == "":
		return nil
	case w.s.State.Tokens != nil:
		w.s.Tokens = w.s.State.Tokens
		return nil
	case w.config.Scoring.Method == NoScoring:
		w.lacks(Tokens, unavailable("no way to score a text was given"))
		return nil
	}
	return w.scoredBy(ctx, Tokens, w.config.Generator.Config().Model, &w.s.Tokens)
}

// solved gets the tokens of the answer so far, scored by the solver.
func (w *work) solved(ctx context.Context) error {
	switch {
	case w.s.State.Text == "":
		return nil
	case w.config.Solver == "" || w.config.Scoring.Method == NoScoring:
		w.lacks(SolverTokens, unavailable("no solver was given"))
		return nil
	}
	return w.scoredBy(ctx, SolverTokens, w.config.Solver, &w.s.SolverTokens)
}

// scoredBy has a model score the answer so far.
func (w *work) scoredBy(ctx context.Context, of Needs, model string, out *[]openai.Token) error {
	got, err := w.score(ctx, &w.s.State, model)
	if err != nil {
		return err
	}
	w.spent(of, usage{got.PromptTokens, got.CompletionTokens}.cost(0))
	if *out = got.Tokens; got.Why != "" {
		w.lacks(of, &Unavailable{Reason: "the text was not scored: " + got.Why})
	}
	return nil
}

// firsts gets the most probable tokens after the question and after the text.
func (w *work) firsts(ctx context.Context) error {
	for _, part := range []struct {
		of     Needs
		prefix string
		wanted bool
		token  **openai.Token
	}{
		{First, "", w.s.State.Text == "" && !w.s.State.Complete, &w.s.First},
		{Next, w.s.State.Text, !w.s.State.Complete, &w.s.Next},
	} {
		if w.n&part.of == 0 || !part.wanted {
			continue
		}
		list, cost, err := w.sampled(ctx, w.first, "first", part.prefix, 1)
		if err != nil {
			return err
		}
		w.spent(part.of, cost)
		if len(list[0].Tokens) > 0 {
			*part.token = &list[0].Tokens[0]
		}
	}
	return nil
}

// join copies parts of a statistic that others contain.
func (w *work) join() {
	s := w.s
	if s.State.Complete && w.n&Chosen != 0 {
		s.Chosen.Tokens = s.Tokens
	}
	if w.n&First != 0 && len(s.Tokens) > 0 {
		s.First = &s.Tokens[0]
	}
}
