package metrics_test

import (
	"fmt"

	"github.com/finece/finece/metrics"
)

func ExampleEvaluate() {
	conf := []float64{0.95, 0.85, 0.65, 0.35}
	correct := []bool{true, true, false, false}
	s, err := metrics.Evaluate(conf, correct, metrics.DefaultOptions())
	if err != nil {
		panic(err)
	}
	fmt.Printf("AUROC %.2f, ECE %.2f, Brier %.3f\n", s.AUROC.Value, s.ECE, s.Brier)
	// Output: AUROC 1.00, ECE 0.30, Brier 0.143
}
