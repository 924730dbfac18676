package stream

import (
	"math/bits"

	"github.com/finece/finece/wasm/internal/word"
)

// values splits a sequence of JSON objects. Each object is an event. There may be one per line
// (NDJSON), or one after the other, or pretty-printed ones, or the elements of an array. values
// examines only brackets and quotes.
type values struct {
	limit int

	buf    []byte // the beginning of an object
	inside bool   // inside an object
	long   bool   // the object is over the limit
	quoted bool   // inside a string
	escape bool   // after a backslash of the string
	depth  int    // brackets open in the object
	last   byte   // its last character that is not white space
	line   bool   // since the last LF there was nothing but CR
	skip   bool   // skip up to the end of the line
	at     int64  // the offset of the object
	offset int64
}

// The results of values.next.
const (
	valuesMore   = iota // more input is needed
	valuesObject        // an object, or text that looks like one
	valuesLong          // an object over the limit
	valuesDone          // [DONE]
	valuesWrong         // something else, up to the end of its line
)

// next reads n bytes of input, up to the end of what it finds. The object shares memory with
// the input or the buffer. It is valid until the next call.
func (v *values) next(input []byte) (n, found int, object []byte) {
	if !v.inside {
		v.buf = v.buf[:0]
	}
	start := 0 // the index of the object's beginning, or of its rest, in the input
	for i := 0; i < len(input); i++ {
		c := input[i]
		switch {
		case v.skip:
			v.skip = c != '\n'
			v.line = c == '\n'
		case !v.inside:
			switch c {
			case ' ', '\t', '\r', ',', ']':
			case '\n':
				v.line = true
			case '[':
				v.last = c
			case '{':
				start = i
				v.open(i)
			default:
				v.skip, v.at = true, v.offset+int64(i)
				if v.last == '[' && c == 'D' {
					return v.take(i+1, valuesDone, nil)
				}
				return v.take(i+1, valuesWrong, nil)
			}
		case v.quoted:
			switch {
			case v.escape && c != '\n':
				v.escape = false
			case c == '\\':
				v.escape = true
			case c == '"':
				v.quoted = false
			case c == '\n': // a string cannot contain LF, so the object is broken
				v.inside, v.line, v.last = false, true, 0
				object = v.join(input[start:i])
				return v.take(i+1, v.kind(), object)
			default:
				i = plainEnd(input, i+1) - 1
			}
		case c == '{' && v.line && v.last != ',' && v.last != ':' && v.last != '[' && v.last != '{':
			// Before a brace there can only be one of these. Otherwise the object is broken.
			v.inside, v.last = false, 0
			object = v.join(input[start:i])
			return v.take(i, v.kind(), object)
		default:
			v.line = c == '\n' || v.line && c == '\r'
			switch c {
			case ' ', '\t', '\r', '\n':
				continue
			case '"':
				v.quoted = true
			case '{', '[':
				v.depth++
			case '}', ']':
				v.depth--
			}
			v.last = c
			if v.depth == 0 {
				v.inside, v.last = false, 0
				object = v.join(input[start : i+1])
				return v.take(i+1, v.kind(), object)
			}
		}
	}
	if v.inside {
		v.keep(input[start:])
	}
	return v.take(len(input), valuesMore, nil)
}

// flush ends the input. It returns the object in progress, if there is one.
func (v *values) flush() (found int, object []byte) {
	if !v.inside {
		return valuesMore, nil
	}
	v.inside = false
	return v.kind(), v.buf
}

func (v *values) take(n, found int, object []byte) (int, int, []byte) {
	v.offset += int64(n)
	return n, found, object
}

func (v *values) open(i int) {
	v.inside, v.long, v.quoted, v.escape, v.line = true, false, false, false, false
	v.depth, v.last, v.at = 1, '{', v.offset+int64(i)
}

func (v *values) kind() int {
	if v.long {
		return valuesLong
	}
	return valuesObject
}

// join returns the object whose last part is given.
func (v *values) join(part []byte) []byte {
	if len(v.buf) == 0 {
		v.long = v.long || v.limit > 0 && len(part) > v.limit
		return part
	}
	v.keep(part)
	return v.buf
}

func (v *values) keep(part []byte) {
	if v.limit > 0 && len(part) > v.limit-len(v.buf) {
		v.long = true
	}
	if v.long {
		part = part[:min(len(part), 1)] // so that the buffer is not empty
		if len(v.buf) > 0 {
			return
		}
	}
	v.buf = append(v.buf, part...)
}

// plainEnd returns the index of the first quote, backslash or LF in b from i on, or len(b).
func plainEnd(b []byte, i int) int {
	for i <= len(b)-8 {
		x := word.Load(b, i)
		quote, slash, lf := x^'"'*word.Ones, x^'\\'*word.Ones, x^'\n'*word.Ones
		if m := ((quote-word.Ones)&^quote | (slash-word.Ones)&^slash | (lf-word.Ones)&^lf) & word.Tops; m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
		i += 8
	}
	for ; i < len(b); i++ {
		if b[i] == '"' || b[i] == '\\' || b[i] == '\n' {
			return i
		}
	}
	return len(b)
}
