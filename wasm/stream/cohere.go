package stream

import "github.com/finece/finece/position"

// cohere reads an event of chat, version 2, or a whole response of it.
func (r *reader) cohere() {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	e := r.begin()
	last := false
	for {
		switch s.NextField(keys) {
		case -1:
			r.done = last
			r.end(e)
			return
		case kType:
			name, ok := s.Text()
			r.known = r.known || ok
			last = is(name, "message-end")
		case kDelta:
			if s.EnterObject() {
				for n := s.NextField(keys); n >= 0; n = s.NextField(keys) {
					r.cohereField(e, n)
				}
			}
		case kMessage:
			r.cohereField(e, kMessage)
			r.known = true
		case kFinishReason:
			r.cohereField(e, kFinishReason)
		case kUsage:
			r.readUsage()
		case kLogprobs:
			if r.isArray() && s.EnterArray() { // of a whole response
				for s.NextElement() {
					r.cohereLogprobs()
				}
			} else {
				r.cohereLogprobs()
			}
		default:
			s.Skip()
		}
	}
}

// cohereField reads a field of a delta, or of a whole response.
func (r *reader) cohereField(e *entry, n int) {
	s := &r.scanner
	switch n {
	case kMessage:
		if text, ok := r.textOrObject(); ok {
			if len(text) > 0 {
				r.setError(text)
			}
			break
		}
		for n := s.NextField(keys); n >= 0; n = s.NextField(keys) {
			switch n {
			case kContent:
				if r.isObject() {
					r.contentPart(position.Answer)
				} else {
					r.contentOf(position.Answer)
				}
			case kToolPlan:
				text, _ := s.Text()
				r.add(position.Reasoning, text)
			case kToolCalls:
				if r.isObject() {
					e.tool = true
					s.Skip()
				} else if s.EnterArray() { // of a whole response
					for s.NextElement() {
						e.tool = true
						s.Skip()
					}
				}
			default:
				s.Skip()
			}
		}
	case kFinishReason:
		if word, ok := s.Text(); ok {
			e.finished, e.reason = true, reasonOf(word)
		}
	case kError:
		r.readError()
	case kUsage:
		r.readUsage()
	default:
		s.Skip()
	}
}

// textOrObject reads a string, or enters an object and returns false. Any other value gives no
// text.
func (r *reader) textOrObject() ([]byte, bool) {
	if r.isObject() && r.scanner.EnterObject() {
		return nil, false
	}
	text, _ := r.scanner.Text()
	return text, true
}

// cohereLogprobs reads the log-probabilities of a chunk's tokens. Their texts are not
// separated, so the last token gets all of the text.
func (r *reader) cohereLogprobs() {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	var text []byte
	first := len(r.tokens)
	for {
		switch s.NextField(keys) {
		case -1:
			if n := len(r.tokens); n > first {
				r.tokens[n-1].text = text
			}
			return
		case kText:
			text, _ = s.Text()
		case kLogprobs:
			if !s.EnterArray() {
				break
			}
			for i := 0; s.NextElement(); i++ {
				t := r.token(first, i)
				if p, ok := s.Float(); ok {
					t.logprob = p
				}
			}
		default:
			s.Skip()
		}
	}
}
