package main

import (
	"context"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/model"
	"github.com/finece/finece/position"
)

const watchLong = `watch shows a stream as it comes, with a badge after each position:

  ◌ …     pending: an estimate is on its way
  ◐ 62%   provisional: later text may still revise it
  ● 71%   final
  ○ n/a   unavailable; the summary says why

On a terminal a badge is revised in place. What has scrolled off stays as it was;
the summary at the end has the first and the last value of each position. Where
the output is no terminal, text and badges are written once, when they are final.

The input is a recorded stream, an address that streams (GET), or with --data an
OpenAI-compatible endpoint (POST): the body is sent with "stream": true, the key
comes from OPENAI_API_KEY, and the last user message is the question.

The text comes from a model: control characters and escape sequences in it are
shown as a replacement and never reach the terminal.`

const watchExample = `  finece watch answer.sse
  finece watch --pace 10 --strategy periodic --every 30 answer.sse
  finece watch --data @body.json https://api.openai.com/v1/chat/completions
  curl -sN https://example.com/stream | finece watch -
  finece watch --estimator http://127.0.0.1:8000/v1 --question 'What is 6 times 7?' answer.sse`

// pleasant is the default pace of a file on a terminal, in events a second.
const pleasant = 40

type watchFlags struct {
	*sessionFlags
	pace   float64
	data   string
	choice int
}

func newWatch() *cobra.Command {
	f := watchFlags{sessionFlags: newSessionFlags()}
	cmd := &cobra.Command{
		Use:     "watch [flags] FILE|URL|-",
		Short:   "Watch a stream with its confidences",
		Long:    watchLong,
		Example: watchExample,
		Args:    oneInput,
		RunE:    func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	flags := cmd.Flags()
	flags.Float64Var(&f.pace, "pace", 0, "events or words a second, 0 for as fast as they come; if not given, 40 for a file on a terminal")
	flags.StringVar(&f.data, "data", "", "URL: POST this JSON, or that of a file with @")
	flags.IntVar(&f.choice, "choice", 0, "which of a stream's answers to show, from 0")
	flags.StringVar(&f.config.Question, "question", "", "what the stream answers; without it p(0) is unavailable")
	f.addEstimator(cmd)
	f.addPositions(cmd)
	f.addStream(cmd)
	return cmd
}

func (f *watchFlags) run(cmd *cobra.Command, target string) error {
	if f.pace != 0 && !(f.pace >= 0.001 && f.pace <= 1e6) { // NaN is neither
		return usagef("--pace %v: want 0, or 0.001 to 1000000", f.pace)
	}
	body, err := readData(f.data)
	if err != nil {
		return err
	}
	if body != nil && !isURL(target) {
		return usagef("--data is for a URL, not for %s", target)
	}
	if f.config.Question == "" {
		f.config.Question = questionIn(body)
	}
	if err := f.resolve(cmd); err != nil {
		return err
	}
	ctx, stop := interruptible(cmd.Context())
	defer stop()
	in, err := openTarget(ctx, cmd, target, body)
	if err != nil {
		return err
	}
	defer in.Close()
	screen, onTerminal := terminal(cmd.OutOrStdout())
	onTerminal = onTerminal && os.Getenv("TERM") != "dumb" // that has no cursor to move
	pace := f.pace
	if _, isFile := in.closer.(*os.File); isFile && onTerminal && !cmd.Flags().Changed("pace") {
		pace = pleasant
	}
	s, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	s.limits = model.Limits{Waiting: 16} // the stream does not wait for stale ones

	var v view
	if onTerminal {
		v = newLiveView(screen, colours(screen), f.choice)
	} else {
		v = newPlainView(cmd.OutOrStdout(), f.choice)
	}
	w := &watching{view: v}
	err = w.watch(ctx, s, f.sessionFlags, paced(ctx, in, pace))
	if cerr := v.close(&w.ledger); err == nil && cerr != nil {
		err = &exitError{exitIO, cerr}
	}
	w.ledger.report(cmd, in.name)
	w.report(cmd)
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return &exitError{code: exitInterrupted}
	case w.readErr != nil:
		return in.failure(w.readErr)
	case w.ledger.faulted+len(w.failures) > 0:
		return &exitError{code: exitFaults}
	case w.ledger.choice(f.choice).lacksLogprobs():
		return failf(exitUnavailable, "%s: no confidence: %s", in.name, noLogprobs)
	}
	return nil
}

