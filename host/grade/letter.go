package grade

import (
	"context"
	"fmt"
	"regexp"
	"strings"
)

// LetterGrader grades multiple choice. It looks for the letter in these places, in
// this order:
//
//   - the line of the last "####";
//   - the text that is boxed or announced after that "####";
//   - the content of the last \boxed{};
//   - the text after "answer is", "answer:", "option is" and the like, the last
//     announcement first ("A:" announces too, unless a line starts with "B:");
//   - the last line;
//   - the first line, if no "answer" is announced.
//
// The first of these places that chooses an option counts. A place chooses an option if it
// starts with the option's letter, which the option's text or a reason ("B because ...") may
// follow, or if it is the text of exactly one option.
type LetterGrader struct{}

func (LetterGrader) Name() string { return "letter" }

func (LetterGrader) Check(q *Question) error {
	if len(q.Gold) == 0 {
		return ErrNoGold
	}
	options := len(q.Choices)
	if options == 0 { // the question's text contains them
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

// leading matches a letter at the start that is not a word: "(B)", "B", "B.",
// "**B**: text", "B - text", "B because". "A" or "I" with another word after it is a
// word.
var leading = regexp.MustCompile(`^(?:[Oo]ption\s+)?(?:[\s*_"'\x60$]*[(\[]\s*([A-Za-z])\s*[)\]]|[\s*_"'\x60$]*([A-Z])` +
	`(?:[\s*_"'\x60$]*$|[*_]*\s*[.):,;(–—]|[*_]*\s+(?:-|(?:because|since|as)\b)))`)

// lone matches a single letter in lower case.
var lone = regexp.MustCompile(`^[\s*_"'\x60$]*([a-z])[\s*_"'\x60$.)]*$`)

// listing matches the line of an option B. "A:" is then an option as well, not an
// announcement.
var listing = regexp.MustCompile(`(?im)^[\s*_]*B:`)

// LetterIn returns the letter of the option that an answer chooses, in upper case, or
// "". Without choices, A to Z are allowed.
func LetterIn(answer string, choices []string) string {
	announcement := selection
	if listing.MatchString(answer) {
		announcement = selectionIs
	}
	exact := func(line string) bool { return letterOf(line, choices) != "" }
	in := append(places(answer, announcement, exact), lastLine(answer))
	if !answerIs.MatchString(answer) { // otherwise the reasoning starts in the first line
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

// listed returns the letter if there is an option with this letter, else "".
func listed(letter string, choices []string) string {
	if choices != nil && int(letter[0]-'A') >= len(choices) {
		return ""
	}
	return letter
}
