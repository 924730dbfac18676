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

// Limits bound the requests of one session. Start from [DefaultLimits].
type Limits struct {
	Flying  int // requests of this session in flight; at least 1
	Waiting int // the most requests that wait to be sent; if there are more, the oldest are given up
	// InOrder sends the requests of positions in the order of the text, for a caller whose
	// text waits for them. Otherwise the newest position comes first.
	InOrder bool
	// QuestionFirst sends no other request until the request about the question has an outcome,
	// for a caller that may then stop: see [Exchange.Stop].
	QuestionFirst bool
}

// DefaultLimits returns the default Flying and no limit on Waiting.
func DefaultLimits() Limits { return Limits{Flying: defaults.ModelFlying, Waiting: math.MaxInt} }

// Exchange connects a session to a confidence model. Only the goroutine that owns the
// session calls its methods.
//
// A request about a whole answer goes first, and may exceed Limits.Flying by one. The others
// follow as Limits.InOrder says. If the session gives up a position, its request in flight is
// cancelled.
//
// These limits do not apply to requests about sampled continuations: see [Exchange.Roll].
type Exchange struct {
	post    Post
	session Session
	handle  func([]session.Event)
	limits  Limits

	ctx     context.Context
	cancel  context.CancelFunc
	waiting []ask // in the order in which they were asked
	flying  map[uint32]*flight
	rolls   []roll         // continuations that are not sampled yet
	rolling map[uint32]int // how many continuations of a position are being sampled or asked about, by their id
	replies chan Reply
	failed  []error
	over    session.Reason // why nothing more is asked; NoReason while requests are sent
}

type ask struct {
	id   uint32
	kind position.Kind
	at   place
}

// place identifies a position by its choice and its index.
type place struct{ choice, index int }

// question reports whether the position is p(0).
func (p place) question() bool { return p.index == 0 }

// flight is a request in flight.
type flight struct {
	at     place
	cancel context.CancelFunc
	stale  bool // the session has given it up
}

// Post sends the body of a request to a confidence model and returns the reply's body, as
// [Client.Post] does. Several goroutines call it at once.
type Post func(ctx context.Context, body []byte) ([]byte, error)

// Exchange makes an exchange with this client's Post: see [NewExchange].
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
		flying:  map[uint32]*flight{},
		rolling: map[uint32]int{},
		replies: make(chan Reply, limits.Flying+1),
	}
}

// Handle takes the events of a call of the session. It passes them to the exchange's handle
// function. Each Ask event among them becomes a request.
func (x *Exchange) Handle(events []session.Event) error {
	// Building a request calls the session again, which makes the events invalid.
	var asks []ask
	for i := range events {
		if events[i].Kind == session.Ask {
			asks = append(asks, ask{events[i].ID, events[i].Position.Kind, place{events[i].Choice, events[i].Position.Index}})
		}
	}
	x.ground(events)
	x.handle(events)
	x.waiting = append(x.waiting, asks...)
	if err := x.send(); err != nil {
		return err
	}
	return x.supersede()
}

// ground cancels the requests in flight about positions that the events give up.
func (x *Exchange) ground(events []session.Event) {
	for i := range events {
		e := &events[i]
		if e.Kind != session.Confidence || e.State != session.Unavailable {
			continue
		}
		for _, f := range x.flying {
			if f.at == (place{e.Choice, e.Position.Index}) {
				f.stale = true
				f.cancel()
			}
		}
	}
}

// Replies delivers the outcomes of the requests.
func (x *Exchange) Replies() <-chan Reply { return x.replies }

// Pending returns how many requests wait or are in flight, without those about continuations.
func (x *Exchange) Pending() int { return len(x.waiting) + len(x.flying) }

// Failures returns the errors of the requests that failed since the last call.
func (x *Exchange) Failures() []error {
	failed := x.failed
	x.failed = nil
	return failed
}

// Settle gives a reply to the session and passes on the events that follow.
func (x *Exchange) Settle(r Reply) error {
	f := x.flying[r.ID]
	delete(x.flying, r.ID)
	if n := x.rolling[r.ID]; n > 1 {
		x.rolling[r.ID] = n - 1
	} else {
		delete(x.rolling, r.ID)
	}
	var err error
	switch {
	case f != nil && f.stale:
	case r.Err == ErrNotSampled:
		err = x.fail(r.ID, session.Cancelled)
	case r.Err != nil:
		x.failed = append(x.failed, r.Err)
		err = x.fail(r.ID, ReasonOf(r.Err))
	default:
		err = x.events(x.session.Resolve(r.ID, r.Body))
	}
	if err != nil {
		return err
	}
	return x.send()
}

// Drain settles replies until no request is pending, including those about
// continuations. If ctx is done before, the pending requests are cancelled.
func (x *Exchange) Drain(ctx context.Context) error {
	for x.Pending()+x.Rolling() > 0 {
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

// Stop makes the next call of a method end all requests. Pending and later positions
// fail for the reason given. The exchange's handle function may call it.
func (x *Exchange) Stop(why session.Reason) { x.over = why }

// Abandon fails every pending position for the reason given and stops the
// requests. Positions to come fail, too.
func (x *Exchange) Abandon(why session.Reason) error {
	x.over = why
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
	return x.unroll(why)
}

// Close stops the requests that are still in flight.
func (x *Exchange) Close() { x.cancel() }

// send starts requests while there is room.
func (x *Exchange) send() error {
	if x.over != session.NoReason {
		return x.Abandon(x.over)
	}
	for {
		i := x.next()
		if i < 0 {
			return x.roll()
		}
		a := x.waiting[i]
		x.waiting = slices.Delete(x.waiting, i, i+1)
		body, err := x.session.Request(nil, a.id)
		if errors.Is(err, session.ErrUnknownAsk) {
			continue // the session no longer needs the estimate
		}
		if err != nil {
			return err
		}
		ctx, cancel := context.WithCancel(withTurn(x.ctx, turnOf(a.kind, x.limits.InOrder)))
		x.flying[a.id] = &flight{at: a.at, cancel: cancel}
		go func() {
			defer cancel()
			reply, err := x.post(ctx, body)
			x.replies <- Reply{a.id, reply, err}
		}()
	}
}

// next returns the index of the request to send next, or -1 if there is none or no room.
func (x *Exchange) next() int {
	if x.limits.QuestionFirst {
		if i := slices.IndexFunc(x.waiting, func(a ask) bool { return a.at.question() }); i >= 0 {
			return i
		}
		for _, f := range x.flying {
			if f.at.question() {
				return -1
			}
		}
	}
	for i, a := range x.waiting {
		if a.kind&position.End != 0 && len(x.flying) <= x.limits.Flying {
			return i
		}
	}
	switch {
	case len(x.waiting) == 0 || len(x.flying) >= x.limits.Flying:
		return -1
	case x.limits.InOrder:
		return 0
	}
	return len(x.waiting) - 1
}

// supersede fails the oldest waiting requests beyond Limits.Waiting. Requests about the question
// and the whole answer are never dropped.
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

// events passes on the events of a settled request. A request that the session no longer needs
// has none.
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
