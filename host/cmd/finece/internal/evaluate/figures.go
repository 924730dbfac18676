package evaluate

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/pairs"
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

// questions are the questions of the rows, nil if no two rows have the same one.
func (f *options) questions(cmd *cobra.Command, name string, p *pairs.Pairs) ([]int, error) {
	if f.columns.Question != "" && !p.Asked && len(p.Confidence) > 0 && cmd.Flags().Changed("id") {
		return nil, exit.Usagef("%s: no row has %q: name the column of the question with --id", name, f.columns.Question)
	}
	if p.Questions == len(p.Question) {
		return nil, nil
	}
	return p.Question, nil
}

// intervals are those of a result, by the names of their figures.
type intervals map[string]*metrics.Interval

// drawn are the figures whose intervals are drawn.
var drawn = []struct {
	name   string
	metric metrics.Metric
}{
	{"accuracy", metrics.MetricAccuracy}, {"ece", metrics.MetricECE}, {"brier", metrics.MetricBrier},
	{"auroc", metrics.MetricAUROC}, {"aurc", metrics.MetricAURC},
}

// maxDraws bounds how many rows the bootstrap draws, and leastResamples how far that
// lowers the number of resamples.
const (
	maxDraws       = 100_000_000
	leastResamples = 100
)

// resampling is that of n pairs.
func (f *options) resampling(n int) metrics.Resampling {
	o := &f.options
	return metrics.Resampling{
		Resamples: min(o.Resamples, max(leastResamples, maxDraws/n)),
		Level:     o.Level, Seed: o.Seed, Binning: o.Binning,
	}
}

// figures are the lines of the result, in the order in which they are printed.
func (f *options) figures(sample *metrics.Sample, s *metrics.Summary, p *pairs.Pairs, questions []int, r metrics.Resampling) ([]figure, error) {
	list := make([]metrics.Metric, len(drawn))
	for i := range drawn {
		list[i] = drawn[i].metric
	}
	var all []metrics.Interval
	var err error
	if questions == nil {
		all, err = sample.Bootstraps(list, r)
	} else {
		all, err = metrics.BootstrapClusters(p.Confidence, p.Correct, questions, list, r)
	}
	if err != nil {
		return nil, err
	}
	of := intervals{}
	for i := range drawn {
		of[drawn[i].name] = &all[i]
	}
	*of["ece"] = of["ece"].Around(s.ECE)
	if questions == nil {
		of["accuracy"] = &s.AccuracyInterval
		if len(p.Confidence) > maxDraws/f.options.Resamples {
			of["auroc"] = &s.AUROCInterval
		}
	}
	out := rows(s, of)
	if questions != nil {
		out, err = withQuestions(out, p, r)
	}
	return out, err
}

// rows are the figures of a summary.
func rows(s *metrics.Summary, of intervals) []figure {
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
func withQuestions(out []figure, p *pairs.Pairs, r metrics.Resampling) ([]figure, error) {
	d, err := metrics.WithinQuestion(p.Confidence, p.Correct, p.Question, r)
	within := figure{name: "within_question", value: d.Value, interval: &d.Interval}
	switch {
	case errors.Is(err, metrics.ErrNoContrast):
		within.undefined = reasonText(err)
	case err != nil:
		return nil, err
	}
	questions := figure{name: "questions", value: float64(p.Questions), count: true}
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

// reasonText is a reason without the prefix that package metrics gives it.
func reasonText(err error) string {
	text := err.Error()
	if u := metrics.Undefined(0); errors.As(err, &u) {
		if _, rest, ok := strings.Cut(text, ": "); ok {
			text = rest
		}
	}
	return strings.TrimPrefix(text, "undefined: ")
}

// asJSON is one object. The interval of "ece" is "ece_ci".
func asJSON(figures []figure) []byte {
	out := []byte{'{'}
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
	return append(out, "}\n"...)
}

// appendNumber appends a figure in JSON: null if it is not defined.
func appendNumber(out []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(out, "null"...)
	}
	return strconv.AppendFloat(out, v, 'g', -1, 64)
}

// table prints a figure a line, with its interval.
func table(w io.Writer, figures []figure) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range figures {
		text := "-"
		switch {
		case f.count:
			text = fmt.Sprint(uint64(f.value))
		case !math.IsNaN(f.value):
			text = fmt.Sprintf("%.4f", f.value)
		}
		fmt.Fprintf(t, "%s\t%s", f.name, text)
		switch {
		case f.undefined != "":
			fmt.Fprintf(t, "\t%s", f.undefined)
		case f.interval != nil && !math.IsNaN(f.interval.Low):
			fmt.Fprintf(t, "\t%.4f to %.4f", f.interval.Low, f.interval.High)
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}
