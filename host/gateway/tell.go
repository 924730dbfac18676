package gateway

import (
	"slices"
	"time"

	"github.com/finece/finece/wasm/stream"
)

// send sends an event to the client, with the records that are due.
func (b *body) send(e *event) {
	var member []byte
	if b.scorer.hasNews() && e.carrier() && b.config.Carrier == Field {
		b.member = b.appendMember(b.member[:0])
		member = b.member
		b.carrierDue = time.Time{}
	}
	if e.carrier() {
		b.writer.sent(e)
	}
	b.closed = b.closed || slices.ContainsFunc(e.said, func(s stream.Said) bool { return s.Finished })
	b.out = e.append(b.out, member)
	b.begun, b.partial = true, e.partial
}

// tell sends records in an extra chunk. It sends them in a comment if that is the carrier, or if
// the API has no extra chunks. Records that are due before the first chunk wait for that chunk.
func (b *body) tell() {
	if b.begun && (b.config.Carrier == Comment || !b.writer.alone() || b.writer.names() != nil) {
		b.tellNow()
	}
}

// tellNow is like tell, but does not wait for the first chunk. Before that chunk it sends a
// comment, since an extra chunk cannot come first.
func (b *body) tellNow() {
	switch {
	case !b.scorer.hasNews() || b.partial:
	case b.config.Carrier == Comment || !b.writer.alone() || b.writer.names() == nil || b.scorer.hides:
		b.comment()
		b.carrierDue = time.Time{}
	default:
		b.member = b.appendMember(b.member[:0])
		b.out = b.writer.carrier(b.out, b.member)
		b.carrierDue = time.Time{}
	}
}

// names returns the id and the generator for the envelope.
func (b *body) names() named {
	if b.named == nil {
		t := b.writer.names()
		if t == nil {
			return named{"", b.request.model}
		}
		n := t.named(b.request.model)
		b.named = &n
	}
	return *b.named
}

// appendMember appends the member finece with the records that were not sent yet. If the client
// gets no records, it appends nothing.
func (b *body) appendMember(dst []byte) []byte {
	n := b.names()
	return b.scorer.appendMember(dst, n.id, n.generator)
}

// comment sends records in a comment line.
func (b *body) comment() {
	n := b.names()
	e := b.scorer.envelope(n.id, n.generator)
	if b.scorer.hides {
		return
	}
	// No blank line follows: a client that keeps the last event id would take it for an event.
	b.out = append(b.out, ": finece "...)
	b.out = append(e.AppendJSON(b.out), '\n')
}

// tellSoon sets the time by which records are sent, unless they wait for the upstream's next
// event.
func (b *body) tellSoon() {
	if b.carrierDue.IsZero() && (b.config.Carrier == Comment || b.writer.alone()) {
		b.carrierDue = b.config.clock.now().Add(b.config.CarrierDelay)
	}
}
