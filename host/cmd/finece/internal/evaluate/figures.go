package evaluate

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/finece/finece/metrics"
)

// figure is a line of the result.
type figure struct {
	name      string
	value     float64
	count     bool // a whole number
	interval  *metrics.Interval
	undefined string // why value is NaN
}

// intervals are the intervals of a result, by the names of the figures.
type intervals map[string]*metrics.Interval

// drawn are the figures with bootstrap intervals.
var drawn = []struct {
	name   string
	metric metrics.Metric
}{
	{"accuracy", metrics.MetricAccuracy}, {"ece", metrics.MetricECE}, {"brier", metrics.MetricBrier},
	{"auroc", metrics.MetricAUROC}, {"aurc", metrics.MetricAURC},
}

// maxDraws bounds the rows that a bootstrap of questions or of differences draws in all. For
// many rows it lowers the number of resamples, but not below leastResamples.
const (
	maxDraws       = 100_000_000
	leastResamples = 100
)

// resampling returns the resampling of an input, and of each of its groups.
func (f *options) resampling(d *rows) metrics.Resampling {
	o := &f.options
	r := metrics.Resampling{Resamples: o.Resamples, Level: o.Level, Seed: o.Seed, Binning: o.Binning}
	if d.question != nil || d.other != nil {
		r.Resamples = min(r.Resamples, max(leastResamples, maxDraws/len(d.confidence)))
	}
	return r
}

// result is the figures of some rows.
type result struct {
	sample  *metrics.Sample
	summary metrics.Summary
	figures []figure    // in the order in which they are printed
	against *comparison // nil without --against
}

// measure measures rows.
func (f *options) measure(d *rows, r metrics.Resampling) (*result, error) {
	m, of, err := f.evaluated(d, r)
	if err != nil {
		return nil, err
	}
	m.figures = figuresOf(&m.summary, of)
	if d.question != nil {
		if m.figures, err = withQuestions(m.figures, d.confidence, d, r); err != nil {
			return nil, err
		}
	}
	if d.other != nil {
		m.against, err = f.compare(m, d, r)
	}
	return m, err
}

// evaluated returns the figures of rows, and their intervals.
func (f *options) evaluated(d *rows, r metrics.Resampling) (*result, intervals, error) {
	sample := d.sample
	if sample == nil {
		var err error
		if sample, err = metrics.NewSample(d.confidence, d.correct); err != nil {
			return nil, nil, err
		}
	}
	// If all rows are drawn by themselves, the accuracy has Wilson's interval, and the AUROC of
	// many rows has DeLong's.
	delong := sample.N() > uint64(maxDraws/f.options.Resamples)
	var names []string
	var list []metrics.Metric
	for _, v := range drawn {
		if d.question != nil || v.metric != metrics.MetricAccuracy && !(v.metric == metrics.MetricAUROC && delong) {
			names, list = append(names, v.name), append(list, v.metric)
		}
	}
	m := &result{sample: sample}
	var all []metrics.Interval
	var err error
	if d.question == nil {
		m.summary, all, err = sample.EvaluateAndBootstrap(f.cheap(), list, r)
	} else if m.summary, err = sample.Evaluate(f.cheap()); err == nil {
		all, err = metrics.BootstrapClusters(d.confidence, d.correct, d.question, list, r)
	}
	if err != nil {
		return nil, nil, err
	}
	s := &m.summary
	of := intervals{"accuracy": &s.AccuracyInterval, "auroc": &s.AUROCInterval}
	for i, name := range names {
		of[name] = &all[i]
	}
	*of["ece"] = of["ece"].Around(s.ECE)
	return m, of, nil
}

// cheap returns the options of an evaluation that draws nothing.
func (f *options) cheap() metrics.Options {
	o := f.options
	o.Interval = metrics.DeLong
	return o
}

