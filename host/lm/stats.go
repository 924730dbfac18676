package lm

import (
	"sync/atomic"
	"time"
)

type counters struct {
	prompt, cached, completion, requests, steps, busy, active, waiting atomic.Int64
}

// Stats is what an engine has done since it was started.
type Stats struct {
	PromptTokens     int64         // of all prompts
	CachedTokens     int64         // of those, found in the prefix cache
	CompletionTokens int64         // sampled
	Requests         int64         // completed
	Steps            int64         // forward passes
	Busy             time.Duration // spent in them
	Active           int           // completions under way
	Waiting          int           // requests that wait
}

// Stats can be asked for at any time.
func (e *Engine) Stats() Stats {
	s := &e.stats
	return Stats{
		PromptTokens: s.prompt.Load(), CachedTokens: s.cached.Load(), CompletionTokens: s.completion.Load(), Requests: s.requests.Load(),
		Steps: s.steps.Load(), Busy: time.Duration(s.busy.Load()), Active: int(s.active.Load()), Waiting: int(s.waiting.Load()),
	}
}
