// Package calibrate is the command calibrate: it fits calibration maps.
package calibrate

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/cmd/finece/internal/completion"
	"github.com/finece/finece/host/cmd/finece/internal/diagram"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/likeness"
	"github.com/finece/finece/host/cmd/finece/internal/pairs"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/metrics/calibrate/fit"
	"github.com/finece/finece/wasm/contract"
	"github.com/finece/finece/wasm/contract/record"
)

const long = `calibrate fits a calibration map on labelled answers, that is, answers known to be
correct or not. The map turns a raw confidence into the share of correct answers at that
confidence. It is a small JSON file. score, watch and serve read it with --calibration;
in the npm and Python packages it is the setting "calibration".

The input is that of eval: JSON Lines, CSV or Parquet with a confidence in [0,1] and whether
the answer was correct. It may have further columns:

  k, N      instead of correct: k of N sampled completions are correct
  id        the question; rows of one question stay together, see below
  position  where in the answer: 0 or p(0) is the question alone, z or p(z) is the
            whole answer, other numbers are in between
  tokens    tokens of the answer before the position; a row with neither is a
            whole answer

Methods (--method), from the fewest degrees of freedom to the most:

  identity     leaves confidences as they are
  temperature  one parameter: all confidences are too high, or too low
  platt        two parameters: logits, with smoothed targets
  beta         three parameters
  isotonic     any rising function (centred isotonic regression); needs a few
               hundred rows
  histogram    the share of correct answers in each of --bins bins; its ties lower
               the AUROC
  auto         the method with the lowest cross-validated negative log-likelihood

isotonic and histogram merge bins of fewer than --least-in-bin answers with their
neighbours. The file has the number of answers and a 95% interval of each bin.

Only histogram may map a lower confidence above a higher one. identity and
isotonic keep the order. temperature, platt and beta keep it too, except for
confidences within 1e-6 of 0 or 1, which become equal. platt and beta make all
confidences equal if higher confidences are not more often correct on the whole.

--per-band fits separate maps for question, early and late positions. Early means before
the median number of tokens of the rows, which the file states: the length of a running
stream is not known. A band with fewer than 50 rows uses the map of all rows.

The table compares the confidences before and after. "after" is cross-validated: each
row is mapped by a map that was fitted without its question. auto also chooses its
method without that question, so "after" can be above the lowest NLL of the methods. The
intervals are 95% bootstrap intervals over questions.

--target-risk finds the smallest threshold such that, of the answers at or above it, at
most this share is wrong. This holds with probability 1-delta over samples like this
one, for one answer of each question, by an exact bound (Clopper-Pearson, split fixed
sequence testing). "none" means that no threshold has this property, or that there are
too few rows. The threshold is for raw confidences. If a threshold for calibrated
confidences keeps the same rows, it is printed, too. Use all digits: the bound does not
hold for a rounded threshold.

The file has a card, which says what the rows cover. A confidence of another --generator
or --domain, or at a kind of position that the rows lack, is not shown as a percentage.
With --seen-questions FILE, lines of {"question": "..."}, a confidence is marked if its
question reads unlike these questions; it stays a percentage. The policy withhold acts
at each paragraph, so rows of whole answers are not enough for it: with --positions,
each position of lines of finece score is a row.

--estimator trajectory fits a model of how the log-probabilities of an answer develop,
instead of a map of one statistic. The input is that of score, with "correct" in each
line, and with alternatives (top_logprobs) in "logprobs" if the provider sends them. The
model is a logistic regression on up to 20 features, or fewer if there are few labels.
It is fitted at the positions of --strategy, separately for positions within an answer
and for whole answers. The table has cross-validated figures. score, watch and serve
read the file with --estimator trajectory --trajectory FILE. Start with about 100
labelled answers.

--from FILE reads labels from the database of finece serve --feedback-db FILE instead of
an input. A row is a position of a labelled answer with its raw confidence. If the
labels belong to several estimators, --scored-by chooses one.

--stop ALPHA finds a threshold for finece serve --policy stop. The policy ends an answer
whose confidence falls below the threshold at any position; with this threshold it ends
at most the share ALPHA of correct answers. The input is lines of finece score --depth 0
with "correct", for answers that neither the model nor the map was fitted on. -o writes
the settings for finece serve --config. The threshold is chosen on one correct answer of
each question (split conformal prediction). The share is guaranteed on average over
samples like this one. The table shows the effect of the threshold on held-out answers,
and the tokens that it saves.

--group FIELD fits a map for each value of a column, such as domain. With -o map.json
the maps are map-VALUE.json, and their cards name the value as the domain.

--check FILE tests whether an existing map holds on new labels, in their order, by
betting against it. If the map holds, an alarm comes with probability 0.05 at most, also
if the test is repeated as labels are added. Exit code 1 means that the map does not
hold. One row of each question is drawn. The test is not valid for labels that depend on
the answer, for example if only wrong answers are reported.

--apply FILE maps the confidences of the input with an existing file, and prints one
JSON object for each row. The rows need no "correct".`