// figuresOf are the figures of a summary.
func figuresOf(s *metrics.Summary, of intervals) []figure {
	undefined := map[string]string{}
	for _, u := range s.Unavailable {
		undefined[u.Name] = reasonText(u.Reason)
	}
	out := []figure{{name: "n", value: float64(s.N), count: true}}
	for _, v := range []struct {
		name  string
		value float64
	}{
		{"accuracy", s.Accuracy}, {"ece", s.ECE}, {"ece_mass", s.ECEMass}, {"mce", s.MCE}, {"smooth_ece", s.SmoothECE},
		{"brier", s.Brier}, {"brier_skill", s.BrierSkill}, {"nll", s.NLL},
		{"auroc", s.AUROC.Value}, {"auprc", s.AUPRC}, {"aurc", s.AURC.Value}, {"augrc", s.AUGRC.Value},
	} {
		out = append(out, figure{name: v.name, value: v.value, interval: of[v.name], undefined: undefined[v.name]})
	}
	return out
}

// withQuestions adds the number of questions and the discrimination within them.
func withQuestions(out []figure, confidence []float64, d *rows, r metrics.Resampling) ([]figure, error) {
	w, err := metrics.WithinQuestion(confidence, d.correct, d.question, r)
	within := figure{name: "within_question", value: w.Value, interval: &w.Interval}
	switch {
	case errors.Is(err, metrics.ErrNoContrast):
		within.undefined = reasonText(err)
	case err != nil:
		return nil, err
	}
	questions := figure{name: "questions", value: float64(d.questions), count: true}
	var all []figure
	for _, row := range out {
		all = append(all, row)
		switch row.name {
		case "n":
			all = append(all, questions)
		case "auroc":
			all = append(all, within)
		}
	}
	return all, nil
}

// reasonText returns a reason without the prefix of package metrics.
func reasonText(err error) string {
	text := err.Error()
	if u := metrics.Undefined(0); errors.As(err, &u) {
		if _, rest, ok := strings.Cut(text, ": "); ok {
			text = rest
		}
	}
	return strings.TrimPrefix(text, "undefined: ")
}

// appendFigures appends the members of an object. The interval of "ece" is "ece_ci".
func appendFigures(out []byte, figures []figure) []byte {
	for i, f := range figures {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(strconv.AppendQuote(out, f.name), ':')
		out = appendNumber(out, f.value)
		if f.interval != nil {
			out = append(strconv.AppendQuote(append(out, ','), f.name+"_ci"), ":["...)
			out = append(appendNumber(out, f.interval.Low), ',')
			out = append(appendNumber(out, f.interval.High), ']')
		}
	}
	return out
}

// appendNumber appends a figure in JSON: null if it is not defined.
func appendNumber(out []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(out, "null"...)
	}
	return strconv.AppendFloat(out, v, 'g', -1, 64)
}

// text returns the value for a table.
func (f *figure) text() string {
	switch {
	case f.count:
		return fmt.Sprint(uint64(f.value))
	case math.IsNaN(f.value):
		return "-"
	}
	return fmt.Sprintf("%.4f", f.value)
}

// difference returns the value for a table, with a sign.
func (f *figure) difference() string {
	if math.IsNaN(f.value) {
		return "-"
	}
	return fmt.Sprintf("%+.4f", f.value)
}

// rangeOf returns the interval of a figure, or "".
func rangeOf(v *figure, format string) string {
	if v.interval == nil || math.IsNaN(v.interval.Low) {
		return ""
	}
	return fmt.Sprintf(format, v.interval.Low, v.interval.High)
}

// named returns the figure with a name.
func named(figures []figure, name string) *figure {
	return &figures[slices.IndexFunc(figures, func(v figure) bool { return v.name == name })]
}

// table prints one figure per line, with its interval.
func (f *options) table(w io.Writer, figures []figure) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i := range figures {
		v := &figures[i]
		cells := f.head(v.name) + "\t" + v.text()
		if more := cmp.Or(v.undefined, rangeOf(v, "%.4f to %.4f")); more != "" {
			cells += "\t" + more
		}
		fmt.Fprintln(t, cells)
	}
	return t.Flush()
}

// head returns the name of a figure in a table. The count is named after the rows.
func (f *options) head(name string) string {
	if name == "n" && f.columns.Positions {
		return "positions"
	}
	return name
}
