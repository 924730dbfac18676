package evaluate

import "strings"

// inPositions turns a text about answers into one about positions.
var inPositions = strings.NewReplacer("answers", "positions", "Answers", "Positions", "answer", "position")

// counted returns a text about answers, as a text about positions if the rows are positions.
func (f *options) counted(text string) string {
	if f.columns.Positions {
		return inPositions.Replace(text)
	}
	return text
}

// described is the title and the description of a figure.
type described struct{ title, says string }

// descriptions are the descriptions by the names of figures.
var descriptions = map[string]described{
	"n":               {"Answers", "The number of answers."},
	"questions":       {"Questions", "The number of questions."},
	"accuracy":        {"Accuracy", "The share of the answers that are correct."},
	"ece":             {"ECE", "The distance of the mean confidence from the share of correct answers, on average over bins of equal width; 0 is best."},
	"ece_mass":        {"ECE, equal mass", "The same, over bins with equally many answers; 0 is best."},
	"mce":             {"MCE", "The distance of the mean confidence from the share of correct answers in the worst bin; 0 is best."},
	"smooth_ece":      {"Smooth ECE", "The distance of the confidence from the share of correct answers, without bins; 0 is best."},
	"brier":           {"Brier score", "The mean squared distance of the confidence from 1 (a correct answer) or 0 (a wrong one); 0 is best."},
	"brier_skill":     {"Brier skill", "The improvement of the Brier score over a constant confidence equal to the accuracy; 1 is perfect, 0 is no improvement."},
	"nll":             {"NLL", "The mean negative log-likelihood of correct and wrong, which grows without bound for confident errors; 0 is best."},
	"auroc":           {"AUROC", "The probability that a correct answer has a higher confidence than a wrong one; 1 is best, 0.5 is chance."},
	"within_question": {"Within questions", "The same, among the answers to one question; 1 is best, 0.5 is chance."},
	"auprc":           {"AUPRC", "The mean share of correct answers above a threshold, over thresholds at each correct answer; 1 is best, the accuracy is chance."},
	"aurc":            {"AURC", "The mean share of wrong answers among the most confident ones that are kept, over all shares kept; 0 is best."},
	"augrc":           {"AUGRC", "The mean share of all answers that are kept and wrong, over all shares kept; 0 is best."},
}

// describe returns the description of a figure, or its name.
func (f *options) describe(name string) described {
	if d, known := descriptions[name]; known {
		return described{f.counted(d.title), f.counted(d.says)}
	}
	return described{title: name}
}
