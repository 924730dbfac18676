package jsonscan

import (
	"math/bits"

	"github.com/finece/finece/wasm/internal/word"
)

// text reads the string whose opening quote is next.
func (s *Scanner) text() ([]byte, bool) {
	start, data := s.pos+1, s.data
	i := start
	for i <= len(data)-8 {
		x := word.Load(data, i)
		if m := special(x) | x&word.Tops; m != 0 {
			i += bits.TrailingZeros64(m) >> 3
			if data[i] == '"' {
				s.pos = i + 1
				return data[start:i], true
			}
			break
		}
		i += 8
	}
	return s.textFrom(start, i)
}

// textFrom continues with a string that has more than plain ASCII, or is near the end of the
// input.
func (s *Scanner) textFrom(start, i int) ([]byte, bool) {
	data := s.data
	begin, copied := len(s.scratch), false
	for uint(i) < uint(len(data)) {
		switch c := data[i]; {
		case c == '"':
			s.pos = i + 1
			if !copied {
				return data[start:i], true
			}
			if !s.put(data[start:i]) {
				return nil, false
			}
			return s.scratch[begin:len(s.scratch):len(s.scratch)], true
		case c == '\\':
			if !s.put(data[start:i]) {
				return nil, false
			}
			copied = true
			if i = s.escape(data, i+1); i < 0 {
				return nil, false
			}
			start = i
		case c < ' ':
			return nil, s.fail(i, "no control character in a string")
		case c < 0x80:
			i++
			for i <= len(data)-8 {
				x := word.Load(data, i)
				if m := special(x) | x&word.Tops; m != 0 {
					i += bits.TrailingZeros64(m) >> 3
					break
				}
				i += 8
			}
		default:
			n := Sequence(data[i:])
			if n < 0 {
				s.bad = true
				if !s.put(data[start:i]) || !s.putRune(replacement) {
					return nil, false
				}
				n = -n
				copied = true
				start = i + n
			}
			i += n
		}
	}
	return nil, s.fail(len(data), "the end of the string")
}

// put appends to the scratch space. It returns false if the space is too small.
func (s *Scanner) put(b []byte) bool {
	n := len(s.scratch)
	if n+len(b) > cap(s.scratch) {
		return s.noSpace()
	}
	s.scratch = s.scratch[:n+len(b)]
	copy(s.scratch[n:], b)
	return true
}

// putRune appends a code point in UTF-8, U+FFFD for half a surrogate pair.
func (s *Scanner) putRune(r rune) bool {
	n := len(s.scratch)
	if n+4 > cap(s.scratch) {
		return s.noSpace()
	}
	if r&^0x7FF == 0xD800 {
		r = replacement
	}
	b := s.scratch[n : n+4]
	size := 4
	switch {
	case r < 0x80:
		b[0] = byte(r)
		size = 1
	case r < 0x800:
		b[0], b[1] = 0xC0|byte(r>>6), 0x80|byte(r&0x3F)
		size = 2
	case r < 0x10000:
		b[0], b[1], b[2] = 0xE0|byte(r>>12), 0x80|byte(r>>6&0x3F), 0x80|byte(r&0x3F)
		size = 3
	default:
		b[0], b[1], b[2], b[3] = 0xF0|byte(r>>18), 0x80|byte(r>>12&0x3F), 0x80|byte(r>>6&0x3F), 0x80|byte(r&0x3F)
	}
	s.scratch = s.scratch[:n+size]
	return true
}

func (s *Scanner) noSpace() bool {
	if !s.failed {
		s.short = true
	}
	return s.fail(s.pos, "shorter strings")
}

// escapes has the character for each letter after a backslash.
var escapes = [256]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

// escape decodes the escape whose backslash is before data[i]. It returns the index of its end,
// or -1.
func (s *Scanner) escape(data []byte, i int) int {
	end := s.skipEscape(data, i)
	if end < 0 {
		return -1
	}
	r := rune(escapes[data[i]])
	if r == 0 {
		r = unit(data, i)
		if r&^0x3FF == 0xD800 && end < len(data) && data[end] == '\\' {
			if low := unit(data, end+1); low&^0x3FF == 0xDC00 {
				r = 0x10000 + r&0x3FF<<10 + low&0x3FF
				end += 6
			}
		}
	}
	if !s.putRune(r) {
		return -1
	}
	return end
}

// unit reads a UTF-16 code unit, written as uXXXX, at data[i]. It returns -1 if there is none.
func unit(data []byte, i int) (u rune) {
	if i+5 > len(data) || data[i] != 'u' {
		return -1
	}
	for _, c := range data[i+1 : i+5] {
		switch {
		case c-'0' < 10:
			c -= '0'
		case c|0x20-'a' < 6:
			c = c | 0x20 - 'a' + 10
		default:
			return -1
		}
		u = u<<4 | rune(c)
	}
	return u
}
