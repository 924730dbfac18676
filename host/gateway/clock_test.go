package gateway

import (
	"sync"
	"testing"
	"time"
)

// FakeClock stands still until a test moves it.
type FakeClock struct {
	mu     sync.Mutex
	moved  chan struct{} // closed when a timer is set
	at     time.Time
	timers map[*fakeTimer]bool // that are set
}

func NewFakeClock() *FakeClock {
	return &FakeClock{at: time.Unix(1_800_000_000, 0), timers: map[*fakeTimer]bool{}, moved: make(chan struct{})}
}

// SetClock makes c measure its limits by a clock.
func (c *Config) SetClock(f *FakeClock) { c.clock = f }

// BreakerPause is how long the confidence model is left alone.
const (
	BreakerPause = breakerPause
	BreakerLimit = breakerLimit
)

type fakeTimer struct {
	clock *FakeClock
	due   time.Time
	f     func()
}

func (f *FakeClock) now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at
}

func (f *FakeClock) afterFunc(d time.Duration, do func()) timer {
	t := &fakeTimer{clock: f, f: do}
	t.Reset(d)
	return t
}

func (t *fakeTimer) Reset(d time.Duration) bool {
	f := t.clock
	f.mu.Lock()
	defer f.mu.Unlock()
	was := f.timers[t]
	t.due = f.at.Add(d)
	if d <= 0 {
		delete(f.timers, t)
		go t.f()
		return was
	}
	f.timers[t] = true
	close(f.moved)
	f.moved = make(chan struct{})
	return was
}

func (t *fakeTimer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	was := t.clock.timers[t]
	delete(t.clock.timers, t)
	return was
}

// Advance lets d pass.
func (f *FakeClock) Advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at = f.at.Add(d)
	for t := range f.timers {
		if !t.due.After(f.at) {
			delete(f.timers, t)
			go t.f()
		}
	}
}

// Expire waits until a timer is set that is due within d, and lets the time pass
// until then.
func (f *FakeClock) Expire(t testing.TB, d time.Duration) {
	t.Helper()
	hung := time.After(2 * time.Minute)
	for {
		moved, first := f.next(d)
		if first >= 0 {
			f.Advance(first)
			return
		}
		select {
		case <-moved:
		case <-hung:
			t.Fatalf("hung: nothing waits for %v or less", d)
		}
	}
}

// Elapse lets time pass until done is closed: as soon as a timer is set that is due
// within d, until that timer is due.
func (f *FakeClock) Elapse(d time.Duration, done <-chan struct{}) {
	for {
		moved, first := f.next(d)
		if first >= 0 {
			f.Advance(first)
			continue
		}
		select {
		case <-moved:
		case <-done:
			return
		}
	}
}

// next returns how long it is until the first timer is due, or -1 if none is due
// within d. The channel is closed when another timer is set.
func (f *FakeClock) next(d time.Duration) (moved <-chan struct{}, first time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	first = -1
	for t := range f.timers {
		if left := t.due.Sub(f.at); left <= d && (first < 0 || left < first) {
			first = left
		}
	}
	return f.moved, first
}

// Waits reports whether a timer is set that is due within d, before done is closed.
func (f *FakeClock) Waits(d time.Duration, done <-chan struct{}) bool {
	for {
		moved, first := f.next(d)
		if first >= 0 {
			return true
		}
		select {
		case <-moved:
		case <-done:
			return false
		}
	}
}
