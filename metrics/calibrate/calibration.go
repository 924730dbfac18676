package calibrate

import (
	"errors"
	"math"
	"slices"
	"strconv"
)

// Version is the version of the JSON form, see wasm/calibration.
const Version = 1

// Band is a range of positions with a map of its own.
type Band uint8

const (
	Question Band = iota // p(0)
	Early                // before the boundary
	Late                 // all others, with the whole answer p(z)
	Bands                // the number of bands
)

var bandNames = [Bands]string{"question", "early", "late"}

// AllBands returns every band, in the order of their numbers.
func AllBands() []Band { return []Band{Question, Early, Late} }

// String returns the band's name in lower case, and "unknown" for another number.
func (b Band) String() string {
	if b < Bands {
		return bandNames[b]
	}
	return "unknown"
}

// Calibration is a map for each band. The three may be the same.
type Calibration struct {
	Source   string // whose confidences these are: estimator, model, data
	Boundary int    // in tokens, see Band; with 0, no position is early
	Maps     [Bands]Map
	Card     *Card // what the labelled answers cover; nil if that is not stated
}

// Band returns the band of a position. The question has a band of its own. The end (the
// whole answer, however short) is late. Any other position is early if fewer than Boundary
// tokens of its segment are before it. All of this is known when the position is found, so
// a running stream and its recording have the same bands.
func (c *Calibration) Band(question, end bool, tokens int64) Band {
	switch {
	case question:
		return Question
	case !end && tokens < int64(c.Boundary):
		return Early
	}
	return Late
}

// Apply returns the calibrated value of a raw confidence p in a band, in [0,1], and whether
// p is outside the support of the band's map. Nothing is known about confidences outside the
// support, so the value is then that of the nearer end. For a p that is not in [0,1]
// it returns NaN and true.
func (c *Calibration) Apply(b Band, p float64) (value float64, outside bool) {
	m := &c.Maps[min(b, Late)]
	if !(p >= 0 && p <= 1) {
		return math.NaN(), true
	}
	return m.Apply(min(max(p, m.Low), m.High)), m.Outside(p)
}

// Fitted reports whether the map of every band was fitted on labelled answers.
func (c *Calibration) Fitted() bool {
	for b := range c.Maps {
		if !c.Maps[b].Method.Fitted() {
			return false
		}
	}
	return true
}

// Uniform reports whether all bands have the same map.
func (c *Calibration) Uniform() bool {
	return c.Maps[Early].Equal(&c.Maps[Question]) && c.Maps[Late].Equal(&c.Maps[Question])
}

// Validate returns an error if a field is missing, out of range, or contradicts another. The
// error names the band and the field.
func (c *Calibration) Validate() error {
	if c.Boundary < 0 || int64(c.Boundary) > maxWhole {
		return errors.New("calibration: boundary: want a number of tokens from 0 to 2147483647")
	}
	for b := range c.Maps {
		if err := c.Maps[b].Validate(); err != nil {
			return errors.New(err.Error() + " (positions: " + Band(b).String() + ")")
		}
	}
	if c.Card != nil {
		return c.Card.Validate()
	}
	return nil
}

const (
	maxWhole = 1<<31 - 1
	// These keep logarithms and products in [Map.Apply] finite.
	maxParameter   = 1e6
	minTemperature = 1 / maxParameter
	minClip        = 1e-15 // so large that 1-Clip is not 1
)

// parameters is the number of parameters of each method.
var parameters = [methodCount]int{Temperature: 1, Platt: 2, Beta: 3}

// Validate is [Calibration.Validate] of one map.
func (m *Map) Validate() error {
	if m.Method == None || m.Method >= methodCount {
		return errors.New("calibration: a map is missing, or its method is unknown")
	}
	if problem := m.problem(); problem != "" {
		return errors.New("calibration: " + m.Method.String() + " map: " + problem)
	}
	return nil
}

func (m *Map) problem() string {
	parametric := m.Method >= Temperature && m.Method <= Beta
	switch {
	case m.N < 1 || int64(m.N) > maxWhole:
		return "n: want the number of confidences in the fit, 1 to 2147483647"
	case !(m.Low >= 0 && m.Low <= m.High && m.High <= 1):
		return "support: want the lowest and the highest confidence of the fit, in [0,1]"
	case len(m.Parameters) != parameters[m.Method]:
		return "parameters: want an array of length " + strconv.Itoa(parameters[m.Method])
	case parametric && !(m.Clip >= minClip && m.Clip < 0.5):
		return "clip: want a number from 1e-15 to below 0.5"
	}
	for i, v := range m.Parameters {
		offset := m.Method != Temperature && i == len(m.Parameters)-1
		if !(math.Abs(v) <= maxParameter) || v < 0 && !offset || v < minTemperature && m.Method == Temperature {
			return "parameters: want a slope of at least 0, a temperature of at least 1e-6, and no number above 1e6"
		}
	}
	if !m.counted() {
		return "counts, lower, upper: want as many of each as of y, with counts of at least 1 and 0 <= lower <= upper <= 1; or none of them"
	}
	switch m.Method {
	case Isotonic:
		return m.knots()
	case Histogram:
		if len(m.Y) < 1 || len(m.Y) > MaxKnots || !(slices.Min(m.Y) >= 0 && slices.Max(m.Y) <= 1) {
			return "y: want 1 to 1024 values from 0 to 1"
		}
	}
	return ""
}

// counted reports whether the outcomes of the bins and their intervals are complete
// or left out.
func (m *Map) counted() bool {
	if len(m.Counts)+len(m.Lower)+len(m.Upper) == 0 {
		return true
	}
	if len(m.Counts) != len(m.Y) || len(m.Lower) != len(m.Y) || len(m.Upper) != len(m.Y) {
		return false
	}
	for i, n := range m.Counts {
		if n < 1 || !(m.Lower[i] >= 0 && m.Lower[i] <= m.Upper[i] && m.Upper[i] <= 1) {
			return false
		}
	}
	return true
}

func (m *Map) knots() string {
	last := len(m.X) - 1
	if last < 1 || last >= MaxKnots || len(m.Y) != last+1 {
		return "x, y: want 2 to 1024 numbers, as many x as y"
	}
	if m.X[0] != 0 || m.X[last] != 1 || !(m.Y[0] >= 0 && m.Y[last] <= 1) {
		return "x: want 0 first and 1 last; y: want values from 0 to 1"
	}
	for i := range last {
		if !(m.X[i] < m.X[i+1] && m.Y[i] < m.Y[i+1]) {
			return "x, y: number " + strconv.Itoa(i+1) + " (counted from 0) is not above the one before"
		}
	}
	return ""
}
