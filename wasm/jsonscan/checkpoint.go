package jsonscan

import "github.com/finece/finece/wasm/internal/word"

// maxCheckpoint is how long an input's beginning can be that is remembered.
const maxCheckpoint = 768

// Checkpoint is a place in a walk and the input before it. Where one input
// begins like the one before, as the events of a stream do, the walk can go on
// from there. The zero value is no place.
type Checkpoint struct {
	text   [maxCheckpoint]byte
	length int
	depth  int
	last   uint8
}

// Save sets c to the place behind what was consumed, or to no place if that is
// too long or had bytes that are no UTF-8.
func (s *Scanner) Save(c *Checkpoint) {
	c.length = 0
	if s.failed || s.bad || s.pos > len(c.text) {
		return
	}
	c.length = copy(c.text[:], s.data[:s.pos])
	c.depth, c.last = s.depth, s.last
}

// Resume continues the walk at c, if the input, of which nothing was consumed
// yet, begins as the one did that c was saved in. The caller has to be in the
// state that it was in at Save.
func (s *Scanner) Resume(c *Checkpoint) bool {
	n := c.length
	if n < 32 || s.pos > 0 || len(s.data) < n {
		return false
	}
	text := c.text[:n]
	// The end first: that is where numbers change.
	for i := n - 32; ; i = max(i-32, 0) {
		if (word.Load(text, i)^word.Load(s.data, i))|(word.Load(text, i+8)^word.Load(s.data, i+8))|
			(word.Load(text, i+16)^word.Load(s.data, i+16))|(word.Load(text, i+24)^word.Load(s.data, i+24)) != 0 {
			return false
		}
		if i == 0 {
			break
		}
	}
	s.pos, s.depth, s.first, s.last = n, c.depth, false, c.last
	return true
}
