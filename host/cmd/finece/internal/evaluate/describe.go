package evaluate

import "strings"

// inPositions makes a text about answers one about positions.
var inPositions = strings.NewReplacer("answers", "positions", "Answers", "Positions", "answer", "position")

// counted is a text about answers with the name of what the rows are: answers, or their
// positions.
func (f *options) counted(text string) string {
	if f.columns.Positions {
		return inPositions.Replace(text)
	}
	return text
}

// described is what people read about a figure.
type described struct{ title, says string }

// descriptions are by the names of figures.
var descriptions = map[string]described{
	"n":               {"Answers", "How many answers the figures are of."},
	"questions":       {"Questions", "How many questions there are."},
	"accuracy":        {"Accuracy", "The share of the answers that are correct."},
	"ece":             {"ECE", "How far the confidence is from the share correct, on average over bins of equal width; 0 is best."},
	"ece_mass":        {"ECE, equal mass", "The same over bins with equally many answers; 0 is best."},
	"mce":             {"MCE", "How far the confidence is from the share correct in the worst bin; 0 is best."},
	"smooth_ece":      {"Smooth ECE", "How far the confidence is from the share correct, without bins; 0 is best."},
	"brier":           {"Brier score", "The mean squared distance of the confidence from 1 for a correct answer and 0 for a wrong one; 0 is best."},
	"brier_skill":     {"Brier skill", "How much better the Brier score is than that of saying the accuracy every time; 1 is perfect, 0 no better."},
	"nll":             {"NLL", "The mean surprise at what was correct, which grows without bound for confident errors; 0 is best."},
	"auroc":           {"AUROC", "How likely a correct answer has more confidence than a wrong one; 1 is best, 0.5 is chance."},
	"within_question": {"Within questions", "The same among the answers of one question; 1 is best, 0.5 is chance."},
	"auprc":           {"AUPRC", "The mean share correct above a threshold, over thresholds at each correct answer; 1 is best, the accuracy is chance."},
	"aurc":            {"AURC", "The mean share wrong when only the most confident answers are given, over all shares given; 0 is best."},
	"augrc":           {"AUGRC", "The mean share of all answers that are given and wrong, over all shares given; 0 is best."},
}

// describe is the description of a figure, or its name.
func (f *options) describe(name string) described {
	if d, known := descriptions[name]; known {
		return described{f.counted(d.title), f.counted(d.says)}
	}
	return described{title: name}
}
