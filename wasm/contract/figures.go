package contract

import "github.com/finece/finece/metrics"

// Figure is a figure of finece_evaluate, with its documentation in TypeScript and Python.
type Figure struct {
	Name string
	Doc  string
}

var figureDocs = map[string]string{
	"n":           "Pairs.",
	"correct":     "Correct answers.",
	"ece":         "Expected calibration error, in [0,1].",
	"mce":         "Maximum calibration error, in [0,1].",
	"brier":       "Brier score, in [0,1].",
	"auroc":       "Area under the ROC curve, in [0,1], ties counted half; 0.5 is chance.",
	"augrc":       "Area under the generalized risk-coverage curve, in [0,0.5]; lower is better.",
	"brier_skill": "1 - Brier score / that of a constant, the accuracy: 1 is perfect, 0 no better than the constant.",
	"smooth_ece":  "Smooth calibration error, which has no bins, in [0,1].",
}

// Figures are the figures of metrics.Figures, in their order.
var Figures = func() []Figure {
	list := make([]Figure, len(metrics.Figures))
	for i, f := range metrics.Figures {
		list[i] = Figure{Name: f.Name, Doc: figureDocs[f.Name]}
	}
	return list
}()

// Rules are the rules of metrics.Rules. A rule says which bin a confidence belongs to.
var Rules = &Names{
	Type: "BinRule", Const: "RULES",
	Doc:  "Which bin a confidence belongs to. `right-closed` has bins (lo, hi], the first closed at 0. `equal-mass` has about the same number of answers in each bin and never splits ties. The others do what the libraries of that name do: with `guo`, a confidence of exactly 0 is in no bin; `torchmetrics` has one more bin, for 1.",
	List: listed(metrics.Rules(), metrics.Rule.String),
}
