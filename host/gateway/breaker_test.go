package gateway

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/finece/finece/host/model"
	"github.com/finece/finece/wasm/session"
)

// tested is a breaker, and a model of which each request takes a time and ends in an error.
type tested struct {
	*breaker
	clock *FakeClock
	calls int
	took  time.Duration
	err   error
	said  int // that it has opened
}

func newTested() *tested {
	b := &tested{clock: NewFakeClock()}
	b.breaker = &breaker{clock: b.clock, report: func(string, error) { b.said++ }}
	return b
}

func (b *tested) asker() *asker {
	return &asker{b: b.breaker, patience: time.Second, post: func(context.Context, []byte) ([]byte, error) {
		b.calls++
		b.clock.Advance(b.took)
		return nil, b.err
	}}
}

func waits(a *asker) bool {
	_, waits := a.waits()
	return waits
}

func (b *tested) state() Breaker { return (&Handler{config: Config{breaker: b.breaker}}).Breaker() }

func refusedBy(status int) error {
	return &model.Error{Reason: session.EndpointError, Status: status}
}

// While the breaker is open, nothing is asked and no answer waits. One answer is the probe.
func TestAnOpenBreakerAsksNothing(t *testing.T) {
	b := newTested()
	b.err = refusedBy(http.StatusTooManyRequests)
	first := b.asker()
	for i := range breakerCalls + 5 {
		_, err := first.ask(t.Context(), nil)
		if asked := !errors.Is(err, errNotAsked); asked != (i < breakerCalls) || model.ReasonOf(err) != session.EndpointError {
			t.Errorf("request %d: %v", i, err)
		}
	}
	if b.calls != breakerCalls || b.state() != BreakerOpen || b.said != 1 || waits(first) {
		t.Fatalf("%d calls, the breaker is %s, said %d times, the end waits: %v", b.calls, b.state(), b.said, waits(first))
	}
	b.clock.Advance(breakerPause)
	probe, other := b.asker(), b.asker()
	if b.state() != BreakerHalfOpen {
		t.Errorf("the breaker is %s", b.state())
	}
	probe.ask(t.Context(), nil)
	if _, err := other.ask(t.Context(), nil); !errors.Is(err, errNotAsked) || b.state() != BreakerOpen || b.said != 1 {
		t.Errorf("after a probe that failed: %v, the breaker is %s, said %d times", err, b.state(), b.said)
	}
	b.clock.Advance(breakerPause)
	b.err = nil
	probe = b.asker()
	probe.post = func(context.Context, []byte) ([]byte, error) {
		if _, err := other.ask(t.Context(), nil); !errors.Is(err, errNotAsked) || waits(other) || !waits(probe) {
			t.Errorf("beside a probe: %v", err)
		}
		return nil, nil
	}
	probe.ask(t.Context(), nil)
	if _, err := other.ask(t.Context(), nil); err != nil || b.state() != BreakerClosed || !waits(other) {
		t.Errorf("after a probe that succeeded: %v, the breaker is %s", err, b.state())
	}
}

// A model that replies to most requests too late is not worth asking, although none fails.
func TestTheBreakerOpensAtALateMedian(t *testing.T) {
	b := newTested()
	a := b.asker()
	for i := range breakerReplies {
		b.took = time.Duration(1+i%2) * time.Second // every other one takes longer than a second
		a.ask(t.Context(), nil)
	}
	if b.state() != BreakerClosed {
		t.Fatalf("7 of 15 are late: the breaker is %s", b.state())
	}
	a.ask(t.Context(), nil) // the 8th, instead of the first, which was not
	if b.state() != BreakerClosed {
		t.Fatalf("still 7 of 15: the breaker is %s", b.state())
	}
	b.took = 2 * time.Second
	a.ask(t.Context(), nil)
	a.ask(t.Context(), nil)
	if _, err := a.ask(t.Context(), nil); b.state() != BreakerOpen || b.said != 1 || model.ReasonOf(err) != session.Timeout {
		t.Errorf("the breaker is %s, said %d times: %v", b.state(), b.said, err)
	}
	b.clock.Advance(breakerPause)
	b.asker().ask(t.Context(), nil)
	if b.state() != BreakerOpen {
		t.Errorf("after a probe that was late the breaker is %s", b.state())
	}
	b.clock.Advance(breakerPause)
	b.took = 0
	b.asker().ask(t.Context(), nil)
	if b.state() != BreakerClosed {
		t.Errorf("after a probe in time the breaker is %s", b.state())
	}
}

// What the model's server finds wrong with a request, and what nobody waits for any more, is
// no failure of the model.
func TestWhatIsNoFailureOfTheModel(t *testing.T) {
	for _, err := range []error{
		refusedBy(http.StatusBadRequest), refusedBy(http.StatusRequestEntityTooLarge), refusedBy(http.StatusUnprocessableEntity),
		&model.Error{Reason: session.Cancelled},
	} {
		b := newTested()
		b.err = err
		a := b.asker()
		for range 3 * breakerCalls {
			a.ask(t.Context(), nil)
		}
		if b.state() != BreakerClosed {
			t.Errorf("%v: the breaker is %s", err, b.state())
		}
	}
}
