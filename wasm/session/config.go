package session

import (
	"errors"

	"github.com/finece/finece/bci"
	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/stream"
)

// Estimator says who estimates a raw confidence.
type Estimator uint8

const (
	Builtin    Estimator = iota // the stream's own log-probabilities, by Config.Method
	Model                       // a confidence model, asked through Ask events
	Trajectory                  // a model of the stream's own log-probabilities, Config.Trajectory
)

// Config is all that a session depends on. Start from [DefaultConfig].
type Config struct {
	Question string // what the stream answers; "" if unknown, which leaves p(0) unavailable

	Format    stream.Format    // stream.Auto recognises it
	Positions position.Options // where to estimate
	Fusion    bci.Params       // how estimates are integrated; with Width > 1 the host samples continuations
	Estimator Estimator
	Method    estimate.Method // Builtin's
	Model     estimate.Model  // Model's
	// Calibration maps raw estimates before they are integrated; nil leaves them
	// as they are. Sessions only read it.
	Calibration *calibrate.Calibration
	// Trajectory is the model of the estimator Trajectory. Without one its confidences
	// are unavailable. Sessions only read it.
	Trajectory *estimate.TrajectoryModel
	// Card says what the confidence model was trained on; nil if it was not trained on
	// labelled answers, or nobody says so. Model.
	Card *calibrate.Card
	// Fallback lets Method estimate where a request to the confidence model has no reply that
	// can be read: failed, late or unreadable. Such an estimate is not integrated with
	// others. FallbackCalibration maps it; without one it is not calibrated.
	Fallback            bool
	FallbackCalibration *calibrate.Calibration
	// Asked is what is known of the answer, to be compared with the cards.
	Asked  calibrate.Asked
	Text   bool // report the stream's text as events
	Frames bool // report the stream's own events: where each ends, and what it is

	// Settings has the ranges of these.
	MaxEvent     int // bytes of one event of the stream
	MaxChoices   int
	MaxPositions int // over all choices
	MaxPending   int // positions of a choice that later events may still change
	MaxText      int // bytes of a segment's text kept for the confidence model
	// MaxMissing is the share of the tokens so far, in [0,1], whose log-probabilities
	// may be missing or implausible; see estimate.IsPlausible. Builtin, Trajectory.
	MaxMissing float64
}

// DefaultConfig is paragraph ends, the mean token probability of the stream's
// own log-probabilities, and integration with alpha 0.5 over two later
// positions.
func DefaultConfig() Config {
	return Config{
		Positions:    position.DefaultOptions(),
		Fusion:       bci.Params{Alpha: 0.5, Depth: 2, Width: 1},
		Method:       estimate.Perplexity,
		Model:        estimate.DefaultModel(),
		MaxEvent:     256 << 10,
		MaxChoices:   16,
		MaxPositions: 8192,
		MaxPending:   128,
		MaxText:      64 << 10,
		MaxMissing:   0.2,
	}
}

// Trained is the card of the confidence model or the trajectory model that estimates; nil
// if it has none, or if the estimator is no model.
func (c *Config) Trained() *calibrate.Card {
	switch {
	case c.Estimator == Model:
		return c.Card
	case c.Estimator == Trajectory && c.Trajectory != nil:
		return c.Trajectory.Card
	}
	return nil
}

// Conversations reports whether the estimates of a confidence model cover conversations: its
// card or that of its calibration says so. Such a model is asked about a whole conversation.
func (c *Config) Conversations() bool {
	covers := func(card *calibrate.Card) bool { return card != nil && card.Conversation == calibrate.ManyTurns }
	return c.Estimator == Model && (covers(c.Card) || c.Calibration != nil && covers(c.Calibration.Card))
}

// CallError is a call that does not fit the session's state. It changes
// nothing. Compare with errors.Is or ==.
type CallError uint8

const (
	// ErrEnded answers a Write or End after End.
	ErrEnded CallError = iota + 1
	// ErrUnknownAsk answers an id that was never asked, is settled, or was given up.
	ErrUnknownAsk
	// ErrReason answers a Fail with a number that is no reason.
	ErrReason
)

var callErrors = [...]string{
	"", "session: the stream has ended; open a new session for the next one",
	"session: no position waits under this id", "session: not a reason to fail for",
}

func (e CallError) Error() string { return nameOf(callErrors[:], int(e)) }

// MaxDepth is the largest fusion depth: it bounds the work of an estimate.
const MaxDepth = 64

// Validate says which setting is out of its range.
func (c *Config) Validate() error {
	if err := c.Fusion.Validate(); err != nil {
		return err
	}
	if c.Estimator > Trajectory {
		return errors.New("session: Estimator is none of Builtin, Model and Trajectory")
	}
	if c.Estimator == Model {
		if err := c.Model.Validate(); err != nil {
			return err
		}
	}
	if c.Calibration != nil {
		if err := c.Calibration.Validate(); err != nil {
			return err
		}
	}
	if c.Trajectory != nil {
		if err := c.Trajectory.Validate(); err != nil {
			return err
		}
	}
	if c.FallbackCalibration != nil {
		if err := c.FallbackCalibration.Validate(); err != nil {
			return err
		}
	}
	if c.Card != nil {
		if err := c.Card.Validate(); err != nil {
			return err
		}
	}
	if err := c.inRange(); err != nil {
		return err
	}
	if err := c.Positions.Validate(); err != nil {
		return err
	}
	if c.Fusion.Depth >= c.MaxPending {
		return errors.New("session: max_pending has to exceed depth")
	}
	return nil
}
