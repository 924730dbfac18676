package experiment

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/finece/finece/host/baseline"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/openai"
)

// ByShare is the strategy of the positions at fixed shares of an answer's tokens.
const ByShare = "share"

// shares are those shares.
var shares = []float64{0.1, 0.3, 0.5, 1}

// QuestionAlone is the main confidence model's estimate of the question alone, kept as it
// is at later positions.
const QuestionAlone = FineCE + " (question alone)"

// soFar returns the first n tokens of an answer, or nil if its tokens are not known.
func soFar(a *openai.Completion, n int) []openai.Token {
	if len(a.Tokens) == 0 {
		return nil
	}
	return a.Tokens[:min(n, len(a.Tokens))]
}

// shares are the points at fixed shares of the tokens. A baseline that goes by
// log-probabilities alone sees exactly the tokens so far. Of the others it is the latest
// confidence that was there by then, with its cost: that of the last paragraph's end where
// it was measured.
func (w *work) shares(ctx context.Context, q *grade.Question, a *openai.Completion, points []Point) ([]Point, error) {
	var ends []*Point
	for i := range points {
		if points[i].Strategy == ByParagraph {
			ends = append(ends, &points[i])
		}
	}
	if len(ends) == 0 {
		return nil, nil
	}
	all := ends[len(ends)-1].Tokens
	out := make([]Point, len(shares))
	for i, share := range shares {
		p := &out[i]
		*p = Point{Strategy: ByShare, Index: i, Last: len(shares) - 1, Tokens: int(math.Ceil(share * float64(all))), Confidence: map[string]float64{}}
		p.Ratio = float64(p.Tokens) / float64(max(all, 1))
		for _, end := range ends {
			if end.Tokens > p.Tokens {
				break
			}
			for name, v := range end.Confidence {
				p.Confidence[name] = v
				p.spend(name, end.Cost[name])
			}
		}
		tokens := soFar(a, p.Tokens)
		if tokens == nil || w.Collector == nil {
			continue
		}
		p.Profile = baseline.Profile(tokens)
		text := ""
		for _, t := range tokens {
			text += t.Text
		}
		// At the end, the estimate is that of p(z).
		exact := slices.DeleteFunc(slices.Clone(w.Baselines), func(e baseline.Estimator) bool {
			return i == len(shares)-1 || e.Needs()&^(baseline.Tokens|baseline.First|baseline.SolverTokens) != 0
		})
		if err := w.baselines(ctx, baseline.State{Question: q, Text: text, Tokens: tokens}, exact, p); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// probed is how many answers are tried before a baseline is given up.
const probed = 12

// sampled samples the answers to a question, or returns those that probe has.
func (w *work) sampled(ctx context.Context, q *grade.Question) (*openai.Sampled, error) {
	if got := w.answers[q]; got != nil {
		return got, nil
	}
	return w.sampler.Sample(ctx, openai.Stem{ID: q.ID, Question: q.Text}, w.Answers)
}

// probe tries the baselines on the first whole answers. One that has no confidence of any
// of them is left out and reported: nothing is asked of it at the other positions.
func (w *work) probe(ctx context.Context, questions []*grade.Question) error {
	if w.Collector == nil {
		return nil
	}
	first := questions[:min(probed, len(questions))]
	got := make([]*openai.Sampled, len(first))
	statistics := make([]*baseline.Statistics, len(first))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(w.Requests)
	for i, q := range first {
		group.Go(func() (err error) {
			if got[i], err = w.sampled(ctx, q); err != nil {
				return fmt.Errorf("experiment: question %s: %w", q.ID, err)
			}
			a := &got[i].Completions[0]
			state := baseline.State{Question: q, Text: a.Text, Tokens: soFar(a, len(a.Tokens)), Complete: true}
			if statistics[i], err = w.Collector.Collect(ctx, state, baseline.NeedsOf(w.Baselines...)); err != nil {
				return fmt.Errorf("experiment: question %s: %w", q.ID, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	bad, why := map[string]int{}, map[string]error{}
	w.answers = map[*grade.Question]*openai.Sampled{}
	for i, s := range statistics {
		w.answers[first[i]] = got[i]
		for _, b := range w.Baselines {
			if _, err := b.Confidence(s); errors.Is(err, baseline.ErrUnavailable) {
				bad[b.Name()]++
				why[b.Name()] = err
			} else if err != nil {
				return err
			}
		}
	}
	w.Baselines = slices.DeleteFunc(slices.Clone(w.Baselines), func(b baseline.Estimator) bool {
		name := b.Name()
		if bad[name] < len(first) || len(first) == 0 {
			return false
		}
		if w.unavailable == nil {
			w.unavailable = map[string]string{}
		}
		if b.Needs()&(baseline.Verbal|baseline.StepVerbals|baseline.True) != 0 {
			w.unavailable[name] = fmt.Sprintf("%d bad replies of %d", bad[name], len(first))
		} else {
			w.unavailable[name] = fmt.Sprintf("none of %d: %s", len(first), strings.TrimPrefix(why[name].Error(), baseline.ErrUnavailable.Error()+": "))
		}
		return true
	})
	return nil
}
