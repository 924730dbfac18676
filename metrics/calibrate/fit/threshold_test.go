package fit

import (
	"math"
	"testing"

	"github.com/finece/finece/metrics/calibrate"
)

// fallingRows have three confidences. The lowest one is correct most often, so the line
// through their logits falls.
func fallingRows() (rows []Row) {
	for _, c := range []struct {
		p        float64
		right, n int
	}{{0.2, 1000, 1000}, {0.5, 150, 300}, {0.9, 396, 400}} {
		for i := range c.n {
			r := Row{Confidence: c.p, N: 1, Group: len(rows), Tokens: -1}
			if i < c.right {
				r.Correct = 1
			}
			rows = append(rows, r)
		}
	}
	return rows
}

func TestACalibratedThresholdKeepsTheSameRows(t *testing.T) {
	data := map[string][]Row{
		"falling":    fallingRows(),
		"calibrated": drawn(1, 2000, calibrated),
		"too sure":   drawn(2, 2000, func(p float64) float64 { return 0.3 + 0.6*p*p }),
		"steps":      drawn(3, 2000, func(p float64) float64 { return 0.2 + 0.7*math.Floor(2*p) }),
		"coin":       drawn(4, 2000, func(float64) float64 { return 0.9 }),
		// The threshold is where logits are clipped.
		"near 1": nearOne(drawn(5, 4000, func(p float64) float64 { return 0.2 + 0.75*math.Floor(p+0.3) })),
	}
	for name, rows := range data {
		for _, method := range Methods {
			c, r, err := Calibrate(rows, options(func(o *Options) { o.Method, o.TargetRisk, o.Resamples = method, 0.15, 1 }))
			if err != nil {
				t.Fatalf("%s, %s: %v", name, method, err)
			}
			th, m := r.Parts[0].Threshold, &c.Maps[0]
			if th.Threshold == nil {
				continue
			}
			if (th.Calibrated == nil) != (th.RawOnly != "") || method == calibrate.Histogram && th.Calibrated != nil {
				t.Errorf("%s, %s: calibrated %v, %q", name, method, th.Calibrated, th.RawOnly)
			}
			if th.Calibrated == nil {
				continue
			}
			for i := range rows {
				if p := rows[i].Confidence; (p >= *th.Threshold) != (m.Apply(p) >= *th.Calibrated) {
					t.Errorf("%s, %s: threshold %v keeps %v, calibrated %v as %v does not, or the other way round", name, method, *th.Threshold, p, *th.Calibrated, m.Apply(p))
					break
				}
			}
		}
	}
	for method, level := range map[calibrate.Method]bool{calibrate.Platt: true, calibrate.Temperature: false, calibrate.Isotonic: false} {
		_, r, err := Calibrate(data["falling"], options(func(o *Options) { o.Method, o.TargetRisk, o.Resamples = method, 0.05, 1 }))
		if err != nil {
			t.Fatal(err)
		}
		if th := r.Parts[0].Threshold; th.Threshold == nil || *th.Threshold != 0.5001 || (th.Calibrated == nil) != level {
			t.Errorf("%s: %+v", method, th)
		}
	}
}

// nearOne moves confidences over 0.4 to within about 1e-6 of 1, in the same order.
func nearOne(rows []Row) []Row {
	for i := range rows {
		if p := rows[i].Confidence; p > 0.4 {
			rows[i].Confidence = 1 - 1e-6*(1-p)
		}
	}
	return rows
}
