package construct

import (
	"context"
	"fmt"
	"regexp"
	"strings"
)

// LetterGrader grades multiple choice. The letter is the one that the answer
// states behind "####", in \boxed{}, or behind "answer is", "answer:" or the
// like; else the whole of the answer, or of its first or last line, where that
// is a letter, perhaps with an option's text behind it. The text of exactly one
// option in these places counts as its letter.
type LetterGrader struct{}

func (LetterGrader) Name() string { return "letter" }

func (LetterGrader) Check(q *Question) error {
	if len(q.Gold) == 0 {
		return errNoGold
	}
	options := len(q.Choices)
	if options == 0 { // they are in the question's text
		options = maxChoices
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
// "**B**: text". An "A" or "I" with a word behind it is one.
var leading = regexp.MustCompile(`^(?:[Oo]ption\s+)?(?:[\s*_"'\x60$]*[(\[]\s*([A-Za-z])\s*[)\]]|[\s*_"'\x60$]*([A-Z])(?:[\s*_"'\x60$]*$|[*_]*\s*[.):,;]))`)

// lone is a letter in lower case that is all there is.
var lone = regexp.MustCompile(`^[\s*_"'\x60$]*([a-z])[\s*_"'\x60$.)]*$`)

// LetterIn is the letter of the option that an answer chooses, in upper case; ""
// if there is none. Where no choices are given, A to Z are.
func LetterIn(answer string, choices []string) string {
	if s, announced := final(answer); announced {
		s = strings.TrimPrefix(s, `\text{`)
		s = strings.TrimSuffix(s, "}")
		return letterOf(s, choices)
	}
	for _, s := range []string{lastLine(answer), firstLine(answer)} {
		if l := letterOf(s, choices); l != "" {
			return l
		}
	}
	return ""
}

func letterOf(s string, choices []string) string {
	for _, pattern := range []*regexp.Regexp{leading, lone} {
		for i, group := range pattern.FindStringSubmatch(s) {
			if i > 0 && group != "" {
				return listed(strings.ToUpper(group), choices)
			}
		}
	}
	found := ""
	said := plain(s)
	for i, c := range choices {
		if said != "" && said == plain(c) {
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
