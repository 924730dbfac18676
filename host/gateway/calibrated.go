package gateway

import (
	"strings"

	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
)

// Uncalibrated says whether a policy may act on confidences that are not calibrated.
type Uncalibrated string

const (
	Refuse Uncalibrated = "refuse" // New refuses a source that is not calibrated; an answer with such a confidence cannot be checked
	Allow  Uncalibrated = "allow"  // the threshold is compared with any confidence
)

// notCalibrated is the reason of decisions about a confidence that is not calibrated.
const notCalibrated = "not-calibrated"

// usable reports whether the policy may act on the value of c.
func (c *Config) usable(said *record.Confidence) bool {
	return said.HasValue() && (said.Calibrated || c.Uncalibrated == Allow)
}

// UncalibratedError is the error of a policy whose source of confidences is not calibrated. It
// contains no secret, so it may be shown to a client.
type UncalibratedError struct {
	Policy Policy
	Why    string // what is wrong with the source
}

func (e *UncalibratedError) Error() string {
	return "the policy " + string(e.Policy) + " acts on a threshold, so it needs probabilities: " + e.Why +
		". Label answers as right or wrong: with 100 of them a share is known to within 10 points, with 400 to within 5, with 1000 to within 3 (95% interval)." +
		" Then fit a map: finece score answers.jsonl | finece calibrate --positions -o map.json - and set calibration to map.json; or set uncalibrated to allow"
}

// calibrated returns why the policy or the gate may not act on the session's confidences, or nil.
func (c *Config) calibrated() error {
	if c.Uncalibrated == Allow {
		return nil
	}
	if r := c.Policy.rule(); r.acts() {
		if err := c.calibratedFor(c.Policy, r.kinds(c)); err != nil {
			return err
		}
	}
	if c.skips() {
		return c.calibratedFor(Gate, position.Question)
	}
	return nil
}

// calibratedFor returns why a policy may not act on the confidences of positions of the given
// kinds, or nil.
func (c *Config) calibratedFor(policy Policy, kinds position.Kind) error {
	s := &c.Session
	var card *calibrate.Card
	what := "what the map was fitted on"
	switch {
	case s.Calibration != nil && s.Calibration.Fitted():
		card = s.Calibration.Card
	case s.Trained() != nil:
		card, what = s.Trained(), "what the confidence model was trained on"
		if s.Estimator == session.Trajectory {
			what = "what the trajectory model was fitted on"
		}
	case c.Samples != nil:
		return &UncalibratedError{policy, "the estimator samples has no calibration map"}
	case s.Estimator == session.Model:
		return &UncalibratedError{policy, "the confidence model has neither a calibration map nor a card that says what it was trained on"}
	case s.Estimator == session.Trajectory:
		return &UncalibratedError{policy, "there is no trajectory model with a card that says what it was fitted on"}
	default:
		return &UncalibratedError{policy, "the statistic " + s.Method.String() + " is not calibrated, and there is no calibration map"}
	}
	if out := card.Excludes(s.Asked) & calibrate.Disqualifying; out != 0 {
		return &UncalibratedError{policy, "the answers lie outside " + what + " (" + strings.Join(out.Names(), ", ") + ")"}
	}
	if missing := kinds &^ covered(card); missing != 0 {
		return &UncalibratedError{policy, "the policy also acts at positions that are not among " + what + " (" + missing.String() + ")"}
	}
	if kinds&position.Question != 0 && !card.CoversBand(calibrate.Question) {
		return &UncalibratedError{policy, what + " has no positions of the question alone"}
	}
	return nil
}

// covered is the kinds of positions that a card covers.
func covered(card *calibrate.Card) position.Kind {
	if card == nil || card.Kinds == 0 {
		return ^position.Kind(0)
	}
	return card.Kinds
}
