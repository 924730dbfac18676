// Package plan is the command plan: an estimate of the time and cost of scoring very many answers.
package plan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/batch/answers"
	"github.com/finece/finece/host/batch/plan"
	"github.com/finece/finece/host/batch/score"
	"github.com/finece/finece/host/cmd/finece/internal/completion"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/lines"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/wasm/contract"
)

const long = `plan estimates what it takes to score very many answers on many workers with
finece-beam: the time or the number of workers, the bottleneck, and the cost of a
million answers.

Give a file of your own answers: plan scores them on one core for the time of --measure,
with the flags of finece score, and so measures the rate and the bytes of an answer. Or
give these figures as --core-rate, --bytes-in and --bytes-out; a flag overrides the
measurement. The rate differs on another machine or on a busy one.

The first estimate is the time of the slowest of three: the cores, reading from the
store (--read) and writing to it (--write). A simulation then adds shards that take
longer than others (--spread), the wait for the last shards, the start of workers, and
lost workers, whose shards are scored again (--lost). --within finds the smallest number
of workers instead. Prices have no default: without them, plan prints only hours and
bytes.`

const example = `  finece plan --answers 1e10 --workers 100 --core-hour 0.04 answers.jsonl
  finece plan --answers 1e10 --within 24h --core-hour 0.04 --read 2000 --write 1000 answers.jsonl
  finece plan --answers 1e10 --core-rate 5000 --bytes-in 1300 --bytes-out 2600 --format json`

const (
	second = 1e-9 // of a time.Duration
	mega   = 1e6
)

type options struct {
	*settings.Flags
	answers           float64
	in                plan.Input
	read, write       float64 // MB/s
	shard             float64 // MB
	start, within, by time.Duration
	columns           []string
	format            string
}

// New is the command.
func New() *cobra.Command {
	f := options{Flags: settings.New()}
	cmd := &cobra.Command{
		Use:     "plan [flags] [FILE|-]",
		Short:   "Estimate the time and cost of scoring very many answers",
		Long:    long,
		Example: example,
		Args:    input.Optional,
		RunE:    f.run,
	}
	flags := cmd.Flags()
	flags.Float64Var(&f.answers, "answers", 1e10, "how many answers")
	flags.Float64Var(&f.in.Rate, "core-rate", 0, "answers per second on a core; 0 measures the rate")
	flags.Float64Var(&f.in.In, "bytes-in", 0, "bytes of an answer in the input; 0 measures them")
	flags.Float64Var(&f.in.Out, "bytes-out", 0, "bytes of a line of output; 0 measures them")
	flags.DurationVar(&f.by, "measure", 5*time.Second, "how long to measure")
	flags.IntVar(&f.in.Workers, "workers", 10, "workers")
	flags.IntVar(&f.in.Cores, "cores", 4, "cores of a worker")
	flags.DurationVar(&f.within, "within", 0, "find the smallest number of workers that finish within this time")
	flags.Float64Var(&f.shard, "shard", 64, "MB that a core reads at a time")
	flags.Float64Var(&f.read, "read", 0, "MB per second that all workers together can read from the store; 0 for no limit")
	flags.Float64Var(&f.write, "write", 0, "MB per second that all workers together can write to the store; 0 for no limit")
	flags.DurationVar(&f.start, "start", time.Minute, "time until a worker begins")
	flags.Float64Var(&f.in.Lost, "lost", 0.01, "how many times per hour a worker is lost")
	flags.Float64Var(&f.in.Spread, "spread", 0.2, "standard deviation of a shard's time, as a share of its mean")
	flags.Float64Var(&f.in.CoreHour, "core-hour", 0, "price of one hour of a core")
	flags.Float64Var(&f.in.Transfer, "transfer", 0, "price of one GB that is read or written")
	flags.StringVar(&f.format, "format", "table", "table or json")
	completion.Values(cmd, "format", "table", "json")
	settings.Add(cmd, contract.Seed, &f.in.Seed)
	settings.Add(cmd, contract.Columns, &f.columns)
	settings.Add(cmd, contract.Engine, &f.EngineName)
	f.AddEstimator(cmd, contract.Requests)
	f.AddPositions(cmd)
	return cmd
}

