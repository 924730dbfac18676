package model

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/defaults"
	"github.com/finece/finece/wasm/session"
)

// Session is the part of a host.Session that an [Exchange] uses.
type Session interface {
	Request(dst []byte, id uint32) ([]byte, error)
	Resolve(id uint32, reply []byte) ([]session.Event, error)
	Fail(id uint32, why session.Reason) ([]session.Event, error)
}

// Reply is the outcome of one request. Give it to [Exchange.Settle].
type Reply struct {
	ID   uint32
	Body []byte
	Err  error // an [*Error]
}

// Limits are for the requests of one session. Start from [DefaultLimits].
type Limits struct {
	Flying  int // requests of this session in flight; at least 1
	Waiting int // requests that wait to be sent; beyond it, the oldest are given up
}

// DefaultLimits lets any number of requests wait.
func DefaultLimits() Limits { return Limits{Flying: defaults.ModelFlying, Waiting: math.MaxInt} }

// Exchange connects a session to a confidence model. Only the goroutine that owns the
// session calls its methods.
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

// Post sends the body of a request to a confidence model and returns the reply's,
// as [Client.Post] does. Several goroutines call it at once.
type Post func(ctx context.Context, body []byte) ([]byte, error)

// Exchange is [NewExchange] for a client.
func (c *Client) Exchange(ctx context.Context, s Session, limits Limits, handle func([]session.Event)) *Exchange {
	return NewExchange(ctx, c.Post, s, limits, handle)
}

// NewExchange makes the exchange of one session. It passes the session's events to
// handle. When ctx is done, its requests fail as cancelled.
func NewExchange(ctx context.Context, post Post, s Session, limits Limits, handle func([]session.Event)) *Exchange {
	limits.Flying = max(limits.Flying, 1)
	ctx, cancel := context.WithCancel(ctx)
	return &Exchange{
		post: post, session: s, handle: handle, limits: limits, ctx: ctx, cancel: cancel,
		flying:  map[uint32]bool{},
		replies: make(chan Reply, limits.Flying),
	}
}

// Handle takes the events of a call of the session. It passes them to the exchange's
// handle function, then sends a request for every Ask among them.
func (x *Exchange) Handle(events []session.Event) error {
	// Building a request calls the session again, and then the events are not valid.
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

// Replies delivers the outcomes of the requests.
func (x *Exchange) Replies() <-chan Reply { return x.replies }

// Pending is how many requests wait or are in flight.
func (x *Exchange) Pending() int { return len(x.waiting) + len(x.flying) }

// Failures returns the errors of the requests that failed since the last call.
func (x *Exchange) Failures() []error {
	failed := x.failed
	x.failed = nil
	return failed
}

// Settle gives a reply to the session and passes on the events that follow.
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

// Drain settles replies until no request is pending. If ctx is done before, the pending
// requests are cancelled.
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
			continue // the session no longer wants it
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

// supersede fails the oldest waiting requests over the limit. Requests about the
// question and the whole answer are never dropped.
func (x *Exchange) supersede() error {
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

// events passes on the events of a settled request. A request that the session no
// longer wants has none.
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
