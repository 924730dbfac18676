package grade

import (
	"context"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// AliasGrader compares the stated answer with every alias after normalising
// both, as the evaluations of TriviaQA and NQ-Open do: in lower case and without
// punctuation, the words a, an and the, and surplus white space. TriviaQA replaces
// punctuation with a space, SQuAD and NQ-Open remove it ("U.S." becomes "u s" or
// "us"). Agreement under either rule counts.
//
// The stated answer is the first of these that exists:
//
//   - the line of the last "####", unless it is a heading such as "Step 2: the place",
//     or the text that is boxed or announced after the "####";
//   - the content of the last \boxed{};
//   - the text after the last "answer is", "answer:" or "A:" that is not empty;
//   - the text after "choice is" or "option is" in the last line;
//   - the last line.
type AliasGrader struct {
	// Contains also accepts an alias that is part of the stated answer, as whole
	// words. It then accepts "not Paris" for Paris.
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

// statedAlias returns the answer that is stated in words. It is "" if an answer is
// announced and missing.
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

// Normal returns the normal form of a text: two texts that say the same in another
// case, punctuation or spacing have the same one.
func Normal(s string) string { return normalised(s, " ") }

// normalised returns the normal form of TriviaQA's evaluation for gap " " and that of
// SQuAD's for gap "". A text that consists of articles and punctuation keeps them, in
// lower case and without punctuation at its end: there are questions whose answer is
// "The The" or "!".
func normalised(s, gap string) string {
	s = strings.ReplaceAll(s, "´", "'") // NFKC would turn it into a space and an accent
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
