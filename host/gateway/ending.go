package gateway

import (
	"bytes"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/jsonscan"
	"github.com/finece/finece/wasm/session"
)

// ends reports whether an event is of those that only end the answer. They wait
// for the last confidences, a short while, so that these need no chunk behind
// the finish_reason: accumulators such as openai-go's would forget it.
func (b *body) ends(c *chunk) bool {
	for _, choice := range c.ended {
		b.ended[choice] = true
	}
	if b.config.Carrier != Field || len(c.content) > 0 || !c.carrier && !c.empty && !c.comment {
		return false
	}
	return len(b.ending) > 0 || len(c.ended) > 0 && len(b.ended) >= b.request.n
}

// sendEnding sends the events that have waited for the end.
func (b *body) sendEnding() {
	for i := range b.ending {
		b.send(b.ending[i].frame, &b.ending[i].chunk)
	}
	b.ending, b.endingDue = nil, time.Time{}
}

// settle ends the session and holds the stream's last bytes until everything is
// scored.
func (b *body) settle(tail []byte) {
	b.scorer.end()
	if b.gate != nil && b.scorer.unread && len(tail) > 0 {
		b.gate.push(frame{raw: tail}, chunk{}, true, b.config.clock.now())
		tail = nil
	}
	b.tail, b.phase = tail, settling
	b.endingDue = time.Time{}
	b.wait()
	b.scored()
}

// wait starts the time that the end waits for the confidence model. The end of an
// answer without a question to the model waits for nothing.
func (b *body) wait() {
	if !b.scorer.pending() {
		return
	}
	if b.trial = b.config.breaker.begin(); b.trial == nil {
		b.scorer.abandon(session.Timeout)
		return
	}
	b.settleDue = b.config.clock.now().Add(b.config.patience())
}

// settled sends the stream's last bytes if nothing is left to wait for.
func (b *body) settled() {
	if b.scorer.pending() {
		if b.scorer.hasNews() && b.carrierDue.IsZero() {
			b.carrierDue = b.config.clock.now().Add(b.config.CarrierDelay)
		}
		return
	}
	b.trial.done(!b.scorer.failing)
	if b.gate != nil && len(b.gate.held) > 0 {
		// Such as a choice beyond the session's limits, or a tool call.
		if b.overLimit(notScored); b.phase != settling {
			return
		}
	}
	b.sendEnding()
	b.tell()
	b.out = append(b.out, b.tail...)
	b.settleDue, b.carrierDue, b.heldDue = time.Time{}, time.Time{}, time.Time{}
	b.tail = nil
	switch {
	case b.pieces == nil:
		b.finish(orEOF(b.cut))
	case b.config.Policy == Withhold:
		b.finish(io.EOF) // nothing that no one has looked at
	default:
		b.pass()
	}
}

// pass lets the rest of the stream through as it is.
func (b *body) pass() {
	b.phase, b.carrierDue = passing, time.Time{}
	b.out = append(b.out, b.framer.rest()...)
}

func orEOF(err error) error {
	if err == nil {
		return io.EOF
	}
	return err
}

// finish ends the stream for the client: io.EOF ends it well, any other error
// breaks it off.
func (b *body) finish(err error) {
	b.phase, b.err = over, err
	b.settleDue, b.carrierDue, b.heldDue, b.endingDue = time.Time{}, time.Time{}, time.Time{}, time.Time{}
}

// broken deals with an upstream that broke off.
func (b *body) broken(err error) {
	rest := b.framer.rest()
	b.scorer.end()
	b.scorer.abandon(session.Cancelled)
	if b.gate != nil {
		if b.config.Failure == Closed || b.gate.verdict != nil {
			b.finish(err)
			return
		}
		b.gate.letGo(brokenOff)
		b.open()
	}
	b.sendEnding()
	b.tell()
	b.out = append(b.out, rest...)
	b.finish(err)
}

// failed deals with an error that the upstream reports in f, while text is held.
func (b *body) failed(f frame, c *chunk) {
	why := upstreamErr
	switch closed := b.config.Failure == Closed || b.gate.verdict != nil; {
	case closed && (f.part || len(c.content) > 0):
		b.conclude(decision(Withhold, record.ActionEnd, why))
		return
	case closed:
		b.out = append(b.out, f.raw...)
		b.finish(io.EOF)
		return
	}
	b.gate.letGo(why)
	b.open()
	b.gate = nil
	b.send(f, &chunk{})
	b.pass()
}

// lost deals with a session that can no longer be used, and reports whether the
// stream goes on.
func (b *body) lost() bool {
	if b.config.Failure == Closed {
		b.conclude(decision(b.config.Policy, record.ActionEnd, coreLost))
		return false
	}
	if !b.request.unscored {
		b.request.unscored = true
		b.scorer.tell(decision(b.config.Policy, record.ActionSkip, coreLost))
	}
	if g := b.gate; g != nil {
		g.letGo(coreLost)
		g.released = ""
		b.open()
		b.gate = nil
		b.heldDue = time.Time{}
	}
	return true
}

// overLimit lets what is held go, or ends the stream, as the failure policy has
// it.
func (b *body) overLimit(why string) {
	if b.gate == nil {
		return
	}
	if b.config.Failure == Closed {
		b.conclude(decision(Withhold, record.ActionEnd, why))
		return
	}
	b.gate.letGo(why)
	b.open()
}

// conclude ends the stream in the upstream's place, with what is due to a client
// that takes it for a whole one.
func (b *body) conclude(d *record.Decision) {
	b.scorer.tell(d)
	t := b.reader.template
	if !b.reader.seen {
		t = b.request.template()
	}
	if b.partial {
		b.out = append(b.out, "\n\n"...)
	}
	var member []byte
	if b.config.Carrier == Comment {
		b.comment()
	} else {
		member = b.envelope().AppendMember(nil)
	}
	b.out = t.appendChunk(b.out, filtered(b.choices()), member)
	if b.request.usage {
		b.usage(&t)
	}
	b.out = append(b.out, "data: [DONE]\n\n"...)
	b.finish(io.EOF)
	b.Close()
}

// choices are those that the stream has had.
func (b *body) choices() []int {
	all := []int{0}
	if b.gate != nil {
		for choice := range b.gate.passages {
			all = append(all, choice)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// usage sends the upstream's counts. They are null if it was stopped before it
// had said them.
func (b *body) usage(t *template) {
	if b.gate != nil {
		for i := range b.gate.held {
			if h := &b.gate.held[i]; h.chunk.usage && !h.whole && len(h.chunk.content) == 0 {
				b.out = append(b.out, bytes.TrimRight(h.raw, "\r\n")...)
				b.out = append(b.out, "\n\n"...)
				return
			}
		}
	}
	b.out = t.appendChunk(b.out, "[]", []byte(`"usage":null`))
}

// filtered is the array of choices that ends them.
func filtered(choices []int) string {
	s := "["
	for i, choice := range choices {
		if i > 0 {
			s += ","
		}
		s += `{"index":` + strconv.Itoa(choice) + `,"delta":{},"finish_reason":"content_filter"}`
	}
	return s + "]"
}

// template is for a stream that ends before its first chunk.
func (r *request) template() template {
	return template{
		id: []byte(`"chatcmpl-finece"`), created: strconv.AppendInt(nil, time.Now().Unix(), 10),
		model: jsonscan.AppendString(nil, []byte(r.model)),
	}
}
