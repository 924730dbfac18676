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
	Builtin    Estimator = iota // a statistic of the stream's own log-probabilities, Config.Method
	Model                       // a confidence model, asked through Ask events
	Trajectory                  // a model of the stream's own log-probabilities, Config.Trajectory
)

// Config has all settings of a session. Start from [DefaultConfig].
type Config struct {
	Question string // the question that the stream answers; with "", p(0) is unavailable

	Format    stream.Format    // stream.Auto recognises the format
	Positions position.Options // where to estimate
	Fusion    bci.Params       // how estimates are integrated; with Width > 1 the host samples continuations
	Estimator Estimator
	Method    estimate.Method // for Builtin
	Model     estimate.Model  // for the estimator Model
	// Calibration has the maps for raw estimates, which are applied before integration. With
	// nil, raw estimates are integrated unchanged. Sessions only read it.
	Calibration *calibrate.Calibration
	// Trajectory is the model for the estimator Trajectory. Without it, confidences are
	// unavailable. Sessions only read it.
	Trajectory *estimate.TrajectoryModel
	// Card is for the estimator Model. It describes the labelled answers on which the
	// confidence model was trained. It is nil if there are none, or if they are not known.
	Card *calibrate.Card
	// Fallback says that Method estimates if a request to the confidence model fails, times out
	// or has an unreadable reply. Such an estimate is not integrated with others.
	// FallbackCalibration has the maps for it. Without them it is not calibrated.
	Fallback            bool
	FallbackCalibration *calibrate.Calibration
	// Asked has the known facts about the answer. They are compared with the cards.
	Asked  calibrate.Asked
	Text   bool // report the stream's text as events
	Frames bool // report where each event of the stream ends, and of which kind it is

	// The function Settings has the ranges of these fields.
	MaxEvent     int // bytes of one event of the stream
	MaxChoices   int
	MaxPositions int // over all choices
	MaxPending   int // positions of a choice whose confidence later events may still change
	MaxText      int // bytes of a segment's text that are kept for the confidence model
	// MaxMissing is for Builtin and Trajectory. It is the share of the tokens so far, in
	// [0,1], whose log-probabilities may be missing or implausible; see
	// estimate.IsPlausible.
	MaxMissing float64
}

// DefaultConfig returns paragraph ends, the method Perplexity on the stream's own
// log-probabilities, and integration with alpha 0.5 over two later positions.
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

// Trained returns the card of the confidence model or the trajectory model that estimates. It
// returns nil if the model has no card, or if the estimator is Builtin.
func (c *Config) Trained() *calibrate.Card {
	switch {
	case c.Estimator == Model:
		return c.Card
	case c.Estimator == Trajectory && c.Trajectory != nil:
		return c.Trajectory.Card
	}
	return nil
}

// Conversations reports whether the card of the confidence model, or the card of its
// calibration, covers conversations. Such a model is asked about the whole
// conversation.
func (c *Config) Conversations() bool {
	covers := func(card *calibrate.Card) bool { return card != nil && card.Conversation == calibrate.ManyTurns }
	return c.Estimator == Model && (covers(c.Card) || c.Calibration != nil && covers(c.Calibration.Card))
}

// CallError is the error of a call that does not fit the session's state. Such a call changes
// nothing. Compare with errors.Is or ==.
type CallError uint8

const (
	// ErrEnded is the error of Write and End after End.
	ErrEnded CallError = iota + 1
	// ErrUnknownAsk is the error for an id that no Ask event had, or whose position is
	// settled or was given up.
	ErrUnknownAsk
	// ErrReason is the error of Fail with a number that is not a reason.
	ErrReason
)

var callErrors = [...]string{
	"", "session: the stream has ended; open a new session for the next one",
	"session: no position with this id waits for a reply", "session: a position cannot fail for this reason",
}

func (e CallError) Error() string { return nameOf(callErrors[:], int(e)) }

// MaxDepth is the largest fusion depth. It bounds the work for an estimate.
const MaxDepth = 64

// Validate returns an error about the first setting that is out of its range.
func (c *Config) Validate() error {
	if err := c.Fusion.Validate(); err != nil {
		return err
	}
	if c.Estimator > Trajectory {
		return errors.New("session: unknown Estimator: want Builtin, Model or Trajectory")
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
		return errors.New("session: max_pending must be larger than depth")
	}
	return nil
}
