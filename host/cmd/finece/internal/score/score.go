// Package score is the command score: it scores answers in a batch.
package score

import (
	"errors"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/batch/answers"
	"github.com/finece/finece/host/batch/score"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/rejects"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/wasm/contract"
)

const long = `score estimates the confidence of answers that exist already. The input is JSON
Lines, CSV or Parquet, also compressed, or a folder of such files; one answer a line:

  {"id": ..., "question": "...", "answer": "...", "logprobs": [...]}

"logprobs" is optional: OpenAI's logprobs.content, or an array of numbers, one for
each token. Numbers do not say to which text they belong. The answer is then
divided evenly among them, and the positions say "approximate". If the names differ,
--columns gives them, or known ones such as prompt and response are tried. A file can
also be the output of a batch of OpenAI, vLLM or Anthropic ("custom_id", "response"),
samples of lm-evaluation-harness ("doc_id", "resps"), or a recorded stream, with one or
more answers; --format says that it is a stream for certain.

A line of output is the line of input with two keys more:

  confidence  the confidence of the whole answer in [0,1], or null
  finece      details:
    calibrated  whether the confidence is a probability, see finece calibrate
    source      who estimated it
    reason      why there is none, if it is null
    positions   the records of all positions, as in finece watch --json
    hash        of the line of input
    settings    a hash of the flags that differ from their defaults

All other keys stay, so the output can go to finece eval if the input has
"correct". A line that has one of the two keys already is refused, unless
--overwrite replaces them.

The built-in estimators read the answer's own log-probabilities and are not
calibrated; --calibration maps them by a file of finece calibrate. --estimator
trajectory reads them with a model that finece calibrate --estimator trajectory fits.
--estimator URL asks a confidence model on an OpenAI-compatible server; its key is
in FINECE_API_KEY or OPENAI_API_KEY.

--estimator samples asks --server each question again, --samples 2 once. The confidence
of the whole answer is the share of the further answers whose final answer, as --agree-by
reads it, is the same. No other position has one. It is no probability until finece
calibrate has fitted a map. What the further answers cost is said at the end.

The output has the order of the input. The name of -o says its format: .jsonl, .csv or
.parquet, and .gz or .zst after it to compress. All but .jsonl are written at the end,
from lines in a file whose name ends in .journal. With -o, run the same command again to
resume interrupted work: lines with the same hash are kept, a torn last line is
cut off, and the other answers are scored and added. A kill loses at most the
answers in flight. A changed line is scored again, and its old score, which has the
same id or else the same question, leaves the file at the end. A line that cannot be
read is reported with its number and id, and the other lines are scored. With -o it
is kept beside the output, in a file whose name ends in .rejected.`

const example = `  finece score answers.jsonl > scores.jsonl
  finece score -o scores.jsonl answers.jsonl         # run again to resume
  finece score -o scores.parquet data/               # a folder of shards
  finece score --estimator http://127.0.0.1:8000/v1 --model finece -o scores.jsonl answers.jsonl
  finece score --estimator samples --server $URL --model m --samples 2 -o scores.jsonl answers.jsonl
  finece score --calibration map.json answers.jsonl  # see finece calibrate
  finece score --method min-prob --strategy periodic --every 30 answer.sse
  finece score answers.jsonl | jq -c '{id, confidence}'`

type options struct {
	*settings.Flags
	output string
	jobs   int
	again  bool

	overwrite bool
	left      rejects.Flags
	columns   []string
	samples   further
}

// New is the command.
func New() *cobra.Command {
	f := options{Flags: settings.New()}
	f.Samples = true
	cmd := &cobra.Command{
		Use:     "score [flags] {FILE|-}...",
		Short:   "Score a batch of answers, or recorded streams",
		Long:    long,
		Example: example,
		Args:    input.Some,
		RunE:    func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	flags := cmd.Flags()
	settings.Add(cmd, contract.Resumed, &f.output)
	settings.Add(cmd, contract.Columns, &f.columns)
	f.left.Add(cmd)
	flags.BoolVar(&f.again, "retry-failed", false, "-o: score again the answers whose confidence model could not be asked")
	flags.BoolVar(&f.overwrite, "overwrite", false, "replace the keys \"confidence\" and \"finece\" of the input")
	flags.IntVar(&f.jobs, "jobs", runtime.GOMAXPROCS(0), "answers at once")
	settings.Add(cmd, contract.Question, &f.Config.Question)
	f.AddEstimator(cmd, contract.Requests)
	f.samples.add(cmd)
	f.AddPositions(cmd)
	f.AddStream(cmd)
	return cmd
}

func (f *options) run(cmd *cobra.Command, args []string) error {
	if err := f.Resolve(cmd); err != nil {
		return err
	}
	if f.jobs < 1 {
		return exit.Usagef("--jobs %d: want at least 1", f.jobs)
	}
	if f.again && f.output == "" {
		return exit.Usagef("--retry-failed is about the lines in the file of -o")
	}
	again, err := f.further(cmd)
	if err != nil {
		return err
	}
	layout, err := answers.Named(f.columns)
	if err != nil {
		return exit.Usagef("--%s %w", contract.Columns.Flag(), err)
	}
	set, err := input.All(cmd, args)
	if err != nil {
		return err
	}
	ctx, stop := exit.Interruptible(cmd.Context())
	defer stop()
	follower, err := f.Follower(ctx)
	if err != nil {
		return err
	}
	defer follower.Engine.Close()

	b := &batch{cmd: cmd, follower: follower, config: f.Config, jobs: f.jobs, name: set.Name, overwrite: f.overwrite, layout: layout}
	b.settings = score.SettingsKey(f.Config, f.Estimator)
	if again != nil {
		follower.Post, follower.Samples, b.samples = again.Post, true, &f.samples
		b.settings = score.SettingsKey(f.Config, f.Estimator, f.samples.settings(f.Generator)...)
	}
	if err := b.openOutput(f.output, f.again); err != nil {
		return err
	}
	if b.left, err = f.left.Open(f.output); err != nil {
		return errors.Join(err, b.closeOutput())
	}
	return errors.Join(b.run(ctx, set), b.left.Close(), b.closeOutput())
}
