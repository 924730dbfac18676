package gateway

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"time"

	"github.com/finece/finece/host"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// EscalateMode says when the policy Escalate acts.
type EscalateMode string

const (
	Hold    EscalateMode = "hold"    // the answer is held until its p(z) decides which answer is sent
	Restart EscalateMode = "restart" // text is sent as it comes; Config.RestartText and the other model's answer follow it
	// Continue is like Restart, but the other model continues the text that was sent, if
	// Config.Continue says how to ask it.
	Continue EscalateMode = "continue"
)

// restarting is the rule of Escalate in the modes Restart and Continue. It also acts on
// positions before p(z).
var restarting = rule{
	name: Escalate, setting: "escalate_below", below: func(c *Config) *float64 { return &c.EscalateBelow }, last: true, counts: true, begin: newRestarter,
}

// restarts reports whether another answer can follow text that was sent already. It cannot
// follow JSON, a tool call, or log-probabilities, which belong to one answer.
func (r *request) restarts() bool {
	return r.config.Policy == Escalate && r.config.EscalateMode != Hold && r.stream && !r.json && !r.tools && !r.asked.logprobs
}

// restartable lets another answer follow the text that is sent. The function another asks for an
// answer to the same question.
func (r *request) restartable(another func(ctx context.Context, v variant, soFar string) (*sequel, error)) {
	same := *r.config
	same.rule = &restarting
	r.config, r.another = &same, another
}

// restarter is the policy Escalate in the modes Restart and Continue, applied to one answer. The
// other model is asked if the confidences of Config.StopAfter positions in a row are below
// Config.EscalateBelow, or if p(z) is.
type restarter struct {
	idle
	config *Config
	lows   lows
	out    extent // text that was sent to the client
	utf16  int64  // length of that text in the answer, in UTF-16 code units
	index  int    // index of the last position
	tokens int64  // tokens of the answer up to its last position
	told   int64  // the byte of that position
	over   bool   // the other model was asked, or may not be
	whole  bool   // p(z) is low, so the answer is complete
	answer []byte // Continue: the text of the answer that was sent
}

func newRestarter(c *Config, _ *request) acting {
	c.escalated.request()
	return &restarter{config: c, lows: lows{newest: -1}}
}

func (r *restarter) text(choice int, segment position.Segment, text []byte) {
	if choice == 0 && int(segment) < len(r.out) {
		r.out[segment] += int64(len(text))
	}
	if choice == 0 && segment == position.Answer {
		r.utf16 += utf16Len(text)
		if r.config.EscalateMode == Continue {
			r.answer = append(r.answer, text...)
		}
	}
}

func (r *restarter) position(p *record.Position) {
	if p.Choice != 0 {
		return
	}
	r.index = p.Index
	if p.Segment == position.Answer {
		r.tokens, r.told = p.Token, p.Byte
	}
}

func utf16Len(text []byte) (n int64) {
	for _, c := range string(text) {
		if n++; c > 0xffff {
			n++
		}
	}
	return n
}

func (r *restarter) confidence(c *record.Confidence) *record.Decision {
	if r.over || c.Kinds&position.Question != 0 || c.State == session.Pending {
		return nil
	}
	end := c.Kinds&position.End != 0
	switch usable := r.config.usable(c); {
	case end && (c.Reason == session.Refusal || c.Reason == session.NoText):
		return nil // a refusal or an empty answer is neither right nor wrong
	case end && !usable:
		return r.config.notEscalated(valued(c))
	case !usable, end && c.Fused >= r.config.EscalateBelow, !end && !r.lows.low(c, r.config.EscalateBelow, r.config.StopAfter):
		return nil
	}
	r.whole = end
	return decisionOn(Escalate, record.ActionReplace, c, r.config.EscalateBelow)
}

// sequel is the other model's answer. The gateway writes its text in events of its own, so that
// it continues the client's stream.
type sequel struct {
	idle
	resp    *http.Response
	request *request
	config  host.Config
	scorer  *scorer

	pending  []byte // text of the event that is being read
	finished bool   // the finish reason has come
	end      record.End
	shift    shift
	note     string           // sent between the first answer and this one
	prefix   *prefix          // the text that this answer continues; nil: it is a new answer
	first    outcome          // the cost of the first answer
	because  *record.Decision // the decision to ask the other model
}

