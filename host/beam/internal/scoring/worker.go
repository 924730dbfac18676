package scoring

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/finece/finece/host/batch"
	"github.com/finece/finece/host/batch/answers"
	"github.com/finece/finece/host/batch/members"
	"github.com/finece/finece/host/batch/score"
	"github.com/finece/finece/host/beam/internal/job"
	"github.com/finece/finece/host/beam/internal/shard"
	"github.com/finece/finece/host/cmd/finece/kit"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/wasm/session"
)

func init() { register.DoFn2x2[context.Context, []byte, []byte, error](&scorer{}) }

// scorer scores shards. A shard's lines go to a file, what could not be scored to another,
// and the counts to a third, which is written last: a shard with counts is done. So a
// runner may score a shard twice, or at two places at once, and a job that is started
// again scores what is missing.
type scorer struct {
	Config    []byte // of the session, as session.AppendConfig writes it
	Estimator string
	Engine    string
	Timeout   time.Duration
	Requests  int
	Columns   []string
	Overwrite bool
	Further   *kit.Further // the estimator samples; nil for another one
	Generator string       // the model that it asks
	Settings  string       // the hash of all that
	Out       job.Output
	Jobs      int // answers at once; 0 is as many as processors

	follower *follow.Follower
	config   session.Config
	layout   *answers.Layout
	free     chan *score.Scorer
	scored   beam.Counter
	rejected beam.Counter
}

// followers are those of this process: the core is loaded once, whatever the number of
// bundles that a runner gives to a worker.
var (
	followersMu sync.Mutex
	followers   = map[string]*follow.Follower{}
)

// Setup makes what all shards need.
func (w *scorer) Setup(ctx context.Context) (err error) {
	if w.config, err = session.ParseConfig(w.Config); err != nil {
		return job.Failed(err)
	}
	if w.layout, err = answers.Named(w.Columns); err != nil {
		return job.Failed(err)
	}
	if w.follower, err = w.of(ctx); err != nil {
		return job.Failed(err)
	}
	jobs := w.Jobs
	if jobs == 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	w.free = make(chan *score.Scorer, jobs)
	for range jobs {
		w.free <- &score.Scorer{Follower: w.follower, Config: w.config}
	}
	w.scored, w.rejected = beam.NewCounter("finece", "scored"), beam.NewCounter("finece", "rejected")
	return nil
}

// of is the follower of these settings.
func (w *scorer) of(ctx context.Context) (*follow.Follower, error) {
	key := fmt.Sprintf("%s %s %s %v %d", w.Settings, w.Estimator, w.Engine, w.Timeout, w.Requests)
	followersMu.Lock()
	defer followersMu.Unlock()
	if followers[key] == nil {
		f := kit.NewSettings()
		f.Config, f.Estimator, f.EngineName, f.Timeout, f.Requests = w.config, w.Estimator, w.Engine, w.Timeout, w.Requests
		made, err := f.Follower(context.WithoutCancel(ctx))
		if err != nil {
			return nil, err
		}
		if w.Further != nil {
			f.Generator = w.Generator
			again, err := w.Further.Estimator(f)
			if err != nil {
				return nil, err
			}
			made.Post, made.Samples = again.Post, true
		}
		followers[key] = made
	}
	return followers[key], nil
}

// Teardown ends the sessions.
func (w *scorer) Teardown() error {
	for range cap(w.free) {
		(<-w.free).Close()
	}
	return nil
}

// ProcessElement scores a shard and returns its counts.
func (w *scorer) ProcessElement(ctx context.Context, element []byte) ([]byte, error) {
	var s shard.Shard
	if err := json.Unmarshal(element, &s); err != nil {
		return nil, job.Failed(err)
	}
	if done, err := w.Out.Done(ctx, s.Index); err != nil || done != nil {
		return done, job.Failed(err)
	}
	counts, err := w.shard(ctx, &s)
	if err != nil {
		return nil, job.Failed(fmt.Errorf("%s: %w", s.Path, err))
	}
	w.scored.Inc(ctx, counts.Scored)
	w.rejected.Inc(ctx, counts.Rejected)
	text, err := json.Marshal(counts)
	if err == nil {
		err = w.Out.Finish(ctx, s.Index, text)
	}
	return text, job.Failed(err)
}

func (w *scorer) shard(ctx context.Context, s *shard.Shard) (counts *Counts, err error) {
	rows, err := w.open(ctx, s)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.close()) }()
	out, err := job.Create(ctx, w.Out.Lines(s.Index))
	if err != nil {
		return nil, err
	}
	var rejected []byte
	counts = &Counts{}
	unreachable := 0
	err = batch.Ordered(rows.next, func(b *block) *scored {
		scorer := <-w.free
		defer func() { w.free <- scorer }()
		return w.block(ctx, scorer, s, b)
	}, func(r *scored) error {
		if r.err != nil {
			return r.err
		}
		for _, failed := range r.unreachable {
			if unreachable++; !failed {
				unreachable = 0
			}
			if unreachable == score.GivesUp {
				return fmt.Errorf("the %s could not be reached for %d answers in a row", w.asked(), score.GivesUp)
			}
		}
		counts.add(&r.counts)
		rejected = append(rejected, r.rejected...)
		_, err := out.Write(r.lines)
		return err
	})
	if err != nil {
		return nil, errors.Join(err, out.Abort())
	}
	if len(rejected) > 0 {
		if err := job.WriteFile(ctx, w.Out.Rejected(s.Index), rejected); err != nil {
			return nil, errors.Join(err, out.Abort())
		}
	}
	return counts, out.Commit()
}

// asked is what the requests go to, with its address.
func (w *scorer) asked() string {
	if w.Further != nil {
		return kit.FurtherAsked + " at " + w.Further.Where()
	}
	return "confidence model at " + w.Estimator
}

