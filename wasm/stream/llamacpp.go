package stream

import (
	"github.com/finece/finece/metrics/portable"
	"github.com/finece/finece/position"
)

// llamaCPP reads an event of llama.cpp's /completion, or its whole response.
func (r *reader) llamaCPP() {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	e := r.begin()
	stop, reason := false, Stop
	for {
		switch s.NextField(keys) {
		case -1:
			if stop {
				e.finished, e.reason = true, reason // the streams of other prompts may continue
			}
			r.end(e)
			return
		case kIndex:
			if n, ok := s.Int(); ok {
				e.choice = n
			}
		case kContent:
			text, ok := s.Text()
			r.known = r.known || ok
			r.add(position.Answer, text)
		case kStop:
			stop, _ = s.Bool()
			r.known = true
		case kStopType:
			if word, _ := s.Text(); is(word, "limit") {
				reason = Length
			}
		case kStoppedLimit: // older servers send this instead of stop_type
			if limit, _ := s.Bool(); limit {
				reason = Length
			}
		case kCompletionProbabilities:
			if s.EnterArray() {
				for s.NextElement() {
					r.llamaCPPToken(r.token(e.tokens, len(r.tokens)-e.tokens))
				}
			}
		case kTokensPredicted:
			r.count(&r.usage.Completion)
		case kTokensEvaluated:
			r.count(&r.usage.Prompt)
		case kError:
			r.readError()
		default:
			s.Skip()
		}
	}
}

// llamaCPPToken reads a token with log-probabilities. Older servers, and requests with
// post_sampling_probs, have probabilities instead.
func (r *reader) llamaCPPToken(t *scored) {
	s := &r.scanner
	if !s.EnterObject() {
		return
	}
	for {
		switch s.NextField(keys) {
		case -1:
			return
		case kToken, kContent:
			t.text, _ = s.Text()
		case kLogprob:
			if p, ok := s.Float(); ok {
				t.logprob = p
			}
		case kProb:
			if p, ok := s.Float(); ok && p > 0 {
				t.logprob = portable.Log(p)
			}
		case kBytes:
			t.bytes = s.Raw()
		case kTopLogprobs:
			r.alternatives(t)
		case kProbs, kTopProbs:
			r.probabilities(t)
		default:
			s.Skip()
		}
	}
}

// probabilities reads an array of alternatives with probabilities. If the token's own
// probability is not known, it is that of the first alternative with the token's text.
func (r *reader) probabilities(t *scored) {
	s := &r.scanner
	if !s.EnterArray() {
		return
	}
	for s.NextElement() {
		if !s.EnterObject() {
			continue
		}
		var text []byte
		p := 0.0
	fields:
		for {
			switch s.NextField(keys) {
			case -1:
				break fields
			case kToken, kTokStr:
				text, _ = s.Text()
			case kProb:
				p, _ = s.Float()
			default:
				s.Skip()
			}
		}
		if p > 0 { // sampling excludes alternatives with 0
			logprob := portable.Log(p)
			if t.logprob != t.logprob && t.text != nil && equal(text, t.text) {
				t.logprob = logprob
			}
			r.alternative(t, text, logprob)
		}
	}
}
