package gateway

import (
	"io"
	"slices"
	"time"

	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// ends reports whether an event only ends the answer. Such an event waits a short while for the
// last records, so that no extra chunk follows the finish_reason: client accumulators such as
// openai-go's would then lose the finish_reason.
func (b *body) ends(e *event) bool {
	finished := false
	for _, s := range e.said {
		if s.Finished {
			b.ended[s.Choice], finished = true, true
		}
	}
	if b.config.Carrier != Field && !b.config.rule.endsLate() || e.content() || !e.carrier() && !e.is(stream.FrameEmpty|stream.FrameComment) {
		return false
	}
	return len(b.ending) > 0 || finished && len(b.ended)+len(b.cut) >= b.request.n || b.config.rule.endsLate() && e.carrier() && b.writer.closes(e)
}

// sendEnding sends the events that waited to end the answer.
func (b *body) sendEnding() {
	for _, e := range b.ending {
		b.send(e)
	}
	b.ending, b.endingDue = nil, time.Time{}
}

// settle ends the session. tail, the stream's last bytes, waits until everything is scored.
func (b *body) settle(tail []byte) {
	b.tail, b.phase = tail, settling
	b.scorer.unread = b.inPart
	b.scorer.end()
	if b.gate != nil && b.scorer.unread && len(tail) > 0 {
		b.gate.push(&event{raw: tail}, true, b.config.clock.now())
		b.tail = nil
	}
	b.endingDue = time.Time{}
	b.wait()
	b.scored()
}

// wait sets how long the end waits for the confidence model. If no estimate is pending,
// it does not wait.
func (b *body) wait() {
	if b.scorer.waits() {
		b.settleDue = b.config.clock.now().Add(b.config.rule.patience(b.config))
	}
}

// settled sends the stream's last bytes unless an estimate is pending.
func (b *body) settled() {
	if b.scorer.pending() {
		if b.scorer.hasNews() {
			b.tellSoon()
		}
		return
	}
	b.scorer.asker.done(!b.scorer.failing)
	if b.sequel != nil {
		b.retold()
		return
	}
	if b.gate != nil && len(b.gate.held) > 0 {
		// For example a choice beyond the session's limits, or a tool call.
		if b.overLimit(notScored); b.phase != settling {
			return
		}
	}
	if k := b.request.contestant; k != nil && !b.chosen(k) {
		return
	}
	b.addTexts()
	b.sendEnding()
	if b.done == nil || !b.done.carrier() || b.config.Carrier == Comment {
		b.tell()
	}
	if b.done != nil {
		b.send(b.done)
	}
	b.out = append(b.out, b.tail...)
	b.settleDue, b.carrierDue, b.heldDue = time.Time{}, time.Time{}, time.Time{}
	b.done, b.tail = nil, nil
	// Nothing checks the bytes after the end. They can be text of a choice that was ended.
	if b.gate == nil || b.config.Failure == Open && !b.gate.cutAny() {
		b.pass()
	}
	if b.phase != passing || b.drained {
		b.finish(orEOF(b.failure))
	}
}

// chosen waits for the contest's verdict, and reports whether the answer is sent.
func (b *body) chosen(k *contestant) bool {
	v := k.settle(b.ctx, b.scorer)
	if v == nil {
		b.finish(errLost)
		return false
	}
	last := b.ending
	if b.done != nil {
		last = append(slices.Clone(last), b.done)
	}
	for _, e := range last {
		if e.is(stream.FrameUsage) && e.Brace >= 0 {
			e.add(v.sumUsage(b.request.surface.counts(), e.raw[e.Data:e.Brace+1], int(e.Data))...)
		}
	}
	return true
}

// pass sends the rest of the stream unchanged.
func (b *body) pass() {
	b.phase, b.carrierDue, b.endingDue = passing, time.Time{}, time.Time{}
	b.out = append(b.out, b.buf...)
	b.buf = nil
}

func orEOF(err error) error {
	if err == nil {
		return io.EOF
	}
	return err
}

// finish ends the stream for the client: io.EOF ends it properly, any other error cuts
// the connection.
func (b *body) finish(err error) {
	b.phase, b.err = over, err
	b.settleDue, b.carrierDue, b.heldDue, b.endingDue = time.Time{}, time.Time{}, time.Time{}, time.Time{}
}

// broken handles an upstream whose stream broke off.
func (b *body) broken(err error) {
	b.phase = settling
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
	b.out = append(b.out, b.buf...)
	b.finish(err)
}

// failed handles an error that the upstream reports in e while text is held.
func (b *body) failed(e *event) {
	why := upstreamErr
	switch closed := b.config.Failure == Closed || b.gate.verdict != nil; {
	case closed && (e.part || e.content()):
		b.conclude(decision(Withhold, record.ActionEnd, why))
		return
	case closed:
		b.out = e.append(b.out, nil)
		b.finish(io.EOF)
		return
	}
	b.gate.letGo(why)
	b.open()
	b.gate = nil
	b.out = e.append(b.out, nil)
	b.pass()
}

// lost handles the loss of the core. It reports whether the stream is to be settled as usual. If
// not, the gateway cannot tell where an event ends: the client is told after the last event, and
// the rest passes unchanged.
func (b *body) lost() bool {
	if b.sequel != nil {
		b.finish(b.scorer.lost()) // without a core the gateway cannot read the other answer's text
		return false
	}
	if b.config.Failure == Closed && !b.scorer.skipped() {
		b.conclude(decision(b.config.Policy, record.ActionEnd, coreLost))
		return false
	}
	if !b.unscored {
		b.unscored = true
		b.scorer.tell(decision(b.config.Policy, record.ActionSkip, coreLost))
	}
	if g := b.gate; g != nil {
		g.letGo(coreLost)
		g.released = ""
		b.open()
		b.gate = nil
		b.heldDue = time.Time{}
	}
	if b.phase == flowing {
		b.sendEnding()
		b.tellNow()
		if b.done != nil { // it was read before the core was lost
			b.send(b.done)
			b.done = nil
		}
		b.pass()
	}
	return b.phase == settling
}

// overLimit releases the held text or ends the stream, as the failure policy says.
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

// end ends one choice before the upstream does. If no other choice is unfinished, the stream
// ends. Escalate may also replace the answer, or leave it as it is.
func (b *body) end(d *record.Decision) {
	switch {
	case d.Action == record.ActionReplace:
		b.restart(d)
		return
	case d.Action == record.ActionRelease:
		b.scorer.tell(d)
		return
	case b.request.another != nil && !b.closed:
		delete(b.ended, d.Choice) // its end waits in b.ending
	}
	if b.ended[d.Choice] || b.cut[d.Choice] {
		return
	}
	if rest := b.unfinished(); len(rest) == 1 && rest[0] == d.Choice {
		b.conclude(d)
		return
	}
	b.cut[d.Choice] = true
	b.sendEnd(d, []int{d.Choice})
}

// conclude ends the stream before the upstream does. The client gets all events that end a
// complete answer.
func (b *body) conclude(d *record.Decision) {
	b.sendEnd(d, b.unfinished())
	b.out = b.writer.close(b.out, b.usage())
	b.finish(io.EOF)
}

// sendEnd sends the end of choices, with a decision.
func (b *body) sendEnd(d *record.Decision, choices []int) {
	b.scorer.tell(d)
	b.whole()
	b.out = b.writer.end(b.out, choices, b.config.FinishReason, b.carried())
	b.begun = true
}

// whole ends the last event if only a part of it was sent.
func (b *body) whole() {
	if b.partial {
		b.out, b.partial = append(b.out, '\n'), false
		if b.request.surface.format() != stream.Ollama {
			b.out = append(b.out, '\n')
		}
	}
}

// carried returns the member with the records that are due, for an event of the gateway's own.
// With the carrier comment, it sends them in a comment instead and returns nil.
func (b *body) carried() []byte {
	switch {
	case !b.scorer.hasNews():
		return nil
	case b.config.Carrier == Comment:
		b.comment()
		return nil
	}
	b.carrierDue = time.Time{}
	return b.appendMember(nil)
}

// dropped reports whether all choices of an event were ended by the policy. Such an event is not
// sent.
func (b *body) dropped(e *event) bool {
	for _, s := range e.said {
		if !b.cut[s.Choice] {
			return false
		}
	}
	return len(e.said) > 0
}

// unfinished returns the choices whose end was not sent to the client.
func (b *body) unfinished() (choices []int) {
	most := min(b.request.n, b.config.Session.MaxChoices)
	for choice := range b.seen {
		most = max(most, choice+1)
	}
	for choice := range most {
		if !b.ended[choice] && !b.cut[choice] {
			choices = append(choices, choice)
		}
	}
	return choices
}

// usage returns the held event of the upstream with token counts and nothing else, or nil.
func (b *body) usage() []byte {
	if b.gate != nil {
		for i := range b.gate.held {
			if h := &b.gate.held[i]; h.is(stream.FrameUsage) && !h.whole && !h.content() {
				return h.raw
			}
		}
	}
	return nil
}
