package gateway

import (
	"bytes"
	"context"
	"io"
	"sync"
	"time"

	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
)

// body is the body of a streamed answer to the client. Reading it pulls the
// upstream's events through the session. All of it belongs to one goroutine, except
// the pump, which reads from the upstream.
type body struct {
	config   *Config
	ctx      context.Context
	upstream io.ReadCloser
	deadline func(time.Time) // sets the deadline of the next write to the client
	request  *request

	pieces chan piece
	free   chan []byte
	stop   chan struct{}
	once   sync.Once

	framer framer
	reader reader
	scorer *scorer
	gate   *gate // nil: no text is held any more
	phase  phase

	out    []byte // bytes for the client; those before at were read
	at     int
	member []byte // reused for each envelope
	named  *named // set once its first chunk has come
	err    error  // returned when all of out was read

	begun   bool         // an event was sent
	partial bool         // only a part of the last event was sent
	ended   map[int]bool // choices whose finish_reason has come
	ending  []held       // Annotate: events without text that end the answer and wait for records
	tail    []byte       // the last bytes of the stream, while settling
	cut     error        // the upstream's error, returned after tail
	alarm   alarm
	trial   *trial // the end waits for the confidence model

	carrierDue, settleDue, heldDue, endingDue time.Time
}

type phase uint8

const (
	flowing  phase = iota
	settling       // the upstream has ended, and estimates are pending
	passing        // the rest passes unread
	over
)

type piece struct {
	data []byte
	err  error
}

const pieceSize = 16 << 10 // bytes that a session is given at once

func newBody(ctx context.Context, c *Config, upstream io.ReadCloser, r *request, s *scorer) *body {
	b := &body{
		config: c, ctx: ctx, upstream: upstream, request: r, deadline: r.deadline,
		pieces: make(chan piece), free: make(chan []byte, 2), stop: make(chan struct{}),
		framer: framer{limit: c.MaxEvent}, reader: reader{asked: r.asked},
		scorer: s, gate: s.gate, ended: map[int]bool{}, alarm: newAlarm(c.clock, time.Hour),
	}
	b.free <- make([]byte, pieceSize)
	b.free <- make([]byte, pieceSize)
	go b.pump()
	return b
}

// pump reads from the upstream, one piece ahead of the session.
func (b *body) pump() {
	for {
		var buf []byte
		select {
		case buf = <-b.free:
		case <-b.stop:
			return
		}
		n, err := b.upstream.Read(buf)
		select {
		case b.pieces <- piece{buf[:n], err}:
		case <-b.stop:
			return
		}
		if err != nil {
			return
		}
	}
}

// Read returns bytes for the client as soon as there are any.
func (b *body) Read(p []byte) (int, error) {
	for b.at == len(b.out) {
		if b.err != nil {
			return 0, b.err
		}
		b.deadline(time.Time{}) // HTTP/2 enforces a deadline even while nothing is written
		b.out, b.at = b.out[:0], 0
		b.step()
	}
	n := copy(p, b.out[b.at:])
	b.at += n
	b.deadline(time.Now().Add(b.config.WriteTimeout))
	return n, nil
}

// Close ends the request to the upstream and the session.
func (b *body) Close() (err error) {
	b.once.Do(func() {
		close(b.stop)
		b.alarm.Stop()
		b.trial.cancel()
		err = b.upstream.Close()
		b.scorer.close()
	})
	return err
}

// step waits for bytes, a reply, a time limit or the client to disconnect, and
// handles it.
func (b *body) step() {
	pieces := b.pieces
	if b.phase == settling {
		pieces = nil
	}
	b.alarm.Reset(b.untilDue())
	select {
	case p := <-pieces:
		b.piece(p)
	case r := <-b.scorer.replies():
		b.scorer.settle(r)
		b.scored()
	case <-b.alarm.ticks:
		b.due(b.config.clock.now())
	case <-b.ctx.Done():
		b.finish(b.ctx.Err())
	}
}

func (b *body) untilDue() time.Duration {
	least := time.Hour
	for _, t := range []time.Time{b.carrierDue, b.settleDue, b.heldDue, b.endingDue} {
		if !t.IsZero() {
			least = min(least, max(t.Sub(b.config.clock.now()), 0))
		}
	}
	return least
}

func isDue(t, now time.Time) bool { return !t.IsZero() && !now.Before(t) }

// due handles the time limits that have passed. Text that was held for too long comes
// first, since it may end the stream.
func (b *body) due(now time.Time) {
	if isDue(b.heldDue, now) {
		b.heldDue = time.Time{}
		if b.overLimit(heldLong); b.phase == over {
			return
		}
	}
	if isDue(b.settleDue, now) {
		b.settleDue = time.Time{}
		b.trial.done(false)
		b.scorer.abandon(session.Timeout)
		b.scored()
	}
	if isDue(b.endingDue, now) {
		b.sendEnding()
	}
	if isDue(b.carrierDue, now) {
		b.carrierDue = time.Time{}
		b.tell()
	}
}