const example = `  finece calibrate pairs.csv                          # how much would it help?
  finece calibrate -o map.json --plot map.svg pairs.csv
  finece calibrate --per-band --target-risk 0.1 -o map.json positions.jsonl
  finece score answers.jsonl | finece calibrate --positions -o map.json -
  finece score --calibration map.json answers.jsonl   # calibrated scores
  finece calibrate --estimator trajectory -o trajectory.json answers.jsonl
  finece calibrate --from feedback.db -o map.json     # from what clients of serve said
  finece score --depth 0 --estimator trajectory --trajectory trajectory.json new.jsonl > s.jsonl
  finece calibrate --stop 0.05 -o stop.json s.jsonl
  finece calibrate --check map.json new.csv           # does the map still hold?
  finece calibrate --apply map.json pairs.csv | finece eval --confidence calibrated -`

// furtherColumns are the optional columns of the input.
var furtherColumns = []string{"id", "position", "tokens", "k", "N"}

const (
	columnID = iota
	columnPosition
	columnTokens
	columnK
	columnN
	columnGroup // of --group, if there is one
)

type options struct {
	columns pairs.Columns
	options fit.Options
	method  string
	source  string

	generator, domain string // for the card
	questions         string // file of the questions, for the card

	stop      float64         // share of correct answers that a threshold may stop; 0 without --stop
	estimator string          // "trajectory" to fit such a model, "" to fit maps
	session   *settings.Flags // the positions at which a trajectory model is fitted
	from      string          // a database of finece serve, used instead of an input
	scoredBy  string          // the estimator whose labels are taken; "" if the database has only one

	output string
	plot   string
	apply  string
	group  string // the column whose values have maps of their own
	checks string // a map that is tested on new labels
}

