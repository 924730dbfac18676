// Package score is the command score: it scores answers in a batch.
package score

import (
	"errors"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/batch/answers"
	"github.com/finece/finece/host/batch/score"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/further"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/rejects"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/host/samples"
	"github.com/finece/finece/wasm/contract"
)

const long = `score estimates the confidence of complete answers. The input is JSON Lines, CSV or
Parquet, also compressed, or a folder of such files, with one answer per line:

  {"id": ..., "question": "...", "answer": "...", "logprobs": [...]}

"logprobs" is optional: OpenAI's logprobs.content, or an array of numbers, one for each
token. Numbers do not say which text they belong to, so the answer is divided evenly
among them, and its positions say "approximate". --columns gives names that differ; by
default, common names such as prompt and response are tried. A file can also be the
output of a batch of OpenAI, vLLM or Anthropic ("custom_id", "response"), samples of
lm-evaluation-harness ("doc_id", "resps"), or a recorded stream with one or more
answers. score recognises a stream by its content; --format states its format.

A line of output is the line of input with two more keys:

  confidence  the confidence of the whole answer in [0,1], or null
  finece      details:
    calibrated  whether the confidence is calibrated, see finece calibrate
    source      where the confidence comes from
    reason      why there is no confidence, if it is null
    positions   the records of all positions, as in finece watch --json
    hash        of the line of input
    settings    a hash of the flags that differ from their defaults

All other keys stay, so the output can go to finece eval if the input has
"correct". A line that has one of the two keys already is refused, unless
--overwrite replaces them.

The default estimator is a statistic of the answer's log-probabilities (--method), which
is not calibrated; --calibration FILE maps it to probabilities with a file of finece
calibrate. --estimator trajectory uses a model of the log-probabilities, which finece
calibrate --estimator trajectory fits. --estimator URL asks a confidence model on an
OpenAI-compatible server; its key is in FINECE_API_KEY or OPENAI_API_KEY.

--estimator samples asks --server each question again: once with --samples 2. The
confidence of the whole answer is the share of these further answers with the same final
answer, as --agree-by reads it. Other positions have no confidence. It is not calibrated
without a map of finece calibrate. The cost of the further answers is printed at the
end.

The output has the order of the input. The ending of -o sets the format: .jsonl, .csv or
.parquet, followed by .gz or .zst to compress. Formats other than .jsonl are written at
the end, from lines in a file whose name ends in .journal.

With -o, run the same command again to resume interrupted work. Lines with the same hash
are kept, an incomplete last line is cut off, and the other answers are scored and
added. If score is killed, at most the answers in flight are lost. A changed line is
scored again, and its old score, found by its id or its question, is removed at the end.

A line that cannot be read is reported with its number and id, and the other lines are
scored. With -o, such lines are also written to a file whose name ends in .rejected.

In the list of flags, a word before a colon says when a flag counts: "samples:" means
with --estimator samples, "URL:" with --estimator URL, and "periodic:" with --strategy
periodic.`

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
	samples   further.Flags
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
	flags.BoolVar(&f.again, "retry-failed", false, "-o: score again the answers for which a request to the confidence model failed")
	flags.BoolVar(&f.overwrite, "overwrite", false, "replace the keys \"confidence\" and \"finece\" of the input")
	flags.IntVar(&f.jobs, "jobs", runtime.GOMAXPROCS(0), "how many answers are scored at once")
	settings.Add(cmd, contract.Question, &f.Config.Question)
	f.AddEstimator(cmd, contract.Requests)
	f.samples.Add(cmd)
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
	var again *samples.Estimator
	chosen, err := f.samples.Chosen(cmd, f.Flags)
	if chosen {
		again, err = f.samples.Estimator(f.Flags)
	}
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
		b.settings = score.SettingsKey(f.Config, f.Estimator, f.samples.Settings(f.Generator)...)
	}
	if err := b.openOutput(f.output, f.again); err != nil {
		return err
	}
	if b.left, err = f.left.Open(f.output); err != nil {
		return errors.Join(err, b.closeOutput())
	}
	return errors.Join(b.run(ctx, set), b.left.Close(), b.closeOutput())
}
