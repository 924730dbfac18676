package estimate

import (
	"bytes"

	"github.com/finece/finece/wasm/jsonscan"
)

// number is a confidence in a text.
type number struct {
	value      float64 // 0.85 for 0.85 and for 85%
	start, end int     // the place of the number, with its percent sign
	percent    bool    // it has a percent sign
	closed     bool    // other text follows, so no further digit can follow
	whole      int     // digits before the point
	fraction   int     // digits after the point
	open       int     // braces before the number that are not closed after it
}

// maxNumber is the maximum length of a number in bytes.
const maxNumber = 40

// scanNumber reads text as one number in [0,1]:
//
//	0.85   .85   0,85   1   1.   8.5e-1   85%   85 %
//
// Around the number there may be white space, quotes, braces, and the asterisks, underscores
// and backticks of Markdown. A full stop may follow. One of the words confidence, probability
// and likelihood may come before it, with a colon or an equals sign. So {"confidence": 0.85}
// and **Confidence:** 0.85. are read. "0.8 or 0.9", "8/10", "85" and "1.7" are not: no value
// is clamped or guessed.
//
// failure is 0 if there is none. Otherwise offset is its place in text.
func scanNumber(text []byte) (n number, failure Failure, offset int) {
	i := skipAround(text, 0, '{', &n.open)
	if label := labelAt(text[i:]); label > 0 {
		i = skipAround(text, i+label, '{', &n.open)
		if i == len(text) || text[i] != ':' && text[i] != '=' {
			return n, NoNumber, i
		}
		i = skipAround(text, i+1, '{', &n.open)
	}
	if i == len(text) {
		return n, Empty, i
	}
	begin := i
	negative := text[i] == '-'
	if negative {
		i++
	}
	n.start = i
	ok := n.scan(text)
	if !ok {
		return n, NoNumber, begin
	}
	closing := 0
	rest := skipAround(text, n.end, '}', &closing)
	if rest < len(text) && text[rest] == '.' {
		rest = skipAround(text, rest+1, '}', &closing)
	}
	if rest < len(text) || closing > n.open {
		return n, ExtraText, rest
	}
	if negative || n.value > 1 {
		return n, OutOfRange, begin
	}
	n.open -= closing
	n.closed = n.percent || rest > n.end
	return n, 0, 0
}

// scan reads the number that begins at n.start.
func (n *number) scan(text []byte) bool {
	var plain [maxNumber + 1]byte
	used := 0
	i := n.start
	digits := func() (count int) {
		for ; i < len(text) && text[i]-'0' < 10; i++ {
			if used < maxNumber {
				plain[used] = text[i]
				used++
			}
			count++
		}
		return count
	}
	if i < len(text) && text[i] == '.' {
		plain[used] = '0' // JSON needs a digit before the point
		used++
	}
	n.whole = digits()
	comma := i+1 < len(text) && text[i] == ',' && text[i+1]-'0' < 10 && n.whole == 1 && plain[0] == '0'
	if i < len(text) && text[i] == '.' || comma {
		point := used
		if used < maxNumber {
			plain[used] = '.'
			used++
		}
		i++
		if n.fraction = digits(); n.fraction == 0 {
			used = point // JSON needs a digit after the point, so leave the point out
		}
	}
	n.end = i
	if n.whole+n.fraction == 0 || n.whole > 1 && plain[0] == '0' {
		return false
	}
	if i < len(text) && text[i]|0x20 == 'e' && used+1 < maxNumber {
		plain[used] = 'e'
		used++
		i++
		if i < len(text) && (text[i] == '-' || text[i] == '+') {
			plain[used] = text[i]
			used++
			i++
		}
		if digits() == 0 {
			return false
		}
		n.end = i
	}
	if used >= maxNumber {
		return false
	}
	if i < len(text) && text[i] == ' ' {
		i++
	}
	if i < len(text) && text[i] == '%' {
		n.percent, n.end = true, i+1
	}
	value, ok := jsonscan.ParseFloat(plain[:used])
	if n.percent {
		value /= 100
	}
	n.value = value
	return ok
}

// skipAround skips the characters that may be around a number, and counts the braces.
func skipAround(text []byte, i int, brace byte, braces *int) int {
	for ; i < len(text); i++ {
		switch c := text[i]; c {
		case ' ', '\n', '\r', '\t', '"', '\'', '*', '_', '`':
		case brace:
			*braces++
		default:
			if brace == '{' && i >= 3 && string(text[i-3:i]) == "```" && bytes.HasPrefix(text[i:], []byte("json")) {
				i += len("json") - 1
				continue
			}
			return i
		}
	}
	return i
}

var labels = [...]string{"confidence", "probability", "likelihood"}

// labelAt returns the length of the label at the beginning of text, or 0.
func labelAt(text []byte) int {
next:
	for _, label := range labels {
		if len(text) < len(label) {
			continue
		}
		for i := range len(label) {
			if text[i]|0x20 != label[i] {
				continue next
			}
		}
		return len(label)
	}
	return 0
}

// visible returns the reply without the reasoning before it. ok is false if the reasoning has
// no end.
func visible(text []byte) (rest []byte, ok bool) {
	if i := bytes.LastIndex(text, []byte("</think>")); i >= 0 {
		return text[i+len("</think>"):], true
	}
	return text, !bytes.Contains(text, []byte("<think>"))
}
