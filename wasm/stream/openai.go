package stream

import (
	"slices"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/jsonscan"
)

// openAI reads a chunk of chat completions or of completions, or a whole response. A whole
// response has message instead of delta.
func (r *reader) openAI() {
	s := &r.scanner
	r.bareError, r.bareMessage = false, nil
	r.pattern = pattern{chunk: r.pattern.chunk[:0]}
	if !s.EnterObject() {
		return
	}
	for {
		switch s.NextField(keys) {
		case -1:
			if r.bareError && !r.failed {
				r.failed, r.message = true, r.bareMessage
			}
			return
		case kChoices:
			r.openAIChoices()
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
			// Errors of older vLLM servers have no error field.
			object, _ := s.Text()
			r.bareError = is(object, "error")
			r.known = r.known || r.bareError
		case kMessage:
			r.bareMessage, _ = s.Text()
		default:
			r.padding()
		}
	}
}

// padding skips an unknown member. It may be the padding of OpenAI's chunks, see pattern.
func (r *reader) padding() {
	if p := &r.pattern; p.texts > 0 && r.scanner.Kind() == jsonscan.String {
		slot := r.beginSlot()
		r.scanner.Skip()
		p.padding = r.endSlot(slot)
		return
	}
	r.scanner.Skip()
}

func (r *reader) openAIChoices() {
	if !r.enterChoices() {
		return
	}
	for r.scanner.NextElement() {
		r.empty, r.chunk = false, true
		r.odd = r.odd || !r.isObject()
		r.openAIChoice()
	}
}

// enterChoices enters the array of choices.
func (r *reader) enterChoices() bool {
	r.odd = r.odd || !r.isArray() && r.holds()
	r.empty = r.scanner.EnterArray()
	r.known = r.known || r.empty
	return r.empty
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
			r.end(e)
			return
		case kIndex:
			if n, ok := s.Int(); ok {
				e.choice = n
			}
		case kDelta:
			if !r.isObject() {
				e.other = r.holds() || e.other
			}
			r.openAIDelta(e)
		case kMessage:
			if !r.isObject() {
				e.other = r.holds() || e.other
			}
			if e.delta {
				e.text = r.holds() || e.text
				s.Skip()
				break
			}
			r.openAIMessage(e)
		case kText:
			e.text = r.holds() || e.text
			if text, _ := s.Text(); !e.delta {
				r.add(position.Answer, text)
			}
		case kLogprobs:
			if r.frames && r.isObject() {
				e.logprobs = s.Offset()
				r.openAILogprobs(e)
				e.logprobsEnd = s.Offset()
				break
			}
			r.openAILogprobs(e)
		case kFinishReason:
			word, _ := s.Text()
			e.finish(word)
		case kError:
			r.readError()
		case kUsage, kNativeFinishReason, kStopReason, kMatchedStop, kFilterResults, kFilterOffsets:
			s.Skip() // no text
		case kTokenIDs:
			e.text = r.holds() || e.text
			s.Skip()
		default:
			e.other = r.holds() || e.other
			s.Skip()
		}
	}
}

// ahead moves the pieces from n on, which are reasoning, before the other pieces of the entry.
// A model reasons first, whatever the order of the fields. This is done only once for each
// entry: a hostile event could repeat its fields many times, and each move takes time for all
// pieces.
func (r *reader) ahead(e *entry, n int) {
	if e.reasoned || n == len(r.pieces) {
		return
	}
	e.reasoned = true
	if n <= e.pieces {
		return
	}
	pieces := r.pieces[e.pieces:]
	slices.Reverse(pieces[:n-e.pieces])
	slices.Reverse(pieces[n-e.pieces:])
	slices.Reverse(pieces)
}

// openAIDelta reads a delta. If a choice has a delta, the text in its members message and text
// does not count: Together repeats the delta in text, Writer repeats it in message, and the
// message of Perplexity has all text so far. These members may come before the delta.
func (r *reader) openAIDelta(e *entry) {
	if !r.scanner.EnterObject() {
		return
	}
	if !e.delta {
		if len(r.pieces) > e.pieces {
			r.pattern.texts = 2 // the pattern's text does not count, so there is no pattern
		}
		r.pieces = r.pieces[:min(e.pieces, len(r.pieces))]
		e.delta, e.tool, e.reasoned = true, false, false
	}
	r.deltaMembers(e)
}

func (r *reader) openAIMessage(e *entry) {
	if r.scanner.EnterObject() {
		r.deltaMembers(e)
	}
}

// deltaMembers reads the members of a delta or of a message.
func (r *reader) deltaMembers(e *entry) {
	s := &r.scanner
	reasoned := false
	for {
		switch s.NextField(keys) {
		case -1:
			return
		case kContent:
			e.text = r.holds() || e.text
			r.contentOf(position.Answer)
		case kReasoningContent, kReasoning, kThinking, kReasoningDetails: // some gateways send two of these
			e.text = r.holds() || e.text
			if reasoned {
				s.Skip()
				break
			}
			n := len(r.pieces)
			r.contentOf(position.Reasoning)
			reasoned = len(r.pieces) > n
			r.ahead(e, n)
		case kRefusal:
			e.text = r.holds() || e.text
			text, _ := s.Text()
			r.add(position.Refusal, text)
		case kAudio: // spoken output has its text as well
			e.text = r.holds() || e.text
			r.transcript()
		case kToolCalls:
			e.other = r.holds() || e.other
			r.toolCalls(e)
		case kFunctionCall:
			e.other = r.holds() || e.other
			if s.EnterObject() {
				e.tool = true
				for s.NextKey() {
					s.Skip()
				}
			}
		case kRole:
			s.Skip()
		default:
			e.other = r.holds() || e.other
			s.Skip()
		}
	}
}

// contentOf reads text that is a string or an array of parts. Mistral, Cohere and
// Anthropic send parts: text, thinking, refusals.
func (r *reader) contentOf(segment position.Segment) {
	s := &r.scanner
	// A thinking part holds an array of its own.
	slot := r.beginSlot()
	if text, ok := r.textOrArray(); ok {
		if len(text) > 0 {
			r.pattern.texts++
			r.pattern.text = r.endSlot(slot)
		}
		r.add(segment, text)
		return
	}
	for s.NextElement() {
		r.contentPart(segment)
	}
}

// transcript reads the text of spoken output.
func (r *reader) transcript() {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	for {
		switch s.NextField(keys) {
		case -1:
			return
		case kTranscript:
			text, _ := s.Text()
			r.add(position.Answer, text)
		default:
			s.Skip()
		}
	}
}

// toolCalls notes that an array of tool calls is not empty.
//
//go:noinline
func (r *reader) toolCalls(e *entry) {
	s := &r.scanner
	if s.EnterArray() {
		for s.NextElement() {
			s.Skip()
			e.tool = true
		}
	}
}

// textOrArray reads a string, or enters an array and returns false. Any other value gives no
// text.
//
//go:noinline
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
		case kSummary: // in OpenRouter's reasoning_details
			if segment != position.Reasoning {
				s.Skip()
				break
			}
			text, _ := s.Text()
			r.add(segment, text)
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
	if r.isArray() { // in the form of the Responses API and Ollama
		r.slottedList(e, position.Answer)
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
			r.slottedList(e, position.Answer)
		case kReasoningContent: // DeepSeek's
			n := len(r.tokens)
			r.slottedList(e, position.Reasoning)
			r.tokensAhead(e, n)
		case kRefusal:
			r.slottedList(e, position.Refusal)
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
