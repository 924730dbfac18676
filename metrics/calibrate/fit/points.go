package fit

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/finece/finece/metrics/calibrate"
)

// Row is one labelled confidence.
type Row struct {
	Confidence float64 // in [0,1]
	Correct, N int     // number of correct outcomes, and of all outcomes; N >= 1
	Group      int     // number of the question, from 0; rows of one question are not independent
	Question   bool    // the position is p(0), the question alone
	End        bool    // the position is p(z), the whole answer
	Tokens     int64   // tokens of the answer before the position; -1 if not known
}

// Errors of data on which no map can be fitted, and of options.
var (
	ErrOneClass  = errors.New("fit: all outcomes are correct, or all are wrong: a map needs both")
	ErrOneValue  = errors.New("fit: all confidences are equal: a map needs at least two different ones")
	ErrSeparable = errors.New("fit: the confidences separate right from wrong, so the likelihood has no maximum; use platt, which smooths its targets, or isotonic")
	ErrMethod    = errors.New("fit: unknown method; Methods lists those that can be fitted")
	ErrBins      = fmt.Errorf("fit: want 1 to %d bins, and at least 1 outcome in each; start from DefaultBins or DefaultOptions", calibrate.MaxKnots)
)

// checkRows returns an error about the first row that is out of range.
func checkRows(rows []Row) error {
	for i := range rows {
		r := &rows[i]
		if !(r.Confidence >= 0 && r.Confidence <= 1) {
			return errors.New("fit: row " + strconv.Itoa(i) + ": the confidence is not in [0,1]")
		}
		if r.N < 1 || r.Correct < 0 || r.Correct > r.N {
			return errors.New("fit: row " + strconv.Itoa(i) + ": want 0 <= correct <= N and N >= 1")
		}
		if r.Group < 0 {
			return errors.New("fit: row " + strconv.Itoa(i) + ": the group is negative; want a number from 0")
		}
	}
	return nil
}

// points are the outcomes by distinct confidence, ascending.
type points struct {
	p, right, wrong    []float64
	allRight, allWrong float64
}

// pointsOf checks rows and adds up their outcomes for each distinct confidence.
func pointsOf(rows []Row) (*points, error) {
	if err := checkRows(rows); err != nil {
		return nil, err
	}
	sorted := slices.Clone(rows)
	slices.SortFunc(sorted, func(a, b Row) int { return cmp.Compare(a.Confidence, b.Confidence) })
	d := &points{}
	for _, r := range sorted {
		if n := len(d.p); n == 0 || r.Confidence > d.p[n-1] {
			d.p, d.right, d.wrong = append(d.p, r.Confidence), append(d.right, 0), append(d.wrong, 0)
		}
		at := len(d.p) - 1
		d.right[at] += float64(r.Correct)
		d.wrong[at] += float64(r.N - r.Correct)
		d.allRight += float64(r.Correct)
		d.allWrong += float64(r.N - r.Correct)
	}
	switch {
	case d.allRight == 0 || d.allWrong == 0:
		return nil, ErrOneClass
	case len(d.p) < 2:
		return nil, ErrOneValue
	}
	return d, nil
}

func (d *points) n() float64 { return d.allRight + d.allWrong }
