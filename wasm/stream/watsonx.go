package stream

import "github.com/finece/finece/position"

// watsonx reads an event of IBM watsonx's own generation_stream, or the response of
// generation.
func (r *reader) watsonx() {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	for {
		switch s.NextField(keys) {
		case -1:
			return
		case kResults:
			if s.EnterArray() {
				for i := int64(0); s.NextElement(); i++ {
					r.watsonxResult(i)
				}
			}
		case kErrors:
			r.readErrors()
		default:
			s.Skip()
		}
	}
}

func (r *reader) watsonxResult(number int64) {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	e := r.begin()
	e.choice = number
	for {
		switch s.NextField(keys) {
		case -1:
			r.end(e)
			return
		case kGeneratedText:
			text, ok := s.Text()
			r.known = r.known || ok
			r.add(position.Answer, text)
		case kGeneratedTokens:
			if s.EnterArray() {
				for i := 0; s.NextElement(); i++ {
					if t := r.token(e.tokens, i); s.EnterObject() {
						r.readToken(t)
					}
				}
			}
		case kStopReason:
			if word, ok := s.Text(); ok && !is(word, "not_finished") && !is(word, "NOT_FINISHED") {
				e.finished, e.reason = true, reasonOf(word)
			}
		case kGeneratedTokenCount:
			r.count(&r.usage.Completion)
		case kInputTokenCount:
			r.count(&r.usage.Prompt)
		default:
			s.Skip()
		}
	}
}
