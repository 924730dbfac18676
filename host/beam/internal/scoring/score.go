// Package scoring is the command finece-beam score.
package scoring

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/spf13/cobra"

	"github.com/finece/finece/host/batch/answers"
	"github.com/finece/finece/host/batch/score"
	"github.com/finece/finece/host/beam/internal/job"
	"github.com/finece/finece/host/beam/internal/shard"
	"github.com/finece/finece/host/cmd/finece/kit"
	"github.com/finece/finece/wasm/contract"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
)

const long = `score estimates the confidence of answers that exist already, as finece score does,
on one machine or on many. The lines of output are those of finece score, byte for byte.

The input is files, patterns, or folders of shards: JSON Lines, CSV or Parquet, also
compressed. A name such as gs://bucket/answers-*.jsonl or s3://bucket/... is that of an
object store. On disks that all workers see, a file of JSON Lines is cut into shards of
--shard-size, and Parquet is cut between row groups. Any other file is one shard: CSV, where
a line end may be inside a field; gzip and zstd, whose text depends on the text before; and
what is in an object store. Such data should be in many files.
Recorded streams are for finece score.

With --estimator samples, each process of workers asks the servers by itself, and has at
most --requests requests in flight. A shard that is scored twice asks twice.

The output is a folder or a prefix in an object store:

  part-00000-of-00040.jsonl            the lines of a shard, in their order
  _rejected/part-00000-of-00040.jsonl  lines that could not be scored: file, place, reason
                                       and text; a shard without such lines has no file
  _counts/...json, _total.json         what became of the lines, and for which reasons
  _plan.json                           the shards and the settings

finece eval takes the folder as it is. The same command resumes a job that has ended
early: a shard with counts is done, and the others are scored. A runner may run a part
of the work twice after a failure. The output then still has each line once.

What follows -- is for Beam. Without that, the runner is Prism, in this process, on all
processors. To use a cluster, name its runner:

  Flink      -- --runner=flink --endpoint=HOST:8099 --environment_type=PROCESS
               --environment_config='{"command":"/path/to/boot"}'
               --worker_binary=/path/to/finece-beam
             (boot is go build github.com/apache/beam/sdks/v2/go/container; set a
             restart-strategy in Flink, or a lost worker ends the job)
  Spark      -- --runner=spark --endpoint=HOST:8099 and the rest as for Flink
  Dataflow   -- --runner=dataflow --project=P --region=R --staging_location=gs://B/s
               --worker_binary=/path/to/finece-beam

Flink is tested (make test-flink), and s3:// with a server in memory. Spark, Dataflow and
gs:// are untested. On a cluster, all
workers have to see the files under the same names.`

const example = `  finece-beam score -o scores answers.jsonl
  finece-beam score -o scores data/ && finece eval scores
  finece-beam score -o gs://bucket/scores 'gs://bucket/answers-*.jsonl' -- --runner=dataflow ...`

type options struct {
	*kit.Settings
	output    string
	size      int64
	jobs      int
	overwrite bool
	columns   []string
	samples   kit.Further
}

// New is the command.
func New() *cobra.Command {
	f := options{Settings: kit.NewSettings()}
	f.Samples = true
	cmd := &cobra.Command{
		Use:     "score [flags] -o FOLDER INPUT... [-- BEAM FLAGS]",
		Short:   "Score a batch of answers",
		Long:    long,
		Example: example,
		RunE:    f.run,
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.output, "output", "o", "", "write to this folder, or prefix in an object store; resume if it has shards already")
	flags.Int64Var(&f.size, "shard-size", 64<<20, "bytes of a shard of JSON Lines or Parquet")
	flags.IntVar(&f.jobs, "jobs", 0, "answers at once in a worker; 0 is all processors with Prism, and 1 with another runner, which has a worker for each processor")
	flags.BoolVar(&f.overwrite, "overwrite", false, "replace the keys \"confidence\" and \"finece\" of the input")
	kit.AddSetting(cmd, contract.Columns, &f.columns)
	kit.AddSetting(cmd, contract.Question, &f.Config.Question)
	kit.AddSetting(cmd, contract.Engine, &f.EngineName)
	f.AddEstimator(cmd, contract.Requests)
	f.samples.Add(cmd)
	f.AddPositions(cmd)
	return cmd
}

