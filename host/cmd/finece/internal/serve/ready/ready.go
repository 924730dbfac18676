// Package ready serves /readyz, which says whether a server can do its work.
package ready

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Check checks one thing that the server needs. Its error is not shown, since it may quote an
// address.
type Check struct {
	Name string // a word
	Do   func(context.Context) error
}

const (
	// Fresh is how long an outcome is kept, so that frequent requests do not cause many checks.
	Fresh = 5 * time.Second
	// patience is how long the checks may take.
	patience = 2 * time.Second
)

// Handler answers GET with status 200 if all checks pass. It answers with 503 if a check fails,
// or after Draining is done. The answer has the checks' names and the words ok and failed.
type Handler struct {
	Draining context.Context
	Checks   []Check
	Now      func() time.Time // nil is time.Now

	mu     sync.Mutex
	failed []bool
	until  time.Time
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "this takes GET", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if h.Draining.Err() != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, `{"status":"draining"}`)
		return
	}
	status, checks := "ready", ""
	for i, failed := range h.outcome() {
		word := "ok"
		if failed {
			status, word = "not-ready", "failed"
		}
		checks += fmt.Sprintf(`,"%s":"%s"`, h.Checks[i].Name, word)
	}
	if status != "ready" {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	fmt.Fprintf(w, `{"status":"%s"%s}`+"\n", status, checks)
}

// outcome returns which checks have failed, now or less than Fresh ago. Requests that come
// during the checks wait for the outcome.
func (h *Handler) outcome() []bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now
	if h.Now != nil {
		now = h.Now
	}
	if now().Before(h.until) {
		return h.failed
	}
	// All waiting clients share the outcome, so the checks do not end when one client disconnects.
	ctx, cancel := context.WithTimeout(h.Draining, patience)
	defer cancel()
	failed := make([]bool, len(h.Checks))
	var all sync.WaitGroup
	for i, c := range h.Checks {
		all.Go(func() { failed[i] = c.Do(ctx) != nil })
	}
	all.Wait()
	h.failed, h.until = failed, now().Add(Fresh)
	return failed
}

// Reachable returns a check of a server. It sends no key: a server that answers with a status
// below 500 is reachable.
func Reachable(do func(*http.Request) (*http.Response, error), url string) func(context.Context) error {
	return func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		resp, err := do(r)
		if err != nil {
			return err
		}
		resp.Body.Close()
		if resp.StatusCode >= 500 {
			return errors.New(resp.Status)
		}
		return nil
	}
}
