package gateway

import (
	"strings"
	"time"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
)

// Policy says what is done with confidences.
type Policy string

const (
	Annotate Policy = "annotate" // tell the client
	Warn     Policy = "warn"     // tell, and add Config.WarnText to an answer that is below Config.WarnBelow
	Withhold Policy = "withhold" // tell, and keep back what is below Config.WithholdBelow
	Stop     Policy = "stop"     // tell, and end an answer that stays below Config.StopBelow
)

// rule is what the gateway knows of a policy.
type rule struct {
	name    Policy
	setting string                 // the name of its threshold; "" if it compares confidences with none
	below   func(*Config) *float64 // the threshold
	last    bool                   // it acts on p(z) alone
	holds   bool                   // text waits for its confidence: acting is a *gate
	counts  bool                   // acting.text is called
	begin   func(*Config, *request) acting
}

var rules = []rule{
	{name: Annotate, begin: func(*Config, *request) acting { return idle{} }},
	{name: Warn, setting: "warn_below", below: func(c *Config) *float64 { return &c.WarnBelow }, last: true, begin: newWarner},
	{name: Withhold, setting: "withhold_below", below: func(c *Config) *float64 { return &c.WithholdBelow }, holds: true, counts: true, begin: newGate},
	{name: Stop, setting: "stop_below", below: func(c *Config) *float64 { return &c.StopBelow }, counts: true, begin: newStopper},
}

// rule is that of a policy, nil if there is none of this name.
func (p Policy) rule() *rule {
	for i := range rules {
		if rules[i].name == p {
			return &rules[i]
		}
	}
	return nil
}

// policyNames lists the names of the policies.
func policyNames() string {
	names := make([]string, len(rules))
	for i := range rules {
		names[i] = string(rules[i].name)
	}
	return strings.Join(names, ", ")
}

// acts reports whether the policy compares confidences with a threshold.
func (r *rule) acts() bool { return r.below != nil }

// kinds is the kinds of positions whose confidences the policy compares.
func (r *rule) kinds(c *Config) position.Kind {
	if r.last {
		return position.End
	}
	return c.Session.Positions.Strategy | position.End
}

// patience is how long an answer's end waits for a confidence model. Text that is
// held is the more important to decide on.
func (r *rule) patience(c *Config) time.Duration {
	if r.holds {
		return c.MaxDelay
	}
	return c.Settle
}

// acting is a policy at work on one answer. Its methods are called in the order of the
// stream.
type acting interface {
	// text takes the length of text, before the position or the event that it is in.
	text(choice int, segment position.Segment, n int)
	position(*record.Position)
	// confidence takes a confidence. A decision other than nil ends the choice's answer.
	confidence(*record.Confidence) *record.Decision
	// ending is asked before a choice ends what to add to its text, by p(z).
	ending(*record.Confidence) (text string, d *record.Decision)
}

// idle is a policy that does nothing.
type idle struct{}

func (idle) text(int, position.Segment, int)                             {}
func (idle) position(*record.Position)                                   {}
func (idle) confidence(*record.Confidence) *record.Decision              { return nil }
func (idle) ending(*record.Confidence) (text string, d *record.Decision) { return "", nil }

// decision returns a decision about the answer as a whole.
func decision(policy Policy, action, reason string) *record.Decision {
	return record.NewDecision(0, string(policy), action, reason)
}

// decisionOn returns a decision because of a position's confidence.
func decisionOn(policy Policy, action string, at *record.Confidence, threshold float64) *record.Decision {
	d := decision(policy, action, low)
	d.Choice, d.Index, d.Threshold, d.Byte = at.Choice, at.Index, threshold, at.Byte
	return d
}
