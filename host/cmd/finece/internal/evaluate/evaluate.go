// Package evaluate is the command eval: how good confidences are.
package evaluate

import (
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/completion"
	"github.com/finece/finece/host/cmd/finece/internal/diagram"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/output"
	"github.com/finece/finece/host/cmd/finece/internal/pairs"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/metrics"
	"github.com/finece/finece/wasm/contract"
)

const long = `eval compares confidences with whether the answers were correct. ECE and related figures
measure calibration: are answers with confidence 0.8 correct 8 times in 10? AUROC and
the risk-coverage figures measure how well confidences separate correct answers from
wrong ones.

Each row of the input has a confidence in [0,1] and whether the answer was correct (0,
1, true or false). The format is JSON Lines with the keys "confidence" and "correct",
CSV with a header, or Parquet, also compressed, or a folder of such files, such as a
Hugging Face dataset. --confidence and --correct give other names; by default, common
names such as p_true and exact_match are tried, too. A confidence that is blank, NaN,
not a number or outside [0,1] is left out and reported, and the exit code is then 1. A
figure that is not defined for the data, such as the AUROC when all answers are correct,
is null, and standard error says why. In samples of lm-evaluation-harness the confidence
of a multiple choice is the softmax of the options' log-likelihoods.

  ece              expected calibration error, equal-width bins
  ece_mass         the same with bins of equal count; equal confidences share a bin
  mce              the largest calibration error of a bin
  smooth_ece       calibration error without bins
  brier, nll       proper scores; lower is better
  brier_skill      1 is perfect, 0 no better than saying the accuracy every time
  auroc            probability that a correct answer has more confidence than a
                   wrong one
  within_question  the same, of answers to one question (with --id)
  auprc            average precision
  aurc, augrc      areas under risk-coverage curves; lower is better

Accuracy, ece, brier, auroc and aurc have 95% intervals: Wilson's for the accuracy,
DeLong's for the AUROC of more than 100,000 rows, and bootstrap intervals for the
others. Rows of one question depend on each other, and an interval that ignores this is
too narrow. So the bootstrap draws whole questions if several rows have the same id.
--id names the column of the id, "id" by default; --id "" draws rows instead.

--by model,dataset measures each group on its own: a row for each model and dataset, and
a row for all. Any key or column can make groups. In JSON Lines, "source.model" is the
key "model" of the object "source". --positions makes each position of the lines of
finece score a row, with its fused confidence; --by kind then compares p(0), paragraph
ends and whole answers. At most 1000 groups are allowed.

--against p_true compares two confidences of the same rows. It prints the difference of
each figure, that of --confidence minus that of p_true, with a 95% interval from the
same bootstrap draws, and DeLong's test of whether the AUROCs are equal. If several rows
have the same id, the bootstrap draws whole questions, and the test is Obuchowski's,
which allows for rows that depend on each other.

--report FILE.html writes the figures with their meanings and the diagrams (reliability,
ROC, risk and coverage, confidences, groups) to one page, which needs no other file and
no network.

--merge adds up the replies of GET /finece/calibration from several gateways, one file
each, as if one gateway had received all labels. --format json prints a reply that can
be merged again.

Libraries treat the edges of bins differently, which matters because confidences are
often multiples of 0.1. --mode gives the same figures as another library:

  default       bins (lo, hi], the first closed at 0
  guo           (lo, hi]; a confidence of exactly 0 is in no bin (Guo et al. 2017)
  sklearn       sklearn.calibration.calibration_curve
  netcal        netcal.metrics.ECE
  torchmetrics  torchmetrics BinaryCalibrationError`

const example = `  finece eval pairs.csv
  finece score answers.jsonl | finece grade | finece eval
  finece eval --format json --bins 15 --mode guo pairs.jsonl
  finece eval --by model,dataset pairs.parquet
  finece score answers.jsonl | finece grade | finece eval --positions --by kind
  finece eval --confidence fused --against raw pairs.jsonl
  finece eval --by model --report report.html pairs.jsonl
  finece eval --merge gateway-1.json gateway-2.json
  finece eval --confidence p_true --correct is_right --plot reliability.svg results.csv.gz`

// usualMode is the name of --mode for the rule of [metrics.DefaultBinning].
const usualMode = "default"

