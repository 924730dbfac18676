package experiment

import (
	"fmt"

	"github.com/finece/finece/metrics"
)

// Filter is what leaving out whole answers below [DefaultThreshold] does to accuracy.
type Filter struct {
	By       string // the method whose confidence decides
	Kept     Kept
	Before   float64 // accuracy of all answers
	Accuracy Figure  // of those that are kept, with the exact interval
}

// filterGain is the paper's: accuracy rises by 39.5%.
const filterGain = 0.395

// Reached reports whether accuracy rises by the paper's share, and beyond chance.
func (f *Filter) Reached() bool {
	return f.Kept.N > 0 && f.Kept.Accuracy/f.Before-1 >= filterGain && f.Accuracy.Low > f.Before
}

// filter sets Filter: by FineCE, or without it by the trajectory model of the most labels.
// Where more than half of the answers are right, accuracy has less than that to gain.
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

// String says what filtering does.
func (f *Filter) String() string {
	by := ""
	if f.By != FineCE {
		by = "By " + f.By + ": "
	}
	if f.Kept.N == 0 {
		return by + fmt.Sprintf("No confidence of a whole answer reaches %.1f: nothing is kept.", DefaultThreshold)
	}
	return by + fmt.Sprintf("Keeping whole answers at or above %.1f keeps %s (%d answers) and takes accuracy from %s to %s: %+.0f%%.",
		DefaultThreshold, percent(f.Kept.Coverage), f.Kept.N, percent(f.Before), show(f.Accuracy), 100*(f.Kept.Accuracy/f.Before-1))
}
