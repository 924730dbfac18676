package gateway

import (
	"sync"
	"time"
)

const (
	// refusalLasts is how long a refusal is remembered. It is short because a server may be replaced.
	refusalLasts = 10 * time.Minute
	// maxRefusals bounds how many are remembered, since clients choose the names of models.
	maxRefusals = 1024
)

// refusals remembers which models refuse requests that ask for log-probabilities. Later requests
// to these models do not ask for log-probabilities, so they are sent once, not twice. All
// answers of a handler share one refusals.
type refusals struct {
	clock clock
	mu    sync.Mutex
	until map[asking]time.Time
}

// asking is a model on one of the paths.
type asking struct{ path, model string }

func (r *request) asking() asking { return asking{r.surface.path(), r.model} }

func (r *refusals) has(a asking) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	until, ok := r.until[a]
	return ok && r.clock.now().Before(until)
}

func (r *refusals) note(a asking) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.clock.now()
	if len(r.until) >= maxRefusals {
		for old, until := range r.until {
			if !now.Before(until) {
				delete(r.until, old)
			}
		}
	}
	for old := range r.until {
		if len(r.until) < maxRefusals {
			break
		}
		delete(r.until, old)
	}
	r.until[a] = now.Add(refusalLasts)
}
