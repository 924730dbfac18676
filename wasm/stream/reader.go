package stream

import (
	"math"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/jsonscan"
)

// reader reads one payload into entries. It never allocates while it reads. If one of its lists
// is too short, it sets short. The payload is then read again after grow.
type reader struct {
	scanner jsonscan.Scanner
	state   state

	// The content of the payload.
	entries []entry
	pieces  []piece
	tokens  []scored
	top     []float64
	usage   Usage
	known   bool   // a field of the format was found
	done    bool   // the payload is the end marker
	failed  bool   // the payload is an error
	frames  bool   // set chunk, empty and odd, and the fields of entries for a Said
	chunk   bool   // the payload has choices
	empty   bool   // its array of choices is empty
	odd     bool   // its choices have another form
	message []byte // the provider's error message
	short   uint8  // bitmask of the lists that were too short
	wanted  int    // tokens, if that list was too short
	lacking int    // elements of top that there was no room for

	// For Replicate's events.
	words    []byte // the data of an output event, nil for all others
	ends     bool   // the event is the last one
	replaced bool   // the words had bytes that are not UTF-8

	pattern pattern // of chat completions
	likes   int     // how many chunks were like the pattern, for tests

	// For OpenAI's chunks: an error object without an error field around it.
	bareError   bool
	bareMessage []byte

	values     [8]jsonscan.Values // values of tokens that have the usual shape
	spareEntry entry              // used instead of a new element if the list is too short
	spareToken scored
}

const (
	shortEntries = 1 << iota
	shortPieces
	shortTokens
	shortTop
)

// state is kept from one payload to the next. It is restored if a payload is invalid.
type state struct {
	deltas  [3]bool // by segment: text came in deltas, so snapshots repeat it
	parts   [3]bool // by segment: text came in snapshots of parts
	toolUse bool
	told    [3]told // by segment, for DashScope
}

// entry is the content of a payload for one choice. The ranges are those in the reader's lists.
type entry struct {
	choice            int64
	pieces, piecesEnd int
	tokens, tokensEnd int
	segment           position.Segment // the segment of tokens without text
	tool              bool
	delta             bool // a delta was read, so the members text and message do not count
	finished          bool
	reasoned          bool // a field of reasoning was moved before the other text
	text, other       bool // for a Said
	tokensMoved       bool // a list of reasoning tokens was moved before the other tokens
	reason            Reason
	logprobs          int // the beginning of the log-probabilities in the payload, for a Said
	logprobsEnd       int // their end
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
	early       bool // the alternatives came before the token
	partial     bool // the token is only the last part of its text, as an alternative shows
	special     bool // the server marks it as special; it is not text
}

// finish takes the word for the reason why a choice ended. DashScope writes "null" as a string.
//
//go:noinline
func (e *entry) finish(word []byte) {
	if len(word) > 0 && !is(word, "null") {
		e.finished, e.reason = true, reasonOf(word)
	}
}

// read reads the payload in a format. It returns false if there was not enough room.
func (r *reader) read(f Format) bool {
	r.clear()
	formats[f].read(r)
	return r.short == 0 && !r.scanner.Short()
}

// clear forgets the content of the previous payload.
func (r *reader) clear() {
	r.entries, r.pieces, r.tokens, r.top = r.entries[:0], r.pieces[:0], r.tokens[:0], r.top[:0]
	r.usage, r.message = unknownUsage, nil
	r.known, r.done, r.failed, r.replaced, r.short = false, false, false, false, 0
	r.chunk, r.empty, r.odd = false, false, false
	r.wanted, r.lacking = 0, 0
}

// full reports whether a list that was too short has the maximum size already. A token takes at
// least 16 bytes of JSON, except in hostile events.
func (r *reader) full(maxEvent int) bool {
	n := 1024 + maxEvent/16
	return r.short&shortEntries != 0 && cap(r.entries) >= n || r.short&shortPieces != 0 && cap(r.pieces) >= n ||
		r.short&shortTokens != 0 && cap(r.tokens) >= n
}

// grow makes room in the lists that were too short. A whole answer has hundreds of tokens, and
// the payload is read again after each growth, so tokens and top grow to the length wanted.
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
		r.tokens = make([]scored, 0, max(4, 2*cap(r.tokens), min(r.wanted, 1024+len(data)/16)))
	}
	if r.short&shortTop != 0 {
		r.top = make([]float64, 0, max(32, 2*cap(r.top), len(r.top)+r.lacking))
	}
}

// begin adds an entry. Call end after its content was read.
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

// token returns the token at index first+i. If there is none yet, it appends one.
//
//go:noinline
func (r *reader) token(first, i int) *scored {
	n := len(r.tokens)
	if first+i < n {
		return &r.tokens[first+i]
	}
	if n == cap(r.tokens) {
		r.short |= shortTokens
		r.wanted = max(r.wanted, first+i+1)
		return &r.spareToken
	}
	r.tokens = r.tokens[:n+1]
	t := &r.tokens[n]
	*t = scored{logprob: math.NaN(), top: len(r.top), topEnd: len(r.top)}
	return t
}
