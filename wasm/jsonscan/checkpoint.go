package jsonscan

import "github.com/finece/finece/wasm/internal/word"

// How long an input's beginning and its ending can be that are remembered. Both
// have at least the bytes that are compared at once.
const (
	maxCheckpoint = 768
	maxEnding     = 256
)

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
	if s.failed || s.bad || s.pos < word.Block || s.pos > len(c.text) {
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
	if n == 0 || s.pos > 0 || len(s.data) < n {
		return false
	}
	if !word.Alike(c.text[:n], s.data[:n]) {
		return false
	}
	s.pos, s.depth, s.first, s.last = n, c.depth, false, c.last
	return true
}

// Ending is the end of an input, from some place in the walk on.
type Ending struct {
	text   [maxEnding]byte
	length int
	depth  int
}

// SaveEnding sets e to the input from byte at, where the walk was in depth
// containers, or to none if that is too long or too short, or had bytes that are
// no UTF-8. The walk has to have reached the input's end without an error.
func (s *Scanner) SaveEnding(e *Ending, at, depth int) {
	e.length = 0
	if s.bad || s.failed || s.over || s.pos < len(s.data) || s.depth > 0 {
		return
	}
	rest := s.data[at:]
	if len(rest) < word.Block || len(rest) > len(e.text) {
		return
	}
	e.length, e.depth = copy(e.text[:], rest), depth
}

// SkipEnding consumes the rest of the input if it is that of e, in as many
// containers. Every container is at its end then.
func (s *Scanner) SkipEnding(e *Ending) bool {
	n := e.length
	if n == 0 || len(s.data)-s.pos != n || s.depth != e.depth || !word.Alike(e.text[:n], s.data[s.pos:]) {
		return false
	}
	s.data, s.pos, s.depth, s.first, s.over = s.data[len(s.data):], 0, 0, false, true
	return true
}
