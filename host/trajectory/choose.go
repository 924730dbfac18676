package trajectory

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/finece/finece/metrics/calibrate/fit"
	"github.com/finece/finece/metrics/portable"
	"github.com/finece/finece/wasm/estimate"
)

// errFewRows is the error for a part with fewer than Least answers.
var errFewRows = errors.New("too few answers")

// part fits the weights of a part. If f.report is set, it also reports how good they are.
func (f *fitter) part(p *part) (w estimate.Weights, r PartReport, err error) {
	if answersOf(p.rows) < Least {
		return w, r, errFewRows
	}
	best, err := f.choose(p.rows)
	if err != nil {
		return w, r, err
	}
	if w, err = f.fit(p.rows, best); err != nil || !f.report {
		return w, r, err
	}
	values, err := f.outOfFold(p.rows, func(train []row) (estimate.Weights, error) {
		c, err := f.choose(train)
		if err != nil {
			return estimate.Weights{}, err
		}
		return f.fit(train, c)
	})
	if err != nil {
		return w, r, err
	}
	r, err = f.reportOn(p, best, values)
	return w, r, err
}

// choose returns the simplest choice whose cross-validated loss is within a standard error of
// the lowest loss. Fewer features are simpler. With the same features, the stronger penalty
// is simpler.
func (f *fitter) choose(rows []row) (choice, error) {
	var losses [][]float64 // by choice, then by question
	var choices []choice
	var err error
	best, least := 0, math.Inf(1)
	for set := range Sets {
		for penalty := range Penalties {
			c := choice{set, penalty}
			values, problem := f.outOfFold(rows, func(train []row) (estimate.Weights, error) { return f.fit(train, c) })
			if problem != nil {
				err = problem
				continue
			}
			loss := lossByQuestion(rows, values)
			choices, losses = append(choices, c), append(losses, loss)
			if mean := meanOf(loss); mean < least {
				best, least = len(choices)-1, mean
			}
		}
	}
	if len(choices) == 0 {
		return choice{}, err
	}
	for i, c := range choices {
		more := make([]float64, len(losses[i]))
		for q := range more {
			more[q] = losses[i][q] - losses[best][q]
		}
		if meanOf(more) <= standardError(more) {
			return c, nil
		}
	}
	return choices[best], nil
}

// fit fits the weights of a choice. Features outside its set get the weight 0.
func (f *fitter) fit(rows []row, c choice) (estimate.Weights, error) {
	w := estimate.Weights{N: len(rows), Weights: make([]float64, len(f.features))}
	var columns [][]float64
	var at []int
	for i, feature := range f.features {
		if !slices.Contains(Sets[c.set], feature) {
			continue
		}
		column := make([]float64, len(rows))
		for k := range rows {
			z := (rows[k].Features[feature] - f.center[i]) / f.scale[i] // as TrajectoryModel.Confidence does
			column[k] = min(max(z, -estimate.MaxDeviation), estimate.MaxDeviation)
		}
		columns, at = append(columns, column), append(at, i)
	}
	right, wrong := make([]float64, len(rows)), make([]float64, len(rows))
	for k := range rows {
		if rows[k].correct {
			right[k] = rows[k].weight
		} else {
			wrong[k] = rows[k].weight
		}
	}
	intercept, weights, err := fit.Ridge(columns, right, wrong, Penalties[c.penalty])
	if err != nil {
		return w, err
	}
	w.Intercept = intercept
	for i, v := range weights {
		w.Weights[at[i]] = v
	}
	return w, nil
}

// outOfFold returns the value of each row by weights that were fitted without the row's fold.
func (f *fitter) outOfFold(rows []row, learn func(train []row) (estimate.Weights, error)) ([]float64, error) {
	m := f.model()
	values := make([]float64, len(rows))
	for fold := range f.o.Folds {
		var train []row
		for i := range rows {
			if f.fold[rows[i].group] != fold {
				train = append(train, rows[i])
			}
		}
		if len(train) == len(rows) {
			continue
		}
		w, err := learn(train)
		if err != nil {
			return nil, fmt.Errorf("without fold %d: %w", fold+1, err)
		}
		m.Parts[0] = w
		for i := range rows {
			if f.fold[rows[i].group] == fold {
				values[i] = m.Confidence(0, &rows[i].Features)
			}
		}
	}
	return values, nil
}

// lossByQuestion returns the negative log-likelihood of each question's answers, in nats, in
// the order of the questions' first rows. A probability below 1e-15 counts as 1e-15.
func lossByQuestion(rows []row, values []float64) []float64 {
	at := map[int]int{}
	var loss []float64
	for i := range rows {
		k, seen := at[rows[i].group]
		if !seen {
			k = len(loss)
			at[rows[i].group], loss = k, append(loss, 0)
		}
		p := values[i]
		if !rows[i].correct {
			p = 1 - p
		}
		loss[k] -= float64(rows[i].weight * portable.Log(max(p, 1e-15)))
	}
	return loss
}

func meanOf(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

// standardError returns the standard error of the mean.
func standardError(v []float64) float64 {
	mean, squares, n := meanOf(v), 0.0, float64(len(v))
	for _, x := range v {
		squares += float64((x - mean) * (x - mean))
	}
	return math.Sqrt(squares / (n * max(n-1, 1)))
}
