package grade

import (
	"context"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"unicode"
)

// NumberGrader compares numbers exactly: 18, 18.0, $18.00 and +18 are equal, and
// so are 0.5 and 1/2, 3 1/2 and 3.5, 1,234,567 and 1 234 567. The answer's number is
// the first number in one of these places, in this order:
//
//   - the line of the last "####", unless it is a heading such as "Step 2: money";
//   - the last \boxed{} after that "####";
//   - the text after "answer is", "answer:" or "A:" there, the last one first;
//   - the heading;
//   - \boxed{} and announcements in the whole answer.
//
// If none of them has a number, it is the last number after the last "####", or the
// last number of an answer without "####".
//
// If a calculation is stated, its result counts ("7/8 of 16 is 14"). A number that is denied
// does not count ("not 20; it is 18"). A number that can mean two things is not read: a
// choice or a range (18 or 20, 18-20), a ratio or a time (3:2), a power (10^5), a calculation
// without its result (2*9), a decimal comma or a list (1,5). Such an answer is Unread.
type NumberGrader struct{}

func (NumberGrader) Name() string { return "number" }

func (NumberGrader) Check(q *Question) error {
	for _, g := range q.Gold {
		if NumberIn(g) == nil {
			return fmt.Errorf("the right answer %.60q is not a number; the grader %s compares texts", g, AliasGrader{}.Name())
		}
	}
	if len(q.Gold) == 0 {
		return ErrNoGold
	}
	return nil
}

func (NumberGrader) Grade(_ context.Context, q *Question, answer string) (Verdict, error) {
	got := NumberIn(answer)
	if got == nil {
		return Unread, nil
	}
	for _, g := range q.Gold {
		if want := NumberIn(g); want != nil && want.Cmp(got) == 0 {
			return Right, nil
		}
	}
	return Wrong, nil
}

// IsNumber reports whether a text is a number and nothing else.
func IsNumber(s string) bool {
	s = strings.TrimLeft(strings.TrimSpace(numerals.Replace(s)), "+-\u2212$€£¥")
	if s == "" {
		return false
	}
	v, end := numberAt(s, 0)
	return v != nil && strings.Trim(s[end:], "%.") == ""
}

// NumberIn returns the final number of an answer, or nil if there is none or it may
// mean two things.
func NumberIn(answer string) *big.Rat {
	answer = numerals.Replace(answer)
	exact := func(line string) bool { return len(numbersIn(line)) > 0 }
	for _, s := range places(answer, conclusion, exact) {
		if v, found := statedNumber(s); found {
			return v
		}
	}
	if rest, ok := marked(answer); ok {
		answer = rest
	}
	return lastNumber(answer)
}

// numerals replaces characters that are numbers by digits, and all spaces that only group
// digits by one kind of space.
var numerals = strings.NewReplacer("½", " 1/2", "⅓", " 1/3", "⅔", " 2/3", "¼", " 1/4", "¾", " 3/4", "⁄", "/",
	"\u00a0", thinSpace, "\u202f", thinSpace, "’", "'")

var latex = strings.NewReplacer(`\$`, "$", `\!`, "", `{,}`, ",", `\ `, " ", `\,`, thinSpace, `\%`, "%",
	`\times`, "×", `\cdot`, "×", `\pm`, "±", `\text{ or }`, " or ", `\text{or}`, " or ")

// result matches a calculation in words, up to its result.
var result = regexp.MustCompile(`(?i)\b(?:of|times|plus|minus|by)\b[^.;:?!\n]*?\d[^;:?!\n]*?\b(?:is|are|equals|gives|makes)\s+(?:exactly\s+|about\s+|only\s+)?[-\x{2212}]?[$€£¥]?`)

