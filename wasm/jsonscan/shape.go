package jsonscan

import (
	"math/bits"

	"github.com/finece/finece/wasm/internal/word"
)

// Shape is the notation of one kind of object by a server that always writes it in the same
// way: without white space, first a string, then a number, then a non-empty array of natural
// numbers. Comparing an object with a Shape takes a fraction of the time of reading it. A Shape
// does not change after NewShape and may be shared.
type Shape struct{ text, number, array literal }

// NewShape makes a Shape from the names of the three members, each of 4 to 12
// bytes without escapes.
func NewShape(text, number, array string) Shape {
	return Shape{newLiteral(`{"` + text + `":`), newLiteral(`,"` + number + `":`), newLiteral(`,"` + array + `":`)}
}

// Values are the values of the members of a Shape.
type Values struct {
	Text   []byte // as Scanner.Text returns it
	Number float64
	Array  []byte // as Scanner.Raw returns it
}

// Match is the result of EnterShape.
type Match uint8

const (
	Unlike Match = iota // the next value is not like the shape; nothing was consumed
	Begun               // the object was entered, and the members of the shape were read; it may have more members
	Whole               // the whole object was consumed; it has no other members
)

// EnterShape reads the members of a shape if the next object begins with exactly these. After
// Begun, the walk continues as after EnterObject.
func (s *Scanner) EnterShape(shape *Shape, out *Values) Match {
	begin, data, scratch := s.pos, s.data, len(s.scratch)
	if s.depth+2 > MaxDepth {
		return Unlike
	}
	i := s.members(data, begin, shape, out)
	if i < 0 {
		return s.unlike(begin, scratch)
	}
	if uint(i) < uint(len(data)) && data[i] == '}' {
		s.pos = i + 1
		return Whole
	}
	s.pos = i
	s.depth++
	s.first = false
	return Begun
}

// Shapes reads elements of the entered array as long as they are Whole, at most len(out) of
// them, and returns how many it read. NextElement continues after them.
func (s *Scanner) Shapes(shape *Shape, out []Values) int {
	data := s.data
	if s.depth+2 > MaxDepth {
		return 0
	}
	for n := range out {
		begin, scratch := s.pos, len(s.scratch)
		i := begin
		if !s.first {
			if uint(i) >= uint(len(data)) || data[i] != ',' {
				return n
			}
			i++
		}
		i = s.members(data, i, shape, &out[n])
		if i < 0 || uint(i) >= uint(len(data)) || data[i] != '}' {
			s.unlike(begin, scratch)
			return n
		}
		s.pos = i + 1
		s.first = false
	}
	return len(out)
}

// members reads the members of the object that begins at data[i]. It returns the index of their
// end, or -1. The scanner's position is undefined afterwards.
func (s *Scanner) members(data []byte, i int, shape *Shape, out *Values) int {
	// At the very end of the input, the ordinary walk is used.
	last := len(data) - 17
	if i > last || !shape.text.at(data, i) {
		return -1
	}
	if i += shape.text.length; data[i] != '"' {
		return -1
	}
	start := i + 1
	if i = plainEnd(data, start); i >= 0 {
		out.Text = data[start:i]
		i++
	} else {
		s.pos = start - 1
		text, ok := s.text()
		if !ok {
			return -1
		}
		out.Text = text
		i = s.pos
	}
	if i > last || !shape.number.at(data, i) {
		return -1
	}
	if i += shape.number.length; data[i] != '-' && data[i]-'0' >= 10 {
		return -1
	}
	out.Number = s.number(i)
	if i = s.pos; out.Number != out.Number || i > last || !shape.array.at(data, i) {
		return -1
	}
	start = i + shape.array.length
	i = naturals(data, start)
	if i >= 0 {
		out.Array = data[start:i]
	}
	return i
}

// unlike moves the scanner back to the place before members, unless there was an error.
//
//go:noinline
func (s *Scanner) unlike(begin, scratch int) Match {
	if !s.failed {
		s.pos, s.scratch = begin, s.scratch[:scratch]
	}
	return Unlike
}

// plainEnd returns the index of the closing quote of the string that begins at data[i], or -1 if
// the string has anything but plain ASCII.
func plainEnd(data []byte, i int) int {
	for i <= len(data)-8 {
		x := word.Load(data, i)
		if m := special(x) | x&word.Tops; m != 0 {
			if i += bits.TrailingZeros64(m) >> 3; data[i] == '"' {
				return i
			}
			return -1
		}
		i += 8
	}
	return -1
}

// naturals returns the end of the array of natural numbers that begins at
// data[i] and has no white space, or -1 if there is none.
func naturals(data []byte, i int) int {
	if data[i] != '[' {
		return -1
	}
	const top = word.Tops &^ (word.Tops >> 8) // the mask of the last byte
	comma := uint64(top)                      // whether the byte before is a comma; the bracket counts as one
	zero := uint64(0)                         // whether the byte before is a zero that begins a number
	for i++; i <= len(data)-8; i += 8 {
		x := word.Load(data, i)
		digit, separator := word.Digits(x), word.Equal(x, ',')
		// Shifted by one byte, the masks say what the byte before each byte is.
		afterComma := separator<<8 | comma>>56
		zeros := word.Equal(x, '0') & afterComma
		afterZero := zeros<<8 | zero>>56
		wrong := separator&afterComma | digit&afterZero
		rest := ^(digit | separator) & word.Tops
		if rest == 0 {
			if wrong != 0 {
				return -1
			}
			comma, zero = separator&top, zeros&top
			continue
		}
		at := rest & -rest // the first byte that is neither a digit nor a comma
		end := i + bits.TrailingZeros64(at)>>3
		if wrong&(at-1) != 0 || data[end] != ']' || afterComma&at != 0 {
			return -1
		}
		return end + 1
	}
	return -1
}
