package stream

import (
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/jsonscan"
)

const (
	aMessageStart = iota + 1
	aBlockStart
	aBlockDelta
	aBlockStop
	aMessageDelta
	aMessageStop
	aPing
	aError
	aMessage
)

var anthropicTypes = jsonscan.NewKeys(
	"message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop",
	"ping", "error", "message",
)

// anthropic reads an event of Messages, or a whole message.
func (r *reader) anthropic() {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	e := r.begin()
	r.chunk = true
	kind := 0
	for {
		switch s.NextField(keys) {
		case -1:
			e.other = e.other || kind == 0
			r.end(e)
			return
		case kType:
			name, ok := s.Text()
			r.known = r.known || ok
			kind = anthropicTypes.Find(name)
			switch kind {
			case aMessageStop:
				r.done = true
			case aError:
				r.failed = true
			}
		case kDelta, kContentBlock:
			r.anthropicBlock(e)
		case kMessage:
			if r.object(e) {
				for n := s.NextField(keys); n >= 0; n = s.NextField(keys) {
					r.anthropicMessage(e, n)
				}
			}
		case kContent:
			r.anthropicMessage(e, kContent)
		case kStopReason:
			r.anthropicMessage(e, kStopReason)
		case kUsage:
			r.readUsage()
		case kError:
			r.readError()
		default:
			s.Skip()
		}
	}
}

// anthropicMessage reads a field of a message.
func (r *reader) anthropicMessage(e *entry, n int) {
	s := &r.scanner
	switch n {
	case kContent:
		if !r.isArray() {
			e.other = r.holds() || e.other
		}
		if s.EnterArray() {
			for s.NextElement() {
				r.anthropicBlock(e)
			}
		}
	case kStopReason:
		if word, ok := s.Text(); ok {
			e.finished, e.reason = true, reasonOf(word)
		}
	case kUsage:
		r.readUsage()
	default:
		s.Skip()
	}
}

// anthropicBlock reads a content block, a delta of one, or a delta of the
// message.
func (r *reader) anthropicBlock(e *entry) {
	s := &r.scanner
	if !r.object(e) {
		return
	}
	for {
		switch s.NextField(keys) {
		case -1:
			return
		case kType:
			name, _ := s.Text()
			e.tool = e.tool || is(name, "tool_use") || is(name, "input_json_delta")
			e.other = e.other || e.tool
		case kText:
			e.text = r.holds() || e.text
			text, _ := s.Text()
			r.add(position.Answer, text)
		case kThinking:
			e.text = r.holds() || e.text
			text, _ := s.Text()
			r.add(position.Reasoning, text)
		case kStopReason:
			r.anthropicMessage(e, kStopReason)
		case kSignature, kStopSequence:
			s.Skip() // no text
		default:
			e.other = r.holds() || e.other
			s.Skip()
		}
	}
}

// object enters an object. If the value is not an object, it notes that the value may have text
// that is not read.
func (r *reader) object(e *entry) bool {
	if !r.isObject() {
		e.other = r.holds() || e.other
	}
	return r.scanner.EnterObject()
}
