package model

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/session"
)

// Session is what an [Exchange] needs of a session; host.Session has it.
type Session interface {
	Request(dst []byte, id uint32) ([]byte, error)
	Resolve(id uint32, reply []byte) ([]session.Event, error)
	Fail(id uint32, why session.Reason) ([]session.Event, error)
}

// Reply is what came of one request. Hand it to [Exchange.Settle].
type Reply struct {
	ID   uint32
	Body []byte
	Err  error // an [*Error]
}

// Limits bound what one session may ask for at once. Zeros are defaults.
type Limits struct {
	Flying  int // requests of this session in flight; default 4
	Waiting int // requests that wait for one of these to return; default unlimited
}

// Exchange ties a session to a confidence model. All its methods are for the one
// goroutine that owns the session.
type Exchange struct {
	post    Post
	session Session
	handle  func([]session.Event)
	limits  Limits

	ctx     context.Context
	cancel  context.CancelFunc
	waiting []ask
	flying  map[uint32]bool
	replies chan Reply
	failed  []error
}

type ask struct {
	id   uint32
	kind position.Kind
}

const defaultFlying = 4

// Post sends the body of a request to a confidence model and returns the reply's,
// as [Client.Post] does. Several goroutines call it at once.
type Post func(ctx context.Context, body []byte) ([]byte, error)

// Exchange is [NewExchange] for a client.
func (c *Client) Exchange(ctx context.Context, s Session, limits Limits, handle func([]session.Event)) *Exchange {
	return NewExchange(ctx, c.Post, s, limits, handle)
}

// NewExchange makes the exchange of one session, whose events go to handle. When
// ctx is done, so are its requests, as cancelled.
func NewExchange(ctx context.Context, post Post, s Session, limits Limits, handle func([]session.Event)) *Exchange {
	limits.Flying = orDefault(limits.Flying, defaultFlying)
	ctx, cancel := context.WithCancel(ctx)
	return &Exchange{
		post: post, session: s, handle: handle, limits: limits, ctx: ctx, cancel: cancel,
		flying:  map[uint32]bool{},
		replies: make(chan Reply, limits.Flying),
	}
}

// Handle takes the events of a call of the session: first they are handed on,
// then every Ask among them becomes a request.
func (x *Exchange) Handle(events []session.Event) error {
	// Making requests is the session's next call, which ends the events' lives.
	var asks []ask
	for i := range events {
		if events[i].Kind == session.Ask {
			asks = append(asks, ask{events[i].ID, events[i].Position.Kind})
		}
	}
	x.handle(events)
	x.waiting = append(x.waiting, asks...)
	if err := x.send(); err != nil {
		return err
	}
	return x.supersede()
}

// Replies delivers what came of the requests.
func (x *Exchange) Replies() <-chan Reply { return x.replies }

// Pending is how many requests wait or are in flight.
func (x *Exchange) Pending() int { return len(x.waiting) + len(x.flying) }

// Failures returns the errors of the requests that failed since the last call.
func (x *Exchange) Failures() []error {
	failed := x.failed
	x.failed = nil
	return failed
}

// Settle hands a reply to the session, and what follows from it on.
func (x *Exchange) Settle(r Reply) error {
	delete(x.flying, r.ID)
	var err error
	if r.Err != nil {
		x.failed = append(x.failed, r.Err)
		err = x.fail(r.ID, ReasonOf(r.Err))
	} else {
		err = x.events(x.session.Resolve(r.ID, r.Body))
	}
	if err != nil {
		return err
	}
	return x.send()
}

// Drain settles until nothing is pending. A ctx that is done ends it early, and
// what is pending is then cancelled.
func (x *Exchange) Drain(ctx context.Context) error {
	for x.Pending() > 0 {
		select {
		case r := <-x.replies:
			if err := x.Settle(r); err != nil {
				return err
			}
		case <-ctx.Done():
			return x.Abandon(session.Cancelled)
		}
	}
	return nil
}

// Abandon fails every pending position for the reason given and stops the
// requests.
func (x *Exchange) Abandon(why session.Reason) error {
	x.cancel()
	for _, a := range x.waiting {
		if err := x.fail(a.id, why); err != nil {
			return err
		}
	}
	x.waiting = nil
	for _, id := range slices.Sorted(maps.Keys(x.flying)) {
		if err := x.fail(id, why); err != nil {
			return err
		}
	}
	clear(x.flying)
	return nil
}

// Close stops the requests that are still in flight.
func (x *Exchange) Close() { x.cancel() }

// send starts requests while there is room.
func (x *Exchange) send() error {
	for len(x.waiting) > 0 && len(x.flying) < x.limits.Flying {
		a := x.waiting[0]
		x.waiting = x.waiting[1:]
		body, err := x.session.Request(nil, a.id)
		if errors.Is(err, session.ErrUnknownAsk) {
			continue // given up meanwhile
		}
		if err != nil {
			return err
		}
		x.flying[a.id] = true
		go func() {
			reply, err := x.post(x.ctx, body)
			x.replies <- Reply{a.id, reply, err}
		}()
	}
	return nil
}

// supersede fails the oldest waiting requests over the limit. The question and
// the whole answer are never stale.
func (x *Exchange) supersede() error {
	if x.limits.Waiting == 0 {
		return nil
	}
	over := len(x.waiting) - x.limits.Waiting
	kept := x.waiting[:0]
	var stale []uint32
	for _, a := range x.waiting {
		if over > 0 && a.kind&(position.Question|position.End) == 0 {
			stale = append(stale, a.id)
			over--
			continue
		}
		kept = append(kept, a)
	}
	x.waiting = kept
	for _, id := range stale {
		if err := x.fail(id, session.Superseded); err != nil {
			return err
		}
	}
	return nil
}

func (x *Exchange) fail(id uint32, why session.Reason) error {
	return x.events(x.session.Fail(id, why))
}

// events hands on what a settled request changed. One that the session gave up
// in the meantime changes nothing.
func (x *Exchange) events(events []session.Event, err error) error {
	if errors.Is(err, session.ErrUnknownAsk) {
		return nil
	}
	if err != nil {
		return err
	}
	x.handle(events)
	return nil
}
