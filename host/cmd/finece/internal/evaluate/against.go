package evaluate

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/finece/finece/metrics"
	"github.com/finece/finece/wasm/jsonscan"
)

// comparison compares the confidences of --against with those of --confidence on the same rows.
type comparison struct {
	column      string
	summary     metrics.Summary
	sample      *metrics.Sample
	figures     []figure // of the column
	differences []figure // each figure of --confidence minus that of the column
	test        metrics.Comparison
	untested    string // why there is no test
}

// compared are the figures whose differences have intervals. Intervals of the equal-mass ECE,
// the MCE and the smooth ECE take too long; the accuracy is the same for both.
var compared = []struct {
	name   string
	metric metrics.Metric
}{
	{"ece", metrics.MetricECE}, {"brier", metrics.MetricBrier}, {"brier_skill", metrics.MetricBrierSkill}, {"nll", metrics.MetricNLL},
	{"auroc", metrics.MetricAUROC}, {"auprc", metrics.MetricAUPRC}, {"aurc", metrics.MetricAURC}, {"augrc", metrics.MetricAUGRC},
}

// rising are the figures for which a higher value is better.
var rising = map[string]bool{"brier_skill": true, "auroc": true, "within_question": true, "auprc": true}

// compare measures the other confidences of rows, and the differences of m's figures from theirs.
func (f *options) compare(m *result, d *rows, r metrics.Resampling) (*comparison, error) {
	c := &comparison{column: f.columns.Other}
	var err error
	if c.sample, err = metrics.NewSample(d.other, d.correct); err == nil {
		c.summary, err = c.sample.Evaluate(f.cheap())
	}
	if err != nil {
		return nil, fmt.Errorf("%q: %w", c.column, err)
	}
	c.figures = figuresOf(&c.summary, nil)
	if d.question != nil {
		if c.figures, err = withQuestions(c.figures, d.other, d, r); err != nil {
			return nil, err
		}
	}
	list := make([]metrics.Metric, len(compared))
	for i := range compared {
		list[i] = compared[i].metric
	}
	all, err := metrics.BootstrapDifferences(d.confidence, d.other, d.correct, d.question, list, r)
	if err != nil {
		return nil, err
	}
	of := intervals{}
	for i := range compared {
		of[compared[i].name] = &all[i]
	}
	for i, v := range m.figures {
		if v.count || v.name == "accuracy" {
			continue
		}
		c.differences = append(c.differences, figure{name: v.name, value: v.value - c.figures[i].value, interval: of[v.name], undefined: v.undefined})
	}
	c.test, err = metrics.CompareAUROC(d.confidence, d.other, d.correct, d.question, r.Level)
	if errors.As(err, new(metrics.Undefined)) {
		c.untested, err = reasonText(err), nil
	}
	return c, err
}

// clear names the better column, if the interval of the difference does not contain 0.
func (c *comparison) clear(own string, v *figure) string {
	if v.interval == nil || math.IsNaN(v.interval.Low) {
		return ""
	}
	lower, higher := v.interval.High < 0, v.interval.Low > 0
	switch {
	case !lower && !higher:
		return "not clear"
	case higher == rising[v.name]:
		return shown(own)
	}
	return shown(c.column)
}

// comparisonTable prints a line for each figure: its values in both columns, and the difference.
func (f *options) comparisonTable(w io.Writer, m *result) error {
	c := m.against
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	own := f.columns.Confidence
	line := func(cells ...string) { fmt.Fprintln(t, strings.TrimRight(strings.Join(cells, "\t"), "\t")) }
	line("", shown(own), shown(c.column), "difference", "95% interval", "better")
	k := 0
	for i := range m.figures {
		a, b := &m.figures[i], &c.figures[i]
		if a.count || a.name == "accuracy" {
			line(a.name, a.text())
			continue
		}
		d := &c.differences[k]
		k++
		interval := cmp.Or(rangeOf(d, "%+.4f to %+.4f"), d.undefined)
		line(a.name, a.text(), b.text(), d.difference(), interval, c.clear(own, d))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nDeLong's test of equal AUROCs: %s\n", c.verdict())
	return err
}

// verdict returns DeLong's test in words.
func (c *comparison) verdict() string {
	if c.untested != "" {
		return c.untested
	}
	return fmt.Sprintf("z = %.3f, p = %s", c.test.Z, probability(c.test.P))
}

// probability formats a p-value.
func probability(p float64) string {
	if p < 1e-4 {
		return fmt.Sprintf("%.1e", p)
	}
	return fmt.Sprintf("%.4f", p)
}

// appendComparison appends the member "against" of an object.
func appendComparison(out []byte, c *comparison) []byte {
	out = jsonscan.AppendString(append(out, `,"against":{"column":`...), []byte(c.column))
	out = appendFigures(append(out, ','), c.figures)
	out = appendFigures(append(out, `,"difference":{`...), c.differences)
	out = appendNumber(append(out, `},"delong":{"z":`...), c.test.Z)
	out = appendNumber(append(out, `,"p":`...), c.test.P)
	out = appendNumber(append(out, `,"difference_ci":[`...), c.test.Interval.Low)
	out = appendNumber(append(out, ','), c.test.Interval.High)
	return append(out, "]}}"...)
}

// inGroups are the figures whose differences the table of groups has.
var inGroups = []string{"ece", "brier", "nll", "auroc", "aurc"}

// cells returns the count, the differences and the p-value of DeLong's test for a table of
// groups.
func (c *comparison) cells(n uint64) []string {
	cells := []string{fmt.Sprint(n)}
	for _, name := range inGroups {
		cell := "-"
		v := named(c.differences, name)
		if r := rangeOf(v, "%+.3f to %+.3f"); r != "" && !math.IsNaN(v.value) {
			cell = fmt.Sprintf("%+.3f (%s)", v.value, r)
		}
		cells = append(cells, cell)
	}
	if c.untested != "" {
		return append(cells, "-")
	}
	return append(cells, probability(c.test.P))
}
