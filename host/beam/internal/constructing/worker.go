package constructing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/finece/finece/host/beam/internal/job"
	"github.com/finece/finece/host/cmd/finece/kit"
	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/host/openai"
)

func init() {
	register.DoFn2x2[context.Context, []byte, []byte, error](&builder{})
	register.Combiner1[[]byte](&total{})
}

// builder builds the data of shards of questions. Every reply is kept before it is used. So
// a runner may build a shard twice, or at two places at once, and a job that is started again
// asks for what is missing.
type builder struct {
	Job  kit.ConstructJob
	Out  job.Output
	Keep bool // the replies, when a shard is done

	config                         *construct.Config
	questions, states, completions beam.Counter
}

// configs are those of this process: all shards share the clients, and so the pool of servers
// and the bound on requests in flight.
var (
	configsMu sync.Mutex
	configs   = map[string]*construct.Config{}
)

// Setup makes what all shards need.
func (b *builder) Setup() error {
	key, err := json.Marshal(&b.Job)
	if err != nil {
		return job.Failed(err)
	}
	configsMu.Lock()
	defer configsMu.Unlock()
	if configs[string(key)] == nil {
		if configs[string(key)], err = b.Job.Config(); err != nil {
			return job.Failed(err)
		}
	}
	b.config = configs[string(key)]
	b.questions, b.states, b.completions = beam.NewCounter("finece", "questions"), beam.NewCounter("finece", "states"), beam.NewCounter("finece", "completions")
	return nil
}

// ProcessElement builds the data of a shard, and returns its counts.
func (b *builder) ProcessElement(ctx context.Context, element []byte) ([]byte, error) {
	var shard int
	if err := json.Unmarshal(element, &shard); err != nil {
		return nil, job.Failed(err)
	}
	if done, err := b.Out.Done(ctx, shard); err != nil || done != nil {
		return done, job.Failed(err)
	}
	counts := &kit.ConstructCounts{}
	text, err := b.shard(ctx, shard, counts)
	b.questions.Inc(ctx, int64(counts.Done))
	b.states.Inc(ctx, int64(counts.States))
	b.completions.Inc(ctx, int64(counts.Tally.Completions))
	return text, job.Failed(err)
}

// shard builds the data of a shard, and counts it.
func (b *builder) shard(ctx context.Context, shard int, counts *kit.ConstructCounts) ([]byte, error) {
	all, err := questions(ctx, b.Out, shard)
	if err != nil {
		return nil, err
	}
	c := *b.config
	kept, err := openReplies(ctx, b.Out.In("_replies", shard, ""))
	if err != nil {
		return nil, err
	}
	c.Store = kept
	out, err := job.Create(ctx, b.Out.Lines(shard))
	if err != nil {
		return nil, err
	}
	var had atomic.Int64 // completions
	c.Observe = func(completions, _ int) {
		had.Add(int64(completions))
		live.completions.Add(int64(completions))
	}
	var rejected []byte
	number := 0
	defer func() { // from now on, the counts of the shard count
		live.questions.Add(-int64(number))
		live.completions.Add(-had.Load())
	}()
	err = construct.Run(ctx, c, all, func(r *construct.Result) error {
		number++
		live.questions.Add(1)
		bad, _, err := counts.Count(r)
		if bad != nil {
			text, err := openai.Line(r.Question)
			if err != nil {
				return err
			}
			rejected = kit.AppendRejected(rejected, questionsFile(b.Out, shard), "line", int64(number), bad.Error(), text)
		}
		if err != nil {
			return fmt.Errorf("%w: %w", err, r.Err)
		}
		for i := range r.States {
			line, err := r.States[i].Line()
			if err != nil {
				return err
			}
			if _, err := out.Write(append(line, '\n')); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && len(rejected) > 0 {
		err = job.WriteFile(ctx, b.Out.Rejected(shard), rejected)
	}
	if err != nil {
		return nil, errors.Join(err, out.Abort())
	}
	if err := out.Commit(); err != nil {
		return nil, err
	}
	text, err := json.Marshal(counts)
	if err != nil || counts.Failed > 0 { // with failed requests, the shard is not done
		return text, err
	}
	if err := b.Out.Finish(ctx, shard, text); err != nil {
		return nil, err
	}
	if !b.Keep {
		kept.remove(ctx)
	}
	return text, nil
}

// total adds up counts.
type total struct{}

// MergeAccumulators adds up two counts.
func (*total) MergeAccumulators(a, b []byte) ([]byte, error) {
	var x, y kit.ConstructCounts
	if err := json.Unmarshal(a, &x); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, &y); err != nil {
		return nil, err
	}
	x.Add(&y)
	return json.Marshal(&x)
}
