package score

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/finece/finece/host/cmd/finece/internal/answers"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/ledger"
	"github.com/finece/finece/host/cmd/finece/internal/lines"
	"github.com/finece/finece/host/cmd/finece/internal/members"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// job is a line of answers on its way to a worker.
type job struct {
	seq    int
	number int
	line   []byte
	hash   string
	err    error // of reading the line
	read   int64 // bytes of the input up to the end of the line
}

// result is what became of a job.
type result struct {
	job
	answer   *answers.Answer
	err      error
	failures []error // of requests to the confidence model
	ledger   *ledger.Ledger
}

// answers scores JSON Lines. Workers score the answers. One goroutine puts the
// results back in order and writes them. window bounds the answers in flight.
func (b *batch) answers(ctx context.Context, in *input.Input, r io.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	b.bar = terminal.Bytes(b.cmd, in.Size, "scoring")
	defer b.bar.Done()

	window := make(chan struct{}, 8*b.jobs)
	jobs, results := make(chan job), make(chan result)
	unread := make(chan error, 1) // gets its value before jobs is closed
	go func() {
		defer close(jobs)
		found, err := b.readJobs(ctx, in, lines.New(r, lines.MaxLine), window, jobs)
		if err == nil && found == 0 {
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
			b.say("run the same command again to resume")
		}
		return exit.Silently(exit.Interrupted)
	}
	if err := <-unread; err != nil {
		return errors.Join(err, b.verdict())
	}
	return errors.Join(b.dropReplaced(), b.verdict())
}

// readJobs reads the lines that are not in the output yet. found counts all
// lines.
func (b *batch) readJobs(ctx context.Context, in *input.Input, r *lines.Reader, window chan<- struct{}, jobs chan<- job) (found int, err error) {
	for seq := 0; ; {
		line, err := r.Next()
		var long *lines.TooLongError
		switch {
		case err == io.EOF:
			return found, nil
		case err != nil && !errors.As(err, &long):
			return found, in.Failed(err)
		case err == nil && len(bytes.TrimSpace(line)) == 0:
			continue
		}
		found++
		j := job{seq: seq, number: r.Line(), line: slices.Clone(line), err: err, read: in.Done()}
		if err == nil {
			if key, ok := members.Has(line, keyConfidence, keyFinece); ok && !b.overwrite {
				return found, exit.Usagef("%s:%d: the line has %q already; give --overwrite to replace it", in.Name, j.number, key)
			}
			if b.out != nil {
				b.read[nameOf(line)] = true
			}
			if j.hash = hashOf(line); b.isDone(j.hash) {
				continue
			}
		}
		select {
		case window <- struct{}{}:
		case <-ctx.Done():
			return found, nil
		}
		select {
		case jobs <- j:
		case <-ctx.Done():
			return found, nil
		}
		seq++
	}
}

func (b *batch) work(ctx context.Context, jobs <-chan job, results chan<- result) {
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
func (b *batch) score(ctx context.Context, j job) result {
	r := result{job: j, ledger: &ledger.Ledger{}}
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
	c.Asked.Generator = r.answer.Model
	c.Format = stream.Text
	if chunks {
		c.Format = stream.OpenAIChat
	}
	s, err := b.follower.Open(ctx, c, follow.Handler{
		Record: r.ledger.Take,
		Failed: func(err error) { r.failures = append(r.failures, err) },
	})
	if err != nil {
		r.err = err
		return r
	}
	defer s.Close()
	r.err = s.Copy(ctx, bytes.NewReader(data))
	if r.answer.Even {
		approximate(r.ledger.Answer(0))
	}
	return r
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
			b.bar.To(r.read)
		}
	}
	return nil
}

// givesUp is how many answers in a row may fail because the confidence model
// cannot be reached.
const givesUp = 8

// finish writes or reports one result.
func (b *batch) finish(r *result) error {
	where := answerName(r.answer) + ": "
	if r.err != nil {
		b.bad++
		b.complain("%s%v", where, r.err)
		return nil
	}
	b.note(r.failures, r.ledger, where)
	return b.write(r.line, r.hash, r.ledger.Answer(0))
}

func answerName(a *answers.Answer) string {
	if a.ID == nil {
		return fmt.Sprintf("line %d", a.Line)
	}
	return fmt.Sprintf("line %d (id %s)", a.Line, a.ID)
}

// unreachable reports whether the confidence model could not be reached for any
// position of the answer.
func (r *result) unreachable() bool {
	if r.err != nil {
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
