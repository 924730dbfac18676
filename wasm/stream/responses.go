package stream

import (
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/jsonscan"
)

// The events of the Responses API that are read.
const (
	tTextDelta = iota + 1
	tTextDone
	tReasoningDelta
	tReasoningDone
	tSummaryDelta
	tSummaryDone
	tRefusalDelta
	tRefusalDone
	tArgumentsDelta
	tCustomToolDelta
	tMCPDelta
	tArgumentsDone
	tCustomToolDone
	tMCPDone
	tCompleted
	tIncomplete
	tFailed
	tCancelled
	tError
)

var responseTypes = jsonscan.NewKeys(
	"response.output_text.delta", "response.output_text.done",
	"response.reasoning_text.delta", "response.reasoning_text.done",
	"response.reasoning_summary_text.delta", "response.reasoning_summary_text.done",
	"response.refusal.delta", "response.refusal.done",
	"response.function_call_arguments.delta", "response.custom_tool_call_input.delta", "response.mcp_call_arguments.delta",
	"response.function_call_arguments.done", "response.custom_tool_call_input.done", "response.mcp_call_arguments.done",
	"response.completed", "response.incomplete", "response.failed", "response.cancelled", "error",
)

// responses reads an event of the Responses API, or a whole response.
//
// The same text comes up to four times: in deltas, when its part is done, when its item is
// done, and when the response is done. Only the first of these counts.
func (r *reader) responses() {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	e := r.begin()
	kind, typed := 0, false
	whole := response{} // the response in the event, or the payload itself
	var message, code []byte
	var text []byte
	for {
		n := s.NextField(keys)
		if n < 0 {
			break
		}
		switch n {
		case kType:
			name, ok := s.Text()
			typed = ok
			r.known = r.known || ok
			kind = responseTypes.Find(name)
		case kDelta:
			text, _ = s.Text()
		case kText, kRefusal:
			if r.isObject() { // a whole response's text settings
				s.Skip()
				break
			}
			text, _ = s.Text()
		case kLogprobs:
			r.tokenList(e, position.Answer)
		case kResponse:
			if s.EnterObject() {
				for {
					n := s.NextField(keys)
					if n < 0 {
						break
					}
					r.responseField(e, n, &whole)
				}
			}
		case kMessage:
			message, _ = s.Text()
		case kCode:
			code, _ = s.Text()
		default:
			r.responseField(e, n, &whole)
		}
	}
	st := &r.state
	if kind == 0 && !whole.itself { // another event; if it has text, an event that is read repeats it
		r.drop(e)
		r.usage = unknownUsage
		if whole.failed && typed {
			r.failed = false // only an object without a type is a server's error
		}
		return
	}
	segment, done := position.Answer, false
	switch kind {
	case tTextDelta:
	case tTextDone:
		done = true
	case tReasoningDelta, tSummaryDelta:
		segment = position.Reasoning
	case tReasoningDone, tSummaryDone:
		segment, done = position.Reasoning, true
	case tRefusalDelta:
		segment = position.Refusal
	case tRefusalDone:
		segment, done = position.Refusal, true
	case tArgumentsDelta, tCustomToolDelta, tMCPDelta, tArgumentsDone, tCustomToolDone, tMCPDone:
		r.drop(e)
		if kind >= tArgumentsDone && st.toolUse { // it came in deltas
			return
		}
		e = r.begin()
		e.tool, st.toolUse = true, true
		r.end(e)
		return
	case tError:
		r.drop(e)
		if len(message) == 0 {
			message = code
		}
		r.setError(message)
		return
	default:
		r.wholeResponse(e, kind, &whole)
		return
	}
	if done && st.deltas[segment] {
		r.drop(e)
		return
	}
	if done {
		st.parts[segment] = true
	} else {
		st.deltas[segment] = true
	}
	r.add(segment, text)
	r.end(e)
}

// response has the fields of a response object, without its text.
type response struct {
	itself  bool // the payload is a response object
	status  []byte
	reason  []byte
	failed  bool
	toolUse bool
}

