package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/calibrate"
	"github.com/finece/finece/host/cmd/finece/internal/construct"
	"github.com/finece/finece/host/cmd/finece/internal/demo"
	"github.com/finece/finece/host/cmd/finece/internal/evaluate"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/experiment"
	"github.com/finece/finece/host/cmd/finece/internal/feedback"
	"github.com/finece/finece/host/cmd/finece/internal/fuse"
	"github.com/finece/finece/host/cmd/finece/internal/grading"
	"github.com/finece/finece/host/cmd/finece/internal/health"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/keys"
	"github.com/finece/finece/host/cmd/finece/internal/lm"
	"github.com/finece/finece/host/cmd/finece/internal/parquetfile"
	"github.com/finece/finece/host/cmd/finece/internal/plan"
	"github.com/finece/finece/host/cmd/finece/internal/positions"
	"github.com/finece/finece/host/cmd/finece/internal/score"
	"github.com/finece/finece/host/cmd/finece/internal/serve"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/host/cmd/finece/internal/text"
	"github.com/finece/finece/host/cmd/finece/internal/train"
	"github.com/finece/finece/host/cmd/finece/internal/version"
	"github.com/finece/finece/host/cmd/finece/internal/watch"
)

const rootLong = `finece estimates how likely a language model's answer is to be correct: before
it is written, while it is written, and when it is complete.

Confidence is estimated at positions: p(0) is the question alone, p(1), p(2), ...
are places in the answer that a strategy chooses, and p(z) is the whole answer. A
later estimate revises the earlier ones (Backward Confidence Integration). See
arXiv 2508.12040.

The input is a file, or - for standard input. score, eval, grade and calibrate take
several files, patterns such as 'shard-*.jsonl', and folders of shards. A stream is a
recording of a provider's reply: server-sent events or JSON lines of OpenAI, Anthropic,
Gemini, Ollama and others, or plain text. Compressed input (gzip, zstd, bzip2, or a zip
archive with one file) is unpacked, whatever its name. A Parquet file is read as JSON
Lines.

In lists of flags, a word before a colon says when a flag counts: "URL:" means with
--estimator URL, "periodic:" with --strategy periodic, and "-o:" with -o.`

const rootExample = `  finece demo                                  watch the built-in model at work, offline
  finece watch answer.sse                      watch a recorded stream being scored
  finece positions answer.sse                  where would confidences be estimated?
  finece score -o scores.jsonl answers.jsonl   score a batch; run again to resume
  finece plan --answers 1e10 answers.jsonl     what would ten billion take?
  finece grade scores.jsonl                    which answers are correct?
  finece eval --plot out.svg pairs.csv         how good are the confidences?
  finece calibrate -o map.json pairs.csv       turn confidences into probabilities
  finece serve --upstream http://host/v1       score a server's answers as they pass
  finece construct --dry-run questions.jsonl   what would training data cost?
  finece train export -o train.jsonl states.jsonl   training data for a confidence model
  finece experiment -o results                 the paper's experiments`

const exitCodes = `
Exit codes:
  0    done
  1    done in part: some of the input could not be read or scored
  2    the command line is wrong; nothing was done
  3    not available for this input, such as entropy positions or built-in
       confidences without log-probabilities
  4    a file or address could not be opened, read or written
  130  interrupted
`

func init() { input.Register(input.Parquet, parquetfile.Lines) }

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "finece",
		Short:         "Confidence for streamed answers of language models",
		Long:          rootLong,
		Example:       rootExample,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = false
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		if renamed := (*settings.RenamedError)(nil); errors.As(err, &renamed) {
			err = renamed
		}
		return exit.With(exit.Usage, err)
	})
	usage := strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", ".FlagUsagesWrapped 80")
	root.SetUsageTemplate(usage + exitCodes)
	root.AddCommand(
		demo.New(),
		watch.New(),
		positions.New(),
		text.New(),
		score.New(),
		plan.New(),
		fuse.New(),
		grading.New(),
		evaluate.New(),
		calibrate.New(),
		serve.New(),
		health.New(),
		keys.New(),
		feedback.New(),
		construct.New(),
		train.New(),
		experiment.New(),
		lm.New(),
		version.New(),
	)
	return root
}
