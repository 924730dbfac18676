package experiment

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"strconv"

	"golang.org/x/sync/errgroup"

	"github.com/finece/finece/host/baseline"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/openai"
)

// Collect samples answers to questions and measures them. It passes the records to emit
// in the order of the questions, one call at a time. It returns at the first error. The
// replies that arrived before the error are in the store.
func Collect(ctx context.Context, c Config, questions []*grade.Question, emit func(*Record) error) error {
	if err := c.Validate(); err != nil {
		return err
	}
	with, err := c.Generator.With(func(g *openai.GeneratorConfig) { g.Logprobs, g.TopLogprobs = true, 20 })
	if err != nil {
		return err
	}
	w := &work{
		Config:  c,
		sampler: openai.NewSampler(with, c.Seed, c.Store, c.Requests),
		plain:   openai.NewSampler(c.Generator, c.Seed, c.Store, c.Requests),
	}
	for name, why := range c.Unavailable {
		w.missing(name, why)
	}
	if len(questions) > 0 {
		w.leaveOut(questions[0])
	}
	if err := w.probe(ctx, questions); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2 * c.Requests)
	results := make([]chan []*Record, len(questions))
	for i := range results {
		results[i] = make(chan []*Record, 1)
	}
	group.Go(func() error {
		for _, r := range results {
			select {
			case records := <-r:
				for _, record := range records {
					if err := emit(record); err != nil {
						return err
					}
				}
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for i, q := range questions {
		group.Go(func() error {
			records, err := w.question(ctx, q)
			if err != nil {
				return fmt.Errorf("experiment: question %s: %w", q.ID, err)
			}
			results[i] <- records
			return nil
		})
	}
	return group.Wait()
}

// work is the state of a run.
type work struct {
	Config
	sampler     *openai.Sampler
	plain       *openai.Sampler                     // for completions without log-probabilities
	unavailable map[string]string                   // why a method has no figures, by the method's name
	answers     map[*grade.Question]*openai.Sampled // the answers that probe has sampled
}

func (w *work) question(ctx context.Context, q *grade.Question) ([]*Record, error) {
	got, err := w.sampled(ctx, q)
	if err != nil {
		return nil, err
	}
	var out []*Record
	for i := range got.Completions {
		r, err := w.answer(ctx, q, i, &got.Completions[i])
		if err != nil {
			return nil, err
		}
		out = append(out, r)
		if w.Observe != nil {
			w.Observe(1)
		}
	}
	return out, nil
}

func (w *work) answer(ctx context.Context, q *grade.Question, sample int, a *openai.Completion) (*Record, error) {
	verdict, err := w.Grader.Grade(ctx, q, a.Text)
	if err != nil {
		return nil, err
	}
	r := &Record{ID: q.ID, Domain: w.Domain, Sample: sample, Seed: w.Seed, Correct: verdict == grade.Right, Likeness: w.likenessOf(q.Text), Unavailable: w.unavailable}
	for _, by := range w.strategies() {
		points, err := w.points(ctx, q, a, &by)
		if err != nil {
			return nil, err
		}
		r.Points = append(r.Points, points...)
		if n := len(points); n > 0 {
			r.Tokens = points[n-1].Tokens
		}
	}
	shares, err := w.shares(ctx, q, a, r.Points)
	if err != nil {
		return nil, err
	}
	r.Points = append(r.Points, shares...)
	return r, nil
}

// points returns the positions of an answer under a strategy, with all measurements at
// each of them.
func (w *work) points(ctx context.Context, q *grade.Question, a *openai.Completion, by *strategy) ([]Point, error) {
	of, err := w.score(ctx, q, a, by, nil)
	if err != nil {
		return nil, err
	}
	points := make([]Point, len(of.places))
	for i := range of.places {
		points[i] = Point{
			Strategy: by.name, Index: i, Last: len(of.places) - 1, Tokens: of.places[i].tokens,
			Ratio: float64(of.places[i].tokens) / float64(max(of.tokens, 1)), Confidence: map[string]float64{},
		}
	}
	for i := range w.Subjects {
		s := &w.Subjects[i]
		if !s.Main && by.name != ByParagraph {
			continue
		}
		if err := w.subject(ctx, q, a, by, s, points); err != nil {
			return nil, err
		}
	}
	for i := range points {
		if err := w.measure(ctx, q, a, &of.places[i], &points[i]); err != nil {
			return nil, err
		}
	}
	return points, nil
}

// subject fills in the confidences of one confidence model at each point.
func (w *work) subject(ctx context.Context, q *grade.Question, a *openai.Completion, by *strategy, s *Subject, points []Point) error {
	of, err := w.score(ctx, q, a, by, s)
	if err != nil {
		return err
	}
	for i := range points {
		confidence, p := of.confidence[i], &of.places[i]
		if math.IsNaN(confidence) {
			continue
		}
		points[i].Confidence[s.Name] = confidence
		points[i].spend(s.Name, of.cost[i])
		if s.Main && by.name == ByParagraph {
			// The estimate of the question alone is kept for every later point.
			if first, ok := points[0].Confidence[s.Name]; ok {
				points[i].Confidence[QuestionAlone] = first
				points[i].spend(QuestionAlone, points[0].Cost[s.Name])
			}
		}
		if s.Main && by.name == ByParagraph && i == 1 && !p.whole && w.Depth > 0 && w.Width > 0 {
			if points[i].Tree, err = w.tree(ctx, q, p, s, confidence); err != nil {
				return err
			}
		}
	}
	return nil
}

// label samples continuations of a state and grades them.
func (w *work) label(ctx context.Context, q *grade.Question, text string) (*Label, error) {
	got, err := w.plain.Sample(ctx, stem(q, "label", text), w.Labels)
	if err != nil {
		return nil, err
	}
	l := &Label{N: len(got.Completions)}
	for i := range got.Completions {
		verdict, err := w.Grader.Grade(ctx, q, text+got.Completions[i].Text)
		if err != nil {
			return nil, err
		}
		if verdict == grade.Right {
			l.K++
		}
	}
	return l, nil
}

// stem returns the start of a sampling: a question and the answer up to a place. Its name
// contains a hash of that text, so the store and the seeds tell the places of one
// question apart.
func stem(q *grade.Question, what, text string) openai.Stem {
	h := fnv.New64a()
	h.Write([]byte(text))
	return openai.Stem{ID: q.ID, Question: q.Text, At: what + " " + strconv.FormatUint(h.Sum64(), 16), Partial: text}
}

// measure fills in the features for trajectory models at paragraph ends and periodic
// positions. At the places of the tables (p(0), p(1), p(z-1) and p(z) of paragraphs), it
// also fills in labels and baselines.
func (w *work) measure(ctx context.Context, q *grade.Question, a *openai.Completion, p *place, point *Point) error {
	tokens := soFar(a, p.tokens)
	if point.Strategy == ByParagraph || point.Strategy == ByPeriod {
		point.Trajectory = featuresOf(tokens)
	}
	if point.Strategy != ByParagraph || point.Index > 1 && point.Index < point.Last-1 {
		return nil
	}
	if !p.whole {
		var err error
		if point.Label, err = w.labelled(ctx, q, p.text); err != nil {
			return err
		}
	}
	point.Profile = baseline.Profile(tokens)
	return w.baselines(ctx, w.state(q, p.text, tokens, p.whole), w.Baselines, point)
}

// baselines fills in the confidences and the costs of some baselines for a state.
func (w *work) baselines(ctx context.Context, state baseline.State, list []baseline.Estimator, point *Point) error {
	if list = w.possible(&state, list); w.Collector == nil || len(list) == 0 {
		return nil
	}
	s, err := w.Collector.Collect(ctx, state, baseline.NeedsOf(list...))
	if err != nil {
		return err
	}
	for _, b := range list {
		confidence, err := b.Confidence(s)
		if errors.Is(err, baseline.ErrUnavailable) {
			continue
		} else if err != nil {
			return err
		}
		point.Confidence[b.Name()] = confidence
		point.spend(b.Name(), s.CostOf(b))
	}
	return nil
}

// spend sets the cost of a confidence.
func (p *Point) spend(name string, c baseline.Cost) {
	if p.Cost == nil {
		p.Cost = map[string]baseline.Cost{}
	}
	p.Cost[name] = c
}

// tree samples and scores the continuations of a place. The tree is nil if one of them
// has no confidence.
func (w *work) tree(ctx context.Context, q *grade.Question, root *place, s *Subject, confidence float64) (*Tree, error) {
	t := &Tree{Confidence: []float64{confidence}, Parent: []int32{-1}}
	level := []*place{root}
	first := 0 // node of level[0]
	for range w.Depth {
		var next []*place
		begin := len(t.Parent)
		for i, p := range level {
			if p.whole {
				continue
			}
			got, err := w.sampler.Sample(ctx, stem(q, "tree", p.text), w.Width)
			if err != nil {
				return nil, err
			}
			t.Sampled.Add(baseline.Cost{Requests: got.Replies, Completions: w.Width, PromptTokens: got.PromptTokens, CompletionTokens: got.CompletionTokens})
			for k := range got.Completions {
				child, v, err := w.child(ctx, q, p, p.text+got.Completions[k].Text, s, &t.Scored)
				if err != nil || math.IsNaN(v) {
					return nil, err
				}
				t.Confidence = append(t.Confidence, v)
				t.Parent = append(t.Parent, int32(first+i))
				next = append(next, child)
			}
		}
		level, first = next, begin
	}
	return t, nil
}
