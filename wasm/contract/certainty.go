package contract

import "github.com/finece/finece/wasm/estimate"

// Words are the words that people see instead of a number that is not a probability.
var Words = &Names{
	Type: "Word", Const: "WORDS", Prefix: "Word",
	Doc: "How high a certainty is. A certainty is a value that is not calibrated: it puts answers of one source in order, and does not say how often they are right.",
	List: []Name{
		{Text: "low", Doc: "among the lowest third"},
		{Text: "medium", Doc: "in the middle third"},
		{Text: "high", Doc: "among the highest third"},
	},
}

// Cut has the two cut points of a source. A certainty below Medium is low, one below High is
// medium, and from High on it is high.
type Cut struct {
	Of           string // a method of the estimator logprob, or another estimator
	Medium, High float64
	From         string // the data on which the cut points were measured, or the reason for them
}

// The data on which the cuts were measured.
const (
	builtInAnswers = "300 answers of the built-in generator"
	mmluPro        = "108,280 answers of nine models to MMLU-Pro (Linwei94, LLM-Calibration-Study, MIT)"
	mmluProSaid    = "142,166 confidences that twelve models stated for their answers to MMLU-Pro (Linwei94, LLM-Calibration-Study, MIT)"
	noData         = "not measured: thirds of the range"
)

// Cuts are the terciles of whole answers. host/experiment/internal/cuts computes them,
// and its test compares them. The first word of the built-in generator's answers is
// nearly always certain, so first-prob has the cuts of perplexity.
var Cuts = []Cut{
	{estimate.FirstProb.String(), 0.836, 0.902, mmluPro + ", of perplexity"},
	{estimate.MeanProb.String(), 0.979, 0.996, builtInAnswers},
	{estimate.MinProb.String(), 0.288, 0.867, builtInAnswers},
	{estimate.Perplexity.String(), 0.836, 0.902, mmluPro},
	{estimate.Group.String(), 0.966, 0.996, builtInAnswers},
	{estimate.LECO.String(), 0.822, 0.942, builtInAnswers},
	{estimate.SeqProb.String(), 0.166, 0.810, builtInAnswers},
	{"model", 0.9, 0.95, mmluProSaid},
	{"trajectory", 1. / 3, 2. / 3, noData},
	{"samples", 1. / 3, 2. / 3, noData},
}

// Mapped is the cut of values that went through a fitted map but are outside what the map
// covers. Their scale is the map's share of correct answers. High is the threshold of the
// filter in the FineCE paper.
var Mapped = Cut{"", 0.5, 0.8, "the FineCE paper's threshold"}
