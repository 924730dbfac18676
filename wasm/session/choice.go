package session

import (
	"github.com/finece/finece/bci"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/stream"
)

// choice is one of a stream's n answers.
type choice struct {
	number   int
	splitter position.Splitter
	detector *position.Detector
	window   *bci.Window
	slots    []slot // by position index modulo len(slots), the window's capacity
	next     int    // index of the next position
	tracks   [segments]track
	scores   estimate.Plausible // the log-probabilities of all segments
	segment  position.Segment   // of the last token
	waits    bool               // the last token's text is held back by the splitter
	waiting  []drawn            // such tokens
	tool     bool               // a tool call was made
	// As the server sent them, in its segments (a refusal's count as reasoning): tokens
	// with a log-probability, and whether there was text without.
	counted   [segments]int64
	uncounted [segments]bool
	refused   bool // there is refusal text
	finish    stream.Reason
	finished  bool
}

// segments is the number of segments that have positions: Answer, Reasoning.
const segments = 2

// slot is the state of a position that later events may still revise.
type slot struct {
	position position.Position
	revision int
	state    State
	raw      float64
	source   Source
	reason   Reason
	fallback float64 // the confidence by log-probabilities, if Config.Fallback is set; NaN if there is none
	probable bool    // raw went through a fitted map or came from a trained model, inside what it covers
}

func (c *choice) slot(index int) *slot { return &c.slots[index%len(c.slots)] }

// live reports whether the position is in a state, Pending or Provisional, so that it, or a
// continuation of it, can still be resolved or failed.
func (c *choice) live(index int, s State) bool {
	return index < c.next && index >= c.next-len(c.slots) && c.slot(index).state == s
}
