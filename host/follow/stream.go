package follow

import (
	"context"
	"errors"
	"io"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// Follower follows streams. It is safe for concurrent use.
type Follower struct {
	Engine host.Engine
	Client *model.Client // the confidence model; nil if there is none
	// Post, if set, asks the confidence model instead of Client. It may, for example, take
	// replies from a store.
	Post model.Post
	// Samples says that Post belongs to the estimator samples (package host/samples).
	Samples bool
	Limits  model.Limits // of the requests of one stream; start from model.DefaultLimits
}

// Handler receives the results of a stream. Its functions are called during the calls
// of a [Stream], in the order of the stream.
type Handler struct {
	// Record gets each record: *record.Position, *record.Confidence, *record.Fault
	// and *record.End. It may keep them.
	Record func(record.Record)
	// Text gets the text as it arrives. The slice is valid during the call only. If Text
	// is nil, the session reports no text.
	Text func(choice int, segment position.Segment, text []byte)
	// Frame gets each event of the stream, after the text and the records of the event. said
	// describes each choice in the event. Both are valid during the call only. If Frame is nil,
	// the session reports no events.
	Frame func(f *stream.Frame, said []stream.Said)
	// Usage gets the provider's token counts, over all choices; -1 is unknown. It may be nil.
	Usage func(u *stream.Usage)
	// Sample samples up to n continuations of the first choice's answer so far, each up to the
	// end of the answer. It is called on goroutines of its own. When ctx ends, the continuations
	// are no longer needed. If Sample is nil, the fusion width is at most 1.
	Sample func(ctx context.Context, soFar string, n int) (continuations []string)
	// Failed gets the error of each failed request to the confidence model. It may be
	// nil.
	Failed func(error)
}

// Stream is one stream being followed. It is not safe for concurrent use: all
// calls belong to one goroutine.
type Stream struct {
	follower *Follower
	handler  Handler
	session  host.Session
	exchange *model.Exchange // nil if there is no confidence model
	builder  *record.Builder
	said     []stream.Said // the choices of the event whose Frame comes next
	rollouts *rollouts     // nil if no continuations are sampled
	over     bool
	lost     error
}

// Open starts to follow a stream. The end of ctx cancels the requests to the confidence
// model and nothing else. An error means that the configuration is wrong or that the
// engine failed.
func (f *Follower) Open(ctx context.Context, c host.Config, h Handler) (*Stream, error) {
	s := &Stream{follower: f, handler: h}
	h.prepare(&c)
	opened, events, err := f.Engine.Open(c)
	if err != nil {
		return nil, err
	}
	s.session = opened
	if err := s.begin(ctx, &c, events); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Reset starts to follow another stream, as Open does. It costs less than Open, because it
// reuses the session's instance and memory. Requests in flight are cancelled. A lost stream
// cannot be reset: Reset returns its error.
func (s *Stream) Reset(ctx context.Context, c host.Config, h Handler) error {
	if s.lost != nil {
		return s.lost
	}
	h.prepare(&c)
	events, err := s.session.Reset(c)
	if err != nil {
		return err
	}
	if s.exchange != nil {
		s.exchange.Close()
	}
	s.handler, s.over = h, false
	return s.begin(ctx, &c, events)
}

// prepare makes the session report what the handler needs.
func (h *Handler) prepare(c *host.Config) {
	c.Text, c.Frames = h.Text != nil, h.Frame != nil
	if h.Sample == nil || c.Estimator != session.Model {
		c.Fusion.Width = min(c.Fusion.Width, 1)
	} else if c.Fusion.Width > 1 {
		c.Text = true
	}
}

// begin takes the first events of a session.
func (s *Stream) begin(ctx context.Context, c *host.Config, events []host.Event) error {
	s.builder = record.NewBuilder(c.Model.Name)
	s.builder.Samples = s.follower.Samples
	s.exchange, s.rollouts = nil, nil
	post := s.follower.Post
	if post == nil && s.follower.Client != nil {
		post = s.follower.Client.Post
	}
	if post != nil {
		s.exchange = model.NewExchange(ctx, post, s.session, s.follower.Limits, s.handle)
		s.rollouts = newRollouts(c, s.handler.Sample)
	}
	return s.take(events, nil)
}

// Write takes the next bytes of the stream, cut anywhere. The error is that of a
// lost core, or session.ErrEnded after End.
func (s *Stream) Write(p []byte) error {
	if s.lost != nil {
		return s.lost
	}
	return s.take(s.session.Write(p))
}

// End marks the end of the stream's bytes. Replies may still be settled afterwards.
func (s *Stream) End() error {
	if s.lost != nil {
		return s.lost
	}
	return s.take(s.session.End())
}

// Ended reports whether the stream's end marker has come, or an error that ends the stream. End
// can then be called even if the server keeps the connection open.
func (s *Stream) Ended() bool { return s.over }

// Lost returns the error of a lost core, or nil.
func (s *Stream) Lost() error { return s.lost }

// Replies returns the channel of replies, for Settle. It is nil, which blocks forever, if there
// is no confidence model or the core was lost.
func (s *Stream) Replies() <-chan model.Reply {
	if s.exchange == nil || s.lost != nil {
		return nil
	}
	return s.exchange.Replies()
}

// Settle takes a reply.
func (s *Stream) Settle(r model.Reply) error {
	if s.lost != nil {
		return s.lost
	}
	return s.check(s.exchange.Settle(r))
}

// Pending returns the number of requests without a reply plus that of continuations without an estimate.
func (s *Stream) Pending() int {
	if s.exchange == nil || s.lost != nil {
		return 0
	}
	return s.exchange.Pending() + s.exchange.Rolling()
}

// Rolling returns how many of Pending are continuations.
func (s *Stream) Rolling() int {
	if s.exchange == nil || s.lost != nil {
		return 0
	}
	return s.exchange.Rolling()
}

// Drain settles replies until none is pending. If ctx ends before that, it abandons the
// remaining ones for the reason given.
func (s *Stream) Drain(ctx context.Context, why session.Reason) error {
	for s.Pending() > 0 {
		select {
		case r := <-s.Replies():
			if err := s.Settle(r); err != nil {
				return err
			}
		case <-ctx.Done():
			return s.Abandon(why)
		}
	}
	return s.lost
}

// Stop ends all requests to the confidence model. Positions without a confidence, and later
// positions, become unavailable for the reason given. The functions of the [Handler] may call
// it.
func (s *Stream) Stop(why session.Reason) {
	if s.exchange != nil {
		s.exchange.Stop(why)
	}
}

// Abandon stops waiting for pending replies. Their positions, and later positions, become
// unavailable for the reason given.
func (s *Stream) Abandon(why session.Reason) error {
	if s.exchange == nil || s.lost != nil {
		return s.lost
	}
	return s.check(s.exchange.Abandon(why))
}

// Copy writes all of r, ends the stream and drains it. If ctx ends, Copy stops reading,
// scores what it has read as a stream that broke off, and cancels pending replies. It
// does not interrupt a Read that blocks. The error is r's, a lost core's or ctx's.
func (s *Stream) Copy(ctx context.Context, r io.Reader) error {
	var unread error
	for buf := make([]byte, 32<<10); unread == nil && ctx.Err() == nil; {
		n, err := r.Read(buf)
		if err := s.Write(buf[:n]); err != nil {
			return err
		}
		if err := s.settleReady(); err != nil {
			return err
		}
		unread = err
	}
	if unread == io.EOF {
		unread = nil
	}
	if err := s.End(); err != nil {
		return errors.Join(unread, err)
	}
	return errors.Join(unread, s.Drain(ctx, session.Cancelled), ctx.Err())
}

// settleReady takes the replies that have come, without waiting.
func (s *Stream) settleReady() error {
	for {
		select {
		case r := <-s.Replies():
			if err := s.Settle(r); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// Close cancels the requests in flight and releases the session.
func (s *Stream) Close() error {
	if s.exchange != nil {
		s.exchange.Close()
	}
	return s.session.Close()
}

// take handles the result of a call of the session.
func (s *Stream) take(events []host.Event, err error) error {
	switch {
	case err != nil:
	case s.exchange == nil:
		s.handle(events)
	default:
		err = s.exchange.Handle(events)
	}
	return s.check(err)
}

// check reports failed requests, and handles the loss of the core.
func (s *Stream) check(err error) error {
	if s.exchange != nil {
		for _, failed := range s.exchange.Failures() {
			if s.handler.Failed != nil {
				s.handler.Failed(failed)
			}
		}
	}
	if err == nil || errors.Is(err, session.ErrEnded) {
		return err
	}
	s.lost = err
	if s.exchange != nil {
		s.exchange.Close()
	}
	for _, r := range s.builder.Unavailable(nil, session.CoreLost) {
		s.handler.Record(r)
	}
	return err
}

// handle takes events of the session.
func (s *Stream) handle(events []host.Event) {
	s.builder.Each(events, func(e *host.Event, r record.Record) {
		switch {
		case r != nil:
			s.handler.Record(r)
			s.rollouts.record(s.exchange, r)
		case e.Kind == session.Text:
			s.rollouts.text(e.Choice, e.Segment, e.Text)
			if s.handler.Text != nil {
				s.handler.Text(e.Choice, e.Segment, e.Text)
			}
		case e.Kind == session.Usage && s.handler.Usage != nil:
			s.handler.Usage(&e.Usage)
		case e.Kind == session.Said:
			s.said = append(s.said, e.Said)
		case e.Kind == session.Framed && s.handler.Frame != nil:
			s.handler.Frame(&e.Frame, s.said)
			s.said = s.said[:0]
		case e.Kind == session.Ended:
			s.over = true
		}
	})
}
