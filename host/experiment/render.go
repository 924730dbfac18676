package experiment

import (
	"fmt"
	"io"
	"math"
	"strings"
)

func number(v float64, digits int) string {
	if math.IsNaN(v) {
		return "-"
	}
	return fmt.Sprintf("%.*f", digits, v)
}

// percent formats a share, "-" for NaN.
func percent(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return number(100*v, 1) + "%"
}

// show formats a figure in percent with its interval.
func show(f Figure) string {
	if math.IsNaN(f.Value) {
		return "-"
	}
	if math.IsNaN(f.Low) {
		return number(100*f.Value, 1)
	}
	return fmt.Sprintf("%.1f [%.1f, %.1f]", 100*f.Value, 100*f.Low, 100*f.High)
}

// markdown writes text and tables. After an error it writes nothing more and keeps the
// error.
type markdown struct {
	w   io.Writer
	err error
}

func (m *markdown) say(format string, a ...any) {
	if m.err == nil {
		_, m.err = fmt.Fprintf(m.w, format, a...)
	}
}

func (m *markdown) head(cells ...string) {
	m.say("\n| %s |\n|%s\n", strings.Join(cells, " | "), strings.Repeat(" --- |", len(cells)))
}

func (m *markdown) row(cells ...string) { m.say("| %s |\n", strings.Join(cells, " | ")) }

var domainTitles = map[string]string{
	"in":      "In domain",
	"hard":    "In domain, the hardest",
	"long":    "Longer chains (never trained on)",
	"wording": "Other wording (never trained on)",
	"open":    "Open-ended: any of many true statements",
}

func title(name string) string {
	if t, ok := domainTitles[name]; ok {
		return t
	}
	return name
}
