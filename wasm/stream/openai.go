package stream

import "github.com/finece/finece/position"

// openAI reads a chunk of chat completions or of completions, or a whole
// response, which has message in the place of delta.
func (r *reader) openAI() {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	errorObject := false
	var message []byte
	for {
		switch s.NextField(keys) {
		case -1:
			if errorObject && !r.failed {
				r.failed, r.message = true, message
			}
			return
		case kChoices:
			if s.EnterArray() {
				r.known = true
				for s.NextElement() {
					r.openAIChoice()
				}
			}
		case kUsage:
			r.readUsage()
		case kXGroq:
			if s.EnterObject() {
				for n := s.NextField(keys); n >= 0; n = s.NextField(keys) {
					switch n {
					case kUsage:
						r.readUsage()
					case kError:
						r.readError()
					default:
						s.Skip()
					}
				}
			}
		case kError:
			r.readError()
		case kObject:
			// vLLM's errors have had no error field.
			object, _ := s.Text()
			errorObject = is(object, "error")
			r.known = r.known || errorObject
		case kMessage:
			message, _ = s.Text()
		default:
			s.Skip()
		}
	}
}

func (r *reader) openAIChoice() {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	e := r.begin()
	for {
		switch s.NextField(keys) {
		case -1:
			r.inOrder(e)
			r.end(e)
			return
		case kIndex:
			if n, ok := s.Int(); ok {
				e.choice = n
			}
		case kDelta, kMessage:
			r.openAIDelta(e)
		case kText:
			text, _ := s.Text()
			r.add(position.Answer, text)
		case kLogprobs:
			r.openAILogprobs(e)
		case kFinishReason:
			if word, ok := s.Text(); ok && len(word) > 0 {
				e.finished, e.reason = true, reasonOf(word)
			}
		case kError:
			r.readError()
		default:
			s.Skip()
		}
	}
}

// inOrder puts reasoning before the answer, whatever the order of the fields.
func (r *reader) inOrder(e *entry) {
	pieces := r.pieces[min(e.pieces, len(r.pieces)):]
	for i := 1; i < len(pieces); i++ {
		for k := i; k > 0 && pieces[k].segment == position.Reasoning && pieces[k-1].segment != position.Reasoning; k-- {
			pieces[k], pieces[k-1] = pieces[k-1], pieces[k]
		}
	}
}

func (r *reader) openAIDelta(e *entry) {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	reasoned := false
	for {
		switch s.NextField(keys) {
		case -1:
			return
		case kContent:
			r.content(position.Answer)
		case kReasoningContent, kReasoning, kThinking: // some gateways send two of these
			if reasoned {
				s.Skip()
				break
			}
			n := len(r.pieces)
			r.content(position.Reasoning)
			reasoned = len(r.pieces) > n
		case kRefusal:
			text, _ := s.Text()
			r.add(position.Refusal, text)
		case kToolCalls:
			if s.EnterArray() {
				for s.NextElement() {
					s.Skip()
					e.tool = true
				}
			}
		case kFunctionCall:
			if s.EnterObject() {
				e.tool = true
				for s.NextKey() {
					s.Skip()
				}
			}
		default:
			s.Skip()
		}
	}
}

// content reads text that is a string, or an array of parts, as Mistral,
// Cohere and Anthropic have them: text, thinking, refusals.
func (r *reader) content(segment position.Segment) {
	s := &r.scanner
	// Part of a thinking part is an array again.
	if text, ok := r.textOrArray(); ok {
		r.add(segment, text)
		return
	}
	for s.NextElement() {
		r.contentPart(segment)
	}
}

// textOrArray reads a string, or enters an array and reports false. Anything
// else is no text.
func (r *reader) textOrArray() ([]byte, bool) {
	if r.isArray() && r.scanner.EnterArray() {
		return nil, false
	}
	text, _ := r.scanner.Text()
	return text, true
}

func (r *reader) contentPart(segment position.Segment) {
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
			r.add(segment, text)
		case kRefusal:
			text, _ := s.Text()
			r.add(position.Refusal, text)
		case kThinking:
			if text, ok := r.textOrArray(); ok {
				r.add(position.Reasoning, text)
				break
			}
			for s.NextElement() {
				r.thinkingPart()
			}
		default:
			s.Skip()
		}
	}
}

func (r *reader) thinkingPart() {
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
			r.add(position.Reasoning, text)
		default:
			s.Skip()
		}
	}
}

// openAILogprobs reads the lists of chat completions or the arrays of
// completions.
func (r *reader) openAILogprobs(e *entry) {
	s := &r.scanner
	if r.isArray() { // as the Responses API and Ollama have them
		r.tokenList(e, position.Answer)
		return
	}
	if !s.EnterObject() {
		return
	}
	first := len(r.tokens)
	for {
		switch s.NextField(keys) {
		case -1:
			return
		case kContent:
			r.tokenList(e, position.Answer)
		case kRefusal:
			r.tokenList(e, position.Refusal)
		case kTokens:
			if s.EnterArray() {
				for i := 0; s.NextElement(); i++ {
					r.token(first, i).text, _ = s.Text()
				}
			}
		case kTokenLogprobs:
			if s.EnterArray() {
				for i := 0; s.NextElement(); i++ {
					t := r.token(first, i)
					if p, ok := s.Float(); ok {
						t.logprob = p
					}
				}
			}
		case kTopLogprobs:
			if s.EnterArray() {
				for i := 0; s.NextElement(); i++ {
					r.alternativeMap(r.token(first, i))
				}
			}
		default:
			s.Skip()
		}
	}
}

// alternativeMap reads an object of log-probabilities by token.
func (r *reader) alternativeMap(t *scored) {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	for s.NextKey() {
		text := s.Key()
		if p, ok := s.Float(); ok {
			r.alternative(t, text, p)
		}
	}
}
