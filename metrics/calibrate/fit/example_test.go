package fit_test

import (
	"fmt"

	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/metrics/calibrate/fit"
)

// A model says 0.9 and is right six times in ten; it says 0.6 and is right three
// times in ten.
func ExampleFit() {
	rows := []fit.Row{
		{Confidence: 0.9, Correct: 60, N: 100},
		{Confidence: 0.6, Correct: 30, N: 100},
	}
	m, err := fit.Fit(calibrate.Platt, rows, fit.DefaultBins())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("0.9 means %.2f, 0.75 means %.2f, 0.6 means %.2f\n", m.Apply(0.9), m.Apply(0.75), m.Apply(0.6))
	fmt.Println("0.3 is outside of what it was fitted on:", m.Outside(0.3))
	// Output:
	// 0.9 means 0.60, 0.75 means 0.41, 0.6 means 0.30
	// 0.3 is outside of what it was fitted on: true
}