// scored is what became of a block.
type scored struct {
	lines, rejected []byte
	counts          Counts
	unreachable     []bool // of each answer, whether the confidence model could not be reached
	err             error
}

func (w *scorer) block(ctx context.Context, scorer *score.Scorer, s *shard.Shard, b *block) *scored {
	r := &scored{}
	for i := range b.rows {
		row := &b.rows[i]
		r.counts.Lines++
		why := row.bad
		if why == "" {
			var err error
			if why, err = w.row(ctx, scorer, b.layout, row, r); err != nil {
				r.err = err
				return r
			}
		}
		if why != "" {
			r.counts.reject(why)
			r.rejected = kit.AppendRejected(r.rejected, s.Path, b.unit, row.at, why, row.text)
		}
	}
	return r
}

// row scores a row, or says why it cannot be scored.
func (w *scorer) row(ctx context.Context, scorer *score.Scorer, layout *answers.Layout, row *row, r *scored) (why string, err error) {
	if key, ok := members.Has(row.text, score.KeyConfidence, score.KeyFinece); ok && !w.Overwrite {
		return fmt.Sprintf("the line has %q already; give --overwrite to replace it", key), nil
	}
	one, err := scorer.Score(ctx, layout, row.text, int(row.at))
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil:
		return err.Error(), nil
	}
	r.counts.Faults += int64(one.Ledger.Faulted)
	for _, failure := range one.Failures {
		undecided, ignored := kit.Undecided(failure)
		switch {
		case undecided:
			r.counts.Undecided++
		case !ignored:
			r.counts.Failed++
			r.counts.Failure = failure.Error()
		}
	}
	r.unreachable = append(r.unreachable, len(one.Failures) > 0 && one.Unreachable())
	err = one.Lines(row.text, score.Hash(row.text), func(line []byte, key string, a *follow.Answer) error {
		out, err := score.Line(line, a, key, w.Settings)
		if err != nil {
			return err
		}
		r.lines = append(append(r.lines, out...), '\n')
		r.counts.Scored++
		if a.LacksLogprobs() {
			r.counts.Without++
		}
		return nil
	})
	if errors.Is(err, score.ErrNoAnswer) {
		return err.Error(), nil
	}
	return "", err
}

// block is rows that are scored one after the other.
type block struct {
	layout *answers.Layout
	unit   string // what the places of rows count
	rows   []row
}

// row is a line of answers.
type row struct {
	text []byte
	at   int64
	bad  string // why it could not be read
}

// A block has this many rows or bytes, whichever it has first.
const (
	blockRows  = 64
	blockBytes = 1 << 20
)

// rows reads the rows of a shard.
type rows struct {
	kit.Rows
	close  func() error
	unit   string
	begin  int64
	named  *answers.Layout
	layout *answers.Layout // of the file, nil before its first good row
	err    error
}

func (w *scorer) open(ctx context.Context, s *shard.Shard) (*rows, error) {
	if s.Whole {
		in, err := s.Open(ctx)
		if err != nil {
			return nil, err
		}
		r := &rows{close: in.Close, unit: in.Unit(), named: w.layout}
		if s.Groups != [2]int{} {
			if s.Groups[0] > 0 {
				r.layout, err = w.first(ctx, &shard.Shard{Path: s.Path, Whole: true})
			}
			var before int
			if err == nil {
				before, err = kit.CutRows(in, s.Groups[0], s.Groups[1])
			}
			if err != nil {
				return nil, errors.Join(err, in.Close())
			}
			r.begin = int64(before)
		}
		r.Rows = kit.Records(in)
		return r, nil
	}
	r := &rows{unit: "byte", named: w.layout}
	if s.Begin > 0 { // the first row of the file says what the names are
		first := *s
		first.Begin, first.End = 0, s.Begin
		var err error
		if r.layout, err = w.first(ctx, &first); err != nil {
			return nil, err
		}
	}
	lines, at, err := s.Lines(ctx)
	if err != nil {
		return nil, err
	}
	r.Rows, r.close, r.begin = kit.Records(lines), lines.Close, at
	return r, nil
}

// first is the layout of the first good row of a shard, nil if there is none.
func (w *scorer) first(ctx context.Context, s *shard.Shard) (*answers.Layout, error) {
	head, err := w.open(ctx, s)
	if err != nil {
		return nil, err
	}
	for head.layout == nil && err == nil {
		_, err = head.next()
	}
	if closed := head.close(); err == nil || err == io.EOF {
		err = closed
	}
	return head.layout, err
}

// next reads a block.
func (r *rows) next() (*block, error) {
	b := &block{unit: r.unit}
	for size := 0; len(b.rows) < blockRows && size < blockBytes && r.err == nil; {
		before := r.place(false)
		line, err := r.Next()
		bad := kit.Unreadable(err)
		if err != nil && bad == "" {
			r.err = err
			break
		}
		if bad == "" && len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if r.unit != "byte" {
			before = r.place(true)
		}
		if bad == "" && r.layout == nil {
			r.layout, _ = r.named.Of(line)
		}
		b.rows = append(b.rows, row{bytes.Clone(line), before, bad})
		size += len(line)
	}
	if b.layout = r.layout; b.layout == nil {
		b.layout = r.named
	}
	if len(b.rows) == 0 {
		return nil, r.err
	}
	return b, nil
}

// place is where the next row begins or, counted in rows, where the last one is.
func (r *rows) place(last bool) int64 {
	if last {
		return r.begin + int64(r.Line())
	}
	if o, ok := r.Rows.(interface{ Offset() int64 }); ok {
		return r.begin + o.Offset()
	}
	return 0
}
