package gateway

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/finece/finece/host/model"
	"github.com/finece/finece/wasm/session"
)

const (
	// breakerLimit is the number of failed answers in a row that opens the breaker.
	breakerLimit = 3
	// breakerCalls is the number of failed requests in a row that opens the breaker, even within
	// one answer.
	breakerCalls = 10
	// breakerReplies is the number of last replies that count: the breaker opens if more than
	// half were late.
	breakerReplies = 15
	// breakerPause is how long the breaker stays open before an answer may try again.
	breakerPause = 30 * time.Second
)

// breaker decides whether the confidence model is asked. It opens after breakerLimit
// answers in a row whose last estimates failed or did not come in time, after breakerCalls
// failed requests in a row, and when the median of the last breakerReplies replies took
// longer than the end of an answer waits. While the breaker is open, nothing is asked and no
// answer waits. After breakerPause the requests of one answer are sent as a probe: the first
// outcome closes the breaker or opens it again. All answers of a handler share one breaker.
type breaker struct {
	clock  clock
	report func(string, error)

	mu       sync.Mutex
	answers  int // answers that have failed in a row
	calls    int // requests that have failed in a row
	replies  int // replies counted in late
	late     [breakerReplies]bool
	why      session.Reason // of the last failure
	opened   bool
	unsaid   bool      // the breaker has opened, and this was not reported yet
	until    time.Time // when a probe may begin
	probedBy *asker    // the answer whose requests are the probe
}

// asker asks the confidence model for one answer.
type asker struct {
	b        *breaker
	post     model.Post
	patience time.Duration // how long the end of the answer waits
	spent    func(tokens int64)

	asked bool // a request was sent. breaker.mu guards it
	over  bool // the answer's outcome is known
}

// errNotAsked is the cause of the error of a request that was not sent, because the breaker
// is open.
var errNotAsked = errors.New("gateway: the confidence model is not asked")

// ask is the model.Post of the answer.
func (a *asker) ask(ctx context.Context, body []byte) ([]byte, error) {
	b := a.b
	if why, ok := b.admits(a); !ok {
		return nil, &model.Error{Reason: why, Detail: "not asked, because it has failed or was late", Err: errNotAsked}
	}
	begin := b.clock.now()
	reply, err := a.post(model.WithSpent(ctx, a.spent), body)
	b.replied(a, err, b.clock.now().Sub(begin) > a.patience)
	return reply, err
}

// admits reports whether an answer may ask, or else why the breaker is open.
func (b *breaker) admits(a *asker) (why session.Reason, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.lets(a) {
		return b.why, false
	}
	if b.opened {
		b.probedBy = a
	}
	a.asked = true
	return 0, true
}

// lets reports whether an answer may ask, or may become the probe.
func (b *breaker) lets(a *asker) bool {
	return !b.opened || b.probedBy == a || b.probedBy == nil && !a.over && !b.clock.now().Before(b.until)
}

// replied counts the outcome of one request.
func (b *breaker) replied(a *asker, err error, late bool) {
	why, failed := failureOf(err)
	if why == session.Cancelled {
		return
	}
	b.mu.Lock()
	defer b.unlock()
	if failed {
		b.why = why
		if b.calls++; b.calls >= breakerCalls || b.probedBy == a {
			b.open()
		}
		return
	}
	b.calls = 0
	b.late[b.replies%breakerReplies] = late
	b.replies++
	switch slow := b.slow(); {
	case b.probedBy == a && late, b.probedBy == nil && slow:
		b.why = session.Timeout
		b.open()
	case b.probedBy == a:
		b.close()
	}
}

// failureOf reports whether an error counts as a failure of the model. A request that the
// model's server refuses as wrong, such as a prompt that is too long, says nothing about other
// requests.
func failureOf(err error) (why session.Reason, failed bool) {
	if err == nil {
		return 0, false
	}
	var e *model.Error
	if errors.As(err, &e) {
		switch e.Status {
		case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
			return 0, false
		}
	}
	return model.ReasonOf(err), true
}

// slow reports whether the median of the last replies was late.
func (b *breaker) slow() bool {
	n := 0
	for _, late := range b.late {
		if late {
			n++
		}
	}
	return b.replies >= breakerReplies && n > breakerReplies/2
}

// open opens the breaker, or keeps it open for another pause.
func (b *breaker) open() {
	was := b.opened
	b.opened, b.probedBy, b.until = true, nil, b.clock.now().Add(breakerPause)
	b.unsaid = b.unsaid || !was
}

// unlock reports that the breaker has opened, if it has.
func (b *breaker) unlock() {
	unsaid := b.unsaid
	b.unsaid = false
	b.mu.Unlock()
	if unsaid {
		b.report("the confidence model", errors.New("several estimates failed or were late; it gets only one probe every half minute, until a reply comes in time"))
	}
}

func (b *breaker) close() {
	b.opened, b.probedBy, b.answers, b.calls, b.replies = false, nil, 0, 0, 0
	clear(b.late[:])
}

// isOpen reports whether the breaker is open: the confidence model is not asked, except by a probe.
func (b *breaker) isOpen() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.opened
}

// waits reports whether the end of the answer waits for the model, or else why the breaker is
// open.
func (a *asker) waits() (why session.Reason, ok bool) {
	a.b.mu.Lock()
	defer a.b.mu.Unlock()
	return a.b.why, a.b.lets(a)
}

// done tells the breaker whether the answer's last estimates came in time. Later calls change nothing.
func (a *asker) done(came bool) {
	if a == nil {
		return
	}
	b := a.b
	b.mu.Lock()
	defer b.unlock()
	if a.over {
		return
	}
	a.over = true
	switch {
	case !a.asked || b.opened && b.probedBy != a:
	case came:
		b.answers = 0
	default:
		b.why = session.Timeout
		if b.answers++; b.answers >= breakerLimit || b.probedBy == a {
			b.open()
		}
	}
	b.left(a)
}

// cancel ends an answer without an outcome: the client has disconnected.
func (a *asker) cancel() {
	if a == nil {
		return
	}
	a.b.mu.Lock()
	defer a.b.mu.Unlock()
	a.over = true
	a.b.left(a)
}

// left lets another answer be the probe after a, if a was the probe.
func (b *breaker) left(a *asker) {
	if b.probedBy == a {
		b.probedBy = nil
	}
}

// Breaker says whether the confidence model is asked.
type Breaker string

const (
	BreakerClosed   Breaker = "closed"    // the model is asked
	BreakerHalfOpen Breaker = "half-open" // one answer asks the model, to see whether it replies
	BreakerOpen     Breaker = "open"      // the model is not asked, because it has failed or was late
)

// Breaker is the breaker's state now.
func (h *Handler) Breaker() Breaker {
	b := h.config.breaker
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case !b.opened:
		return BreakerClosed
	case b.probedBy != nil || !b.clock.now().Before(b.until):
		return BreakerHalfOpen
	}
	return BreakerOpen
}
