package pool

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// member is a server with its state. Pool.mu guards it.
type member struct {
	Server
	flying   int           // requests in flight
	asked    int           // requests so far
	failures int           // in a row
	pause    time.Duration // for which it was left out the last time; 0 if it has replied since
	until    time.Time     // when it may be asked again
	trying   bool          // its trial is in flight
}

// How often a server fails before it is left out, and for how long it is.
const (
	mostFailures = 3
	firstPause   = 5 * time.Second
	longestPause = 2 * time.Minute
)

// outcome is what became of a request.
type outcome uint8

const (
	ignored outcome = iota // it says nothing about the server
	replied
	failed
)

// failureOf is the outcome of a request that has no reply. One that the caller has
// cancelled says nothing about the server.
func failureOf(ctx context.Context) outcome {
	if err := ctx.Err(); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return ignored
	}
	return failed
}

// request is a request for this server.
func (m *member) request(req *http.Request) (*http.Request, error) {
	again := req.Clone(req.Context())
	again.URL, again.Host = m.URL.JoinPath(req.URL.Path), ""
	again.URL.RawQuery = req.URL.RawQuery
	if req.GetBody != nil {
		var err error
		if again.Body, err = req.GetBody(); err != nil {
			return nil, err
		}
	} else if req.Body != nil && req.Body != http.NoBody {
		return nil, errors.New("pool: the body of the request can be sent only once")
	}
	return again, nil
}

// free reports whether the server may be asked, and whether that is a trial.
func (m *member) free(now time.Time) (ok, trial bool) {
	switch {
	case m.failures < mostFailures && !now.Before(m.until):
		return true, false
	case m.trying || now.Before(m.until):
		return false, false
	}
	return true, true
}

// before reports whether a request goes to m and not to o: m has fewer requests in flight for
// its weight or, if they are equal, had fewer so far.
func (m *member) before(o *member) bool {
	x, y := float64(m.flying)/m.Weight, float64(o.flying)/o.Weight
	if x != y {
		return x < y
	}
	return float64(m.asked)/m.Weight < float64(o.asked)/o.Weight
}

// take chooses a server for a request. tried is those that have had it. If all servers are
// left out, it is the one whose time is over first.
func (p *Pool) take(tried map[*member]bool) (m *member, trial bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	for _, one := range p.members {
		ok, tries := one.free(now)
		if ok && !tried[one] && (m == nil || one.before(m)) {
			m, trial = one, tries
		}
	}
	if m == nil {
		for _, one := range p.members {
			if !tried[one] && (m == nil || one.until.Before(m.until)) {
				m = one
			}
		}
	}
	m.flying++
	m.asked++
	m.trying = m.trying || trial
	return m, trial
}

// more reports whether a further server may be asked.
func (p *Pool) more(tried map[*member]bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	for _, one := range p.members {
		if ok, _ := one.free(now); ok && !tried[one] {
			return true
		}
	}
	return false
}

// leave ends a request. pause is how long the server asks not to be asked.
func (p *Pool) leave(m *member, trial bool, o outcome, pause time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m.flying--
	if trial {
		m.trying = false
	}
	now := time.Now()
	switch {
	case o == replied:
		m.failures, m.pause = 0, 0
	case o == failed && pause > 0: // it is there, and says when it can take requests
		m.out(now.Add(pause))
	case o == failed:
		m.failures++
		if m.failures >= mostFailures && !now.Before(m.until) {
			m.pause = min(max(2*m.pause, firstPause), longestPause)
			m.out(now.Add(m.pause))
		}
	}
}

// out leaves a server out until then, or longer if that was said already.
func (m *member) out(until time.Time) {
	if until.After(m.until) {
		m.until = until
	}
}
