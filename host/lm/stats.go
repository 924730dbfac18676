package lm

import (
	"sync/atomic"
	"time"
)

type counters struct {
	prompt, cached, completion, requests, steps, busy, active, waiting atomic.Int64
}

// Stats counts the work of an engine since it was started.
type Stats struct {
	PromptTokens     int64         // tokens of all prompts
	CachedTokens     int64         // prompt tokens that were found in the prefix cache
	CompletionTokens int64         // tokens sampled
	Requests         int64         // requests completed
	Steps            int64         // forward passes
	Busy             time.Duration // time spent in forward passes
	Active           int           // completions that are running now
	Waiting          int           // requests that are waiting now
}

// Stats returns the current counts. It can be called at any time.
func (e *Engine) Stats() Stats {
	s := &e.stats
	return Stats{
		PromptTokens: s.prompt.Load(), CachedTokens: s.cached.Load(), CompletionTokens: s.completion.Load(), Requests: s.requests.Load(),
		Steps: s.steps.Load(), Busy: time.Duration(s.busy.Load()), Active: int(s.active.Load()), Waiting: int(s.waiting.Load()),
	}
}