// watching is a run of watch.
type watching struct {
	ledger   ledger
	view     view
	failures []error
	readErr  error
}

// report says which requests to the confidence model failed.
func (w *watching) report(cmd *cobra.Command) {
	times := map[string]int{}
	for _, e := range w.failures {
		times[e.Error()]++
	}
	for _, text := range slices.Sorted(maps.Keys(times))[:min(len(times), keptFaults)] {
		say(cmd, "%d of the requests: %s", times[text], text)
	}
}

// frame is how often the screen is drawn at most.
const frame = 40 * time.Millisecond

// watch gives the input to a session and shows what comes of it. All of it but
// the reading runs here.
func (w *watching) watch(ctx context.Context, s *scorer, f *sessionFlags, chunks <-chan chunk) error {
	f.config.Text = true
	w.ledger.text = func(choice int, segment position.Segment, text []byte) {
		w.view.text(&w.ledger, choice, segment, text)
	}
	// What a session says last has to be shown when it is interrupted, too.
	g, err := s.open(context.WithoutCancel(ctx), f.config, w.ledger.take)
	if err != nil {
		return &exitError{exitIO, err}
	}
	defer g.close()
	ticks := time.NewTicker(frame)
	defer ticks.Stop()
	interrupted := ctx.Done()
	for chunks != nil || g.pending() > 0 {
		select {
		case c, ok := <-chunks:
			if ok && c.err == nil {
				if err = g.write(c.data); err == nil && w.ledger.over {
					// Servers may keep the connection open all the same.
					chunks = nil
					err = g.end()
				}
				break
			}
			w.readErr = c.err
			chunks = nil
			err = g.end()
		case r := <-g.replies():
			err = g.exchange.Settle(r)
		case <-ticks.C:
			err = w.draw()
		case <-interrupted:
			interrupted = nil
			if err = w.interrupt(g, chunks != nil); err == nil {
				chunks = nil
			}
		}
		if err != nil {
			return err
		}
		if g.exchange != nil {
			w.failures = append(w.failures, g.exchange.Failures()...)
		}
		if !w.view.live() {
			if err := w.draw(); err != nil {
				return err
			}
		}
	}
	return w.draw()
}

func (w *watching) draw() error {
	if err := w.view.draw(&w.ledger); err != nil {
		return &exitError{exitIO, err}
	}
	return nil
}

// interrupt ends the session, which is open if its input had not ended.
func (w *watching) interrupt(g *scoring, open bool) error {
	if open {
		faults, faulted := w.ledger.faults, w.ledger.faulted
		if err := g.end(); err != nil {
			return err
		}
		// That it is cut off is no fault of the input's.
		w.ledger.faults, w.ledger.faulted = faults, faulted
	}
	return g.abandon()
}

// chunk is a piece of the input, or the error that ended it.
type chunk struct {
	data []byte
	err  error
}

// paced reads in into a channel, which it closes at the end. At a pace, a piece
// is an event, a line or a word, so many of them a second.
func paced(ctx context.Context, in io.Reader, pace float64) <-chan chunk {
	out := make(chan chunk)
	go func() {
		defer close(out)
		next := whatever(in)
		var beat <-chan time.Time
		if pace > 0 {
			next = pieces(in)
			t := time.NewTicker(time.Duration(float64(time.Second) / pace))
			defer t.Stop()
			beat = t.C
		}
		for {
			data, err := next()
			if len(data) > 0 && !send(ctx, out, chunk{data: data}) {
				return
			}
			if err == io.EOF {
				return
			}
			if err != nil {
				send(ctx, out, chunk{err: err})
				return
			}
			if beat != nil {
				select {
				case <-beat:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return out
}

func send(ctx context.Context, out chan<- chunk, c chunk) bool {
	select {
	case out <- c:
		return true
	case <-ctx.Done():
		return false
	}
}
