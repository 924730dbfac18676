package grade

// Question is a question with its right answers.
type Question struct {
	ID      string
	Text    string   // as the model is asked, with its options
	Gold    []string // any of them is right; of a multiple choice, the letter
	Choices []string // the options' texts, A first; nil if it is no multiple choice
}

// Letter names option i of a multiple choice: A, B, C, ...
func Letter(i int) string { return string(rune('A' + i)) }

// MaxChoices is how many options a multiple choice has at most: A to Z.
const MaxChoices = 26
