package main

import (
	"math"
	"os"
	"testing"

	"github.com/finece/finece/wasm/contract"
)

const folder = "../../../../../shared/data/mmlu-pro-conf"

// TestTheContractsCutsAreTheDatas computes the cut points again and compares them with the
// contract.
func TestTheContractsCutsAreTheDatas(t *testing.T) {
	measured, err := builtIn(answers)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(folder); err != nil {
		t.Log("no shared data: the cuts of perplexity and of models are not compared")
		delete(measured, "perplexity")
	} else {
		said, err := published(folder)
		if err != nil {
			t.Fatal(err)
		}
		measured["perplexity"], measured["model"] = said["perplexity"], said["model"]
	}
	delete(measured, "first-prob") // it has the cut points of perplexity, see the table
	compared := 0
	for _, c := range contract.Cuts {
		m, ok := measured[c.Of]
		if !ok {
			continue
		}
		compared++
		// The weights are float32, so another processor may round differently.
		if math.Abs(m.low-c.Medium) > 0.01 || math.Abs(m.high-c.High) > 0.01 {
			t.Errorf("%s: the contract has %v and %v, measured are %.3f and %.3f", c.Of, c.Medium, c.High, m.low, m.high)
		}
	}
	if compared < 5 {
		t.Errorf("only %d sources were compared", compared)
	}
}