// shift is added to the places of an answer's records, because other text comes before the answer.
type shift struct {
	index              int
	byte, utf16, token int64
}

func (q *sequel) text(choice int, segment position.Segment, text []byte) {
	if choice == 0 && segment == position.Answer {
		q.pending = append(q.pending, q.prefix.cut(text, &q.shift)...)
	}
}

// moves shifts a record of the answer, and reports whether the client is told of it. The client
// has the p(0) of the first answer already, and reasoning is not sent.
func (q *sequel) moves(r record.Record) bool {
	switch r := r.(type) {
	case *record.Position:
		return !q.prefix.has(&r.Place, &q.shift) && q.shift.moves(&r.Place)
	case *record.Confidence:
		return !q.prefix.has(&r.Place, &q.shift) && q.shift.moves(&r.Place)
	case *record.End:
		q.end = *r
		r.Tokens += q.shift.token
	}
	return true
}

func (s *shift) moves(p *record.Place) bool {
	p.Index += s.index
	p.Byte += s.byte
	p.UTF16 += s.utf16
	p.Token += s.token
	return p.Kinds&position.Question == 0 && p.Segment != position.Reasoning
}

// errUnfit is the error of an answer that cannot follow the first one.
var errUnfit = errors.New("gateway: the other model's answer is not a stream of the same API")

// another asks for an answer that is to follow the text that was sent. If it is to continue that
// text, soFar is the text.
func (h *Handler) another(ctx context.Context, in *http.Request, asked *request, v variant, soFar string) (*sequel, error) {
	q := &sequel{request: asked.vary(v)}
	if soFar != "" && !q.request.continues(soFar) {
		return nil, errUnfit
	}
	ctx = context.WithValue(ctx, treatmentKey{}, &treatment{request: q.request, on: asked.surface})
	out := in.Clone(ctx)
	setBody(out, q.request.body)
	resp, err := h.send(in.WithContext(ctx), out)
	if err != nil {
		return nil, err
	}
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if resp.StatusCode != http.StatusOK || !asked.streamsAs(kind) || unpack(resp) != "" {
		resp.Body.Close()
		return nil, errUnfit
	}
	q.resp, q.config = resp, h.scoring(q.request)
	return q, nil
}

// restart asks the other model, because of a decision about the first answer. If the other model
// gives no answer, the first one continues or ends, as the failure policy says.
func (b *body) restart(d *record.Decision) {
	policy := b.scorer.acting.(*restarter)
	if policy.over {
		return
	}
	policy.over = true
	refuse := func(action, reason string) {
		d.Action, d.Reason = action, reason
		b.end(d)
	}
	switch {
	case b.closed:
		refuse(record.ActionRelease, tooLate)
		return
	case !b.config.escalated.take(b.config.EscalateShare):
		refuse(record.ActionRelease, overShare)
		return
	}
	q, err := b.continued(policy)
	if q == nil {
		q, err = b.anew(policy)
	} else {
		d.Action = record.ActionAsk
	}
	if err == nil {
		d.Byte = policy.out[position.Answer]
		q.because = d
		if q.scorer, err = newScorer(b.ctx, b.config, q.config, q, b.retell, nil); err != nil {
			q.resp.Body.Close()
		}
	}
	if err != nil {
		b.config.Report("the other model failed", err)
		refuse(b.config.unable(), secondFailed)
		return
	}
	b.sequel, b.phase = q, replacing
	b.ending, b.endingDue = nil, time.Time{}
}

// tooLate is the reason for leaving an answer as it is because its end was sent.
const tooLate = "too-late"

// anew asks the other model for a new answer.
func (b *body) anew(policy *restarter) (*sequel, error) {
	q, err := b.request.another(b.ctx, variant{model: b.config.EscalateModel}, "")
	if err == nil {
		q.note = b.config.RestartText
		q.shift = policy.shift(q.note)
	}
	return q, err
}

