package jsonscan

import (
	"math/bits"

	"github.com/finece/finece/wasm/internal/word"
)

// nesting has one bit for each container that Skip is in. The bit is set if it is an object.
type nesting [MaxDepth / 64]uint64

func (n *nesting) object(depth int) bool {
	return n[uint(depth)>>6%uint(len(n))]>>(uint(depth)&63)&1 != 0
}

func (n *nesting) set(depth int, object bool) {
	word, bit := uint(depth)>>6%uint(len(n)), uint64(1)<<(uint(depth)&63)
	n[word] &^= bit
	if object {
		n[word] |= bit
	}
}

// Skip consumes one value of any kind.
func (s *Scanner) Skip() {
	i, data := s.pos, s.data
	if i <= len(data)-4 && data[i] == 'n' && data[i+1] == 'u' && data[i+2] == 'l' && data[i+3] == 'l' {
		s.pos = i + 4
		return
	}
	s.skip(data, i)
}

//go:noinline
func (s *Scanner) skip(data []byte, i int) {
	depth := 0 // how many containers are open in this call
	object := false
	for {
		// One value, or the beginning of a container.
		if uint(i) >= uint(len(data)) || data[i] <= ' ' {
			i = skipSpace(data, i)
		}
		if uint(i) >= uint(len(data)) {
			s.fail(i, "a value")
			return
		}
		switch c := data[i]; {
		case c == '"':
			i = s.skipString(data, i)
		case c == '-' || c-'0' < 10:
			i = s.skipNumber(data, i)
		case c == '{' || c == '[':
			if s.depth+depth >= MaxDepth {
				s.fail(i, tooDeep)
				return
			}
			s.open.set(depth, object)
			depth++
			object = c == '{'
			i = skipSpace(data, i+1)
			if uint(i) < uint(len(data)) && data[i] == c+2 { // empty: the closing bracket is the opening one plus 2
				break
			}
			if object {
				if i = s.skipKey(data, i); i < 0 {
					return
				}
			}
			continue
		case c == 't':
			i = s.skipWord(data, i, "true")
		case c == 'f':
			i = s.skipWord(data, i, "false")
		case c == 'n':
			i = s.skipWord(data, i, "null")
		default:
			s.fail(i, "a value")
			return
		}
		if i < 0 {
			return
		}
		// After it come the ends of containers, then a comma.
		for {
			if depth == 0 {
				s.pos = i
				return
			}
			if uint(i) >= uint(len(data)) || data[i] <= ' ' {
				i = skipSpace(data, i)
			}
			var c byte
			if uint(i) < uint(len(data)) {
				c = data[i]
			}
			if c == ',' {
				i++
				if object {
					if i = s.skipKey(data, skipSpace(data, i)); i < 0 {
						return
					}
				}
				break
			}
			if object && c != '}' || !object && c != ']' {
				s.fail(i, "a comma or the end of the array or object")
				return
			}
			i++
			depth--
			object = s.open.object(depth)
		}
	}
}

// The functions below consume a part of the input at data[i]. They return the index of its end,
// or -1 after an error.

func (s *Scanner) skipKey(data []byte, i int) int {
	if uint(i) >= uint(len(data)) || data[i] != '"' {
		s.fail(i, "a key")
		return -1
	}
	if i = s.skipString(data, i); i < 0 {
		return -1
	}
	if uint(i) < uint(len(data)) && data[i] == ':' {
		return i + 1
	}
	i = skipSpace(data, i)
	if uint(i) >= uint(len(data)) || data[i] != ':' {
		s.fail(i, "a colon")
		return -1
	}
	return i + 1
}

func (s *Scanner) skipWord(data []byte, i int, word string) int {
	for k := 0; k < len(word); k++ {
		if uint(i) >= uint(len(data)) || data[i] != word[k] {
			s.fail(i, word)
			return -1
		}
		i++
	}
	return i
}

func (s *Scanner) skipString(data []byte, i int) int {
	i++
	for uint(i) < uint(len(data)) {
		if i <= len(data)-8 {
			m := special(word.Load(data, i))
			if m == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(m) >> 3
		}
		switch c := data[i]; {
		case c == '"':
			return i + 1
		case c == '\\':
			if i = s.skipEscape(data, i+1); i < 0 {
				return -1
			}
		case c < ' ':
			s.fail(i, "no control character in a string")
			return -1
		default:
			i++
		}
	}
	s.fail(len(data), "the end of the string")
	return -1
}

func (s *Scanner) skipEscape(data []byte, i int) int {
	if uint(i) < uint(len(data)) {
		if escapes[data[i]] != 0 {
			return i + 1
		}
		if unit(data, i) >= 0 {
			return i + 5
		}
	}
	s.fail(i, "a valid escape")
	return -1
}

func (s *Scanner) skipNumber(data []byte, i int) int {
	if data[i] == '-' {
		i++
	}
	first := i
	i = skipDigits(data, i)
	if i == first {
		s.fail(i, "a digit")
		return -1
	}
	if data[first] == '0' {
		i = first + 1
	}
	if uint(i) < uint(len(data)) && data[i] == '.' {
		first = i + 1
		if i = skipDigits(data, first); i == first {
			s.fail(i, "a digit")
			return -1
		}
	}
	if uint(i) < uint(len(data)) && data[i]|0x20 == 'e' {
		i++
		if uint(i) < uint(len(data)) && (data[i] == '+' || data[i] == '-') {
			i++
		}
		first = i
		if i = skipDigits(data, first); i == first {
			s.fail(i, "a digit")
			return -1
		}
	}
	return i
}

func skipDigits(data []byte, i int) int {
	for uint(i) < uint(len(data)) && data[i]-'0' < 10 {
		i++
	}
	return i
}
