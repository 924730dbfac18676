package gateway

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/finece/finece/host"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// body is the body of a streamed answer to the client. Reading it pulls the upstream's events
// through the session. One goroutine uses all of it. A second goroutine reads the upstream's
// next bytes while a reply or a time limit may come first.
type body struct {
	config   *Config
	ctx      context.Context
	upstream io.ReadCloser
	deadline func(time.Time) // sets the deadline of the next write to the client
	request  *request

	pieces  chan piece // what the second goroutine has read
	reading bool       // the second goroutine is reading, or its piece was not taken yet
	drained bool       // the upstream's end was read
	once    sync.Once

	scorer *scorer
	gate   *gate   // the policy Withhold; nil: no text is held, or no longer
	sequel *sequel // the other model's answer, which follows the first one; nil: there is none
	phase  phase

	buf      []byte // bytes of the stream that no event has taken, in buffers.store
	*buffers        // nil once the answer has ended
	base     int64  // the offset of buf in the stream
	inPart   bool   // buf begins in the middle of an event, of which a part was sent
	lineSent bool   // Ollama: the line before buf was sent with an LF, and the upstream's LF has not come yet
	writer   writer

	at     int    // bytes of out that were read
	member []byte // reused for each envelope
	latest event  // the last event of the stream
	named  *named // set once the first chunk has come
	err    error  // returned when all of out was read

	begun    bool         // an event was sent
	partial  bool         // only a part of the last event was sent
	closed   bool         // an event with a finish_reason was sent
	seen     map[int]bool // choices that occurred in an event
	ended    map[int]bool // choices whose finish_reason has come
	cut      map[int]bool // choices that the policy has ended
	ending   []*event     // Annotate: events without text that end the answer and wait for records
	done     *event       // while settling: the event that ends the stream
	tail     []byte       // while settling: the last bytes of a stream that no event ends
	unscored bool         // the client was told that the rest is not scored
	failure  error        // the upstream's error, returned after tail
	alarm    alarm

	carrierDue, settleDue, heldDue, endingDue time.Time
}

type phase uint8

const (
	flowing   phase = iota
	settling        // the upstream has ended, and estimates are pending
	passing         // the rest passes unread
	replacing       // the rest of the first answer is not sent: the sequel is
	over
)

// newBody returns the body of an answer. It fails if no session can be opened.
func newBody(ctx context.Context, c *Config, config host.Config, upstream io.ReadCloser, r *request) (*body, error) {
	b := &body{
		config: c, ctx: ctx, upstream: upstream, request: r, deadline: r.deadline,
		pieces: make(chan piece, 1),
		writer: r.surface.writer(r), seen: map[int]bool{}, ended: map[int]bool{}, cut: map[int]bool{},
	}
	policy := c.rule.begin(c, r)
	b.gate, _ = policy.(*gate)
	s, err := newScorer(ctx, c, config, policy, b.framed, r.sample)
	if err != nil {
		return nil, err
	}
	b.scorer, b.alarm = s, newAlarm(c.clock, never)
	b.buffers = answerBuffers.Get().(*buffers)
	b.store, b.out = b.store[:0], b.out[:0]
	return b, nil
}

// next returns bytes for the client as soon as there are any. They are valid until the next
// call.
func (b *body) next() ([]byte, error) {
	for b.buffers != nil && b.at == len(b.out) {
		if b.err != nil {
			b.release()
			break
		}
		b.deadline(time.Time{}) // HTTP/2 enforces a deadline even while nothing is written
		b.out, b.at = b.out[:0], 0
		b.step()
	}
	if b.buffers == nil {
		return nil, b.err
	}
	b.deadline(time.Now().Add(b.config.WriteTimeout))
	return b.out[b.at:], nil
}

// Read implements io.Reader. It copies what next returns.
func (b *body) Read(p []byte) (int, error) {
	out, err := b.next()
	n := copy(p, out)
	b.at += n
	return n, err
}