func (f *options) run(cmd *cobra.Command, args []string) error {
	if err := f.Resolve(cmd); err != nil {
		return err
	}
	switch {
	case f.output == "":
		return kit.Errorf(kit.Usage, "score needs -o: the folder, or prefix in an object store, to write to")
	case f.size < 1:
		return kit.Errorf(kit.Usage, "--shard-size %d: want at least 1", f.size)
	case f.jobs < 0:
		return kit.Errorf(kit.Usage, "--jobs %d: want at least 0", f.jobs)
	}
	if _, err := answers.Named(f.columns); err != nil {
		return kit.Errorf(kit.Usage, "--%s %w", contract.Columns.Flag(), err)
	}
	chosen, err := f.samples.Chosen(cmd, f.Settings)
	if chosen {
		_, err = f.samples.Estimator(f.Settings) // finds what is wrong with its flags
	}
	if err != nil {
		return err
	}
	inputs, runner, err := job.Parse(cmd, args)
	if err != nil {
		return err
	}
	ctx, stop := kit.Interruptible(cmd.Context())
	defer stop()
	follower, err := f.Follower(ctx) // finds the model's name, and what is wrong with the settings
	if err != nil {
		return err
	}
	follower.Engine.Close()
	w, shards, err := f.plan(ctx, inputs, runner)
	if err != nil {
		return err
	}
	p, s := beam.NewPipelineWithRoot()
	elements, err := job.Shards(s, shards)
	if err != nil {
		return err
	}
	job.Keep(s, w.Out.Total(), beam.Combine(s, &total{}, beam.ParDo(s, w, elements)))
	if err := runner.Run(ctx, p); err != nil {
		return err
	}
	return f.report(ctx, cmd, w.Out.Total())
}

// plan cuts the input into shards, and compares them with those of an output that is there.
func (f *options) plan(ctx context.Context, inputs []string, runner *job.Runner) (*scorer, []shard.Shard, error) {
	files, err := shard.Files(ctx, inputs)
	if err != nil {
		return nil, nil, err
	}
	shards, err := shard.Cut(ctx, files, f.size)
	if err != nil {
		return nil, nil, err
	}
	w := &scorer{
		Config: session.AppendConfig(nil, &f.Config), Estimator: f.Estimator, Engine: f.EngineName, Timeout: f.Timeout, Requests: f.Requests,
		Columns: f.columns, Overwrite: f.overwrite, Settings: score.SettingsKey(f.Config, f.Estimator), Jobs: f.jobs,
	}
	if f.Estimator == record.EstimatorSamples {
		w.Further, w.Generator = &f.samples, f.Generator
		w.Settings = score.SettingsKey(f.Config, f.Estimator, f.samples.Settings(f.Generator)...)
	}
	if f.jobs == 0 && !runner.Local() {
		w.Jobs = 1
	}
	if w.Out, err = job.NewOutput(f.output, len(shards)); err != nil {
		return nil, nil, err
	}
	err = w.Out.Begin(ctx, struct {
		Settings string        `json:"settings"`
		Columns  []string      `json:"columns,omitempty"`
		Shards   []shard.Shard `json:"shards"`
	}{w.Settings, w.Columns, shards})
	if err != nil {
		return nil, nil, err
	}
	return w, shards, nil
}

// report says what became of the lines.
func (f *options) report(ctx context.Context, cmd *cobra.Command, total string) error {
	text, err := job.ReadFile(ctx, total)
	var c Counts
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil {
		return kit.Errorf(kit.IO, "-o: %w", err)
	}
	kit.Say(cmd, "%s: %d lines, %d scored", f.output, c.Lines, c.Scored)
	reasons := slices.SortedFunc(maps.Keys(c.Reasons), func(a, b string) int { return int(c.Reasons[b] - c.Reasons[a]) })
	for _, why := range reasons {
		kit.Say(cmd, "%s: %d lines could not be scored: %s", f.output, c.Reasons[why], why)
	}
	if c.Failure != "" {
		kit.Say(cmd, "%s: a request failed: %s", f.output, c.Failure)
	}
	var wrong []string
	for _, w := range []struct {
		n    int64
		what string
	}{
		{c.Rejected, "lines could not be scored; see " + f.output + "/_rejected"}, {c.Failed, "requests failed"},
		{c.Faults, "faults in the input or in replies"}, {c.Without, "answers have no confidence: " + kit.NoLogprobs}, {c.Undecided, "answers have no confidence: " + kit.NoFinal},
	} {
		if w.n > 0 {
			wrong = append(wrong, fmt.Sprintf("%d %s", w.n, w.what))
		}
	}
	switch {
	case c.Lines == 0:
		return kit.Errorf(kit.Faults, "%s: no answers: want lines such as {\"id\": 1, \"answer\": \"...\"}", f.output)
	case len(wrong) == 0:
		return nil
	case len(wrong) == 1 && c.Without > 0 && c.Without == c.Scored:
		return kit.Errorf(kit.Unavailable, "%s: %s", f.output, wrong[0])
	}
	return kit.Errorf(kit.Faults, "%s: %s", f.output, strings.Join(wrong, ", "))
}
