package grade

import (
	"context"
	"fmt"
	"regexp"
	"strings"
)

// LetterGrader grades multiple choice. The letter is looked for on the line of the
// last "####"; then in what is boxed or announced behind that; in the last \boxed{};
// behind each "answer is", "answer:", "option is" or the like, the last first; in the
// last line; and, if no "answer" is announced, in the first. An "A:" announces, too,
// unless there is a line "B:".
// The first of these places counts that begins with a letter as such, perhaps with an
// option's text or a reason ("B because ...") behind it, or that is the text of
// exactly one option.
type LetterGrader struct{}

func (LetterGrader) Name() string { return "letter" }

func (LetterGrader) Check(q *Question) error {
	if len(q.Gold) == 0 {
		return ErrNoGold
	}
	options := len(q.Choices)
	if options == 0 { // they are in the question's text
		options = MaxChoices
	}
	for _, g := range q.Gold {
		if len(g) != 1 || g[0] < 'A' || int(g[0]-'A') >= options {
			return fmt.Errorf("the right answer %.20q is not the letter of one of %d options", g, options)
		}
	}
	return nil
}

func (LetterGrader) Grade(_ context.Context, q *Question, answer string) (Verdict, error) {
	got := LetterIn(answer, q.Choices)
	if got == "" {
		return Unread, nil
	}
	for _, g := range q.Gold {
		if got == g {
			return Right, nil
		}
	}
	return Wrong, nil
}

// leading is a letter that begins a statement and is no word: "(B)", "B", "B.",
// "**B**: text", "B - text", "B because". An "A" or "I" with another word behind
// it is one.
var leading = regexp.MustCompile(`^(?:[Oo]ption\s+)?(?:[\s*_"'\x60$]*[(\[]\s*([A-Za-z])\s*[)\]]|[\s*_"'\x60$]*([A-Z])` +
	`(?:[\s*_"'\x60$]*$|[*_]*\s*[.):,;(–—]|[*_]*\s+(?:-|(?:because|since|as)\b)))`)

// lone is a letter in lower case that is all there is.
var lone = regexp.MustCompile(`^[\s*_"'\x60$]*([a-z])[\s*_"'\x60$.)]*$`)

// listing matches the line of an option B: then that of an option A announces
// nothing.
var listing = regexp.MustCompile(`(?im)^[\s*_]*B:`)

// LetterIn is the letter of the option that an answer chooses, in upper case; ""
// if there is none. Where no choices are given, A to Z are.
func LetterIn(answer string, choices []string) string {
	announcement := selection
	if listing.MatchString(answer) {
		announcement = selectionIs
	}
	exact := func(line string) bool { return letterOf(line, choices) != "" }
	in := append(places(answer, announcement, exact), lastLine(answer))
	if !answerIs.MatchString(answer) { // else the first line is where the reasons begin
		in = append(in, firstLine(answer))
	}
	for _, s := range in {
		if l := letterOf(s, choices); l != "" {
			return l
		}
	}
	return ""
}

func letterOf(s string, choices []string) string {
	if inner, ok := strings.CutPrefix(s, `\text{`); ok {
		s = strings.TrimSuffix(inner, "}")
	}
	for _, pattern := range []*regexp.Regexp{leading, lone} {
		for i, group := range pattern.FindStringSubmatch(s) {
			if i > 0 && group != "" {
				return listed(strings.ToUpper(group), choices)
			}
		}
	}
	found := ""
	said := Normal(s)
	for i, c := range choices {
		if said != "" && said == Normal(c) {
			if found != "" {
				return ""
			}
			found = Letter(i)
		}
	}
	return found
}

// listed is the letter if there is an option of that name.
func listed(letter string, choices []string) string {
	if choices != nil && int(letter[0]-'A') >= len(choices) {
		return ""
	}
	return letter
}