// mostWorkers is the most workers that --within tries.
const mostWorkers = 100_000

func (f *options) run(cmd *cobra.Command, args []string) error {
	in := &f.in
	if f.format != "table" && f.format != "json" {
		return exit.Usagef("--format %q: want table or json", f.format)
	}
	if !(f.answers >= 1 && f.answers <= 1e15) {
		return exit.Usagef("--answers %g: want 1 to 1e15", f.answers)
	}
	in.Answers = int64(f.answers)
	in.Read, in.Write, in.Shard, in.Start = f.read*mega, f.write*mega, f.shard*mega, float64(f.start)*second
	var m *measured
	switch {
	case len(args) > 0:
		var err error
		if m, err = f.measure(cmd, args[0]); err != nil {
			return err
		}
		for _, v := range []struct {
			of   *float64
			from float64
		}{{&in.Rate, m.Rate}, {&in.In, m.In}, {&in.Out, m.Out}} {
			if *v.of == 0 {
				*v.of = v.from
			}
		}
	case in.Rate == 0 || in.In == 0:
		return exit.Usagef("give a file of answers to measure, or --core-rate, --bytes-in and --bytes-out")
	}
	if f.within > 0 {
		n, err := plan.WorkersWithin(*in, float64(f.within)*second, mostWorkers)
		if err != nil {
			return exit.With(exit.Usage, err)
		}
		in.Workers = n
	}
	p, err := plan.Make(*in)
	if err != nil {
		return exit.With(exit.Usage, err)
	}
	if f.format == "json" {
		err = json.NewEncoder(cmd.OutOrStdout()).Encode(struct {
			Measured *measured `json:"measured,omitempty"`
			Answers  int64     `json:"answers"`
			Rate     float64   `json:"rate"`
			In       float64   `json:"bytes_in"`
			Out      float64   `json:"bytes_out"`
			Workers  int       `json:"workers"`
			Cores    int       `json:"cores"`
			*plan.Plan
		}{m, in.Answers, in.Rate, in.In, in.Out, in.Workers, in.Cores, p})
	} else {
		err = f.print(cmd.OutOrStdout(), p)
	}
	if err != nil {
		return exit.With(exit.IO, err)
	}
	return nil
}

// measured is the result of a measurement.
type measured struct {
	Answers int64   `json:"answers"`
	Seconds float64 `json:"seconds"`
	Rate    float64 `json:"rate"`
	In      float64 `json:"bytes_in"`
	Out     float64 `json:"bytes_out"`
}

