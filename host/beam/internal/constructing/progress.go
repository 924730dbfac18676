package constructing

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/beam/internal/job"
	"github.com/finece/finece/host/cmd/finece/kit"
)

// tellEvery is how often a job says how far it is.
const tellEvery = 30 * time.Second

// live is what workers in this process have done of shards that they have not finished. With
// another runner the workers are in other processes, and live is 0.
var live struct{ questions, completions atomic.Int64 }

// progress is how far a job is. It is read from the output, which any runner fills.
type progress struct {
	out    job.Output
	shards []int // the number of questions of each shard
	all    int   // questions
	known  []bool
	counts kit.ConstructCounts // of the known shards
	done   int                 // their questions

	started time.Time
	before  int // questions that were done then
}

func newProgress(out job.Output, shards []int) *progress {
	p := &progress{out: out, shards: shards, known: make([]bool, len(shards))}
	for _, n := range shards {
		p.all += n
	}
	return p
}

// start notes what an earlier job has done.
func (p *progress) start(ctx context.Context, now time.Time) error {
	err := p.look(ctx)
	p.started, p.before = now, p.done
	return err
}

// look adds the counts of the shards that are done since the last look.
func (p *progress) look(ctx context.Context) error {
	files, err := job.List(ctx, p.out.Folder+"/_counts/part-*")
	if err != nil {
		return err
	}
	there := make(map[string]bool, len(files))
	for _, file := range files {
		there[file] = true
	}
	for i := range p.shards {
		if file := p.out.In("_counts", i, ".json"); p.known[i] || !there[file] {
			continue
		}
		text, err := p.out.Done(ctx, i)
		if err != nil {
			return err
		}
		var counts kit.ConstructCounts
		if err := json.Unmarshal(text, &counts); err != nil {
			return err
		}
		p.counts.Add(&counts)
		p.done += p.shards[i]
		p.known[i] = true
	}
	return nil
}

// line describes the progress at a time, of which so many questions and completions are of
// unfinished shards.
func (p *progress) line(now time.Time, questions, completions int) string {
	done := min(p.done+questions, p.all)
	text := fmt.Sprintf("%d of %d questions, %d completions", done, p.all, p.counts.Tally.Completions+completions)
	if here := done - p.before; here > 0 && done < p.all {
		left := time.Duration(float64(now.Sub(p.started)) * float64(p.all-done) / float64(here))
		text += fmt.Sprintf(", %v left", left.Round(time.Second))
	}
	return text
}

// tell says how far the job is, at every tick, until ctx ends. If the output cannot be read, it
// says nothing: the job itself fails then.
func (p *progress) tell(ctx context.Context, cmd *cobra.Command, ticks <-chan time.Time) {
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticks:
			if p.look(ctx) == nil {
				kit.Say(cmd, "%s", p.line(now, int(live.questions.Load()), int(live.completions.Load())))
			}
		}
	}
}
