// Package measuring is the command finece-beam eval.
package measuring

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/spf13/cobra"

	"github.com/finece/finece/host/beam/internal/job"
	"github.com/finece/finece/host/beam/internal/shard"
	"github.com/finece/finece/host/cmd/finece/kit"
	"github.com/finece/finece/metrics"
)

const more = `

On Beam, the files are read by workers, and their pairs are brought together here, in
memory. With --bounded, workers add pairs up in accumulators of at most 200 KB, whatever
their number. Rows are then independent (--id ""). Up to 1024 different confidences, such
as k/30 or percents, all figures are exact and have the same digits. Beyond that ECE, MCE,
Brier score, NLL and accuracy are exact, AUROC, AURC and AUGRC are within bounds that are
printed, and the other figures are null.

Files are read, and other runners named after --, as finece-beam score --help says. With
a runner on other machines, --temp names a place that they see, too.`

const example = `  finece-beam eval pairs.jsonl
  finece-beam eval --format json --bounded 'gs://bucket/pairs-*.jsonl' --temp gs://bucket/temp -- --runner=dataflow ...`

type options struct {
	size    int64
	bounded bool
	temp    string
}

// New is the command.
func New() *cobra.Command {
	f := options{}
	cmd := kit.Eval(f.source)
	cmd.Use = "eval [flags] INPUT... [-- BEAM FLAGS]"
	cmd.Long = strings.TrimSpace(cmd.Long) + more
	cmd.Example = example
	flags := cmd.Flags()
	_ = flags.MarkHidden("merge") // has nothing to read on workers
	flags.Int64Var(&f.size, "shard-size", 64<<20, "bytes of a shard of JSON Lines or Parquet")
	flags.BoolVar(&f.bounded, "bounded", false, "use memory that does not grow with the number of pairs")
	flags.StringVar(&f.temp, "temp", "", "folder, or prefix in an object store, for what workers send here (default: a new folder of this machine)")
	return cmd
}

// source reads the pairs by a job.
func (f *options) source(cmd *cobra.Command, args []string, columns kit.Columns, b metrics.Binning) (name string, _ *kit.Pairs, _ *metrics.Accumulator, err error) {
	inputs, runner, err := job.Parse(cmd, args)
	if err != nil {
		return "", nil, nil, err
	}
	if f.size < 1 {
		return "", nil, nil, kit.Errorf(kit.Usage, "--shard-size %d: want at least 1", f.size)
	}
	if f.bounded {
		columns.Question = ""
	}
	ctx, stop := kit.Interruptible(cmd.Context())
	defer stop()
	files, err := shard.Files(ctx, inputs)
	if err != nil {
		return "", nil, nil, err
	}
	if name = files[0]; len(files) > 1 {
		name = kit.Several(len(files))
	}
	shards, err := shard.Cut(ctx, files, f.size)
	if err != nil {
		return "", nil, nil, err
	}
	temp := f.temp
	if temp == "" {
		if temp, err = os.MkdirTemp("", "finece-beam-*"); err != nil {
			return "", nil, nil, kit.Errorf(kit.IO, "%w", err)
		}
		defer os.RemoveAll(temp)
	} else if !strings.Contains(temp, "://") {
		if temp, err = filepath.Abs(temp); err != nil {
			return "", nil, nil, kit.Errorf(kit.IO, "--temp: %w", err)
		}
	}
	at := strings.TrimSuffix(temp, "/") + "/pairs"
	p, s := beam.NewPipelineWithRoot()
	elements, err := job.Shards(s, shards)
	if err != nil {
		return "", nil, nil, err
	}
	w := &reader{Asked: columns.Asked(), Bounded: f.bounded, Rule: int(b.Rule), Bins: b.Bins}
	job.Keep(s, at, beam.Combine(s, &together{}, beam.ParDo(s, w, elements)))
	if err := runner.Run(ctx, p); err != nil {
		return "", nil, nil, err
	}
	pairs, a, err := f.collect(ctx, cmd, at, files, columns)
	return name, pairs, a, err
}

func (f *options) collect(ctx context.Context, cmd *cobra.Command, at string, files []string, columns kit.Columns) (*kit.Pairs, *metrics.Accumulator, error) {
	data, err := job.ReadFile(ctx, at)
	if err != nil {
		return nil, nil, kit.Errorf(kit.IO, "%w", err)
	}
	accumulated, parts, err := open(data)
	if err != nil {
		return nil, nil, kit.Errorf(kit.IO, "%w", err)
	}
	next := func() (int, []byte, error) {
		if len(parts) == 0 {
			return 0, nil, io.EOF
		}
		part := parts[0]
		parts = parts[1:]
		return part.file, part.data, nil
	}
	pairs, err := kit.Collect(cmd, files, columns, next)
	if err != nil || !f.bounded {
		return pairs, nil, err
	}
	a, err := metrics.ParseAccumulator(accumulated)
	return pairs, a, err
}

// reader reads the pairs of a shard.
type reader struct {
	Asked   kit.Asked
	Bounded bool
	Rule    int
	Bins    int
}

// ProcessElement reads a shard, and returns it for together.
func (r *reader) ProcessElement(ctx context.Context, element []byte) ([]byte, error) {
	var s shard.Shard
	if err := json.Unmarshal(element, &s); err != nil {
		return nil, job.Failed(err)
	}
	out, err := r.read(ctx, &s)
	return out, job.Failed(err)
}

func (r *reader) read(ctx context.Context, s *shard.Shard) ([]byte, error) {
	part, err := r.part(ctx, s)
	if err != nil {
		return nil, err
	}
	var accumulated []byte
	if r.Bounded {
		a, err := metrics.NewAccumulator(metrics.Binning{Rule: metrics.Rule(r.Rule), Bins: r.Bins})
		if err != nil {
			return nil, err
		}
		part.Accumulate(a)
		if accumulated, err = a.AppendBinary(nil); err != nil {
			return nil, err
		}
	}
	data, err := part.Encode()
	if err != nil {
		return nil, err
	}
	return seal(accumulated, []piece{{s.Index, s.File, data}}), nil
}

func (r *reader) part(ctx context.Context, s *shard.Shard) (_ *kit.Part, err error) {
	if s.Whole {
		in, err := s.Open(ctx)
		if err != nil {
			return nil, err
		}
		defer in.Close()
		if s.Groups != [2]int{} {
			return r.Asked.ReadGroups(in, s.Groups[0], s.Groups[1])
		}
		return r.Asked.ReadWhole(in)
	}
	var head []byte
	if s.Begin > 0 {
		first := *s
		first.Begin, first.End = 0, min(s.Begin, 1<<20)
		lines, _, err := first.Lines(ctx)
		if err != nil {
			return nil, err
		}
		head, err = io.ReadAll(lines)
		lines.Close()
		if err != nil {
			return nil, err
		}
	}
	lines, _, err := s.Lines(ctx)
	if err != nil {
		return nil, err
	}
	defer lines.Close()
	return r.Asked.ReadLines(lines, head)
}
