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
	segment  position.Segment   // the segment of the last token
	waits    bool               // the splitter holds back the text of the last token
	waiting  []drawn            // the tokens whose text is held back
	tool     bool               // a tool call was made
	// By the segments of the server, where a refusal counts as reasoning: the number of tokens
	// with a log-probability, and whether there was text without one.
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
	probable bool    // raw went through a fitted map or came from a trained model, whose card covers it
}

func (c *choice) slot(index int) *slot { return &c.slots[index%len(c.slots)] }

// live reports whether the position exists and is in state s. Pending means that the position
// can still be resolved or failed, Provisional that its continuations can.
func (c *choice) live(index int, s State) bool {
	return index < c.next && index >= c.next-len(c.slots) && c.slot(index).state == s
}
