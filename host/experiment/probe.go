package experiment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/finece/finece/host/baseline"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/openai"
)

// probed is the number of answers that each baseline is tried on first.
const probed = 12

// sampled returns the answers to a question: those that probe has sampled, the recorded
// ones, or new ones.
func (w *work) sampled(ctx context.Context, q *grade.Question) (*openai.Sampled, error) {
	if got := w.answers[q]; got != nil {
		return got, nil
	}
	if w.Recorded != nil {
		return w.Recorded.answersTo(q, w.Answers)
	}
	return w.sampler.Sample(ctx, openai.Stem{ID: q.ID, Question: q.Text}, w.Answers)
}

// probe tries the baselines on the first whole answers. A baseline that has a confidence
// for none of them is left out and reported. It is not asked at any other position.
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
			state := w.state(q, a.Text, soFar(a, len(a.Tokens)), true)
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
		if b.Needs()&(baseline.Verbal|baseline.StepVerbals|baseline.True) != 0 {
			w.missing(name, fmt.Sprintf("no confidence in %d replies", len(first)))
		} else {
			w.missing(name, fmt.Sprintf("no confidence for %d answers: %s", len(first), strings.TrimPrefix(why[name].Error(), baseline.ErrUnavailable.Error()+": ")))
		}
		return true
	})
	return nil
}
