package gateway

import "time"

// clock measures the gateway's limits on waiting. A test replaces it to let time pass.
type clock interface {
	now() time.Time
	// afterFunc calls f once d has passed, in a goroutine of its own.
	afterFunc(d time.Duration, f func()) timer
}

type timer interface {
	Reset(d time.Duration) bool
	Stop() bool
}

type realClock struct{}

func (realClock) now() time.Time                            { return time.Now() }
func (realClock) afterFunc(d time.Duration, f func()) timer { return time.AfterFunc(d, f) }

// alarm is a timer that sends to a channel when it fires. A tick may come early or twice, so the
// reader looks at the clock.
type alarm struct {
	timer
	ticks chan struct{}
}

func newAlarm(c clock, d time.Duration) alarm {
	ticks := make(chan struct{}, 1)
	return alarm{c.afterFunc(d, func() {
		select {
		case ticks <- struct{}{}:
		default:
		}
	}), ticks}
}
