package experiment

import (
	"fmt"

	"github.com/finece/finece/metrics"
)

// Filter says how accuracy changes if whole answers below [DefaultThreshold] are left out.
type Filter struct {
	By       string // the method whose confidence decides
	Kept     Kept
	Before   float64 // accuracy of all answers
	Accuracy Figure  // of the answers that are kept, with the exact (Clopper-Pearson) interval
}

// filterGain is the relative gain of accuracy that the paper reports: 39.5%.
const filterGain = 0.395

// Reached reports whether accuracy rises by at least the paper's gain, and whether the
// interval excludes the accuracy of all answers.
func (f *Filter) Reached() bool {
	return f.Kept.N > 0 && f.Kept.Accuracy/f.Before-1 >= filterGain && f.Accuracy.Low > f.Before
}

// filter sets Filter. FineCE decides, or, if there is no FineCE, the trajectory model of
// the most labels. If more than half of the answers are right, Filter stays nil: that
// leaves little room for the paper's gain.
func (d *Domain) filter() error {
	r := d.row(FineCE)
	for _, t := range trajectoryRows {
		if of := d.row(trajectoryName(t.labels)); of != nil && d.row(FineCE) == nil {
			r = of
		}
	}
	if r == nil || r.At[Whole].N == 0 || r.At[Whole].Accuracy > 0.5 || r.At[Whole].Accuracy == 0 {
		return nil
	}
	q := r.At[Whole]
	f := &Filter{By: r.Name, Kept: q.Kept, Before: q.Accuracy, Accuracy: unknown}
	if q.Kept.N > 0 {
		of, err := metrics.ClopperPearson(uint64(q.Kept.Right), uint64(q.Kept.N), 0.95)
		if err != nil {
			return err
		}
		f.Accuracy = Figure{q.Kept.Accuracy, of.Low, of.High}
	}
	d.Filter = f
	return nil
}

// String describes the change in two sentences. Accuracies are in percent; the last number is
// their relative difference.
func (f *Filter) String() string {
	by := ""
	if f.By != FineCE {
		by = "With the confidences of " + f.By + ": "
	}
	if f.Kept.N == 0 {
		return by + fmt.Sprintf("A threshold of %.1f keeps no whole answer.", DefaultThreshold)
	}
	return by + fmt.Sprintf("A threshold of %.1f keeps %d answers (%s). %s%% of them are right, and %s%% of all: %+.0f%%.",
		DefaultThreshold, f.Kept.N, percent(f.Kept.Coverage), show(f.Accuracy), number(100*f.Before, 1), 100*(f.Kept.Accuracy/f.Before-1))
}
