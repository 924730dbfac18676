package score

import (
	"context"
	"io"

	"github.com/finece/finece/host/batch/answers"
	"github.com/finece/finece/host/batch/members"
	"github.com/finece/finece/host/batch/score"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/lines"
	"github.com/finece/finece/wasm/stream"
)

// queue gives the workers what they have to do.
type queue struct {
	*batch
	window chan<- struct{}
	jobs   chan job
	next   int // the number of the next job
	found  int // lines and recorded streams
}

// add adds a job. It returns an error of ctx.
func (q *queue) add(ctx context.Context, j job) error {
	j.seq = q.next
	select {
	case q.window <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case q.jobs <- j:
	case <-ctx.Done():
		return ctx.Err()
	}
	q.next++
	return nil
}

// read adds the lines of an input that are not in the output yet, or the recorded stream
// that the input is.
func (q *queue) read(ctx context.Context, in *input.Input) error {
	recorded, rest, err := looksRecorded(in, q.layout)
	if err != nil {
		return err
	}
	if recorded || q.config.Format != stream.Auto {
		q.found++
		scored := make(chan struct{})
		if err := q.add(ctx, job{in: in, recorded: in.Showing(q.bar, rest), scored: scored}); err != nil {
			return err
		}
		select {
		case <-scored:
		case <-ctx.Done():
		}
		return ctx.Err()
	}
	var layout *answers.Layout
	r := lines.Records(rest, lines.MaxLine)
	for {
		line, bad, err := lines.Filled(r)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return in.Failed(err)
		}
		q.found++
		j := job{in: in, number: r.Line(), line: append(q.buffer(), line...), bad: bad, read: in.Done()}
		if bad == nil {
			if layout == nil {
				var said []string
				layout, said = q.layout.Of(line)
				for _, text := range said {
					q.sayOf(in.Name, "%s", text)
				}
			}
			if j.layout = layout; layout == nil { // the line is broken
				j.layout = q.layout
			}
			if key, ok := members.Has(line, score.KeyConfidence, score.KeyFinece); ok && !q.overwrite {
				return exit.Usagef("%s:%d: the line has %q already; give --overwrite to replace it", in.Name, j.number, key)
			}
			if q.out != nil {
				q.batch.read[nameOf(line)] = true
			}
			if j.hash = score.Hash(line); q.isDone(j.hash) {
				for choice := 0; q.isDone(score.ChoiceKey(j.hash, choice)); choice++ {
				}
				continue
			}
		}
		if err := q.add(ctx, j); err != nil {
			return err
		}
	}
}
