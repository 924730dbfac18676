package grade

// Question is a question with its right answers.
type Question struct {
	ID      string
	Text    string   // as it is sent to the model, including the options
	Gold    []string // the right answers, any of which counts; for multiple choice, the letter
	Choices []string // the options' texts, A first; nil if it is not multiple choice
}

// Letter returns the letter of option i of a multiple choice: A for 0, B for 1, ...
func Letter(i int) string { return string(rune('A' + i)) }

// MaxChoices is the most options of a multiple choice: A to Z.
const MaxChoices = 26
