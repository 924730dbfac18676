package record

import (
	"strconv"

	"github.com/finece/finece/metrics/calibrate"
)

// cut has the lowest values of a source that are called medium and high.
type cut struct{ medium, high float64 }

// Word returns the word for a value of c's source: [WordLow], [WordMedium] or [WordHigh].
// People see this word instead of a value that is not calibrated. value is c.Fused or an
// earlier value of the same source. Unknown sources have the cut points of mapped values.
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

// Shown returns the text that people see for a value of c: a percentage if c is calibrated,
// otherwise a word. It is "" if there is no value. A value above 99% but below 100% is ">99%",
// and a value below 1% but above 0 is "<1%".
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
