package contract

import "github.com/finece/finece/wasm/estimate"

// Words are what people are shown instead of a number that is not a probability.
var Words = &Names{
	Type: "Word", Const: "WORDS", Prefix: "Word",
	Doc: "How high a certainty is, of a source that is not calibrated. It orders answers of one source and says nothing of how often they are right.",
	List: []Name{
		{Text: "low", Doc: "among the lowest third"},
		{Text: "medium", Doc: "in the middle third"},
		{Text: "high", Doc: "among the highest third"},
	},
}

// Cut says at which certainty of a source the words begin: below Medium it is low, below
// High medium, and from High on high.
type Cut struct {
	Of           string // a method of the estimator logprob, or another estimator
	Medium, High float64
	From         string // where the two are from: what they were measured on, or why these
}

// The data that the cuts were measured on.
const (
	builtInAnswers = "300 answers of the built-in generator"
	mmluPro        = "108,280 answers of nine models to MMLU-Pro (Linwei94, LLM-Calibration-Study, MIT)"
	mmluProSaid    = "142,166 numbers that twelve models said of their answers to MMLU-Pro (Linwei94, LLM-Calibration-Study, MIT)"
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

// Mapped is the cut of a value that went through a fitted map and lies outside what the
// map covers. Its scale is the map's share of correct answers. High is the threshold of
// the FineCE paper's filter.
var Mapped = Cut{"", 0.5, 0.8, "the FineCE paper's threshold"}
