package fit

import (
	"errors"
	"fmt"

	"github.com/finece/finece/metrics"
	"github.com/finece/finece/metrics/calibrate"
)

// Candidate is a method and its cross-validated NLL. The lowest NLL of several candidates is
// too optimistic for new questions, since the candidates were compared on these rows.
// [PartReport.After] does not have this fault.
type Candidate struct {
	Method string  `json:"method"`
	NLL    float64 `json:"nll,omitempty"`
	Error  string  `json:"error,omitempty"` // why NLL is missing
}

// chosen is a method with the rows' values from maps that were fitted without their folds.
type chosen struct {
	method     calibrate.Method
	values     []float64
	candidates []Candidate
}

// choose returns the method with the lowest cross-validated NLL of those that can be fitted.
// Of equal ones it returns the simplest.
func choose(methods []calibrate.Method, rows []Row, fold []int, o *Options) (c chosen, err error) {
	least := 0.0
	for _, method := range methods {
		values, problem := outOfFold(rows, fold, o.Folds, func(train []Row) (calibrate.Map, error) {
			return Fit(method, train, o.bins())
		})
		if problem != nil {
			c.candidates = append(c.candidates, Candidate{Method: method.String(), Error: problem.Error()})
			err = errors.Join(err, fmt.Errorf("%s: %w", method, problem))
			continue
		}
		p, correct, _ := outcomes(rows, values)
		sample, problem := metrics.NewSample(p, correct)
		if problem != nil {
			return c, problem
		}
		nll, _, problem := sample.NLL()
		if problem != nil {
			return c, problem
		}
		c.candidates = append(c.candidates, Candidate{Method: method.String(), NLL: nll})
		if c.values == nil || nll < least {
			c.method, c.values, least = method, values, nll
		}
	}
	if c.values == nil {
		return c, err
	}
	return c, nil
}

// nested is choose, but the values do not depend on a choice by their own fold. The values of
// a fold are made by the method that the other folds choose among themselves.
func nested(methods []calibrate.Method, rows []Row, fold []int, o *Options) (chosen, error) {
	c, err := choose(methods, rows, fold, o)
	if err != nil || len(methods) == 1 {
		return c, err
	}
	c.values, err = outOfFold(rows, fold, o.Folds, func(train []Row) (calibrate.Map, error) {
		return fitBest(methods, train, o)
	})
	return c, err
}

// fitBest chooses a method by a cross-validation within rows, and fits a map. If rows are too
// few for a cross-validation, it takes the simplest method that can be fitted.
func fitBest(methods []calibrate.Method, rows []Row, o *Options) (m calibrate.Map, err error) {
	fold, err := folds(rows, min(o.Folds, questions(rows)), o.Seed)
	if err == nil {
		if best, problem := choose(methods, rows, fold, o); problem == nil {
			methods = []calibrate.Method{best.method}
		}
	}
	for _, method := range methods {
		if m, err = Fit(method, rows, o.bins()); err == nil {
			break
		}
	}
	return m, err
}
