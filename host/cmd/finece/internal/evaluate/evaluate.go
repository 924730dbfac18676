// Package evaluate is the command eval: how good confidences are.
package evaluate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/completion"
	"github.com/finece/finece/host/cmd/finece/internal/diagram"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/pairs"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/metrics"
	"github.com/finece/finece/wasm/contract"
)

const long = `eval measures confidences against what was correct. ECE and related figures measure
calibration: are answers with confidence 0.8 correct 8 times in 10? AUROC and the
risk-coverage figures measure how well confidences separate correct answers from
wrong ones.

The input has pairs of a confidence in [0,1] and whether the answer was correct
(0, 1, true or false): JSON Lines with these keys, or CSV with a header. A
confidence that is blank, NaN, "very sure" or outside [0,1] is left out and
reported, and the exit code is then 1. A figure that is not defined for the data,
such as the AUROC when all answers are correct, is null, and standard error says
why.

  ece         expected calibration error, equal-width bins
  ece_mass    the same with bins of equal count; equal confidences share a bin
  mce         the largest calibration error of a bin
  brier, nll  proper scores; lower is better
  auroc       probability that a correct answer has more confidence than a wrong one
  auroc_ci    its 95% interval: bootstrap, or DeLong where that takes too long
  auprc       average precision
  aurc        area under the risk-coverage curve; lower is better
  smooth_ece  calibration error without bins

Libraries differ at the edges of bins, and confidences are often multiples of 0.1.
--mode gives the same figure as another library:

  default       bins (lo, hi], the first closed at 0
  guo           (lo, hi]; a confidence of exactly 0 is in no bin (Guo et al. 2017)
  sklearn       sklearn.calibration.calibration_curve
  netcal        netcal.metrics.ECE
  torchmetrics  torchmetrics BinaryCalibrationError`

const example = `  finece eval pairs.csv
  finece eval --format json --bins 15 --mode guo pairs.jsonl
  finece eval --confidence p_true --correct is_right --plot reliability.svg results.csv.gz`

var evalModes = map[string]metrics.Rule{
	"default": metrics.RightClosed, "guo": metrics.Guo, "sklearn": metrics.Sklearn,
	"netcal": metrics.Netcal, "torchmetrics": metrics.Torchmetrics,
}

const evalModeNames = "default, guo, sklearn, netcal or torchmetrics"

type options struct {
	columns pairs.Columns
	options metrics.Options
	mode    string
	format  string
	plot    string
}

