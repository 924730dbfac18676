package score

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sync"

	"github.com/finece/finece/host/cmd/finece/internal/answers"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/jsonline"
	"github.com/finece/finece/host/cmd/finece/internal/lines"
	"github.com/finece/finece/host/cmd/finece/internal/scoring"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

var nanValue = math.NaN()

// job is a line of answers on its way to a worker.
type job struct {
	seq    int
	number int
	line   []byte
	err    error // of reading the line
	read   int64 // bytes of the input up to it
}

// scored is what became of a job.
type scored struct {
	job
	answer  *answers.Answer
	err     error
	session *scoring.Scoring
	ledger  *scoring.Ledger
}

// answers scores JSON Lines. Workers score; the results are put back in order
// by the one goroutine that writes, and no more answers are in flight than its
// window holds.
func (b *batch) answers(ctx context.Context, in *input.Input, r io.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	b.bar = terminal.Bytes(b.cmd, in.Size, "scoring")
	defer b.bar.Done()

	window := make(chan struct{}, 8*b.jobs)
	jobs, results := make(chan job), make(chan scored)
	unread := make(chan error, 1) // gets its value before jobs is closed
	go func() {
		defer close(jobs)
		found, err := b.readJobs(ctx, in, lines.New(r, lines.MaxLine), window, jobs)
		switch {
		case err != nil:
			err = in.Failed(err)
		case found == 0:
			err = exit.Errorf(exit.Faults, "%s: no answers: want lines such as {\"id\": 1, \"answer\": \"...\"}", in.Name)
		}
		unread <- err
	}()
	var workers sync.WaitGroup
	for range b.jobs {
		workers.Go(func() { b.work(ctx, jobs, results) })
	}
	go func() {
		workers.Wait()
		close(results)
	}()
	if err := b.writeInOrder(ctx, results, window); err != nil {
		cancel()
		for range results { // the workers use the engine until they end
		}
		return err
	}
	if ctx.Err() != nil {
		b.say("interrupted; %d answers were scored", b.written)
		if b.out != nil {
			b.say("run the same command again to go on")
		}
		return exit.Silently(exit.Interrupted)
	}
	return errors.Join(<-unread, b.verdict())
}

// readJobs reads the lines that are not in the output yet. found counts them
// all.
func (b *batch) readJobs(ctx context.Context, in *input.Input, r *lines.Reader, window chan<- struct{}, jobs chan<- job) (found int, err error) {
	seq := 0
	send := func(all ...job) bool {
		for _, j := range all {
			j.seq = seq
			seq++
			select {
			case window <- struct{}{}:
			case <-ctx.Done():
				return false
			}
			select {
			case jobs <- j:
			case <-ctx.Done():
				return false
			}
		}
		return true
	}
	for {
		line, err := r.Next()
		var long *lines.TooLongError
		if err == io.EOF {
			send(b.done.end()...)
			return found, nil
		}
		if err != nil && !errors.As(err, &long) {
			return found, err
		}
		if err != nil || len(bytes.TrimSpace(line)) > 0 {
			found++
			if j := (job{number: r.Line(), line: slices.Clone(line), err: err, read: in.Done()}); !b.isDone(&j) && !send(j) {
				return found, nil
			}
		}
		if !send(b.done.after(r.Line())...) {
			return found, nil
		}
	}
}

// isDone reports whether there is nothing to be done about a line, or not yet.
func (b *batch) isDone(j *job) bool {
	if len(b.done.lines) == 0 || j.err != nil {
		return false
	}
	var l struct {
		ID json.RawMessage `json:"id"`
	}
	if json.Unmarshal(j.line, &l) != nil {
		return false
	}
	key := answers.Key(l.ID, j.number)
	done, until := b.done.take(key, j.number)
	if until != 0 {
		b.done.wait(until, waiting{key, *j})
	}
	return done || until != 0
}

func (b *batch) work(ctx context.Context, jobs <-chan job, results chan<- scored) {
	for {
		select {
		case j, ok := <-jobs:
			if !ok {
				return
			}
			results <- b.score(ctx, j)
		case <-ctx.Done():
			return
		}
	}
}

