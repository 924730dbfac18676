// Package weights contains the small models that the project ships: a generator and
// confidence models for its answers. They were trained from scratch by host/train/model.sh.
// The generator answers arithmetic word problems of several steps (package problems), about
// half of them correctly.
//
//	m, err := weights.Load(weights.Generator)
//	engine, err := lm.NewEngine(m, lm.DefaultOptions())
package weights

import (
	"embed"
	"fmt"
	"io/fs"

	"github.com/finece/finece/host/lm"
	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/wasm/calibration"
)

//go:embed generator confidence plain value pik
var files embed.FS

// SuC is the baseline SuC (sub-question clusters) of the generator, as JSON.
//
//go:embed suc.json
var SuC []byte

// The names of the models.
const (
	Generator  = "generator"
	Confidence = "confidence" // FineCE by instruction fine-tuning: it writes the confidence of a state
	Value      = "value"      // FineCE by a value head
	Head       = "pik"        // the value head of the baseline P(IK), trained on questions alone
	// Solver was trained on reference solutions until it seldom makes a mistake. Confidence
	// was made from it by adding layers, and its own layers were not trained further. So
	// the first layers of Confidence are the Solver. It is not among Names.
	Solver = "solver"
	// Plain is FineCE by instruction fine-tuning of the generator itself, on labels alone: an
	// ablation of Confidence, which has learnt reference solutions, too. It is not among Names.
	Plain = "plain"
)

// solverLayers is the number of layers of the solver, which are the first of Confidence
// (host/train/model.sh adds three).
const solverLayers = 6

// adapters has the names of the models that are LoRA adapters of the generator.
var adapters = map[string]bool{Value: true, Head: true}

// Names returns the names of the models, the generator first.
func Names() []string { return []string{Generator, Confidence, Value, Head} }

// Card returns the card of a confidence model, which says what it was trained on. The
// figures are those of host/experiment/results. An error means that the name is unknown or
// that the model has no card.
func Card(name string) (*calibrate.Card, error) {
	text, err := files.ReadFile(name + "/" + lm.CardName)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	return calibration.ParseCard(text)
}

// Load reads a model into memory. An error means that the name is unknown.
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
