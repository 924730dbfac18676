package bci_test

import (
	"fmt"

	"github.com/finece/finece/bci"
)

func ExampleFusePath() {
	fused, err := bci.FusePath(nil, []float64{0.5, 0.9, 0.7}, bci.Params{Alpha: 0.5, Depth: 1, Width: 1})
	if err != nil {
		panic(err)
	}
	fmt.Printf("%.2f\n", fused)
	// Output: [0.70 0.80 0.70]
}