// statedNumber returns the number of a statement. For a calculation this is the result,
// after the last "=" or "is". If the number can mean two things, found is true and v is nil.
func statedNumber(s string) (v *big.Rat, found bool) {
	s = shortFraction.ReplaceAllString(latex.Replace(s), `\frac{$1}{$2}`)
	s = fraction.ReplaceAllStringFunc(s, plainFraction)
	if i := strings.LastIndexByte(s, '='); i >= 0 {
		if v, found := firstNumber(s[i+1:]); found {
			if before := s[:i]; v == nil && !strings.ContainsFunc(before, unicode.IsLetter) {
				v, _ = firstNumber(before) // 7 = 3 + 4
			}
			return v, true
		}
	}
	for _, at := range result.FindAllStringIndex(s, -1) {
		if at[1] < len(s) && (isDigit(s[at[1]]) || s[at[1]] == '.') {
			return firstNumber(s[at[1]-signBefore(s[:at[1]]):])
		}
	}
	return firstNumber(s)
}

// signBefore returns the length in bytes of the sign and the currency at the end of s.
func signBefore(s string) int {
	return len(s) - len(strings.TrimRight(s, "-\u2212$€£¥"))
}

// fraction matches \frac{1}{2} and 3\frac{1}{2}; shortFraction \frac12.
var (
	fraction      = regexp.MustCompile(`(?:(\d{1,3}(?:,\d{3})+|\d+)\s*)?\\[dt]?frac\s*\{\s*([-\x{2212}]?)\s*(\d{1,60})\s*\}\s*\{\s*(\d{1,60})\s*\}`)
	shortFraction = regexp.MustCompile(`\\[dt]?frac\s*(\d)\s*(\d)`)
)

// plainFraction writes a match of fraction as 1/2 or 7/2.
func plainFraction(match string) string {
	m := fraction.FindStringSubmatch(match)
	over, under := m[3], m[4]
	if whole := strings.ReplaceAll(m[1], ",", ""); whole != "" && len(whole) <= maxDigits {
		var n, a, b big.Int
		n.SetString(whole, 10)
		a.SetString(over, 10)
		b.SetString(under, 10)
		over = a.Add(n.Mul(&n, &b), &a).String()
	}
	return m[2] + over + "/" + under
}

// denial matches the end of the text before a number that the answer denies.
var denial = regexp.MustCompile(`(?i)(?:\bnot|n't|\brather than|\binstead of)\s*(?:equal to\s*)?[-\x{2212}]?[$€£¥]?[-\x{2212}]?$`)

// These match the text between two numbers that both do not count: if the first one is a
// statement's first number, or if the second one is an answer's last number.
var (
	open      = regexp.MustCompile(`(?i)^(?:\s*(?:or|and|to|through|versus|vs\.?|[-\x{2212}–—±:^*×x+÷/])\s*|[,.e])[-\x{2212}]?[$€£¥]?$`)
	undecided = regexp.MustCompile(`(?i)^(?:\s*(?:or|and|to|[–—±:^])\s*|\.)[-\x{2212}]?[$€£¥]?$`)
)

// firstNumber returns the first number of a statement that is not denied. If it can mean two
// things, found is true and v is nil.
func firstNumber(s string) (v *big.Rat, found bool) {
	all := numbersIn(s)
	for i, n := range all {
		if denial.MatchString(s[:n.begin]) {
			continue
		}
		if i+1 < len(all) && all[i+1].value.Cmp(n.value) != 0 && open.MatchString(s[n.end:all[i+1].begin]) {
			return nil, true
		}
		return n.value, true
	}
	return nil, false
}

// lastNumber returns the last number of an answer that is not denied, or nil if it can mean
// two things.
func lastNumber(s string) *big.Rat {
	all := numbersIn(s)
	for i := len(all) - 1; i >= 0; i-- {
		n := all[i]
		if denial.MatchString(s[:n.begin]) {
			continue
		}
		if i > 0 && all[i-1].value.Cmp(n.value) != 0 && undecided.MatchString(s[all[i-1].end:n.begin]) {
			return nil
		}
		return n.value
	}
	return nil
}
