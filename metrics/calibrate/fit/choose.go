package fit

import (
	"errors"
	"fmt"

	"github.com/finece/finece/metrics"
	"github.com/finece/finece/metrics/calibrate"
)

// Candidate is a method and its cross-validated NLL. The lowest of several is
// lower than what new questions can expect, since they were compared on these
// rows; [PartReport.After] is not.
type Candidate struct {
	Method string  `json:"method"`
	NLL    float64 `json:"nll,omitempty"`
	Error  string  `json:"error,omitempty"` // why there is none
}

// chosen is a method with the values that it gives rows out of fold.
type chosen struct {
	method     calibrate.Method
	values     []float64
	candidates []Candidate
}

// choose takes the method of the lowest cross-validated NLL, the simpler one of
// equals, out of those that can be fitted.
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

// nested is choose with values that do not know the choice either: those of a
// fold are by the method that the other folds choose among themselves.
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

// fitBest chooses by a cross-validation within rows and fits. Where rows are too
// few for one, nothing speaks against the simplest method that can be fitted.
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
