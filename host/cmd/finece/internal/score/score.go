// Package score is the command score: it scores answers in a batch.
package score

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/scoring"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

const long = `score estimates the confidence of answers that are there already, one line for
each. The input is JSON Lines,

  {"id": ..., "question": "...", "answer": "...", "logprobs": [...]}

with logprobs optional: OpenAI's logprobs.content, or an array of numbers, one a
token. Numbers do not say which text they belong to; the answer is then shared
out evenly over them, and "tokens_estimated" says so. The input can also be one
recorded stream, which gives a line for each of its choices; a --format says
that it is one.

A line of output has the id, the confidence of the whole answer, and for each
position where it is (as in finece positions) and

  state      final or unavailable
  raw        the estimate itself, in [0,1]; null when unavailable
  fused      raw after calibration, if any, and integration with later estimates
  revisions  how often the fused value was revised
  source     who estimated it, and which map calibrated it
  reason     why it is unavailable

The built-in estimators read the answer's own log-probabilities and are not
calibrated by themselves; --calibration maps them by a file of finece calibrate.
--estimator URL asks a confidence model behind an OpenAI-compatible server; the
key comes from FINECE_API_KEY or OPENAI_API_KEY.

Output is in the order of the input. With -o, interrupted work goes on where it
stopped when the same command is run again: what has a whole line there is kept,
a torn last line is cut off, the rest is scored and added. A kill loses at most
the answers in flight. A line that cannot be read is reported with its number and
id, and the others go on.`

const example = `  finece score answers.jsonl > scores.jsonl
  finece score -o scores.jsonl answers.jsonl         # run again to go on
  finece score --estimator http://127.0.0.1:8000/v1 --model finece -o scores.jsonl answers.jsonl
  finece score --calibration map.json answers.jsonl  # see finece calibrate
  finece score --method min-prob --strategy periodic --every 30 answer.sse
  finece score answers.jsonl | jq -c '{id, confidence}'`

type options struct {
	*settings.Flags
	output string
	jobs   int
	again  bool
}

// New is the command.
func New() *cobra.Command {
	f := options{Flags: settings.New()}
	cmd := &cobra.Command{
		Use:     "score [flags] FILE|-",
		Short:   "Score a batch of answers, or a recorded stream",
		Long:    long,
		Example: example,
		Args:    input.One,
		RunE:    func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.output, "output", "o", "", "write to this file, and go on with what is there")
	flags.BoolVar(&f.again, "retry-failed", false, "-o: score the answers again whose confidence model could not be asked")
	flags.IntVar(&f.jobs, "jobs", runtime.GOMAXPROCS(0), "answers at once")
	flags.StringVar(&f.Config.Question, "question", "", "what a recorded stream answers")
	f.AddEstimator(cmd)
	f.AddPositions(cmd)
	f.AddStream(cmd)
	return cmd
}

func (f *options) run(cmd *cobra.Command, path string) error {
	if err := f.Resolve(cmd); err != nil {
		return err
	}
	if f.jobs < 1 {
		return exit.Usagef("--jobs %d: want at least 1", f.jobs)
	}
	if f.again && f.output == "" {
		return exit.Usagef("--retry-failed is about the lines in the file of -o")
	}
	in, err := input.Open(cmd, path)
	if err != nil {
		return err
	}
	defer in.Close()
	ctx, stop := exit.Interruptible(cmd.Context())
	defer stop()
	s, err := scoring.New(ctx, f.Flags)
	if err != nil {
		return err
	}
	defer s.Close()

	b := &batch{cmd: cmd, scorer: s, config: f.Config, jobs: f.jobs, name: in.Name, done: newFinished()}
	b.settings = settingsKey(f.Config, f.Estimator)
	if err := b.openOutput(f.output, f.again); err != nil {
		return err
	}
	recorded, rest, err := looksRecorded(in)
	if err == nil {
		if recorded || f.Config.Format != stream.Auto {
			err = b.stream(ctx, path, in, rest)
		} else {
			err = b.answers(ctx, in, rest)
		}
	}
	return errors.Join(err, b.closeOutput())
}

// settingsKey is a short name for everything that the scores depend on, beside
// the answers: lines that were scored differently do not belong in one file.
func settingsKey(c host.Config, estimator string) string {
	sum := sha256.Sum256(append(session.AppendConfig(nil, &c), estimator...))
	return hex.EncodeToString(sum[:4])
}
