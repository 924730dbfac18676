package stream

import "github.com/finece/finece/position"

// tgi reads an event of text-generation-inference's /generate_stream, or the
// response of /generate.
func (r *reader) tgi() {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	e := r.begin()
	var generated []byte
	token := false
	for {
		switch s.NextField(keys) {
		case -1:
			if !token {
				r.add(position.Answer, generated)
			}
			if generated != nil {
				e.finished = true
			}
			r.end(e)
			return
		case kToken:
			token, r.known = true, true
			r.tgiToken(e)
		case kTopTokens:
			r.alternatives(r.token(e.tokens, 0))
		case kGeneratedText:
			r.known = true
			if text, ok := s.Text(); ok {
				generated = text
			}
		case kDetails:
			r.tgiDetails(e)
		case kError:
			r.readError()
		default:
			s.Skip()
		}
	}
}

func (r *reader) tgiToken(e *entry) {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	t := r.token(e.tokens, 0)
	special := false
	for {
		switch s.NextField(keys) {
		case -1:
			if !special { // the others are no text
				r.add(position.Answer, t.text)
			}
			return
		case kText:
			t.text, _ = s.Text()
		case kLogprob:
			if p, ok := s.Float(); ok {
				t.logprob = p
			}
		case kSpecial:
			special, _ = s.Bool()
		default:
			s.Skip()
		}
	}
}

func (r *reader) tgiDetails(e *entry) {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	for {
		switch s.NextField(keys) {
		case -1:
			return
		case kFinishReason:
			if word, ok := s.Text(); ok {
				e.finished, e.reason = true, reasonOf(word)
			}
		case kGeneratedTokens:
			r.count(&r.usage.Completion)
		default:
			s.Skip()
		}
	}
}
