package feedback

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/finece/finece/metrics/calibrate/fit"
	"github.com/finece/finece/position"
)

// Rows are the data for a map: the raw confidences of the positions of labelled answers.
type Rows struct {
	Rows      []fit.Row
	Kinds     position.Kind
	Generator string // the model of all answers; "" if there were several
}

// ErrNoRows is the error of a database without labels.
var ErrNoRows = errors.New("no labelled answer with a raw confidence")

// ReadRows reads the rows of a database, which may be in use. A map is for one estimator. If
// there are labels of several estimators, estimator has to be one of the names in
// [SeveralError]; with "" ReadRows then returns a SeveralError.
func ReadRows(ctx context.Context, path, estimator string) (*Rows, error) {
	db, err := existing(ctx, path)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	r := &Rows{}
	var estimators []string
	groups := map[int64]int{}
	generators := map[string]bool{}
	err = eachLabelled(ctx, db, Scope{Everyone: true}, func(p *place, l *labelled) error {
		if !p.raw.Valid {
			return nil
		}
		name := p.named()
		if !slices.Contains(estimators, name) {
			estimators = append(estimators, name)
		}
		if estimator != "" && name != estimator {
			return nil
		}
		group, seen := groups[l.answer]
		if !seen {
			group = len(groups)
			groups[l.answer] = group
		}
		row := fit.Row{Confidence: p.raw.Float64, N: 1, Group: group, Tokens: p.token, Question: p.kinds&position.Question != 0, End: p.kinds&position.End != 0}
		if l.correct {
			row.Correct = 1
		}
		r.Rows = append(r.Rows, row)
		r.Kinds |= p.kinds
		generators[l.generator] = true
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(estimators)
	switch {
	case len(estimators) == 0:
		return nil, ErrNoRows
	case estimator == "" && len(estimators) > 1:
		return nil, &SeveralError{estimators}
	case len(r.Rows) == 0:
		return nil, fmt.Errorf("%w of %s: there are %s", ErrNoRows, estimator, strings.Join(estimators, ", "))
	}
	if len(generators) == 1 {
		for name := range generators {
			r.Generator = name
		}
	}
	return r, nil
}

// named returns the name of a raw confidence's estimator, such as "logprob/perplexity" or
// "model/expectation/judge-1".
func (p *place) named() string {
	name := p.estimator
	for _, part := range []string{p.method, p.model_} {
		if part != "" {
			name += "/" + part
		}
	}
	return name
}

// SeveralError is the error of labels of several estimators.
type SeveralError struct{ Estimators []string }

func (e *SeveralError) Error() string {
	return "it has labels of several estimators, and a map holds for one: " + strings.Join(e.Estimators, ", ")
}