// New is the command.
func New() *cobra.Command {
	var f options
	cmd := &cobra.Command{
		Use:     "eval [flags] FILE|-",
		Short:   "Measure confidences against what was correct",
		Long:    long,
		Example: example,
		Args:    input.One,
		RunE:    func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	flags := cmd.Flags()
	settings.Add(cmd, contract.ConfidenceColumn, &f.columns.Confidence)
	settings.Add(cmd, contract.CorrectColumn, &f.columns.Correct)
	settings.Add(cmd, contract.Bins, &f.options.Binning.Bins)
	flags.StringVar(&f.mode, "mode", "default", "bins as in another library: "+evalModeNames)
	settings.Add(cmd, contract.Resamples, &f.options.Resamples)
	settings.Add(cmd, contract.Seed, &f.options.Seed)
	flags.StringVar(&f.format, "format", "table", "table or json")
	flags.StringVar(&f.plot, "plot", "", "draw the reliability diagram and the risk-coverage curve to this .svg or .png")
	completion.Values(cmd, "mode", "default", "guo", "sklearn", "netcal", "torchmetrics")
	completion.Values(cmd, "format", "table", "json")
	_ = cmd.MarkFlagFilename("plot", "svg", "png")
	return cmd
}

func (f *options) run(cmd *cobra.Command, path string) error {
	rule, ok := evalModes[f.mode]
	if !ok {
		return exit.Usagef("--mode %q: want %s", f.mode, evalModeNames)
	}
	f.options.Binning.Rule = rule
	if f.format != "table" && f.format != "json" {
		return exit.Usagef("--format %q: want table or json", f.format)
	}
	if f.options.Binning.Bins < 1 || f.options.Binning.Bins > 1<<16 {
		return exit.Usagef("--bins %d: want 1 to 65536", f.options.Binning.Bins)
	}
	if f.options.Resamples < 1 {
		return exit.Usagef("--resamples %d: want at least 1", f.options.Resamples)
	}
	if f.plot != "" && !diagram.Supported(f.plot) {
		return exit.Usagef("--plot %q: want a name that ends in .svg or .png", f.plot)
	}
	name, p, err := pairs.Open(cmd, path, f.columns)
	if err != nil {
		return err
	}
	pairs.Say(cmd, name, p)
	return f.evaluate(cmd, name, p)
}

func (f *options) evaluate(cmd *cobra.Command, name string, p *pairs.Pairs) error {
	sample, err := metrics.NewSample(p.Confidence, p.Correct)
	if err != nil {
		return exit.Errorf(exit.Faults, "%s: %w", name, err)
	}
	summary, err := sample.Evaluate(f.options)
	if err != nil {
		return exit.With(exit.Usage, err)
	}
	if summary.N == 0 {
		return exit.Errorf(exit.Faults, "%s: no pairs: want lines such as {\"confidence\": 0.8, \"correct\": true}, or CSV with these columns", name)
	}
	figures := newFigures(&summary)
	if f.format == "json" {
		for _, r := range figures.rows() {
			if r.note != "" {
				terminal.Say(cmd, "%s: %s does not exist: %s", name, r.name, r.note)
			}
		}
		err = json.NewEncoder(cmd.OutOrStdout()).Encode(figures)
	} else {
		err = figures.table(cmd.OutOrStdout())
	}
	if err != nil {
		return exit.With(exit.IO, err)
	}
	if f.plot != "" {
		if err := diagram.Save(f.plot, &summary, sample.RiskCoverage()); err != nil {
			return exit.Errorf(exit.IO, "--plot: %w", err)
		}
	}
	if left := pairs.Total(p.Faults) + pairs.Total(p.Rejected); left > 0 {
		return exit.Errorf(exit.Faults, "%s: the figures are of %d pairs; %d were left out", name, summary.N, left)
	}
	return nil
}

// number is a figure in JSON: null if it is not defined.
type number float64

func (n number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// figures are the result of an evaluation, in the order in which they are
// printed.
type figures struct {
	N         uint64    `json:"n"`
	Accuracy  number    `json:"accuracy"`
	ECE       number    `json:"ece"`
	ECEMass   number    `json:"ece_mass"`
	MCE       number    `json:"mce"`
	Brier     number    `json:"brier"`
	NLL       number    `json:"nll"`
	AUROC     number    `json:"auroc"`
	AUROCCI   [2]number `json:"auroc_ci"`
	AUPRC     number    `json:"auprc"`
	AURC      number    `json:"aurc"`
	SmoothECE number    `json:"smooth_ece"`

	undefined map[string]string // why a figure is not defined, by its name
}

func newFigures(s *metrics.Summary) *figures {
	f := &figures{
		N: s.N, Accuracy: number(s.Accuracy), ECE: number(s.ECE), ECEMass: number(s.ECEMass), MCE: number(s.MCE),
		Brier: number(s.Brier), NLL: number(s.NLL), AUROC: number(s.AUROC.Value),
		AUROCCI: [2]number{number(s.AUROCInterval.Low), number(s.AUROCInterval.High)},
		AUPRC:   number(s.AUPRC), AURC: number(s.AURC.Value), SmoothECE: number(s.SmoothECE),
		undefined: map[string]string{},
	}
	for _, u := range s.Unavailable {
		f.undefined[u.Name] = reasonText(u.Reason)
	}
	return f
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

type row struct {
	name, value, note string
}

func (f *figures) rows() []row {
	r := []row{{"n", fmt.Sprint(f.N), ""}}
	for _, v := range []struct {
		name  string
		value number
	}{
		{"accuracy", f.Accuracy}, {"ece", f.ECE}, {"ece_mass", f.ECEMass}, {"mce", f.MCE}, {"brier", f.Brier}, {"nll", f.NLL},
		{"auroc", f.AUROC}, {"auroc_ci", number(math.NaN())}, {"auprc", f.AUPRC}, {"aurc", f.AURC}, {"smooth_ece", f.SmoothECE},
	} {
		text := "-"
		if !math.IsNaN(float64(v.value)) {
			text = fmt.Sprintf("%.4f", float64(v.value))
		}
		if v.name == "auroc_ci" && !math.IsNaN(float64(f.AUROCCI[0])) {
			text = fmt.Sprintf("%.4f to %.4f", float64(f.AUROCCI[0]), float64(f.AUROCCI[1]))
		}
		r = append(r, row{v.name, text, f.undefined[v.name]})
	}
	return r
}

func (f *figures) table(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range f.rows() {
		fmt.Fprintf(t, "%s\t%s", r.name, r.value)
		if r.note != "" {
			fmt.Fprintf(t, "\t%s", r.note)
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}