func (b *body) piece(p piece) {
	b.framer.feed(p.data, b.gate == nil && len(b.ending) == 0)
	for b.phase == flowing {
		f, ok := b.framer.next()
		if !ok {
			break
		}
		b.event(f)
	}
	if b.phase == passing {
		b.out = append(b.out, b.framer.rest()...)
	}
	if p.err == nil {
		b.free <- p.data[:cap(p.data)]
		return
	}
	b.pieces = nil
	switch {
	case b.phase == settling:
		b.cut = p.err
	case b.phase == passing:
		b.finish(p.err)
	case b.phase == flowing && p.err == io.EOF:
		rest := b.framer.rest()
		b.scorer.unread = false
		b.scorer.write(rest)
		b.settle(rest)
	case b.phase == flowing:
		b.broken(p.err)
	}
}

// event handles the upstream's next event.
func (b *body) event(f frame) {
	if b.gate != nil {
		b.holdEvent(f)
		return
	}
	var c chunk
	if !f.part && !b.quiet(f.raw) {
		c = b.reader.read(f.raw)
	}
	if c.done {
		b.scorer.write(f.raw)
		b.settle(f.raw)
		return
	}
	if !f.part && b.ends(&c) {
		b.ending = append(b.ending, held{frame: f, chunk: c})
		if b.endingDue.IsZero() {
			b.endingDue = b.config.clock.now().Add(b.config.CarrierDelay)
		}
	} else {
		b.sendEnding()
		b.send(f, &c)
	}
	b.scorer.write(f.raw)
	switch {
	case b.scorer.failed:
		b.sendEnding()
		b.pass()
	case b.scorer.stream.Ended():
		b.settle(nil)
	default:
		b.scored()
	}
}

// quiet reports whether an event need not be parsed: there are no records to add, and
// nothing in it has to be removed or delayed.
func (b *body) quiet(raw []byte) bool {
	if b.scorer.hasNews() || b.reader.asked.more || !b.reader.seen || len(b.ending) > 0 || !bytes.HasPrefix(raw, []byte("data: {")) {
		return false
	}
	rest, found := afterFinishReason(raw)
	for more := found; more; rest, more = afterFinishReason(rest) {
		if !bytes.HasPrefix(rest, []byte("null")) {
			return false
		}
	}
	return found
}

// afterFinishReason returns the bytes after the next "finish_reason":. It searches for
// an underscore, which is rare in chunks: such a search is fast in WebAssembly, too.
func afterFinishReason(b []byte) (rest []byte, found bool) {
	for {
		before, after, more := bytes.Cut(b, []byte("_"))
		if !more {
			return nil, false
		}
		if rest, found = bytes.CutPrefix(after, []byte(`reason":`)); found && bytes.HasSuffix(before, []byte(`"finish`)) {
			return rest, true
		}
		b = after
	}
}

func (b *body) holdEvent(f frame) {
	b.scorer.unread = f.part // the session reports it for the last part alone
	b.scorer.write(f.raw)
	var c chunk
	if !f.part {
		c = b.reader.read(f.raw)
	}
	if b.scorer.failed {
		b.failed(f, &c)
		return
	}
	if c.done {
		b.settle(f.raw)
		return
	}
	b.gate.push(f, c, b.scorer.unread, b.config.clock.now())
	if b.scorer.stream.Ended() {
		b.settle(nil)
		return
	}
	if b.scored(); b.gate != nil && b.phase == flowing && b.gate.bytes > b.config.MaxHeld {
		b.overLimit(heldMuch)
	}
}

// send sends an event to the client, with the records that are due.
func (b *body) send(f frame, c *chunk) {
	var member []byte
	if b.scorer.hasNews() && c.carrier && b.config.Carrier == Field {
		b.member = b.envelope().AppendMember(b.member[:0])
		member = b.member
		b.carrierDue = time.Time{}
	}
	if len(c.strip) == 0 && member == nil {
		b.out = append(b.out, f.raw...)
	} else {
		b.out = c.append(b.out, f.raw, member)
	}
	b.begun, b.partial = true, f.partial
}

// scored acts on new records of the session: it releases events, ends the stream, or
// sets the time by which the client is sent the records.
func (b *body) scored() {
	if b.scorer.lost() != nil && b.phase != over && !b.lost() {
		return
	}
	if b.gate != nil {
		b.open()
	}
	switch {
	case b.phase == settling:
		b.settled()
	case b.phase != flowing || !b.scorer.hasNews():
	case b.config.Carrier == Comment:
		b.tell()
	case b.carrierDue.IsZero():
		b.carrierDue = b.config.clock.now().Add(b.config.CarrierDelay)
	}
}

// open sends the events that the gate releases.
func (b *body) open() {
	g := b.gate
	for {
		h, ok := g.pop()
		if !ok {
			break
		}
		if g.released != "" {
			b.scorer.tell(decision(Withhold, record.ActionRelease, g.released))
			g.released = ""
		}
		if b.config.Carrier == Comment && b.scorer.hasNews() {
			b.tell()
		}
		b.send(h.frame, &h.chunk)
	}
	if g.verdict != nil {
		b.conclude(g.verdict)
		return
	}
	b.heldDue = time.Time{}
	if len(g.held) > 0 {
		b.heldDue = g.held[0].since.Add(b.config.MaxDelay)
	}
}