// responseField reads a field of a response object.
func (r *reader) responseField(e *entry, n int, whole *response) {
	s := &r.scanner
	switch n {
	case kObject:
		name, _ := s.Text()
		whole.itself = is(name, "response")
		r.known = r.known || whole.itself
	case kStatus:
		whole.status, _ = s.Text()
	case kError:
		failed := r.failed
		r.readError()
		whole.failed = r.failed && !failed
	case kIncompleteDetails:
		if s.EnterObject() {
			for n := s.NextField(keys); n >= 0; n = s.NextField(keys) {
				if n == kReason {
					whole.reason, _ = s.Text()
				} else {
					s.Skip()
				}
			}
		}
	case kUsage:
		r.readUsage()
	case kOutput:
		if s.EnterArray() {
			for s.NextElement() {
				r.outputItem(e, whole)
			}
		}
	default:
		s.Skip()
	}
}

// outputItem reads an item of a response: a message, reasoning, or a tool call.
func (r *reader) outputItem(e *entry, whole *response) {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	first := len(r.pieces)
	segment := position.Answer
	for {
		switch s.NextField(keys) {
		case -1:
			for i := min(first, len(r.pieces)); i < len(r.pieces); i++ {
				if p := &r.pieces[i]; segment == position.Reasoning {
					p.segment = segment
				}
			}
			return
		case kType:
			switch kind, _ := s.Text(); {
			case is(kind, "reasoning"):
				segment = position.Reasoning
			case is(kind, "function_call") || is(kind, "custom_tool_call"):
				whole.toolUse = true
			}
		case kContent, kSummary:
			if !s.EnterArray() {
				break
			}
			for s.NextElement() {
				r.outputPart(e)
			}
		default:
			s.Skip()
		}
	}
}

func (r *reader) outputPart(e *entry) {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	for {
		switch s.NextField(keys) {
		case -1:
			return
		case kText:
			text, _ := s.Text()
			r.add(position.Answer, text)
		case kRefusal:
			text, _ := s.Text()
			r.add(position.Refusal, text)
		case kLogprobs:
			r.tokenList(e, position.Answer)
		default:
			s.Skip()
		}
	}
}

// wholeResponse takes the response of the last event, or a response that was not streamed.
func (r *reader) wholeResponse(e *entry, kind int, whole *response) {
	st := &r.state
	refused := st.deltas[position.Refusal] || st.parts[position.Refusal]
	pieces := r.pieces[min(e.pieces, len(r.pieces)):]
	n := 0
	for _, p := range pieces {
		refused = refused || p.segment == position.Refusal
		if !st.deltas[p.segment] && !st.parts[p.segment] {
			pieces[n] = p
			n++
		}
	}
	r.pieces = r.pieces[:len(r.pieces)-len(pieces)+n]
	if st.deltas[position.Answer] || st.parts[position.Answer] {
		r.tokens = r.tokens[:min(e.tokens, len(r.tokens))]
	}
	switch {
	case kind == tFailed || is(whole.status, "failed"):
		r.setError(nil)
	case kind == tCancelled || is(whole.status, "cancelled"):
		e.finished, e.reason = true, Cancelled
	case kind == tIncomplete || is(whole.status, "incomplete"):
		e.finished, e.reason = true, Other
		if len(whole.reason) > 0 {
			e.reason = reasonOf(whole.reason)
		}
	case kind == tCompleted || is(whole.status, "completed"):
		e.finished, e.reason = true, Stop
		e.tool = whole.toolUse && !st.toolUse
		if whole.toolUse || st.toolUse {
			e.reason = ToolCalls
		} else if refused {
			e.reason = Refused
		}
	}
	r.done = e.finished
	r.end(e)
}

// drop removes an entry with its pieces and tokens.
func (r *reader) drop(e *entry) {
	r.pieces = r.pieces[:min(e.pieces, len(r.pieces))]
	r.tokens = r.tokens[:min(e.tokens, len(r.tokens))]
	if n := len(r.entries); n > 0 && e == &r.entries[n-1] {
		r.entries = r.entries[:n-1]
	}
}
