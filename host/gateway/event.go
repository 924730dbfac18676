package gateway

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/finece/finece/wasm/jsonscan"
	"github.com/finece/finece/wasm/stream"
)

// asked says which log-probabilities the client asked for, and whether the gateway asked the
// upstream for more.
type asked struct {
	more     bool // the upstream was asked for more
	logprobs bool
	top      int // alternatives a token
}

// event is an event of the upstream's stream, or a part of an event over the limit. The core has
// reported its end and its contents. Offsets count from the beginning of raw.
type event struct {
	stream.Frame
	raw     []byte
	said    []stream.Said
	edits   []edit // in order, such as those that remove log-probabilities that the client did not ask for
	part    bool   // of an event over the limit
	partial bool   // the event's end is missing
	line    bool   // an LF follows it
}

// edit replaces the bytes in [from, to).
type edit struct {
	from, to int
	with     string
}

// newEvent makes an event of raw. base is the offset of raw in the stream. An object of the API
// of the request becomes a [stream.FrameChunk], also if the core calls it a
// [stream.FrameMessage]. An object of another API is not a chunk.
func newEvent(f *stream.Frame, said []stream.Said, raw []byte, base int64, a *asked, on surface) event {
	e := event{Frame: *f, raw: raw, said: said}
	e.End -= base
	frames := stream.FrameChunk
	if on.format() != stream.Auto {
		frames = stream.FrameMessage
	}
	switch own := e.is(frames); {
	case own:
		e.Is |= stream.FrameChunk
	case e.is(stream.FrameMessage):
		e.Is &^= stream.FrameDone
		e.said = nil
	default:
		e.Is &^= stream.FrameChunk
		e.said = nil
	}
	if e.Brace < 0 {
		return e
	}
	e.Data, e.Brace = e.Data-base, e.Brace-base
	if !a.more {
		return e
	}
	for i := range e.said {
		if from, to := int(e.said[i].Logprobs-base), int(e.said[i].LogprobsEnd-base); from < to {
			e.edits = a.edits(e.edits, raw[from:to], from)
		}
	}
	e.edits = append(e.edits, on.strip(raw[e.Data:e.Brace+1], int(e.Data), a)...)
	return e
}

// is reports whether the event has one of the bits.
func (e *event) is(bits stream.FrameBits) bool { return e.Is&bits != 0 }

// carrier reports whether a member can be added to the event: it is an object of the API.
func (e *event) carrier() bool { return e.is(stream.FrameChunk) && e.Brace >= 0 }

// content reports whether the event has text or other content that a client may show.
func (e *event) content() bool {
	for _, s := range e.said {
		if s.Text || s.Other {
			return true
		}
	}
	return false
}

// keep returns a copy of the event that does not share the stream's buffers.
func (e *event) keep() *event {
	kept := *e
	kept.raw, kept.said = bytes.Clone(e.raw), append([]stream.Said(nil), e.said...)
	return &kept
}

// edits appends the edits that remove log-probabilities from logprobs, a choice's object of
// them. at is its offset in the event.
func (a *asked) edits(edits []edit, logprobs []byte, at int) []edit {
	if !a.logprobs {
		return append(edits, edit{at, at + len(logprobs), "null"})
	}
	var s jsonscan.Scanner
	s.Reset(logprobs)
	s.EnterObject()
	for s.NextKey() {
		legacy := string(s.Key()) == "top_logprobs" // of completions: an object of alternatives for each token
		if !s.EnterArray() {
			continue
		}
		for s.NextElement() {
			if legacy {
				edits = a.alternatives(edits, &s, at, s.EnterObject, s.NextKey)
			} else {
				edits = a.token(edits, &s, at)
			}
		}
	}
	return edits
}

// token appends the edits that remove the alternatives of one token beyond the number that the
// client asked for.
func (a *asked) token(edits []edit, s *jsonscan.Scanner, at int) []edit {
	if !s.EnterObject() {
		return edits
	}
	for s.NextKey() {
		if string(s.Key()) == "top_logprobs" {
			edits = a.alternatives(edits, s, at, s.EnterArray, s.NextElement)
		} else {
			s.Skip()
		}
	}
	return edits
}

// alternatives appends the edits that remove alternatives beyond the number that the client
// asked for. The scanner is at the array or object of alternatives, which enter enters.
func (a *asked) alternatives(edits []edit, s *jsonscan.Scanner, at int, enter, next func() bool) []edit {
	if !enter() {
		return edits
	}
	cut, n := s.Offset(), 0
	for ; next(); n++ {
		s.Skip()
		if n < a.top {
			cut = s.Offset()
		}
	}
	if n > a.top {
		edits = append(edits, edit{at + cut, at + s.Offset() - 1, ""})
	}
	return edits
}

// appendNext appends a comma and further members of an object, if there are any.
func appendNext(dst, members []byte) []byte {
	if len(members) > 0 {
		dst = append(append(dst, ','), members...)
	}
	return dst
}

// removed is how many bytes the edits remove.
func (e *event) removed() (bytes int64) {
	for _, edit := range e.edits {
		bytes += int64(edit.to - edit.from - len(edit.with))
	}
	return bytes
}

// add adds edits, and keeps all edits in the order of their offsets.
func (e *event) add(edits ...edit) {
	e.edits = append(e.edits, edits...)
	slices.SortStableFunc(e.edits, func(x, y edit) int { return x.from - y.from })
}

// append appends the event with its edits and with more members of its object.
func (e *event) append(dst, members []byte) []byte {
	if dst = appendEdited(dst, e.raw, e.edits, int(e.Brace), members); e.line {
		dst = append(dst, '\n')
	}
	return dst
}

// appendEdited appends raw with its edits and, before a closing brace, more members.
func appendEdited(dst, raw []byte, edits []edit, brace int, members []byte) []byte {
	at := 0
	for _, e := range edits {
		dst = append(append(dst, raw[at:e.from]...), e.with...)
		at = e.to
	}
	if len(members) > 0 {
		dst = append(append(dst, raw[at:brace]...), ',')
		dst = append(dst, members...)
		at = brace
	}
	return append(dst, raw[at:]...)
}

// template has the values that all chunks of an answer share, and the answer's token counts, as
// raw JSON.
type template struct{ id, object, created, model, usage []byte }

// read reads the members of an object.
func (t *template) read(object []byte) {
	var s jsonscan.Scanner
	s.Reset(bytes.Clone(object))
	s.EnterObject()
	for s.NextKey() {
		switch string(s.Key()) {
		case "id":
			t.id = s.Raw()
		case "object":
			t.object = s.Raw()
		case "created":
			t.created = s.Raw()
		case "model":
			t.model = s.Raw()
		case "usage":
			t.usage = s.Raw()
		default:
			s.Skip()
		}
	}
}

// named is an answer's identifier and the name of the model that answers.
type named struct{ id, generator string }

// named reads the names. If the answer does not name its model, the requested model
// is used.
func (t *template) named(model string) named {
	return named{text(t.id), cmp.Or(text(t.model), model)}
}

// text returns the text of a JSON string, or "" for any other value.
func text(raw []byte) string {
	var s jsonscan.Scanner
	s.Reset(raw)
	if s.Kind() != jsonscan.String {
		return ""
	}
	text, _ := s.Text()
	return string(text)
}
