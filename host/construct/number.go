package construct

import (
	"context"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"unicode/utf8"
)

// NumberGrader compares numbers exactly: 18, 18.0, $18.00 and +18 are equal, and
// so are 0.5 and 1/2. The answer's number is the one on the line of its last
// "####", in its last \boxed{}, or else behind its last "answer is", "answer:"
// or "A:"; failing these, its last number. Powers of ten are not read.
type NumberGrader struct{}

func (NumberGrader) Name() string { return "number" }

func (NumberGrader) Check(q *Question) error {
	for _, g := range q.Gold {
		if NumberIn(g) == nil {
			return fmt.Errorf("the right answer %.60q is no number", g)
		}
	}
	if len(q.Gold) == 0 {
		return errNoGold
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

var latexFraction = regexp.MustCompile(`\\[dt]?frac\s*\{\s*(\d{1,60})\s*\}\s*\{\s*(\d{1,60})\s*\}`)

// NumberIn is the final number of an answer; nil if there is none.
func NumberIn(answer string) *big.Rat {
	stated, announced := final(answer)
	if !announced {
		return lastNumber(answer)
	}
	stated = latexFraction.ReplaceAllString(stated, "$1/$2")
	stated = strings.NewReplacer(`\$`, "$", `\!`, "", `{,}`, ",", `\ `, " ").Replace(stated)
	// Behind a calculation stands its result.
	if i := strings.LastIndexByte(stated, '='); i >= 0 {
		if v := firstNumber(stated[i+1:]); v != nil {
			return v
		}
	}
	if v := firstNumber(stated); v != nil || strings.Contains(answer, "####") {
		return v
	}
	return lastNumber(answer)
}

func firstNumber(s string) *big.Rat {
	for i := 0; i < len(s); {
		v, end := numberAt(s, i)
		if v != nil {
			return v
		}
		i = end
	}
	return nil
}

func lastNumber(s string) *big.Rat {
	var last *big.Rat
	for i := 0; i < len(s); {
		v, end := numberAt(s, i)
		if v != nil {
			last = v
		}
		i = end
	}
	return last
}

// maxDigits bounds the work on a number; a longer one is none.
const maxDigits = 60

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// numberAt reads an unsigned number that begins at byte i and the sign before
// it. Without one, the value is nil. end is where to go on.
func numberAt(s string, i int) (v *big.Rat, end int) {
	begin := i
	point := s[i] == '.' && i+1 < len(s) && isDigit(s[i+1]) && (i == 0 || !isDigit(s[i-1]))
	if !isDigit(s[i]) && !point {
		return nil, i + 1
	}
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	for i-begin <= 3 || s[i-4] == ',' { // groups of three
		if i == begin || i >= len(s) || s[i] != ',' || !threeDigits(s, i+1) {
			break
		}
		i += 4
	}
	var digits strings.Builder
	digits.WriteString(strings.ReplaceAll(s[begin:i], ",", ""))
	if i+1 < len(s) && s[i] == '.' && isDigit(s[i+1]) {
		digits.WriteByte('.')
		for i++; i < len(s) && isDigit(s[i]); i++ {
			digits.WriteByte(s[i])
		}
	} else if i+1 < len(s) && s[i] == '/' && isDigit(s[i+1]) {
		digits.WriteByte('/')
		for i++; i < len(s) && isDigit(s[i]); i++ {
			digits.WriteByte(s[i])
		}
	}
	if digits.Len() > maxDigits {
		return nil, i
	}
	text := digits.String()
	if text[0] == '.' {
		text = "0" + text
	}
	v, ok := new(big.Rat).SetString(text) // not ok: over zero
	if !ok {
		return nil, i
	}
	if negative(s[:begin]) {
		v.Neg(v)
	}
	return v, i
}

// threeDigits reports whether exactly three digits begin at byte i.
func threeDigits(s string, i int) bool {
	return i+3 <= len(s) && isDigit(s[i]) && isDigit(s[i+1]) && isDigit(s[i+2]) && (i+3 == len(s) || !isDigit(s[i+3]))
}

// negative reports whether before ends with a minus sign, with a currency sign
// on either side of it, that does not take something from something.
func negative(before string) bool {
	before = strings.TrimRight(before, "$€£¥")
	r, size := utf8.DecodeLastRuneInString(before)
	if r != '-' && r != '\u2212' {
		return false
	}
	before = strings.TrimRight(before[:len(before)-size], "$€£¥")
	if before == "" {
		return true
	}
	last := before[len(before)-1]
	return !isDigit(last) && last != ')' && last != '-' && last|0x20 < 'a' || last|0x20 > 'z' && last < 0x80
}