// modes are the values of --mode, and modeRules their binning rules. The figure "ece_mass"
// always has bins of equal mass.
var modes, modeRules = func() (names []string, rules map[string]metrics.Rule) {
	rules = map[string]metrics.Rule{}
	for _, rule := range metrics.Rules() {
		name := rule.String()
		switch rule {
		case metrics.EqualMass:
			continue
		case metrics.DefaultBinning().Rule:
			name = usualMode
		}
		names, rules[name] = append(names, name), rule
	}
	return names, rules
}()

// Source reads the pairs of the inputs that arguments name, and returns a name for all of them.
// It returns either pairs, or an accumulator with the binning, which has no rows. With an
// accumulator, the pairs only describe the lines that were left out.
type Source func(cmd *cobra.Command, args []string, columns pairs.Columns, b metrics.Binning) (name string, _ *pairs.Pairs, _ *metrics.Accumulator, _ error)

func files(cmd *cobra.Command, args []string, columns pairs.Columns, _ metrics.Binning) (string, *pairs.Pairs, *metrics.Accumulator, error) {
	name, p, err := pairs.Open(cmd, args, columns)
	return name, p, nil, err
}

type options struct {
	source  Source
	columns pairs.Columns
	options metrics.Options
	mode    string
	format  string
	plot    string
	report  string
	merge   bool
}

// New is the command.
func New() *cobra.Command { return Of(files) }

