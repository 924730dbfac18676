package model

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// pause is the time during which a server has asked for no requests, by status 429, or by 503
// with Retry-After. It applies to all requests of a client.
type pause struct {
	mu    sync.Mutex
	until time.Time
	last  attempt // the attempt whose reply asked for the pause
}

// tooMany reports whether the reply to an attempt says that the server has too many requests.
func (a *attempt) tooMany() bool {
	if a.resp == nil {
		return false
	}
	code := a.resp.StatusCode
	return code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable && a.resp.Header.Get("Retry-After") != ""
}

// lengthen notes that the server asks for a wait.
func (p *pause) lengthen(by attempt, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := time.Now().Add(wait); until.After(p.until) {
		p.until, p.last = until, by
	}
}

// wait waits until the pause is over. If the pause ends after ctx's deadline, or if patient is
// false, it returns at once, with the attempt whose reply asked for the pause.
func (p *pause) wait(ctx context.Context, patient bool) (told *attempt, err error) {
	p.mu.Lock()
	left, last := time.Until(p.until), p.last
	p.mu.Unlock()
	if left <= 0 {
		return nil, nil
	}
	if deadline, limited := ctx.Deadline(); !patient || limited && left >= time.Until(deadline) {
		return &last, errStatus
	}
	return nil, sleep(ctx, left)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
