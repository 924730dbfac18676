package session

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/internal/settings"
	"github.com/finece/finece/wasm/stream"
)

// Setting is one setting of a [Config]. Exactly one of Text, Truth, Whole, Number and Get is
// not nil. The exceptions are settings whose values are objects: calibrations, the trajectory
// model and the card. For these, all are nil.
type Setting struct {
	// Name is the setting's name in JSON. "model.max_tokens" is the member
	// max_tokens of the object model.
	Name string

	Text   *string
	Truth  *bool
	Whole  *int
	Number *float64
	// Get and Set are for a value with a name, such as a format. They get and set it by its
	// name.
	Get func() string
	Set func(name string) error

	// Low and High are the range of Whole and Number, both included.
	Low, High float64
}

// The settings whose values are objects of package calibration.
const calibrationName, fallbackName, trajectoryName, cardName = "calibration", "fallback_calibration", "trajectory", "card"

// renamed has former names of settings, each with the present one.
var renamed = [...][2]string{{"threshold", "entropy_threshold"}}

// Settings returns all settings of c, in the order in which AppendConfig writes them. It is the
// only table of their names and ranges. ParseConfig, AppendConfig and Validate use it.
func Settings(c *Config) []Setting {
	p, m := &c.Positions, &c.Model
	return []Setting{
		{Name: "question", Text: &c.Question},
		named("format", &c.Format, stream.Format.String, stream.ParseFormat),
		named("strategy", &p.Strategy, position.Kind.String, position.ParseStrategy),
		wholeNumber("min_length", &p.MinLength, 0, settings.MaxInt),
		wholeNumber("every", &p.Every, 1, settings.MaxInt),
		{Name: "entropy_threshold", Number: &p.EntropyThreshold, High: math.MaxFloat64},
		wholeNumber("min_gap", &p.MinGap, 0, settings.MaxInt),
		{Name: "alpha", Number: &c.Fusion.Alpha, High: 1},
		wholeNumber("depth", &c.Fusion.Depth, 0, MaxDepth),
		wholeNumber("width", &c.Fusion.Width, 0, settings.MaxInt),
		{Name: "estimator", Get: c.estimatorName, Set: c.setEstimator},
		named("model.adapter", &m.Adapter, estimate.Adapter.String, estimate.ParseAdapter),
		{Name: "model.name", Text: &m.Name},
		{Name: "model.one_message", Truth: &m.OneMessage},
		{Name: "model.instructions.question", Text: &m.Instructions[estimate.QuestionOnly]},
		{Name: "model.instructions.partial", Text: &m.Instructions[estimate.Partial]},
		{Name: "model.instructions.complete", Text: &m.Instructions[estimate.Complete]},
		wholeNumber("model.max_tokens", &m.MaxTokens, 1, estimate.MaxMaxTokens),
		wholeNumber("model.top_logprobs", &m.TopLogprobs, 0, estimate.MaxTopLogprobs),
		wholeNumber("model.class", &m.Class, 0, settings.MaxInt),
		{Name: "model.label", Text: &m.Label},
		named("model.activation", &m.Activation, estimate.Activation.String, estimate.ParseActivation),
		{Name: calibrationName},
		{Name: "fallback", Get: c.fallbackText, Set: c.setFallback},
		{Name: fallbackName},
		{Name: trajectoryName},
		{Name: cardName},
		{Name: "generator", Text: &c.Asked.Generator},
		{Name: "domain", Text: &c.Asked.Domain},
		named("conversation", &c.Asked.Conversation, calibrate.Turns.String, calibrate.ParseTurns),
		{Name: "text", Truth: &c.Text},
		{Name: "frames", Truth: &c.Frames},
		wholeNumber("max_event", &c.MaxEvent, 1<<10, 16<<20),
		wholeNumber("max_choices", &c.MaxChoices, 1, 128),
		wholeNumber("max_positions", &c.MaxPositions, 1, 1<<20),
		wholeNumber("max_pending", &c.MaxPending, 8, 4096),
		wholeNumber("max_text", &c.MaxText, 0, 16<<20),
		{Name: "max_missing", Number: &c.MaxMissing, High: 1},
	}
}

func wholeNumber(name string, to *int, low, high float64) Setting {
	return Setting{Name: name, Whole: to, Low: low, High: high}
}

func named[T any](name string, to *T, text func(T) string, parse func(string) (T, error)) Setting {
	return Setting{
		Name: name,
		Get:  func() string { return text(*to) },
		Set:  func(s string) (err error) { *to, err = parse(s); return err },
	}
}

func (c *Config) estimatorName() string {
	switch c.Estimator {
	case Model:
		return modelName
	case Trajectory:
		return trajectoryName
	}
	return c.Method.String()
}

func (c *Config) setEstimator(name string) (err error) {
	switch name {
	case modelName:
		c.Estimator = Model
	case trajectoryName:
		c.Estimator = Trajectory
	default:
		c.Estimator = Builtin
		c.Method, err = estimate.ParseMethod(name)
	}
	return err
}

// inRange returns an error about the first number that is out of its range. The settings of the
// confidence model are checked only if it is the estimator.
func (c *Config) inRange() error {
	for _, s := range Settings(c) {
		var value float64
		switch {
		case c.Estimator != Model && strings.HasPrefix(s.Name, modelPath):
			continue
		case s.Whole != nil:
			value = float64(*s.Whole)
		case s.Number != nil:
			value = *s.Number
		default:
			continue
		}
		if !(value >= s.Low && value <= s.High) {
			return errors.New("session: " + s.Name + " is " + short(value) + ": want " + short(s.Low) + " to " + short(s.High))
		}
	}
	return nil
}

// short formats a number with the fewest digits, and a whole number without an exponent.
func short(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		return strconv.FormatInt(int64(v), 10)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// noFallback is the value of "fallback" for no fallback.
const noFallback = "none"

func (c *Config) fallbackText() string {
	if c.Fallback {
		return c.Method.String()
	}
	return noFallback
}

func (c *Config) setFallback(name string) (err error) {
	if c.Fallback = name != noFallback; c.Fallback {
		c.Method, err = estimate.ParseMethod(name)
	}
	return err
}
