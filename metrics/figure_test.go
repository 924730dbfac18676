package metrics

import (
	"math"
	"testing"
)

func TestFiguresAreThoseOfASummary(t *testing.T) {
	conf := []float64{0.1, 0.2, 0.2, 0.35, 0.4, 0.7, 0.7, 0.9, 1}
	correct := []bool{false, true, false, false, true, true, false, true, true}
	for _, b := range []Binning{DefaultBinning(), {Rule: EqualMass, Bins: 3}, {Rule: Guo, Bins: 15}} {
		summary, err := Evaluate(conf, correct, options(func(o *Options) { o.Binning, o.Resamples = b, 10 }))
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]float64{"correct": float64(summary.Correct)} // Each leaves it out
		summary.Each(func(name string, value float64) { want[name] = value })
		sample, err := NewSample(conf, correct)
		if err != nil {
			t.Fatal(err)
		}
		ids := map[uint16]bool{0: true} // 0 is no figure
		for _, f := range Figures {
			got, err := f.Of(sample, b)
			expected, named := want[f.Name]
			if err != nil || !named || math.Float64bits(got) != math.Float64bits(expected) {
				t.Errorf("%s over %+v is %v (%v), want %v", f.Name, b, got, err, expected)
			}
			if ids[f.ID] {
				t.Errorf("%s has the ID %d, which another figure has", f.Name, f.ID)
			}
			ids[f.ID] = true
		}
	}
}
