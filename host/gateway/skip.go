package gateway

import (
	"time"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
)

// Gate is the name of the gate in decisions. It is not a Handling.Policy: it acts in addition to
// the policy, if Handling.SkipAbove is below 1.
const Gate Policy = "gate"

const (
	high = "high" // the reason of the gate's decision: p(0) is above Handling.SkipAbove

	// Skipped is the reason of an answer without p(z) because the gate did not score it. Its
	// headline is p(0).
	Skipped = "skipped"
)

// skips reports whether there is a gate.
func (c *Config) skips() bool { return c.SkipAbove < 1 }

// skipper is the gate, applied to one answer. It decides by p(0), which all choices share,
// whether the rest is scored. Until then, confidences of other positions wait here. They have no
// value, since only p(0) is asked for. A nil skipper scores everything.
type skipper struct {
	config  *Config
	decided bool
	at      *record.Confidence // p(0)
	skip    *record.Decision   // nil: the rest is scored
	waiting []*record.Confidence
}

func newSkipper(c *Config) *skipper {
	if !c.skips() {
		return nil
	}
	return &skipper{config: c}
}

// skipped reports whether the rest of the answer is not scored.
func (s *scorer) skipped() bool { return s.skipper != nil && s.skipper.skip != nil }

// holds reports whether a confidence waits for the decision, or is dropped because of it.
func (k *skipper) holds(c *record.Confidence) bool {
	switch {
	case k == nil || c.Kinds&position.Question != 0:
		return false
	case !k.decided:
		k.waiting = append(k.waiting, c)
		return true
	}
	return k.skip != nil
}

// decide decides by p(0), once. If p(0) has no value that the gate may act on, the rest is
// scored. waited is the confidences that have waited, if the rest is scored.
func (k *skipper) decide(c *record.Confidence) (waited []*record.Confidence, skip *record.Decision) {
	if k == nil || k.decided || c.Kinds&position.Question == 0 || c.State == session.Pending {
		return nil, nil
	}
	k.decided, k.at = true, c
	waited, k.waiting = k.waiting, nil
	if !k.config.usable(c) || c.Fused <= k.config.SkipAbove {
		return waited, nil
	}
	k.skip = decisionOn(Gate, record.ActionSkip, c, k.config.SkipAbove)
	k.skip.Reason = high
	return nil, k.skip
}

// confidence takes a confidence of the stream.
func (s *scorer) confidence(c *record.Confidence) {
	if s.skipper.holds(c) {
		return
	}
	if c.Kinds&position.End != 0 {
		s.last[c.Choice] = c
	}
	if d := s.acting.confidence(c); d != nil {
		s.cuts = append(s.cuts, d)
	}
	s.tell(c)
	waited, skip := s.skipper.decide(c)
	for _, c := range waited {
		s.confidence(c)
	}
	if skip != nil {
		s.stream.Stop(session.Cancelled)
		s.tell(skip)
	}
}

// unhold sends all held text of an answer whose rest is not scored, and holds nothing from then
// on.
func (b *body) unhold() {
	b.gate.letGo("")
	b.open()
	b.gate, b.heldDue = nil, time.Time{}
}

// passed returns an answer that the gate lets pass, or nil.
func passed(ready []*contestant) *contestant {
	for _, k := range ready {
		if k.skipped {
			return k
		}
	}
	return nil
}
