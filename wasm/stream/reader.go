package stream

import (
	"math"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/jsonscan"
)

// reader reads one payload into entries. It never allocates while it reads. If one
// of its lists is too short, it sets short; the payload is then read again after
// grow.
type reader struct {
	scanner jsonscan.Scanner
	state   state

	// What was read of the payload.
	entries []entry
	pieces  []piece
	tokens  []scored
	top     []float64
	usage   Usage
	known   bool   // something of the format was found
	done    bool   // it is the end marker
	failed  bool   // it is an error
	frames  bool   // look for what is not read, too: the next three, and an entry's
	chunk   bool   // it has choices
	empty   bool   // its array of choices is empty
	odd     bool   // its choices are something else
	message []byte // the provider's
	short   uint8  // bitmask of the lists that were too short

	// Of Replicate's events.
	words    []byte // the data of an output event, nil for all others
	ends     bool   // it is the last event
	replaced bool   // the words had bytes that are no UTF-8

	pattern pattern // of chat completions
	likes   int     // how many chunks were like it, for tests

	// Of OpenAI's chunks: an error object without an error field around it.
	bareError   bool
	bareMessage []byte

	values     [8]jsonscan.Values // of tokens that have the usual shape
	spareEntry entry              // written to where the list is too short
	spareToken scored
}

const (
	shortEntries = 1 << iota
	shortPieces
	shortTokens
	shortTop
)

// state is what one payload means for the next ones. It is restored when a payload
// turns out to be invalid.
type state struct {
	deltas  [3]bool // by segment: text came in deltas, so that snapshots repeat it
	parts   [3]bool // text came in snapshots of parts
	toolUse bool
	told    [3]told // by segment, of DashScope
}

// entry is what a payload says about one choice. The ranges are of the reader's
// lists.
type entry struct {
	choice            int64
	pieces, piecesEnd int
	tokens, tokensEnd int
	segment           position.Segment // of tokens without text
	tool              bool
	delta             bool // a delta was read, so text and message do not count
	finished          bool
	reasoned          bool // a field of reasoning was put first
	text, other       bool // for a Said
	tokensMoved       bool // and a list of its tokens
	reason            Reason
	logprobs          int // where they begin and end in the payload, for a Said
	logprobsEnd       int
}

type piece struct {
	segment position.Segment
	text    []byte
}

// scored is one token's log-probability and those of its alternatives.
type scored struct {
	text        []byte // nil if unknown
	bytes       []byte // the JSON array of its bytes, if there is one
	logprob     float64
	top, topEnd int
	listed      bool
	early       bool // the alternatives came before it
	partial     bool // it is only the last part of its text, as an alternative shows
	special     bool // a marker of the server, which is no text
}

// finish takes the word for why a choice ended. DashScope writes "null" as a string.
//
//go:noinline
func (e *entry) finish(word []byte) {
	if len(word) > 0 && !is(word, "null") {
		e.finished, e.reason = true, reasonOf(word)
	}
}

// read reads the payload as one of a format. It reports false if there was not
// enough room.
func (r *reader) read(f Format) bool {
	r.clear()
	formats[f].read(r)
	return r.short == 0 && !r.scanner.Short()
}

// clear forgets what was read of the payload before.
func (r *reader) clear() {
	r.entries, r.pieces, r.tokens, r.top = r.entries[:0], r.pieces[:0], r.tokens[:0], r.top[:0]
	r.usage, r.message = unknownUsage, nil
	r.known, r.done, r.failed, r.replaced, r.short = false, false, false, false, 0
	r.chunk, r.empty, r.odd = false, false, false
}

// full reports whether a list that was too short already has as much room as an
// event may take. A token takes at least 16 bytes of JSON, except in an event that
// is made to fill memory.
func (r *reader) full(maxEvent int) bool {
	n := 1024 + maxEvent/16
	return r.short&shortEntries != 0 && cap(r.entries) >= n || r.short&shortPieces != 0 && cap(r.pieces) >= n ||
		r.short&shortTokens != 0 && cap(r.tokens) >= n
}

// grow makes the lists that were too short longer.
func (r *reader) grow(data []byte) {
	if r.scanner.Short() {
		r.scanner.Reserve(3 * len(data))
	}
	if r.short&shortEntries != 0 {
		r.entries = make([]entry, 0, max(4, 2*cap(r.entries)))
	}
	if r.short&shortPieces != 0 {
		r.pieces = make([]piece, 0, max(4, 2*cap(r.pieces)))
	}
	if r.short&shortTokens != 0 {
		r.tokens = make([]scored, 0, max(4, 2*cap(r.tokens)))
	}
	if r.short&shortTop != 0 {
		r.top = make([]float64, 0, max(32, 2*cap(r.top)))
	}
}

// begin adds an entry, which end completes.
//
//go:noinline
func (r *reader) begin() *entry {
	n := len(r.entries)
	if n == cap(r.entries) {
		r.short |= shortEntries
		return &r.spareEntry
	}
	r.entries = r.entries[:n+1]
	e := &r.entries[n]
	*e = entry{pieces: len(r.pieces), tokens: len(r.tokens)}
	return e
}

//go:noinline
func (r *reader) end(e *entry) {
	e.piecesEnd, e.tokensEnd = len(r.pieces), len(r.tokens)
	for i := e.tokens; i < e.tokensEnd; i++ {
		if r.tokens[i].early {
			r.tokens[i].findListed(r.top)
		}
	}
}

// add appends a piece of text unless it is empty.
//
//go:noinline
func (r *reader) add(segment position.Segment, text []byte) {
	if len(text) == 0 {
		return
	}
	n := len(r.pieces)
	if n == cap(r.pieces) {
		r.short |= shortPieces
		return
	}
	r.pieces = r.pieces[:n+1]
	p := &r.pieces[n]
	p.segment, p.text = segment, text
}

// token returns the i-th token of those that began at first, and appends it if
// it is the next.
//
//go:noinline
func (r *reader) token(first, i int) *scored {
	n := len(r.tokens)
	if first+i < n {
		return &r.tokens[first+i]
	}
	if n == cap(r.tokens) {
		r.short |= shortTokens
		return &r.spareToken
	}
	r.tokens = r.tokens[:n+1]
	t := &r.tokens[n]
	*t = scored{logprob: math.NaN(), top: len(r.top), topEnd: len(r.top)}
	return t
}
