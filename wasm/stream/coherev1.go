package stream

import "github.com/finece/finece/position"

// cohereV1 reads an event of chat, version 1, or a whole response of it. The last event repeats
// the whole text in its response.
func (r *reader) cohereV1() {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	e := r.begin()
	segment := position.Answer
	var text []byte
	for {
		switch s.NextField(keys) {
		case -1:
			r.add(segment, text)
			r.end(e)
			return
		case kEventType:
			name, ok := s.Text()
			r.known = r.known || ok
			r.done = is(name, "stream-end")
			if len(name) > 10 && is(name[:10], "tool-calls") { // its text is the plan for the tools
				e.tool, segment = true, position.Reasoning
			}
		case kGenerationID:
			_, ok := s.Text()
			r.known = r.known || ok
		case kText:
			text, _ = s.Text()
		case kToolCalls:
			r.toolCalls(e)
		case kFinishReason:
			if word, ok := s.Text(); ok {
				e.finished, e.reason = true, reasonOf(word)
			}
		case kMeta:
			r.readUsage()
		case kResponse:
			if s.EnterObject() {
				for n := s.NextField(keys); n >= 0; n = s.NextField(keys) {
					if n == kMeta {
						r.readUsage()
					} else {
						s.Skip()
					}
				}
			}
		case kError:
			r.readError()
		default:
			s.Skip()
		}
	}
}
