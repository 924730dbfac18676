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
					r.watsonxToken(r.token(e.tokens, i))
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

func (r *reader) watsonxToken(t *scored) {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	for {
		switch s.NextField(keys) {
		case -1:
			return
		case kText:
			t.text, _ = s.Text()
		case kLogprob:
			if p, ok := s.Float(); ok {
				t.logprob = p
			}
		case kTopTokens:
			r.alternatives(t)
		default:
			s.Skip()
		}
	}
}
