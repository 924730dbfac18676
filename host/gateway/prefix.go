package gateway

import (
	"strings"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/jsonscan"
	"github.com/finece/finece/wasm/session"
)

// prefix is the text that the other model's answer continues. A nil prefix does nothing.
type prefix struct {
	text string // without the white space at its end, which models write again
	gap  string // the part of that white space that the answer has not repeated yet
	told int64  // the byte of the last position in the text that the client was told
	last int    // the index of that position
	fed  bool   // the session reads it before the answer
	next bool   // a position of the answer has come
}

// continued asks the other model to continue the answer. It returns nil if the model has to be
// asked for a new answer instead: under Restart, after the end of the answer, if there is no
// text yet, or if the request is not possible or fails.
func (b *body) continued(policy *restarter) (*sequel, error) {
	text := strings.TrimRight(string(policy.answer), " \t\r\n")
	if policy.whole || b.phase == settling || text == "" { // a complete answer has no continuation
		return nil, nil
	}
	q, err := b.request.another(b.ctx, variant{model: b.config.EscalateModel}, text)
	if err != nil {
		b.config.Report("the other model does not continue the answer; it is asked anew", err)
		return nil, nil
	}
	q.prefix = &prefix{text: text, gap: string(policy.answer[len(text):]), told: policy.told, last: policy.index}
	// A confidence model judges the whole answer. Statistics cover only the other model's
	// tokens, since the text has no log-probabilities of that model.
	if q.prefix.fed = q.config.Estimator == session.Model; !q.prefix.fed {
		q.shift = policy.shift("")
	}
	return q, nil
}

// feed gives the text to the session. The text is not sent to the client again.
func (p *prefix) feed(q *sequel) {
	if p == nil || !p.fed {
		return
	}
	q.scorer.before = int64(len(p.text) / 4) // about the tokens that the session counts
	event := q.request.surface.(continuer).event(nil, jsonscan.AppendString(nil, []byte(p.text)))
	gap := p.gap
	p.gap = ""
	_ = q.scorer.stream.Write(event)
	q.pending, p.gap = nil, gap
}

// cut removes white space from the beginning of the answer if the prefix ends with the same
// white space. It corrects the shift of the answer's records.
func (p *prefix) cut(text []byte, to *shift) []byte {
	for p != nil && p.gap != "" && len(text) > 0 {
		if text[0] != p.gap[0] {
			if p.fed { // the client has white space that the session did not read
				to.byte += int64(len(p.gap))
				to.utf16 += int64(len(p.gap))
			}
			p.gap = ""
			break
		}
		if !p.fed {
			to.byte--
			to.utf16--
		}
		p.gap, text = p.gap[1:], text[1:]
	}
	return text
}

// has reports whether a position is in the prefix, so that the client was told of it already.
// The first position that is not continues their indices.
func (p *prefix) has(at *record.Place, to *shift) bool {
	switch {
	case p == nil || !p.fed:
		return false
	case at.Segment == position.Reasoning, at.Byte <= p.told && at.Kinds&position.End == 0:
		return true
	case !p.next:
		p.next = true
		to.index = p.last + 1 - at.Index
	}
	return false
}
