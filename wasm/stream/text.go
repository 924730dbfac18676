package stream

import "github.com/finece/finece/wasm/jsonscan"

// text decodes plain text, whose characters may be cut anywhere.
type text struct {
	cut    [4]byte // the beginning of a character
	n      int
	offset int64 // offset of the next input
	at     int64 // offset of bytes that are not UTF-8
}

var replacement = []byte("\uFFFD")

// next returns the text at the beginning of input, and its length n in the input. If these
// bytes are not UTF-8, ok is false and the text is U+FFFD. If the text is empty, more input is
// needed.
func (t *text) next(input []byte) (n int, out []byte, ok bool) {
	for t.n > 0 && n < len(input) {
		t.cut[t.n] = input[n]
		size := jsonscan.Sequence(t.cut[:t.n+1])
		switch {
		case size > 0:
			t.n = 0
			return n + 1, t.cut[:size], true
		case incomplete(t.cut[:t.n+1], size):
			t.n++
			n++
		default: // the new byte does not continue the character
			t.at = t.offset + int64(n-t.n)
			t.n = 0
			return n, replacement, false
		}
	}
	start := n
	for n < len(input) {
		if input[n] < 0x80 {
			n++
			continue
		}
		size := jsonscan.Sequence(input[n:])
		switch {
		case size > 0:
			n += size
		case n > start:
			return n, input[start:n], true
		case incomplete(input[n:], size):
			t.n = copy(t.cut[:], input[n:])
			return len(input), nil, true
		default:
			t.at = t.offset + int64(n)
			return n - size, replacement, false
		}
	}
	return n, input[start:n], true
}

// incomplete reports whether b is the beginning of a character. size is jsonscan.Sequence of b.
func incomplete(b []byte, size int) bool {
	return -size == len(b) && b[0] >= 0xC2 && b[0] < 0xF5
}
