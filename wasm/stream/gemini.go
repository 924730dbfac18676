package stream

import (
	"github.com/finece/finece/position"
)

// gemini reads a response of generateContent, streamed or not.
func (r *reader) gemini() {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	blocked := false
	for {
		switch s.NextField(keys) {
		case -1:
			if u := &r.usage; u.Completion >= 0 && u.Reasoning >= 0 {
				u.Completion += u.Reasoning // candidates do not count thoughts
			}
			if blocked && len(r.entries) == 0 {
				e := r.begin()
				e.finished, e.reason = true, ContentFilter
				r.end(e)
			}
			return
		case kCandidates:
			if s.EnterArray() {
				r.known = true
				for s.NextElement() {
					r.geminiCandidate()
				}
			}
		case kPromptFeedback:
			if s.EnterObject() {
				r.known = true
				for n := s.NextField(keys); n >= 0; n = s.NextField(keys) {
					if n == kBlockReason {
						_, blocked = s.Text()
					} else {
						s.Skip()
					}
				}
			}
		case kUsageMetadata:
			r.readUsage()
		case kError:
			r.readError()
		default:
			s.Skip()
		}
	}
}

func (r *reader) geminiCandidate() {
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
		case kContent:
			if s.EnterObject() {
				for n := s.NextField(keys); n >= 0; n = s.NextField(keys) {
					if n != kParts || !r.isArray() {
						s.Skip()
						continue
					}
					s.EnterArray()
					for s.NextElement() {
						r.geminiPart(e)
					}
				}
			}
		case kFinishReasonCamel:
			r.geminiFinish(e)
		case kLogprobsResult:
			r.geminiLogprobs(e)
		default:
			s.Skip()
		}
	}
}

// geminiFinish reads a reason to stop: a word, or its number in the protocol buffer. The first
// five numbers are the same in Gemini and Vertex AI; 7 and 8 are filters in both. 0 is
// unspecified.
//
//go:noinline
func (r *reader) geminiFinish(e *entry) {
	s := &r.scanner
	if r.isNumber() {
		n, ok := s.Int()
		e.finished, e.reason = ok && n > 0, Other
		switch n {
		case 1:
			e.reason = Stop
		case 2:
			e.reason = Length
		case 3, 4, 7, 8:
			e.reason = ContentFilter
		}
	} else if word, ok := s.Text(); ok && !is(word, "FINISH_REASON_UNSPECIFIED") {
		e.finished, e.reason = true, reasonOf(word)
	}
}

func (r *reader) geminiPart(e *entry) {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	var text []byte
	segment := position.Answer
	for {
		switch s.NextField(keys) {
		case -1:
			r.add(segment, text)
			return
		case kText:
			text, _ = s.Text()
		case kThought:
			if thought, _ := s.Bool(); thought {
				segment = position.Reasoning
			}
		case kFunctionCallCamel:
			s.Skip()
			e.tool = true
		default:
			s.Skip()
		}
	}
}

func (r *reader) geminiLogprobs(e *entry) {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	first := len(r.tokens)
	for {
		switch s.NextField(keys) {
		case -1:
			return
		case kChosenCandidates:
			if s.EnterArray() {
				for i := 0; s.NextElement(); i++ {
					r.scoredToken(r.token(first, i))
				}
			}
		case kTopCandidates:
			if s.EnterArray() {
				for i := 0; s.NextElement(); i++ {
					t := r.token(first, i)
					if !s.EnterObject() {
						continue
					}
					for n := s.NextField(keys); n >= 0; n = s.NextField(keys) {
						if n == kCandidates {
							r.alternatives(t)
						} else {
							s.Skip()
						}
					}
				}
			}
		default:
			s.Skip()
		}
	}
}
