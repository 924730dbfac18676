package grade

import (
	"context"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// NumberGrader compares numbers exactly: 18, 18.0, $18.00 and +18 are equal, and
// so are 0.5 and 1/2. Powers of ten are not read. The answer's number is the first
// number in one of these places, in this order:
//
//   - the line of the last "####", unless it is a heading such as "Step 2: money";
//   - the last \boxed{} after that "####";
//   - the text after "answer is", "answer:" or "A:" there, the last one first;
//   - the heading;
//   - \boxed{} and announcements in the whole answer.
//
// If none of them has a number, it is the last number after the last "####", or the
// last number of an answer without "####".
type NumberGrader struct{}

func (NumberGrader) Name() string { return "number" }

func (NumberGrader) Check(q *Question) error {
	for _, g := range q.Gold {
		if NumberIn(g) == nil {
			return fmt.Errorf("the right answer %.60q is no number", g)
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

// NumberIn returns the final number of an answer, or nil.
func NumberIn(answer string) *big.Rat {
	exact := func(line string) bool { return firstNumber(line) != nil }
	for _, s := range places(answer, conclusion, exact) {
		if v := statedNumber(s); v != nil {
			return v
		}
	}
	if rest, ok := marked(answer); ok {
		return lastNumber(rest)
	}
	return lastNumber(answer)
}

var latex = strings.NewReplacer(`\$`, "$", `\!`, "", `{,}`, ",", `\ `, " ")

// statedNumber returns the number of a statement. Of a calculation it is the result,
// after the last "=".
func statedNumber(s string) *big.Rat {
	s = fraction.ReplaceAllStringFunc(latex.Replace(s), plainFraction)
	if i := strings.LastIndexByte(s, '='); i >= 0 {
		if v := firstNumber(s[i+1:]); v != nil {
			return v
		}
	}
	return firstNumber(s)
}

// fraction matches \frac{1}{2} and 3\frac{1}{2}.
var fraction = regexp.MustCompile(`(?:(\d{1,3}(?:,\d{3})+|\d+)\s*)?\\[dt]?frac\s*\{\s*(\d{1,60})\s*\}\s*\{\s*(\d{1,60})\s*\}`)

// plainFraction writes a match of fraction as 1/2 or 7/2.
func plainFraction(match string) string {
	m := fraction.FindStringSubmatch(match)
	if whole := strings.ReplaceAll(m[1], ",", ""); whole != "" && len(whole) <= maxDigits {
		var n, over, under big.Int
		n.SetString(whole, 10)
		over.SetString(m[2], 10)
		under.SetString(m[3], 10)
		m[2] = over.Add(n.Mul(&n, &under), &over).String()
	}
	return m[2] + "/" + m[3]
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

// maxDigits bounds the work on a number. A longer one is not read as a number.
const maxDigits = 60

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// numberAt reads the number whose digits start at byte i, and the sign before them.
// The value is nil if there is no number. end is where to continue.
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
	text := unpadded(strings.ReplaceAll(s[begin:i], ",", ""))
	if i+1 < len(s) && (s[i] == '.' || s[i] == '/') && isDigit(s[i+1]) {
		mark := s[i]
		after := i + 1
		for i++; i < len(s) && isDigit(s[i]); i++ {
		}
		if mark == '/' {
			text += "/" + unpadded(s[after:i])
		} else {
			text += s[after-1 : i]
		}
	}
	if len(text) > maxDigits {
		return nil, i
	}
	v, ok := new(big.Rat).SetString(text) // not ok: a division by zero
	if !ok {
		return nil, i
	}
	if negative(s[:begin]) {
		v.Neg(v)
	}
	return v, i
}

// unpadded removes leading zeros, which big.Rat would read as octal. It returns "0"
// if no digit is left.
func unpadded(digits string) string {
	if digits = strings.TrimLeft(digits, "0"); digits == "" {
		return "0"
	}
	return digits
}

// threeDigits reports whether exactly three digits begin at byte i.
func threeDigits(s string, i int) bool {
	return i+3 <= len(s) && isDigit(s[i]) && isDigit(s[i+1]) && isDigit(s[i+2]) && (i+3 == len(s) || !isDigit(s[i+3]))
}

// negative reports whether before ends with a minus sign that is not a subtraction.
// A currency sign may stand on either side of it.
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
	r, _ = utf8.DecodeLastRuneInString(before)
	return !unicode.IsNumber(r) && !unicode.IsLetter(r) && r != ')' && r != '-'
}