// measure scores answers of a file on one core.
func (f *options) measure(cmd *cobra.Command, path string) (*measured, error) {
	if err := f.Resolve(cmd); err != nil {
		return nil, err
	}
	if f.by <= 0 {
		return nil, exit.Usagef("--measure %v: want more than 0", f.by)
	}
	named, err := answers.Named(f.columns)
	if err != nil {
		return nil, exit.Usagef("--%s %w", contract.Columns.Flag(), err)
	}
	ctx, stop := exit.Interruptible(cmd.Context())
	defer stop()
	in, err := input.Open(cmd, path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	follower, err := f.Follower(ctx)
	if err != nil {
		return nil, err
	}
	defer follower.Engine.Close()
	m, bad, err := f.rate(ctx, &score.Scorer{Follower: follower, Config: f.Config}, named, lines.Records(in, lines.MaxLine))
	switch {
	case ctx.Err() != nil:
		return nil, exit.Silently(exit.Interrupted)
	case err != nil:
		return nil, in.Failed(err)
	case m.Answers == 0:
		return nil, exit.Errorf(exit.Faults, "%s: no answer could be scored; finece score says why", in.Name)
	case bad > 0:
		terminal.Say(cmd, "%s: %d lines could not be scored and are not in the rate", in.Name, bad)
	}
	return m, nil
}

// rate scores rows until the time is over or there are no more rows. The time does not include
// the first answer, which starts the session.
func (f *options) rate(ctx context.Context, scorer *score.Scorer, named *answers.Layout, rows lines.Rows) (_ *measured, bad int, _ error) {
	defer scorer.Close()
	m := &measured{}
	settings := score.SettingsKey(f.Config, f.Estimator)
	var layout *answers.Layout
	var begin time.Time
	var read, written float64
	for warm := false; ctx.Err() == nil && (!warm || time.Since(begin) < f.by); {
		line, unread, err := lines.Filled(rows)
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, 0, err
		}
		if unread != nil {
			bad++
			continue
		}
		if layout == nil {
			layout, _ = named.Of(line)
		}
		size, err := scored(ctx, scorer, layout, line, settings)
		if err != nil {
			bad++
			continue
		}
		read, written = read+float64(len(line)+1), written+float64(size)
		m.Answers++
		if !warm {
			warm, begin = true, time.Now()
		}
	}
	m.In, m.Out = read/float64(max(m.Answers, 1)), written/float64(max(m.Answers, 1))
	m.Seconds = time.Since(begin).Seconds()
	if m.Answers > 1 {
		m.Rate = float64(m.Answers-1) / m.Seconds
	} else if m.Answers == 1 {
		return nil, bad, errors.New("one answer is too few to measure a rate; give more")
	}
	return m, bad, nil
}

// scored returns the size of the output of a line.
func scored(ctx context.Context, scorer *score.Scorer, layout *answers.Layout, line []byte, settings string) (size int, _ error) {
	one, err := scorer.Score(ctx, layout, line, 1)
	if err != nil {
		return 0, err
	}
	err = one.Lines(line, score.Hash(line), func(line []byte, key string, a *follow.Answer) error {
		out, err := score.Line(line, a, key, settings)
		size += len(out) + 1
		return err
	})
	return size, err
}

// print prints a table.
func (f *options) print(w io.Writer, p *plan.Plan) error {
	in := &f.in
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(t, "%s\t%s\n", name, fmt.Sprintf(format, args...)) }
	row("answers", "%.3g, each %.0f bytes in and %.0f out", float64(in.Answers), in.In, in.Out)
	row("rate", "%.0f answers a second on a core", in.Rate)
	row("workers", "%d with %d cores", in.Workers, in.Cores)
	row("first estimate", "%s: cores %s, reading %s, writing %s", duration(p.Paper), duration(p.Limits.Cores), limit(p.Limits.Read), limit(p.Limits.Write))
	row("bottleneck", "%s", map[string]string{"cores": "the cores", "read": "reading from the store", "write": "writing to the store"}[p.Bottleneck])
	row("simulated", "%s: %d shards, %d of them repeated because a worker was lost; cores busy %.0f%%", duration(p.Simulated), p.Shards, p.Repeated, 100*p.Busy)
	row("cores", "%.1f hours", p.CoreHours)
	row("store", "%.3g GB read and written", p.Bytes/1e9)
	if in.CoreHour > 0 || in.Transfer > 0 {
		row("cost", "%.2f", p.Cost)
		row("cost per million", "%.6f", p.Million)
	} else {
		row("cost", "give --core-hour and --transfer; a million answers take %.4f hours of a core", p.CoreHours/float64(in.Answers)*mega)
	}
	return t.Flush()
}

func limit(seconds float64) string {
	if seconds == 0 {
		return "no limit"
	}
	return duration(seconds)
}

// duration returns a time with two units at most.
func duration(seconds float64) string {
	switch {
	case seconds < 120:
		return fmt.Sprintf("%.1f s", seconds)
	case seconds < 2*3600:
		return fmt.Sprintf("%.0f min", seconds/60)
	case seconds < 2*86400:
		return fmt.Sprintf("%.1f h", seconds/3600)
	}
	return fmt.Sprintf("%.1f days", math.Round(seconds/8640)/10)
}