// Of returns the command with pairs from a source.
func Of(source Source) *cobra.Command {
	f := options{source: source, options: metrics.DefaultOptions()}
	cmd := &cobra.Command{
		Use:     "eval [flags] [FILE|-]...",
		Short:   "Measure how good confidences are",
		Long:    long,
		Example: example,
		Args: func(cmd *cobra.Command, args []string) error {
			if f.merge && len(args) == 0 {
				return exit.Usagef("--merge needs files with replies of GET /finece/calibration")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.merge {
				return f.runMerge(cmd, args)
			}
			return f.run(cmd, args)
		},
	}
	flags := cmd.Flags()
	settings.Add(cmd, contract.ConfidenceColumn, &f.columns.Confidence)
	settings.Add(cmd, contract.CorrectColumn, &f.columns.Correct)
	flags.StringVar(&f.columns.Other, "against", "", "key or column with other confidences of the same rows, for a comparison")
	flags.StringSliceVar(&f.columns.By, "by", nil, "keys or columns whose values make groups, each measured on its own, such as model,dataset")
	flags.BoolVar(&f.columns.Positions, "positions", false, "use every position of lines of finece score with \"correct\", instead of only the confidence of the whole answer")
	flags.StringVar(&f.columns.Question, "id", "id", "key or column of the question; the bootstrap draws the rows of a question together; with \"\" it draws rows")
	f.columns.Left.Add(cmd)
	settings.Add(cmd, contract.Bins, &f.options.Binning.Bins)
	flags.StringVar(&f.mode, "mode", usualMode, "binning rule, as in another library: "+strings.Join(modes, ", "))
	settings.Add(cmd, contract.Resamples, &f.options.Resamples)
	settings.Add(cmd, contract.Seed, &f.options.Seed)
	flags.StringVar(&f.format, "format", "table", "table or json")
	flags.StringVar(&f.plot, "plot", "", "draw the reliability diagram and the risk-coverage curve to this .svg or .png")
	flags.StringVar(&f.report, "report", "", "write a page with the figures and diagrams to this .html file")
	flags.BoolVar(&f.merge, "merge", false, "add up replies of GET /finece/calibration")
	completion.Values(cmd, "mode", modes...)
	completion.Values(cmd, "format", "table", "json")
	_ = cmd.MarkFlagFilename("plot", "svg", "png")
	_ = cmd.MarkFlagFilename("report", "html")
	return cmd
}

func (f *options) run(cmd *cobra.Command, args []string) error {
	rule, ok := modeRules[f.mode]
	if !ok {
		return exit.Usagef("--mode %q: want %s", f.mode, strings.Join(modes, ", "))
	}
	f.options.Binning.Rule = rule
	if f.format != "table" && f.format != "json" {
		return exit.Usagef("--format %q: want table or json", f.format)
	}
	if f.options.Binning.Bins < 1 || f.options.Binning.Bins > metrics.MaxBins {
		return exit.Usagef("--bins %d: want 1 to %d", f.options.Binning.Bins, metrics.MaxBins)
	}
	if f.options.Resamples < 1 {
		return exit.Usagef("--resamples %d: want at least 1", f.options.Resamples)
	}
	if f.plot != "" && !diagram.Supported(f.plot) {
		return exit.Usagef("--plot %q: want a name that ends in .svg or .png", f.plot)
	}
	if ext := strings.ToLower(filepath.Ext(f.report)); f.report != "" && ext != ".html" && ext != ".htm" {
		return exit.Usagef("--report %q: want a name that ends in .html", f.report)
	}
	if f.columns.Other != "" && f.columns.Positions {
		return exit.Usagef("--against compares columns of rows: it cannot be used with --positions")
	}
	f.columns.Fused = true
	name, p, a, err := f.source(cmd, args, f.columns, f.options.Binning)
	if err != nil {
		return err
	}
	pairs.Say(cmd, name, p)
	if a != nil {
		return f.accumulated(cmd, name, p, a)
	}
	return f.evaluate(cmd, name, p)
}

func (f *options) evaluate(cmd *cobra.Command, name string, p *pairs.Pairs) error {
	if len(p.Confidence) == 0 {
		return noPairs(name)
	}
	if f.columns.Question != "" && !p.Asked && cmd.Flags().Changed("id") {
		return exit.Usagef("%s: no row has %q: name the column of the question with --id", name, f.columns.Question)
	}
	if missing := p.Missing(f.columns.By); missing != nil {
		return exit.Usagef("%s: no row has %q: name the columns of the groups with --by", name, missing[0])
	}
	whole := allRows(p)
	r := f.resampling(whole)
	if r.Resamples < f.options.Resamples {
		terminal.Say(cmd, "%s: the intervals are from %d resamples instead of %d, because there are many pairs", name, r.Resamples, f.options.Resamples)
	}
	all, err := f.measure(whole, r)
	if err != nil {
		return exit.Errorf(exit.Faults, "%s: %w", name, err)
	}
	groups, err := f.measureGroups(p, r)
	if err != nil {
		return exit.Errorf(exit.Faults, "%s: %w", name, err)
	}
	if err := f.print(cmd, name, all, groups); err != nil {
		return exit.With(exit.IO, err)
	}
	if f.plot != "" {
		if err := diagram.Save(f.plot, &all.summary, all.sample.RiskCoverage()); err != nil {
			return exit.Errorf(exit.IO, "--plot: %w", err)
		}
	}
	if f.report != "" {
		if err := output.File("--report", f.report, func(w io.Writer) error { return f.writeReport(w, name, p, all, groups, r) }); err != nil {
			return exit.With(exit.IO, err)
		}
	}
	return verdict(name, p, all)
}

// verdict returns an error if pairs were left out.
func verdict(name string, p *pairs.Pairs, all *result) error {
	if left := pairs.Total(p.Faults) + pairs.Total(p.Rejected); left > 0 {
		return exit.Errorf(exit.Faults, "%s: the figures are of %d pairs; %d were left out", name, all.summary.N, left)
	}
	return nil
}

func noPairs(name string) error {
	return exit.Errorf(exit.Faults, "%s: no pairs: want lines such as {\"confidence\": 0.8, \"correct\": true}, or CSV with these columns", name)
}

// print prints the result. groups is empty without --by.
func (f *options) print(cmd *cobra.Command, name string, all *result, groups []group) error {
	out := cmd.OutOrStdout()
	switch {
	case f.format == "json":
		for _, g := range groups {
			for _, reason := range g.reasons() {
				terminal.Say(cmd, "%s: %s: %s", name, label(f.columns.By, g.values), reason)
			}
		}
		for _, v := range all.figures {
			if v.undefined != "" {
				terminal.Say(cmd, "%s: %s is undefined: %s", name, v.name, v.undefined)
			}
		}
		_, err := out.Write(asJSON(f.columns.By, groups, all))
		return err
	case len(groups) > 0:
		return f.groupTable(out, groups, all)
	case all.against != nil:
		return f.comparisonTable(out, all)
	}
	return f.table(out, all.figures)
}