// New is the command.
func New() *cobra.Command {
	f := options{options: fit.DefaultOptions(), columns: pairs.Columns{More: furtherColumns, Unlabelled: true}, session: settings.New()}
	f.session.EngineName = host.Native().Name()
	cmd := &cobra.Command{
		Use:     "calibrate [flags] {FILE|-}...|--from FILE",
		Short:   "Fit a calibration map on labelled answers",
		Long:    long,
		Example: example,
		Args: func(cmd *cobra.Command, args []string) error {
			if f.from == "" {
				return input.Some(cmd, args)
			}
			if len(args) > 0 {
				return exit.Usagef("--from replaces the input: leave out %q", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.from != "" {
				return f.runFrom(cmd)
			}
			return f.run(cmd, args)
		},
	}
	flags := cmd.Flags()
	o := &f.options
	flags.StringVar(&f.method, "method", "auto", "auto, "+strings.Join(calibrationMethods(), ", "))
	flags.BoolVar(&o.PerBand, "per-band", false, "fit separate maps for question, early and late positions")
	flags.IntVar(&o.Folds, "folds", o.Folds, "folds of the cross-validation")
	settings.Add(cmd, contract.Seed, &o.Seed)
	settings.Add(cmd, contract.Bins, &o.Bins)
	settings.Add(cmd, contract.LeastInBin, &o.LeastInBin)
	settings.Add(cmd, contract.Resamples, &o.Resamples)
	flags.Float64Var(&o.TargetRisk, "target-risk", 0, "find a threshold such that at most this share of the answers at or above it is wrong")
	flags.Float64Var(&o.Delta, "delta", o.Delta, "probability that the bound of --target-risk does not hold")
	flags.StringVarP(&f.output, "output", "o", "", "write the calibration to this file, or - for standard output")
	flags.StringVar(&f.plot, "plot", "", "draw the reliability before and after to this .svg or .png")
	flags.StringVar(&f.source, "source", "", "a note for the file: where the confidences come from (default: the name of the input)")
	flags.StringVar(&f.apply, "apply", "", "map the confidences of the input with this file, instead of fitting a map")
	settings.Add(cmd, contract.ConfidenceColumn, &f.columns.Confidence)
	settings.Add(cmd, contract.CorrectColumn, &f.columns.Correct)
	flags.BoolVar(&f.columns.Positions, "positions", false, "use every position of lines of finece score with \"correct\", instead of only the confidence of the whole answer")
	flags.StringVar(&f.generator, "generator", "", "for the card: the model whose answers these are")
	flags.StringVar(&f.domain, "domain", "", "for the card: what the questions are about")
	likeness.Add(cmd, &f.questions)
	f.columns.Left.Add(cmd)
	flags.StringVar(&f.estimator, "estimator", "", "fit a model of the log-probabilities of labelled answers instead of a map: trajectory")
	f.session.AddPositions(cmd)
	flags.Float64Var(&f.stop, "stop", 0, "find the threshold of the policy stop that stops at most this share of correct answers, instead of fitting a map")
	completion.Values(cmd, "estimator", record.EstimatorTrajectory)
	flags.StringVar(&f.from, "from", "", "fit on the labels in this database of finece serve --feedback-db")
	flags.StringVar(&f.scoredBy, "scored-by", "", "--from: the estimator whose labels are used, such as logprob/perplexity")
	_ = cmd.MarkFlagFilename("from")
	completion.Values(cmd, "method", append([]string{"auto"}, calibrationMethods()...)...)
	_ = cmd.MarkFlagFilename("output", "json")
	flags.StringVar(&f.group, "group", "", "key or column, such as domain: fit a map for each of its values, each in its own file")
	flags.StringVar(&f.checks, "check", "", "test whether the map in this file still holds on the labels of the input, instead of fitting a map")
	_ = cmd.MarkFlagFilename("check", "json")
	_ = cmd.MarkFlagFilename("apply", "json")
	_ = cmd.MarkFlagFilename("plot", "svg", "png")
	return cmd
}

func calibrationMethods() (names []string) {
	for _, m := range fit.Methods {
		names = append(names, m.String())
	}
	return names
}

func (f *options) run(cmd *cobra.Command, args []string) error {
	if err := f.check(cmd); err != nil {
		return err
	}
	switch {
	case f.estimator != "":
		return f.learnTrajectory(cmd, args)
	case f.stop > 0:
		return f.learnStop(cmd, args)
	}
	if f.group != "" {
		f.columns.More = append(slices.Clone(f.columns.More), f.group)
	}
	f.columns.Check = func(labelled bool, more []string) error {
		_, err := labelledRow(labelled, more, f.apply != "")
		return err
	}
	name, p, err := pairs.Open(cmd, args, f.columns)
	if err != nil {
		return err
	}
	rows := labelledRows(p)
	pairs.Say(cmd, name, p)
	switch {
	case f.apply != "":
		err = f.applyTo(cmd, p, rows)
	case f.checks != "":
		err = f.checkMap(cmd, name, rows)
	case f.group != "":
		err = f.learnGroups(cmd, name, p, rows)
	default:
		err = f.learn(cmd, name, rows, p.Kinds)
	}
	if left := pairs.Total(p.Faults) + pairs.Total(p.Rejected); err == nil && left > 0 {
		err = exit.Errorf(exit.Faults, "%s: %d rows were used; %d were left out", name, len(rows), left)
	}
	return err
}

func (f *options) check(cmd *cobra.Command) error {
	o := &f.options
	if f.method != "auto" {
		if o.Method = calibrate.ParseMethod(f.method); o.Method == calibrate.None {
			return exit.Usagef("--method %q: want auto, %s", f.method, strings.Join(calibrationMethods(), ", "))
		}
	}
	switch {
	case f.estimator != "" && f.estimator != record.EstimatorTrajectory:
		return exit.Usagef("--estimator %q: want %s", f.estimator, record.EstimatorTrajectory)
	case !(f.stop >= 0 && f.stop < 1) || f.stop == 0 && cmd.Flags().Changed("stop"):
		return exit.Usagef("--stop %v: want a share between 0 and 1", f.stop)
	case f.stop > 0 && f.from != "":
		return exit.Usagef("--stop cannot be used with --from: it needs whole answers, as lines of finece score")
	case f.stop > 0 && f.estimator != "":
		return exit.Usagef("--stop cannot be used with --estimator: fit the model first, score other answers with it, and give their scores")
	case o.Folds < 2:
		return exit.Usagef("--folds %d: want at least 2", o.Folds)
	case o.Bins < 1 || o.Bins > calibrate.MaxKnots:
		return exit.Usagef("--bins %d: want 1 to %d", o.Bins, calibrate.MaxKnots)
	case o.LeastInBin < 1:
		return exit.Usagef("--least-in-bin %d: want at least 1", o.LeastInBin)
	case o.Resamples < 1:
		return exit.Usagef("--resamples %d: want at least 1", o.Resamples)
	case !(o.TargetRisk >= 0 && o.TargetRisk < 1) || o.TargetRisk == 0 && cmd.Flags().Changed("target-risk"):
		return exit.Usagef("--target-risk %v: want a share between 0 and 1", o.TargetRisk)
	case !(o.Delta > 0 && o.Delta < 1):
		return exit.Usagef("--delta %v: want a probability between 0 and 1", o.Delta)
	case f.plot != "" && !diagram.Supported(f.plot):
		return exit.Usagef("--plot %q: want a name that ends in .svg or .png", f.plot)
	case f.group != "" && (f.checks != "" || f.apply != "" || f.from != "" || f.estimator != "" || f.stop > 0 || f.plot != "" || f.columns.Positions || f.output == "-"):
		return exit.Usagef("--group cannot be used with --check, --apply, --from, --estimator, --stop, --plot, --positions or -o -")
	case f.checks != "" && (f.apply != "" || f.from != "" || f.estimator != "" || f.stop > 0 || f.output != "" || f.plot != ""):
		return exit.Usagef("--check tests a map on an input and writes no file: it cannot be used with --apply, --from, --estimator, --stop, -o or --plot")
	case f.questions != "" && (f.checks != "" || f.apply != "" || f.stop > 0 || f.group != ""):
		return exit.Usagef("--%s is for the card of one map: it cannot be used with --check, --apply, --stop or --group", likeness.Flag)
	case f.apply != "" && f.from != "":
		return exit.Usagef("--apply maps an input, and --from fits a map: give one of them")
	case f.estimator != "" && f.from != "":
		return exit.Usagef("--estimator %s needs the answers' log-probabilities, which the database of --from does not have", f.estimator)
	case f.scoredBy != "" && f.from == "":
		return exit.Usagef("--scored-by needs --from")
	case f.apply != "" && (f.output != "" || f.plot != ""):
		return exit.Usagef("--apply prints to standard output: it cannot be used with -o or --plot")
	}
	return nil
}