// shift returns the shift of the records of an answer that follows this one and a note. That
// answer's p(0), with the index 0, is not told, so its next position continues the indices.
func (r *restarter) shift(text string) shift {
	note := []byte(text)
	return shift{r.index, r.out[position.Answer] + int64(len(note)), r.utf16 + utf16Len(note), r.tokens}
}

// replace lets the other model's answer follow the first one. It is not part of restart, because
// the first answer's session, which replace closes, calls restart.
func (b *body) replace() {
	q, first := b.sequel, b.scorer
	first.abandon(session.Cancelled)
	cost, last := first.cost()
	if q.prefix != nil {
		first.news = last // the text still counts, so its confidences are final now
	}
	first.news = slices.DeleteFunc(first.news, q.supersedes)
	first.tell(q.because)
	q.first = cost
	q.first.tokens = q.shift.token                                           // the tokens that the client's records count
	q.first.usage.Completion = max(q.first.usage.Completion, q.first.tokens) // the first usage of Messages has a small number
	b.whole()
	if q.note != "" {
		b.add([]byte(q.note))
	} else {
		q.scorer.news, first.news = first.news, nil // records that go with the other answer
	}
	q.prefix.feed(q)
	first.close()
	b.upstream.Close()
	b.upstream, b.scorer, b.pieces = q.resp.Body, q.scorer, make(chan piece, 1)
	b.reading, b.drained, b.inPart, b.phase, b.buf = false, false, false, flowing, nil
	b.done, b.tail, b.failure = nil, nil, nil
	b.settleDue, b.carrierDue = time.Time{}, time.Time{}
	n := b.names()
	n.generator = b.config.EscalateModel
	b.named = &n
}

// supersedes reports whether a record of the first answer is about its end. The end of this
// answer replaces it.
func (q *sequel) supersedes(r record.Record) bool {
	switch r := r.(type) {
	case *record.End:
		return true
	case *record.Position:
		return r.Kinds&position.End != 0
	case *record.Confidence:
		return r.Kinds&position.End != 0
	}
	return false
}

// cost ends the session of an answer, and returns the cost of the answer, which the session may
// know only after its end. Neither the client nor the observer is told of the records of that
// end. last is all records that the client was not told of, without faults that come only from
// stopping in the middle.
func (s *scorer) cost() (of outcome, last []record.Record) {
	told, seen := slices.Clone(s.news), s.seen
	s.seen = nil
	_ = s.stream.End()
	last, s.news, s.seen = s.news, told, seen
	last = append(last[:len(told)], slices.DeleteFunc(last[len(told):], func(r record.Record) bool { _, fault := r.(*record.Fault); return fault })...)
	return outcome{usage: s.usage, tokens: s.tokens}, last
}

// add sends text in an event of the gateway's own, with the records that are due.
func (b *body) add(text []byte) {
	b.out = b.writer.add(b.out, text, b.carried())
	b.begun = true
}

// retell takes an event of the other model's answer.
func (b *body) retell(_ *stream.Frame, said []stream.Said) {
	if b.phase != flowing {
		return
	}
	q := b.sequel
	for _, s := range said {
		q.finished = q.finished || s.Choice == 0 && s.Finished
	}
	if b.scorer.failed || b.scorer.unread {
		b.finish(errUnfit)
		return
	}
	b.flush()
	b.scored()
}

// flush sends the text of the other answer that has come.
func (b *body) flush() {
	if q := b.sequel; len(q.pending) > 0 {
		b.add(q.pending)
		q.pending = q.pending[:0]
	}
}

// retold ends the stream with the end of the other model's answer.
func (b *body) retold() {
	q := b.sequel
	b.flush()
	if !q.finished {
		b.finish(io.ErrUnexpectedEOF)
		return
	}
	second, _ := b.scorer.cost()
	second.tokens -= b.scorer.before
	sum := billed(q.first, second)
	b.request.sum = &sum
	finish := stream.Stop
	switch q.end.Reason {
	case stream.Length, stream.ContentFilter:
		finish = q.end.Reason
	case stream.Refused:
		finish = stream.ContentFilter
	}
	b.out = b.writer.end(b.out, []int{0}, finish.String(), b.carried())
	b.out = b.writer.close(b.out, nil)
	b.finish(io.EOF)
}
