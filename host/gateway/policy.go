package gateway

import (
	"strings"
	"time"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
)

// Policy says what the gateway does with confidences.
type Policy string

const (
	Annotate Policy = "annotate" // send the confidences to the client, as all policies do
	Warn     Policy = "warn"     // add Config.WarnText to an answer below Config.WarnBelow
	Withhold Policy = "withhold" // do not send text below Config.WithholdBelow
	Stop     Policy = "stop"     // end an answer that stays below Config.StopBelow
	Escalate Policy = "escalate" // ask Config.EscalateModel for an answer instead of one below Config.EscalateBelow
	BestOf   Policy = "best-of"  // send the most confident of Config.Answers answers
	Vote     Policy = "vote"     // send the answer that most of Config.Answers answers agree with, weighted by confidence
)

// rule describes a policy to the gateway.
type rule struct {
	name    Policy
	setting string                 // the name of its threshold setting; "" if it has none
	below   func(*Config) *float64 // the threshold
	last    bool                   // it acts only on p(z)
	holds   bool                   // text waits for its confidence: acting is a *gate
	counts  bool                   // acting.text is called
	begin   func(*Config, *request) acting
	contest func(*Config, *request) contest // set if the policy asks for several answers
}

var rules = []rule{
	{name: Annotate, begin: func(*Config, *request) acting { return idle{} }},
	{name: Warn, setting: "warn_below", below: func(c *Config) *float64 { return &c.WarnBelow }, last: true, begin: newWarner},
	{name: Withhold, setting: "withhold_below", below: func(c *Config) *float64 { return &c.WithholdBelow }, holds: true, counts: true, begin: newGate},
	{name: Stop, setting: "stop_below", below: func(c *Config) *float64 { return &c.StopBelow }, counts: true, begin: newStopper},
	{name: Escalate, setting: "escalate_below", below: func(c *Config) *float64 { return &c.EscalateBelow }, last: true, counts: true, begin: newListener, contest: newEscalate},
	{name: BestOf, counts: true, begin: newListener, contest: newBestOf},
	{name: Vote, counts: true, begin: newListener, contest: newVote},
}

// rule returns the rule of a policy, or nil if no policy has this name.
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

// kinds returns the kinds of positions whose confidences the policy compares with its threshold.
func (r *rule) kinds(c *Config) position.Kind {
	if r.last && !(r.name == Escalate && c.EscalateMode != Hold) {
		return position.End
	}
	return c.Session.Positions.Strategy | position.End
}

// endsLate reports whether the event that ends an answer waits until everything is scored.
func (r *rule) endsLate() bool { return r.last || r.contest != nil }

// patience returns how long an answer's end waits for a confidence model. It is longer if text
// is held, since a decision then matters more.
func (r *rule) patience(c *Config) time.Duration {
	if r.holds || r.contest != nil {
		return c.MaxDelay
	}
	return c.Settle
}

// acting is a policy applied to one answer. Its methods are called in the order of the stream.
type acting interface {
	// text takes text. It is called before the position and the event that contain the text.
	text(choice int, segment position.Segment, text []byte)
	position(*record.Position)
	// confidence takes a confidence. A decision that is not nil ends the choice.
	confidence(*record.Confidence) *record.Decision
	// ending is called before a choice ends, with its p(z). It returns text to add; d is nil if
	// there is none.
	ending(*record.Confidence) (text string, d *record.Decision)
}

// idle is a policy that only annotates.
type idle struct{}

func (idle) text(int, position.Segment, []byte)                          {}
func (idle) position(*record.Position)                                   {}
func (idle) confidence(*record.Confidence) *record.Decision              { return nil }
func (idle) ending(*record.Confidence) (text string, d *record.Decision) { return "", nil }

// decision returns a decision about the answer as a whole.
func decision(policy Policy, action, reason string) *record.Decision {
	return record.NewDecision(0, string(policy), action, reason)
}

// decisionOn returns a decision about the confidence of a position, with the reason low.
func decisionOn(policy Policy, action string, at *record.Confidence, threshold float64) *record.Decision {
	d := decision(policy, action, low)
	d.Choice, d.Index, d.Threshold, d.Byte = at.Choice, at.Index, threshold, at.Byte
	return d
}
