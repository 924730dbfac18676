// Package weights has the small models that the project ships: a generator that
// solves word problems of several steps of arithmetic (package problems), about
// half of them right, and the confidence models of its answers. They were trained
// from scratch by the steps of host/train/model.sh, which makes such models anew.
package weights

import (
	"embed"
	"fmt"
	"io/fs"

	"github.com/finece/finece/host/lm"
	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/wasm/calibration"
)

//go:embed generator confidence value pik
var files embed.FS

// SuC is the baseline SuC (sub-question clusters) of the generator, as JSON.
//
//go:embed suc.json
var SuC []byte

// The models, as servers call them.
const (
	Generator  = "generator"
	Confidence = "confidence" // FineCE by instruction fine-tuning: it writes the confidence of a state
	Value      = "value"      // FineCE by a value head
	Head       = "pik"        // the head of the baseline P(IK), which has seen questions alone
	// Solver is the model that Confidence was grown upon, trained on reference solutions
	// until it hardly errs: its first layers, which the training left as they were. It is
	// not among Names.
	Solver = "solver"
)

// solverLayers is how many layers of Confidence are the solver's (host/train/model.sh
// grows three).
const solverLayers = 6

// adapters are those that are LoRA matrices on the generator.
var adapters = map[string]bool{Value: true, Head: true}

// Names are the models, the generator first.
func Names() []string { return []string{Generator, Confidence, Value, Head} }

// Card returns the card of a confidence model: what it was trained on. The figures are
// those of host/experiment/results. An error is about the name.
func Card(name string) (*calibrate.Card, error) {
	text, err := files.ReadFile(name + "/" + lm.CardName)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	return calibration.ParseCard(text)
}

// Load reads a model into memory. An error is about its name.
func Load(name string) (*lm.Model, error) {
	of := name
	if name == Solver {
		of = Confidence
	}
	folder, err := fs.Sub(files, of)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	if name == Solver {
		return lm.LoadLayers(folder, solverLayers)
	}
	if !adapters[name] {
		return lm.Load(folder)
	}
	base, err := fs.Sub(files, Generator)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	return lm.LoadAdapter(base, folder)
}
