package stream

import (
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/internal/word"
	"github.com/finece/finece/wasm/jsonscan"
)

// pattern is the last chunk of chat completions that was read member by member. Chunks of a
// stream differ only in the text, in the tokens, and in a string that is skipped (OpenAI pads
// its chunks with one). So only these three are read, and all other bytes are compared. If
// they are the same, the chunk means the same.
//
// If any of the other bytes differ, or if there is not enough room, the chunk is read member by
// member.
type pattern struct {
	chunk   []byte // a copy; empty if there is no pattern
	choice  int64
	segment position.Segment // the segment of the text
	tokens  position.Segment // the segment of the list
	texts   int              // how many strings gave text; with more than one there is no pattern
	lists   int              // how many arrays gave tokens
	text    slot             // the last string that gave text
	list    slot             // the last array that gave tokens
	padding slot             // the last string that was skipped after the text, a member of the chunk itself
}

// slot is the place of a value in a chunk, with the scanner's state there. The zero value means
// that there is none.
type slot struct {
	at, end, depth int
	last           uint8
}

// maxPattern is the longest chunk that is kept, in bytes.
const maxPattern = 16 << 10

// beginSlot and endSlot note the place of the value that the scanner reads between them.
func (r *reader) beginSlot() (s slot) {
	s.at, s.depth, s.last = r.scanner.Place()
	return s
}

func (r *reader) endSlot(s slot) slot {
	s.end = r.scanner.Offset()
	return s
}

// slottedList reads a list of tokens and notes its place.
//
//go:noinline
func (r *reader) slottedList(e *entry, segment position.Segment) {
	slot, n := r.beginSlot(), len(r.tokens)
	if r.tokenList(e, segment); len(r.tokens) > n {
		r.pattern.lists++
		r.pattern.list = r.endSlot(slot)
	}
}

// learn keeps a chunk that was read member by member, if it gave only one string of text of one
// choice, and at most one list of tokens after the text.
//
//go:noinline
func (r *reader) learn(data []byte) {
	p := &r.pattern
	if r.frames || len(r.entries) != 1 || len(r.pieces) != 1 || r.failed || r.usage != unknownUsage || len(data) > maxPattern {
		return
	}
	e := &r.entries[0]
	if e.finished || e.tool || p.texts != 1 || p.lists > 1 || len(r.tokens) > 0 && p.list.at < p.text.end ||
		p.padding.end > 0 && p.padding.at < p.list.end {
		return
	}
	p.choice, p.segment, p.tokens = e.choice, r.pieces[0].segment, e.segment
	p.chunk = append(p.chunk, data...)
}

// alike reads a chunk that is like the pattern. It returns false for any other chunk.
func (r *reader) alike(data []byte) bool {
	p, s := &r.pattern, &r.scanner
	if len(p.chunk) == 0 || !word.Begins(data, p.chunk[:p.text.at]) {
		return false
	}
	r.clear()
	s.Reset(data)
	s.Seek(p.text.at, p.text.depth, p.text.last)
	text, ok := s.Text()
	if !ok || len(text) == 0 { // without text, another member could count
		return false
	}
	e := r.begin()
	e.choice = p.choice
	r.add(p.segment, text)
	from := p.text.end
	if p.lists > 0 {
		if !r.same(from, &p.list) || !r.isArray() {
			return false
		}
		r.tokenList(e, p.tokens)
		from = p.list.end
	}
	if p.padding.end > 0 {
		if !r.same(from, &p.padding) || s.Kind() != jsonscan.String {
			return false
		}
		s.Skip()
		from = p.padding.end
	}
	i, rest := s.Offset(), p.chunk[from:]
	if s.Err() != nil || i+len(rest) != len(data) || !word.Begins(data[i:], rest) {
		return false
	}
	s.Seek(len(data), 0, p.text.last)
	r.end(e)
	r.known = true
	if r.short == 0 {
		r.likes++
	}
	return r.short == 0
}

// same moves the scanner to a slot. It returns false if the bytes before the slot differ from
// those of the pattern, which begin at from.
//
//go:noinline
func (r *reader) same(from int, to *slot) bool {
	s := &r.scanner
	if s.Err() != nil {
		return false
	}
	i, between := s.Offset(), r.pattern.chunk[from:to.at]
	if !word.Begins(s.Rest(), between) {
		return false
	}
	s.Seek(i+len(between), to.depth, to.last)
	return true
}
