package gateway

import (
	"errors"
	"sync"
	"time"
)

const (
	// breakerLimit is after how many failed answers in a row the breaker opens.
	breakerLimit = 3
	// breakerPause is how long it stays open before an answer may try again.
	breakerPause = 30 * time.Second
)

// breaker decides whether an answer's end waits for the confidence model. It opens
// after breakerLimit answers in a row whose last estimates failed or did not come
// in time: then no answer waits. After breakerPause one answer may wait, as a
// trial, and its outcome closes the breaker or opens it again. All answers of a
// handler share one.
type breaker struct {
	clock  clock
	report func(string, error)

	mu       sync.Mutex
	failures int // in a row
	until    time.Time
	trying   bool // a trial is under way
}

// trial is an answer whose end waits. It ends with done or cancel; later calls
// change nothing.
type trial struct {
	b     *breaker
	probe bool // while the breaker is open
}

// begin returns nil if the answer is not to wait.
func (b *breaker) begin() *trial {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.failures < breakerLimit:
		return &trial{b: b}
	case b.trying || b.clock.now().Before(b.until):
		return nil
	}
	b.trying = true
	return &trial{b: b, probe: true}
}

// done says whether the last estimates came, in time.
func (t *trial) done(came bool) {
	if t == nil || t.b == nil {
		return
	}
	b := t.b
	b.mu.Lock()
	b.trying = b.trying && !t.probe
	opened := false
	if came {
		b.failures = 0
	} else if b.failures++; b.failures >= breakerLimit {
		b.until = b.clock.now().Add(breakerPause)
		opened = b.failures == breakerLimit
	}
	b.mu.Unlock()
	t.b = nil
	if opened {
		b.report("the confidence model", errors.New("the last estimates of several answers failed or were late; answers do not wait for it until one comes in time again"))
	}
}

// cancel ends a trial without an outcome: the client has disconnected.
func (t *trial) cancel() {
	if t == nil || t.b == nil {
		return
	}
	t.b.mu.Lock()
	t.b.trying = t.b.trying && !t.probe
	t.b.mu.Unlock()
	t.b = nil
}

// Breaker says whether the ends of answers wait for the confidence model.
type Breaker string

const (
	BreakerClosed   Breaker = "closed"    // they do
	BreakerHalfOpen Breaker = "half-open" // the next one does, to see whether it comes
	BreakerOpen     Breaker = "open"      // they do not: it has failed or was late
)

// Breaker is the breaker's state now.
func (h *Handler) Breaker() Breaker {
	b := h.config.breaker
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.failures < breakerLimit:
		return BreakerClosed
	case b.trying || !b.clock.now().Before(b.until):
		return BreakerHalfOpen
	}
	return BreakerOpen
}
