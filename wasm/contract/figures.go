package contract

import "github.com/finece/finece/metrics"

// Figure is a figure of finece_evaluate, as TypeScript documents it.
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
