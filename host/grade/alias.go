package grade

import (
	"context"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// AliasGrader compares the stated answer with every alias after normalising
// both, as the evaluations of TriviaQA and NQ-Open do: lower case, without
// punctuation, the words a, an and the, and surplus white space. TriviaQA puts a
// space where punctuation was, SQuAD and NQ-Open nothing ("U.S." is "u s" or
// "us"): agreement under either counts.
//
// The stated answer is the line of the last "####", if that is no heading such as
// "Step 2: the place"; what is boxed or announced behind that; what stands in the last
// \boxed{}, or else behind the last "answer is", "answer:" or "A:" that has something
// behind it. Where there is nothing of this, it is the last line, or what stands
// behind "choice is" or "option is" in it.
type AliasGrader struct {
	// Contains makes an alias that is somewhere in the stated answer, as whole
	// words, count as well. It takes "not Paris" for Paris.
	Contains bool
}

func (g AliasGrader) Name() string {
	if g.Contains {
		return "alias-contains"
	}
	return "alias"
}

func (AliasGrader) Check(q *Question) error {
	for _, g := range q.Gold {
		if Normal(g) != "" {
			return nil
		}
	}
	return ErrNoGold
}

func (g AliasGrader) Grade(_ context.Context, q *Question, answer string) (Verdict, error) {
	stated := statedAlias(answer)
	spaced, joined := normalised(stated, " "), normalised(stated, "")
	if spaced == "" {
		return Unread, nil
	}
	for _, alias := range q.Gold {
		s, j := normalised(alias, " "), normalised(alias, "")
		switch {
		case s == "" || j == "":
		case s == spaced || j == joined:
			return Right, nil
		case g.Contains && (hasWords(spaced, s) || hasWords(joined, j)):
			return Right, nil
		}
	}
	return Wrong, nil
}

// statedAlias is what an answer states in words; "" if it announces an answer and
// gives none.
func statedAlias(answer string) string {
	exact := func(line string) bool { return Normal(line) != "" }
	all := places(answer, conclusion, exact)
	for _, s := range all {
		if Normal(s) != "" {
			return s
		}
	}
	if len(all) > 0 {
		return ""
	}
	last := lastLine(answer)
	for _, s := range announced(last, selectionIs) {
		if Normal(s) != "" {
			return s
		}
	}
	return last
}

// Normal is the normal form that two ways to say the same have in common.
func Normal(s string) string { return normalised(s, " ") }

// normalised is the normal form of TriviaQA's evaluation for gap " " and that of
// SQuAD's for "". What has nothing but articles or punctuation stays as it is, in
// lower case, but for punctuation at the end if there is something else: there are
// questions whose answer is "The The" or "!".
func normalised(s, gap string) string {
	s = strings.ReplaceAll(s, "´", "'") // of which NFKC makes a space and an accent
	s = strings.TrimSpace(strings.ToLower(norm.NFKC.String(strings.ToValidUTF8(s, "\uFFFD"))))
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '_':
			b.WriteByte(' ')
		case unicode.IsPunct(r) || strings.ContainsRune("`^~|<>=+$", r):
			b.WriteString(gap)
		default:
			b.WriteRune(r)
		}
	}
	var words []string
	for w := range strings.FieldsSeq(b.String()) {
		if w != "a" && w != "an" && w != "the" {
			words = append(words, w)
		}
	}
	if len(words) > 0 {
		return strings.Join(words, " ")
	}
	if bare := strings.TrimRightFunc(s, unicode.IsPunct); bare != "" {
		s = bare
	}
	return strings.Join(strings.Fields(s), " ")
}

func hasWords(text, words string) bool {
	return strings.Contains(" "+text+" ", " "+words+" ")
}
