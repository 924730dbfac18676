package score

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/cmd/finece/internal/answers"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/ledger"
	"github.com/finece/finece/host/cmd/finece/internal/lines"
	"github.com/finece/finece/host/cmd/finece/internal/members"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/wasm/session"
)

// job is a line of answers, or a recorded stream, on its way to a worker.
type job struct {
	seq      int
	in       *input.Input
	number   int
	layout   *answers.Layout
	line     []byte
	hash     string
	err      error // of reading the line
	read     int64 // bytes of the inputs up to the end of the line
	recorded io.Reader
	scored   chan struct{} // closed when the recorded stream has been read
}

// result is what became of a job.
type result struct {
	job
	answer   *answers.Answer
	err      error
	failures []error // of requests to the confidence model
	ledger   *ledger.Ledger
}

func (r *result) handler() follow.Handler {
	return follow.Handler{
		Record: r.ledger.Take,
		Failed: func(err error) { r.failures = append(r.failures, err) },
	}
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
	q := &queue{batch: b, window: window, jobs: make(chan job)}
	results := make(chan result)
	unread := make(chan error, 1) // gets its value before jobs is closed
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
	if err := b.writeInOrder(ctx, results, window); err != nil {
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
	w := worker{batch: b}
	defer w.close()
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
	reader answers.Reader
	stream *follow.Stream // nil before the first answer, and after the core was lost
}

// score scores one answer.
func (w *worker) score(ctx context.Context, j job) result {
	r := result{job: j, ledger: &ledger.Ledger{}}
	if j.recorded != nil {
		r.err = w.recorded(ctx, &r)
		close(j.scored)
		return r
	}
	if j.err != nil {
		r.answer, r.err = &answers.Answer{Line: j.number}, errors.New(lines.Reason(j.err))
		return r
	}
	w.reader.Layout = j.layout
	if r.answer, r.err = w.reader.Read(j.line, j.number); r.err != nil {
		return r
	}
	data, format := r.answer.Stream()
	c := w.config
	c.Question = r.answer.Question
	c.Asked.Generator = r.answer.Model
	c.Format = format
	if r.err = w.begin(ctx, c, r.handler()); r.err != nil {
		return r
	}
	if r.err = w.stream.Copy(ctx, bytes.NewReader(data)); r.err != nil {
		w.close()
	}
	if r.answer.Even {
		approximate(r.ledger.Answer(0))
	}
	return r
}

// begin begins the stream of an answer, in the session of the last one if there is one.
func (w *worker) begin(ctx context.Context, c host.Config, h follow.Handler) (err error) {
	if w.stream != nil {
		if err = w.stream.Reset(ctx, c, h); err == nil {
			return nil
		}
		w.close()
	}
	w.stream, err = w.follower.Open(ctx, c, h)
	return err
}

func (w *worker) close() {
	if w.stream != nil {
		w.stream.Close()
		w.stream = nil
	}
}

// writeInOrder writes results in the order of their jobs. Work that was
// interrupted ends the output there, so that resuming later gives the same
// file.
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
			if r.unreachable() {
				unreachable++
			} else {
				unreachable = 0
			}
			if unreachable == givesUp {
				return exit.Errorf(exit.IO, "gave up: the confidence model at %s could not be reached for %d answers in a row; when it can, add --retry-failed to resume", b.follower.Client.URL(), givesUp)
			}
			if r.recorded == nil {
				b.bar.To(r.read)
			}
		}
	}
	return nil
}

// givesUp is how many answers in a row may fail because the confidence model
// cannot be reached.
const givesUp = 8

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
	if r.answer.Whole {
		return b.finishWhole(r)
	}
	err := b.write(r.line, r.hash, r.ledger.Answer(0))
	select {
	case b.free <- r.line:
	default:
	}
	return err
}

// finishWhole writes a line for each answer of a whole response. The last one has the
// hash of the line of input: if it is in the output, all are.
func (b *batch) finishWhole(r *result) error {
	all := r.ledger.Sorted()
	if len(all) == 0 {
		b.bad++
		b.complain(r.in, "%s: %s", r.name(), noAnswer)
		return b.left.Add(r.in.Name, r.number, noAnswer, r.line)
	}
	for i, a := range all {
		line, key := r.line, r.hash
		if len(all) > 1 {
			var err error
			if line, err = members.Set(line, members.Member{Key: "choice", Value: strconv.AppendInt(nil, int64(a.Choice), 10)}); err != nil {
				return err
			}
		}
		if i < len(all)-1 {
			if key = choiceKey(r.hash, i); b.isDone(key) {
				continue
			}
		}
		if err := b.write(line, key, a); err != nil {
			return err
		}
	}
	return nil
}

const noAnswer = "the response has no answer"

// choiceKey is the key of one of several answers of a line or a recorded stream.
func choiceKey(hash string, choice int) string {
	return hashOf(fmt.Appendf(nil, "%s %d", hash, choice))
}

// buffer is the memory of a line that was written, or none.
func (b *batch) buffer() []byte {
	select {
	case line := <-b.free:
		return line[:0]
	default:
		return nil
	}
}

// name is what messages call the answer.
func (r *result) name() string {
	where := fmt.Sprintf("%s %d", r.in.Unit(), r.answer.Line)
	if r.answer.ID == nil {
		return where
	}
	return fmt.Sprintf("%s (id %s)", where, r.answer.ID)
}

// unreachable reports whether the confidence model could not be reached for any
// position of the answer.
func (r *result) unreachable() bool {
	if r.err != nil || r.recorded != nil {
		return false
	}
	places := r.ledger.Answer(0).Places
	failed := false
	for i := range places {
		switch places[i].Reason {
		case session.Unreachable:
			failed = true
		case session.NoReason:
			return false
		}
	}
	return failed
}

// approximate marks the token counts of an answer as estimates.
func approximate(a *follow.Answer) {
	for i := range a.Places {
		a.Places[i].Approximate = true
	}
}
