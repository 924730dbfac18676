package stream

import "github.com/finece/finece/position"

// ollama reads a line of /api/chat or /api/generate.
func (r *reader) ollama() {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	e := r.begin()
	done, reason := false, Stop
	for {
		switch s.NextField(keys) {
		case -1:
			if done {
				e.finished, e.reason = true, reason
				r.done = true
			}
			r.end(e)
			return
		case kMessage:
			r.known = true
			r.openAIMessage(e)
		case kResponse:
			r.known = true
			e.text = r.holds() || e.text
			text, _ := s.Text()
			r.add(position.Answer, text)
		case kThinking:
			e.text = r.holds() || e.text
			n := len(r.pieces)
			text, _ := s.Text()
			r.add(position.Reasoning, text)
			r.ahead(e, n)
		case kLogprobs:
			r.tokenList(e, position.Answer)
		case kDone:
			done, _ = s.Bool()
			r.known = true
		case kDoneReason:
			if word, ok := s.Text(); ok {
				reason = reasonOf(word)
			}
		case kPromptEvalCount:
			r.count(&r.usage.Prompt)
		case kEvalCount:
			r.count(&r.usage.Completion)
		case kError:
			r.readError()
		default:
			s.Skip()
		}
	}
}
