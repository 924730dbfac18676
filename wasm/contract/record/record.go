package record

import (
	"math"
	"slices"

	"github.com/finece/finece/metrics/calibrate"
)

// Version is the version of the records. It rises only when the meaning of a key changes. New
// keys and new types do not change it.
const Version = 1

// Record is one of *Position, *Confidence, *Decision, *Fault, *End and *Start.
type Record interface {
	// Type returns the value of the record's key "type".
	Type() string
	// AppendJSON appends the record as one JSON object on one line.
	AppendJSON(dst []byte) []byte

	fields
}

var nan = math.NaN()

// NewDecision returns a decision about a whole choice. Index and Byte are -1 and Threshold is
// NaN, so these keys are absent.
func NewDecision(choice int, policy, action, reason string) *Decision {
	d := new(Decision)
	d.reset()
	d.Choice, d.Policy, d.Action, d.Reason = choice, policy, action, reason
	return d
}

// Drifted turns a calibrated c into a certainty, because its map no longer holds: Calibrated
// becomes false, and "drift" is added to Source.Outside. If c is not calibrated, Drifted does
// nothing.
func (c *Confidence) Drifted() {
	if c.HasValue() && c.Calibrated {
		c.Calibrated = false
		c.Source.Outside = append(slices.Clip(c.Source.Outside), calibrate.OutsideDrift.Names()...)
	}
}

// HasValue reports whether c has a raw and a fused value.
func (c *Confidence) HasValue() bool { return c.Fused == c.Fused }
