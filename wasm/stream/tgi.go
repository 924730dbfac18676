package stream

import "github.com/finece/finece/position"

// tgi reads an event of text-generation-inference's /generate_stream, or the
// response of /generate, whose details list all tokens.
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
			r.dropSpecial(e)
			r.end(e)
			return
		case kToken:
			token, r.known = true, true
			if t := r.token(e.tokens, 0); s.EnterObject() {
				r.readToken(t)
				if !t.special {
					r.add(position.Answer, t.text)
				}
			}
		case kTopTokens:
			r.alternatives(r.token(e.tokens, 0))
		case kGeneratedText:
			r.known = true
			if text, ok := s.Text(); ok {
				generated = text
			}
		case kDetails:
			r.tgiDetails(e, token)
		case kError:
			r.readError()
		default:
			s.Skip()
		}
	}
}

// dropSpecial removes special tokens, such as the end of the sequence. They are not part of the
// answer's text.
func (r *reader) dropSpecial(e *entry) {
	tokens := r.tokens[min(e.tokens, len(r.tokens)):]
	n := 0
	for _, t := range tokens {
		if !t.special {
			tokens[n] = t
			n++
		}
	}
	r.tokens = r.tokens[:len(r.tokens)-len(tokens)+n]
}

// tgiDetails reads the details of the last event or of a response. streamed says that earlier
// events had the tokens.
func (r *reader) tgiDetails(e *entry, streamed bool) {
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
		case kTokens:
			if streamed {
				s.Skip()
				break
			}
			if s.EnterArray() {
				for i := 0; s.NextElement(); i++ {
					if t := r.token(e.tokens, i); s.EnterObject() {
						r.readToken(t)
					}
				}
			}
		case kTopTokens:
			if s.EnterArray() {
				for i := 0; s.NextElement(); i++ {
					r.alternatives(r.token(e.tokens, i))
				}
			}
		default:
			s.Skip()
		}
	}
}
