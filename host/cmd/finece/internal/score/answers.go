package score

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/finece/finece/host/batch/answers"
	"github.com/finece/finece/host/batch/score"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/follow"
)

// job is a line of answers, or a recorded stream, on its way to a worker.
type job struct {
	seq      int
	in       *input.Input
	number   int
	layout   *answers.Layout
	line     []byte
	hash     string
	bad      error // what is wrong with a line that could not be read
	read     int64 // bytes of the inputs up to the end of the line
	recorded io.Reader
	scored   chan struct{} // closed when the recorded stream has been read
}

// result is the result of a job.
type result struct {
	job
	*score.Scored
	err error
}

// run scores all inputs. Workers score the answers. One goroutine puts the
// results back in order and writes them. window bounds the answers in flight.
func (b *batch) run(ctx context.Context, set *input.Set) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	b.bar = set.Progress("scoring")
	defer b.bar.Done()

	window := make(chan struct{}, 8*b.jobs)
	b.free = make(chan []byte, cap(window))
	// Buffers as long as the window: reader, workers and writer do not wait for each other's turn.
	q := &queue{batch: b, window: window, jobs: make(chan job, cap(window))}
	results := make(chan result, cap(window))
	unread := make(chan error, 1) // a value is sent before jobs is closed
	go func() {
		defer close(q.jobs)
		err := set.Each(func(in *input.Input) error { return q.read(ctx, in) })
		if err == nil && q.found == 0 && ctx.Err() == nil {
			err = exit.Errorf(exit.Faults, "%s: no answers: want lines such as {\"id\": 1, \"answer\": \"...\"}", set.Name)
		}
		unread <- err
	}()
	var workers sync.WaitGroup
	for range b.jobs {
		workers.Go(func() { b.work(ctx, q.jobs, results) })
	}
	go func() {
		workers.Wait()
		close(results)
	}()
	err := b.writeInOrder(ctx, results, window)
	if b.samples != nil {
		if said := b.samples.Said(); said != "" {
			b.say("%s", said)
		}
	}
	if err != nil {
		cancel()
		for range results { // the workers use the engine until they end
		}
		return err
	}
	if ctx.Err() != nil {
		b.say("interrupted; %d answers were scored", b.written)
		if b.out != nil {
			b.say("run the same command again to resume")
		}
		return exit.Silently(exit.Interrupted)
	}
	if err := <-unread; err != nil {
		return errors.Join(err, b.verdict())
	}
	if err := errors.Join(b.dropReplaced(), b.finishOutput()); err != nil {
		return err
	}
	return b.verdict()
}

func (b *batch) work(ctx context.Context, jobs <-chan job, results chan<- result) {
	w := worker{b, score.Scorer{Follower: b.follower, Config: b.config}}
	defer w.scorer.Close()
	for {
		select {
		case j, ok := <-jobs:
			if !ok {
				return
			}
			results <- w.score(ctx, j)
		case <-ctx.Done():
			return
		}
	}
}

// worker scores answers one after the other, in one session.
type worker struct {
	*batch
	scorer score.Scorer
}

// score scores one answer.
func (w *worker) score(ctx context.Context, j job) result {
	r := result{job: j, Scored: &score.Scored{}}
	switch {
	case j.recorded != nil:
		r.err = w.recorded(ctx, &r)
		close(j.scored)
	case j.bad != nil:
		r.Answer, r.err = &answers.Answer{Line: j.number}, j.bad
	default:
		r.Scored, r.err = w.scorer.Score(ctx, j.layout, j.line, j.number)
	}
	return r
}

// writeInOrder writes results in the order of their jobs. An interrupted answer ends the output,
// so that a resumed run gives the same file.
func (b *batch) writeInOrder(ctx context.Context, results <-chan result, window <-chan struct{}) error {
	waiting := map[int]result{}
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
			if r.err == nil && r.recorded == nil && r.Unreachable() {
				unreachable++
			} else {
				unreachable = 0
			}
			if unreachable == score.GivesUp {
				return exit.Errorf(exit.IO, "gave up: the %s at %s could not be reached for %d answers in a row; when it can, add --retry-failed to resume", b.asked(), b.where(), score.GivesUp)
			}
			if r.recorded == nil {
				b.bar.To(r.read)
			}
		}
	}
	return nil
}

// finish writes or reports one result.
func (b *batch) finish(r *result) error {
	if r.recorded != nil {
		return b.finishStream(r)
	}
	where := r.name() + ": "
	if r.err != nil {
		b.bad++
		b.complain(r.in, "%s%v", where, r.err)
		return b.left.Add(r.in.Name, r.number, r.err.Error(), r.line)
	}
	b.note(r, where)
	err := r.Lines(r.line, r.hash, func(line []byte, key string, a *follow.Answer) error {
		if key != r.hash && b.isDone(key) {
			return nil
		}
		return b.write(line, key, a)
	})
	if errors.Is(err, score.ErrNoAnswer) {
		b.bad++
		b.complain(r.in, "%s%v", where, err)
		return b.left.Add(r.in.Name, r.number, err.Error(), r.line)
	}
	select {
	case b.free <- r.line:
	default:
	}
	return err
}

// buffer returns the memory of a line that was written, or nil.
func (b *batch) buffer() []byte {
	select {
	case line := <-b.free:
		return line[:0]
	default:
		return nil
	}
}

// name returns the name of the answer in messages.
func (r *result) name() string {
	where := fmt.Sprintf("%s %d", r.in.Unit(), r.Answer.Line)
	if r.Answer.ID == nil {
		return where
	}
	return fmt.Sprintf("%s (id %s)", where, r.Answer.ID)
}
