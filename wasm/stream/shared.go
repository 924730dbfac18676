package stream

import "github.com/finece/finece/wasm/jsonscan"

// Functions that several formats use.

func (r *reader) isArray() bool  { return r.scanner.Kind() == jsonscan.Array }
func (r *reader) isObject() bool { return r.scanner.Kind() == jsonscan.Object }
func (r *reader) isNumber() bool { return r.scanner.Kind() == jsonscan.Number }

// readUsage reads a provider's counts under any of their names.
func (r *reader) readUsage() {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	r.known = true
	u, total := &r.usage, int64(-1)
	for {
		switch s.NextField(keys) {
		case -1:
			// xAI's completion_tokens do not include the reasoning. Only the total shows that.
			if u.Prompt >= 0 && u.Completion >= 0 && u.Reasoning > 0 && total == u.Prompt+u.Completion+u.Reasoning {
				u.Completion += u.Reasoning
			}
			return
		case kTotalTokens:
			r.count(&total)
		case kPromptTokens, kInputTokens, kPromptTokenCount, kInputTokensCamel:
			r.count(&u.Prompt)
		case kCompletionTokens, kOutputTokens, kGeneratedTokens, kOutputTokensCamel:
			r.count(&u.Completion)
		case kReasoningTokens, kThoughtsTokenCount:
			r.count(&u.Reasoning)
		case kCandidatesTokenCount:
			r.count(&u.Completion)
		case kCompletionTokensDetails, kOutputTokensDetails, kTokens:
			r.readUsageDetails()
		default:
			s.Skip()
		}
	}
}

func (r *reader) readUsageDetails() {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	for {
		switch s.NextField(keys) {
		case -1:
			return
		case kInputTokens:
			r.count(&r.usage.Prompt)
		case kOutputTokens:
			r.count(&r.usage.Completion)
		case kReasoningTokens:
			r.count(&r.usage.Reasoning)
		default:
			s.Skip()
		}
	}
}

// count reads a count; Cohere writes some as 7.0.
//
//go:noinline
func (r *reader) count(n *int64) {
	if f, ok := r.scanner.Float(); ok && f >= 0 && f <= 1<<53 {
		*n = int64(f)
	}
}

// readToken reads the members of a token of text-generation-inference or of watsonx.
func (r *reader) readToken(t *scored) {
	s := &r.scanner
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
		case kSpecial:
			t.special, _ = s.Bool()
		case kTopTokens:
			r.alternatives(t)
		default:
			s.Skip()
		}
	}
}

// readError reads the value of a field named error. Some providers send null if there is no
// error.
//
//go:noinline
func (r *reader) readError() {
	s := &r.scanner
	switch s.Kind() {
	case jsonscan.String:
		text, _ := s.Text()
		if len(text) > 0 {
			r.setError(text)
		}
	case jsonscan.Object:
		r.errorObject()
	default:
		s.Skip()
	}
}

// readErrors reads an array of errors, which may be empty. The first one counts.
//
//go:noinline
func (r *reader) readErrors() {
	s := &r.scanner
	if s.EnterArray() {
		for s.NextElement() {
			r.errorObject()
		}
	}
}

func (r *reader) setError(message []byte) {
	r.known, r.failed = true, true
	if len(r.message) == 0 {
		r.message = message
	}
}

//go:noinline
func (r *reader) errorObject() {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	var message, kind []byte
	for {
		switch s.NextField(keys) {
		case -1:
			if len(message) == 0 {
				message = kind
			}
			r.setError(message)
			return
		case kMessage:
			message, _ = s.Text()
		case kType, kStatus, kCode:
			if text, ok := s.Text(); ok {
				kind = text
			}
		default:
			s.Skip()
		}
	}
}