// copyTo copies the whole body to w and flushes each piece.
func (b *body) copyTo(w io.Writer, flush func()) error {
	for {
		out, err := b.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := w.Write(out); err != nil {
			return err
		}
		b.at += len(out)
		flush()
	}
}

// Close ends the request to the upstream and the session.
func (b *body) Close() (err error) {
	b.once.Do(func() {
		b.alarm.Stop()
		err = b.upstream.Close()
		b.scorer.close()
	})
	return err
}

// step waits for bytes, a reply, a time limit or the client to disconnect, and handles the first
// of them.
func (b *body) step() {
	readable, due := b.phase != settling && !b.drained, b.untilDue()
	if readable && !b.reading && due == never && !b.scorer.pending() {
		b.piece(readPiece(b.upstream)) // no reply and no limit can come first; a client that disconnects ends the read
	} else {
		b.await(readable, due)
	}
	switch b.phase {
	case replacing:
		b.replace()
	case over:
		b.Close()
	}
}

// await is step with a second goroutine, which reads if readable. due is the time until the next
// limit.
func (b *body) await(readable bool, due time.Duration) {
	if readable && !b.reading {
		b.reading = true
		pieces, from := b.pieces, b.upstream
		go func() { pieces <- readPiece(from) }()
	}
	pieces := b.pieces
	if !readable {
		pieces = nil
	}
	b.alarm.Reset(due)
	select {
	case p := <-pieces:
		b.reading = false
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

// never stands for the time until the next limit if there is none.
const never = time.Hour

func (b *body) untilDue() time.Duration {
	least := never
	for _, t := range []time.Time{b.carrierDue, b.settleDue, b.heldDue, b.endingDue} {
		if !t.IsZero() {
			least = min(least, max(t.Sub(b.config.clock.now()), 0))
		}
	}
	return least
}

func isDue(t, now time.Time) bool { return !t.IsZero() && !now.Before(t) }

// due handles the time limits that have passed. The limit on held text comes first, since it may
// end the stream.
func (b *body) due(now time.Time) {
	if isDue(b.heldDue, now) {
		b.heldDue = time.Time{}
		if b.overLimit(heldLong); b.phase == over {
			return
		}
	}
	if isDue(b.settleDue, now) {
		b.settleDue = time.Time{}
		b.scorer.late()
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

// piece handles bytes, the end or an error of the upstream.
func (b *body) piece(p piece) {
	if data := (*p.buf)[:p.n]; b.phase == passing {
		b.out = append(b.out, b.lf(data)...)
	} else {
		b.read(data)
	}
	pieceBuffers.Put(p.buf)
	if p.err == nil {
		return
	}
	b.drained = true
	switch {
	case b.ctx.Err() != nil:
		b.finish(b.ctx.Err())
	case b.phase == settling:
		b.failure = p.err
	case b.phase == passing:
		b.finish(p.err)
	case b.phase == flowing && p.err == io.EOF:
		rest := b.buf
		b.buf = nil
		b.settle(rest)
	case b.phase == flowing:
		b.broken(p.err)
	}
}

// read gives the session the next bytes. Of one event it gives at most one byte more than
// MaxEvent at a time, so that a part of a larger event is sent before the rest is read.
func (b *body) read(data []byte) {
	for len(data) > 0 && b.phase == flowing {
		n := min(len(data), writeSize, b.config.MaxEvent+1-len(b.buf))
		b.write(data[:n])
		data = data[n:]
	}
	switch b.phase {
	case passing:
		b.out = append(b.out, b.lf(data)...)
	case settling:
		b.buf = append(b.buf, b.lf(data)...)
	}
}

// write gives bytes to the session, which calls framed for each event that they complete.
func (b *body) write(data []byte) {
	if b.sequel == nil {
		kept := b.lf(data)
		b.base += int64(len(data) - len(kept))
		b.extend(kept)
	}
	b.scorer.write(data)
	switch {
	case b.phase != flowing:
	case b.scorer.lost() != nil:
		b.scored()
	case b.scorer.stream.Ended():
		if b.gate != nil && b.base == 0 { // the stream was one JSON document, without events
			b.gate.push(&event{raw: b.take(len(b.buf), false)}, true, b.config.clock.now())
		}
		b.settle(nil)
	case len(b.buf) > b.config.MaxEvent:
		b.part()
	}
}

// part handles the beginning of an event that is over the limit.
func (b *body) part() {
	b.event(&event{raw: b.take(b.config.MaxEvent, true), part: true, partial: true, Frame: stream.Frame{Brace: -1}})
}

// framed takes an event that the session has read.
func (b *body) framed(f *stream.Frame, said []stream.Said) {
	if b.phase != flowing {
		return
	}
	if int(f.End-b.base) > b.config.MaxEvent {
		if b.part(); b.phase != flowing {
			return
		}
	}
	base, n := b.base, int(f.End-b.base)
	if b.inPart {
		b.event(&event{raw: b.take(n, false), part: true, Frame: stream.Frame{Brace: -1}})
		return
	}
	if n == 0 { // the LF of the last line
		return
	}
	b.latest = newEvent(f, said, b.take(n, false), base, &b.request.asked, b.request.surface)
	e := &b.latest
	b.takeLF(e)
	b.scorer.stripped += e.removed()
	for _, s := range e.said {
		b.seen[s.Choice] = true
	}
	if e.is(stream.FrameBare) {
		e.Is, e.Brace, e.said, e.edits, e.partial = 0, -1, nil, nil, true
	}
	if e.carrier() {
		b.writer.came(e)
	}
	b.event(e)
}

// take removes n bytes from buf: an event, or a part of one if more parts follow.
func (b *body) take(n int, more bool) (raw []byte) {
	raw, b.buf = b.buf[:n:n], b.buf[n:]
	b.base += int64(n)
	b.inPart = more
	return raw
}

// event handles the upstream's next event, or a part of it.
func (b *body) event(e *event) {
	switch {
	case b.scorer.failed && b.gate != nil:
		b.failed(e)
	case b.scorer.failed:
		b.sendEnding()
		b.send(e)
		b.pass()
	case e.is(stream.FrameDone) && (b.gate == nil || !e.content()):
		if b.gate == nil {
			b.ends(e) // notes the choice that it ends
		}
		b.done = e.keep()
	case b.gate != nil:
		b.gate.push(e, b.scorer.unread, b.config.clock.now())
		b.scorer.unread = false
		if b.scored(); b.gate != nil && b.phase == flowing && b.gate.bytes > b.config.MaxHeld {
			b.overLimit(heldMuch)
		}
	case b.dropped(e):
		b.scored()
	case !e.part && b.ends(e):
		b.ending = append(b.ending, e.keep())
		if b.endingDue.IsZero() {
			b.endingDue = b.config.clock.now().Add(b.config.endDelay())
		}
		b.scored()
	default:
		b.sendEnding()
		b.send(e)
		b.scored()
	}
}

// scored acts on new records of the session: it releases events, ends the stream, or sets the
// time by which the records are sent.
func (b *body) scored() {
	if b.scorer.lost() != nil && (b.phase == flowing || b.phase == settling) && !b.lost() {
		return
	}
	switch {
	case b.gate == nil:
	case b.scorer.skipped():
		b.unhold()
	default:
		b.open()
	}
	for _, d := range b.scorer.cutOff() {
		if b.phase == flowing || b.phase == settling {
			b.end(d)
		}
	}
	switch {
	case b.phase == over:
	case b.phase == settling:
		b.settled()
	case b.phase != flowing || !b.scorer.hasNews():
	case b.config.Carrier == Comment:
		b.tell()
	default:
		b.tellSoon()
	}
}
