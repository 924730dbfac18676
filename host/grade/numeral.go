package grade

import (
	"math/big"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// numeral is a number in a text.
type numeral struct {
	value      *big.Rat
	begin, end int // its digits, without a sign
}

// numbersIn returns the numbers of a text in their order.
func numbersIn(s string) (all []numeral) {
	for i := 0; i < len(s); {
		v, end := numberAt(s, i)
		if v != nil {
			all = append(all, numeral{v, i, end})
		}
		i = end
	}
	return all
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
	i = groups(s, begin, i)
	text := unpadded(ungrouped.Replace(s[begin:i]))
	var whole string // of a mixed number
	if over, end := mixed(s, i); end > i {
		whole, text, i = text, over, end
	} else if i+1 < len(s) && (s[i] == '.' || s[i] == '/') && isDigit(s[i+1]) {
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
	if len(whole)+len(text) > maxDigits {
		return nil, i
	}
	v, ok := new(big.Rat).SetString(text) // not ok: a division by zero
	if !ok {
		return nil, i
	}
	if n, ok := new(big.Rat).SetString(whole); ok {
		v.Add(v, n)
	}
	if negative(s[:begin]) {
		v.Neg(v)
	}
	return v, i
}

// thinSpace separates groups of digits and nothing else.
const thinSpace = "\u2009"

// separators are what groups of three digits are separated by: 1,234, 1 234, 1'234.
var separators = []string{",", " ", "'", thinSpace}

var ungrouped = strings.NewReplacer(",", "", " ", "", "'", "", thinSpace, "")

// groups returns the end of the groups of three digits that follow the first digits, at
// begin to i; i if there are none.
func groups(s string, begin, i int) int {
	if i == begin || i-begin > 3 || s[begin] == '0' && i < len(s) && s[i] != ',' {
		return i
	}
	for _, separator := range separators {
		end := i
		for strings.HasPrefix(s[end:], separator) && threeDigits(s, end+len(separator)) {
			end += len(separator) + 3
		}
		// "3 100/200" is not 3100, and "18 100%" is not 18100.
		if end > i && !(separator == " " && end < len(s) && (s[end] == '/' || s[end] == '%')) {
			return end
		}
	}
	return i
}

// mixedFraction is the fraction of 3 1/2 or 3 and 1/2.
var mixedFraction = regexp.MustCompile(`^[ \x{2009}]+(?:and +)?(\d{1,9})/(\d{1,9})`)

// mixed reads the proper fraction after a whole number that ends at i; end is i if there
// is none.
func mixed(s string, i int) (fraction string, end int) {
	m := mixedFraction.FindStringSubmatch(s[i:])
	if m == nil {
		return "", i
	}
	over, under := unpadded(m[1]), unpadded(m[2])
	if len(over) > len(under) || len(over) == len(under) && over >= under {
		return "", i
	}
	return over + "/" + under, i + len(m[0])
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
