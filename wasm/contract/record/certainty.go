package record

import (
	"strconv"

	"github.com/finece/finece/metrics/calibrate"
)

// cut says at which values of a source the words medium and high begin.
type cut struct{ medium, high float64 }

// Word returns how high a value of c's source is, as a word: [WordLow], [WordMedium] or
// [WordHigh]. It is what people are shown of a value that is not calibrated. value is
// c.Fused or an earlier one. The word of a source that is not known is that of a mapped
// value.
func (c *Confidence) Word(value float64) string {
	s := &c.Source
	of := s.Method
	switch {
	case s.Map != "" && s.Map != calibrate.Identity.String():
		of = ""
	case of == "":
		of = s.Estimator
	}
	at, known := cuts[of]
	if !known {
		at = cuts[""]
	}
	switch {
	case value >= at.high:
		return WordHigh
	case value >= at.medium:
		return WordMedium
	}
	return WordLow
}

// Shown is what people are shown of a value of c: a percentage if c is calibrated, else
// a word. It is "" if there is no value. What would round to certainty, and is none, is
// ">99%" or "<1%".
func (c *Confidence) Shown(value float64) string {
	switch {
	case value != value:
		return ""
	case !c.Calibrated:
		return c.Word(value)
	case value > 0.99 && value < 1:
		return ">99%"
	case value < 0.01 && value > 0:
		return "<1%"
	}
	return strconv.FormatFloat(100*value, 'f', 0, 64) + "%"
}