// score scores one answer.
func (b *batch) score(ctx context.Context, j job) scored {
	r := scored{job: j, ledger: &scoring.Ledger{}}
	if j.err != nil {
		r.answer, r.err = &answers.Answer{Line: j.number}, fmt.Errorf("longer than %d bytes", lines.MaxLine)
		return r
	}
	if r.answer, r.err = answers.Parse(j.line, j.number); r.err != nil {
		return r
	}
	data, chunks := r.answer.Stream()
	c := b.config
	c.Question = r.answer.Question
	c.Format = stream.Text
	if chunks {
		c.Format = stream.OpenAIChat
	}
	if r.session, r.err = b.scorer.Open(ctx, c, r.ledger.Take); r.err != nil {
		return r
	}
	defer r.session.Close()
	if r.err = r.session.Write(data); r.err == nil {
		r.err = r.session.End()
	}
	if r.err == nil {
		r.err = r.session.Drain(ctx)
	}
	if r.err == nil && ctx.Err() != nil {
		r.err = ctx.Err()
	}
	return r
}

// writeInOrder writes results in the order of their jobs. Work that was
// interrupted ends the output there, so that going on later gives the same
// file.
func (b *batch) writeInOrder(ctx context.Context, results <-chan scored, window <-chan struct{}) error {
	waiting := map[int]scored{}
	next, unreachable := 0, 0
	for r := range results {
		waiting[r.seq] = r
		for {
			r, ok := waiting[next]
			if !ok {
				break
			}
			delete(waiting, next)
			if errors.Is(r.err, context.Canceled) || ctx.Err() != nil && r.err != nil {
				next = -1
				break
			}
			next++
			<-window
			if err := b.finish(&r); err != nil {
				return err
			}
			if r.unreachable() {
				unreachable++
			} else {
				unreachable = 0
			}
			if unreachable == givesUp {
				return exit.Errorf(exit.IO, "gave up: the confidence model at %s could not be reached for %d answers in a row; when it can, add --retry-failed to go on", b.scorer.Client.URL(), givesUp)
			}
			b.bar.To(r.read)
		}
	}
	return nil
}

// givesUp is how many answers in a row a dead server is given.
const givesUp = 8

// finish writes or reports one result.
func (b *batch) finish(r *scored) error {
	where := answerName(r.answer) + ": "
	if r.err != nil {
		b.bad++
		b.complain("%s%v", where, r.err)
		return nil
	}
	b.note(r.session, r.ledger, where)
	return b.write(r.answer, r.ledger.Choice(0))
}

func answerName(a *answers.Answer) string {
	if a.ID == nil {
		return fmt.Sprintf("line %d", a.Line)
	}
	return fmt.Sprintf("line %d (id %s)", a.Line, a.ID)
}

// unreachable reports whether nothing at all could be asked about the answer.
func (r *scored) unreachable() bool {
	if r.err != nil || r.session == nil || r.session.Exchange == nil {
		return false
	}
	places := r.ledger.Choice(0).Places
	asked := 0
	for i := range places {
		switch places[i].Reason {
		case session.Unreachable:
			asked++
		case session.NoReason:
			return false
		}
	}
	return asked > 0
}

// scored writes a position and its confidence.
func writeScored(o *jsonline.Object, a *scoring.Answer, p *scoring.Place, even bool) {
	o.Begin()
	scoring.WritePlace(o, a, p)
	if p.Segment != position.Answer {
		o.Text("segment", p.Segment.String())
	}
	if p.Estimated || even {
		o.Yes("tokens_estimated")
	}
	o.Text("state", p.State.String())
	o.Number("raw", p.Raw)
	o.Number("fused", p.Fused)
	o.Integer("revisions", int64(p.Revisions()))
	if p.Reason != session.NoReason {
		o.Text("reason", p.Reason.String())
	} else {
		o.Text("source", p.Source.String())
	}
	o.End()
}
