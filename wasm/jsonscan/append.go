package jsonscan

import (
	"github.com/finece/finece/wasm/internal/word"

	"math"
	"math/bits"
	"strconv"
)

// AppendString appends text as a JSON string. Bytes that are not UTF-8 become U+FFFD, by the same
// rules as in Scanner.Text.
func AppendString(dst, text []byte) []byte {
	dst = append(dst, '"')
	start, i := 0, 0
	for i < len(text) {
		if i <= len(text)-8 {
			x := word.Load(text, i)
			m := special(x) | x&word.Tops
			if m == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(m) >> 3
		}
		c := text[i]
		if c >= 0x80 {
			n := Sequence(text[i:])
			if n < 0 {
				n = -n
				dst = append(append(dst, text[start:i]...), string(replacement)...)
				start = i + n
			}
			i += n
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = appendEscape(append(dst, text[start:i]...), c)
		i++
		start = i
	}
	return append(append(dst, text[start:]...), '"')
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}

// AppendFloat appends f with the fewest digits that read back as f. For NaN and the infinities,
// which JSON cannot express, it appends null.
func AppendFloat(dst []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(dst, "null"...)
	}
	format := byte('f')
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, f, format, -1, 64)
}
