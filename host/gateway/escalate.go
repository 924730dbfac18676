package gateway

import (
	"sync"

	"github.com/finece/finece/wasm/contract/record"
)

// escalate is the policy Escalate in the mode Hold. The answer is held until its p(z) is known.
// If p(z) is below Config.EscalateBelow, the answer is not sent, and Config.EscalateModel is
// asked instead.
type escalate struct {
	config *Config
	low    *record.Decision // the decision to ask the other model
}

func newEscalate(c *Config, _ *request) contest { return &escalate{config: c} }

func (e *escalate) next(all []*contestant) (more []variant, winner *contestant, d *record.Decision) {
	if len(all) == 0 {
		e.config.escalated.request()
		return variants(1), nil, nil
	}
	ready, running := arrived(all)
	switch first := all[0]; {
	case running > 0:
		return nil, nil, nil
	case len(ready) == 0:
		return nil, first, nil // its error is the client's answer
	case len(all) > 1 && !all[1].failed:
		return nil, all[1], e.low
	case len(all) > 1: // the other model has failed
		return nil, first, e.decided(first, e.config.unable(), secondFailed)
	case first.skipped:
		return nil, first, nil
	case first.headline == nil || !e.config.usable(first.headline):
		return nil, first, e.config.notEscalated(first.headline)
	case first.headline.Fused >= e.config.EscalateBelow:
		return nil, first, nil
	case !e.config.escalated.take(e.config.EscalateShare):
		return nil, first, e.decided(first, record.ActionRelease, overShare)
	default:
		e.low = e.decided(first, record.ActionAsk, low)
		return []variant{{model: e.config.EscalateModel}}, nil, nil
	}
}

// Reasons for sending an answer although its confidence is low.
const (
	overShare    = "over-share"    // more than Config.EscalateShare of the requests would be asked twice
	secondFailed = "second-failed" // the other model did not answer
)

func (e *escalate) decided(first *contestant, action, reason string) *record.Decision {
	d := decisionOn(Escalate, action, first.headline, e.config.EscalateBelow)
	d.Reason = reason
	return d
}

// notEscalated decides about an answer whose p(z) the policy may not act on. headline is nil if
// p(z) has no value.
func (c *Config) notEscalated(headline *record.Confidence) *record.Decision {
	reason := notScored
	if headline != nil {
		reason = notCalibrated
	}
	return decision(Escalate, c.unable(), reason)
}

// unable is the action if the policy Escalate cannot be applied.
func (c *Config) unable() string {
	if c.Failure == Closed {
		return record.ActionEnd
	}
	return record.ActionRelease
}

// share counts requests, and those that asked a second model. It is safe for concurrent use.
type share struct {
	mu            sync.Mutex
	all, followed int64
}

func (s *share) request() {
	s.mu.Lock()
	s.all++
	s.mu.Unlock()
}

// take reports whether one more request may ask a second model, and counts it. most is the
// largest share of all requests that may.
func (s *share) take(most float64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if float64(s.followed+1) > most*float64(s.all) {
		return false
	}
	s.followed++
	return true
}
