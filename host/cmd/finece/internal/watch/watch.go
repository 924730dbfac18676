// Package watch is the command watch: it shows a stream with its confidences.
package watch

import (
	"context"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/pace"
	"github.com/finece/finece/host/cmd/finece/internal/scoring"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/position"
)

const long = `watch shows a stream as it comes, with a badge after each position:

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

const example = `  finece watch answer.sse
  finece watch --pace 10 --strategy periodic --every 30 answer.sse
  finece watch --data @body.json https://api.openai.com/v1/chat/completions
  curl -sN https://example.com/stream | finece watch -
  finece watch --estimator http://127.0.0.1:8000/v1 --question 'What is 6 times 7?' answer.sse`

// pleasant is the default pace of a file on a terminal, in events a second.
const pleasant = 40

type options struct {
	*settings.Flags
	pace   float64
	data   string
	choice int
}

// New is the command.
func New() *cobra.Command {
	f := options{Flags: settings.New()}
	cmd := &cobra.Command{
		Use:     "watch [flags] FILE|URL|-",
		Short:   "Watch a stream with its confidences",
		Long:    long,
		Example: example,
		Args:    input.One,
		RunE:    func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	flags := cmd.Flags()
	flags.Float64Var(&f.pace, "pace", 0, "events or words a second, 0 for as fast as they come; if not given, 40 for a file on a terminal")
	flags.StringVar(&f.data, "data", "", "URL: POST this JSON, or that of a file with @")
	flags.IntVar(&f.choice, "choice", 0, "which of a stream's answers to show, from 0")
	flags.StringVar(&f.Config.Question, "question", "", "what the stream answers; without it p(0) is unavailable")
	f.AddEstimator(cmd)
	f.AddPositions(cmd)
	f.AddStream(cmd)
	return cmd
}

func (f *options) run(cmd *cobra.Command, target string) error {
	if f.pace != 0 && !(f.pace >= 0.001 && f.pace <= 1e6) { // NaN is neither
		return exit.Usagef("--pace %v: want 0, or 0.001 to 1000000", f.pace)
	}
	body, err := readData(f.data)
	if err != nil {
		return err
	}
	if body != nil && !settings.IsURL(target) {
		return exit.Usagef("--data is for a URL, not for %s", target)
	}
	if f.Config.Question == "" {
		f.Config.Question = questionIn(body)
	}
	if err := f.Resolve(cmd); err != nil {
		return err
	}
	ctx, stop := exit.Interruptible(cmd.Context())
	defer stop()
	in, err := openTarget(ctx, cmd, target, body)
	if err != nil {
		return err
	}
	defer in.Close()
	screen, onTerminal := terminal.Of(cmd.OutOrStdout())
	onTerminal = onTerminal && os.Getenv("TERM") != "dumb" // that has no cursor to move
	speed := f.pace
	if _, isFile := in.Closer.(*os.File); isFile && onTerminal && !cmd.Flags().Changed("pace") {
		speed = pleasant
	}
	s, err := scoring.New(ctx, f.Flags)
	if err != nil {
		return err
	}
	defer s.Close()
	s.Limits = model.Limits{Waiting: 16} // the stream does not wait for stale ones

	var v view
	if onTerminal {
		v = newLiveView(screen, terminal.Colours(screen), f.choice)
	} else {
		v = newPlainView(cmd.OutOrStdout(), f.choice)
	}
	w := &watching{view: v}
	err = w.watch(ctx, s, f.Flags, pace.Read(ctx, in, speed))
	if cerr := v.close(&w.ledger); err == nil && cerr != nil {
		err = exit.With(exit.IO, cerr)
	}
	w.ledger.Report(cmd, in.Name)
	w.report(cmd)
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return exit.Silently(exit.Interrupted)
	case w.readErr != nil:
		return in.Failed(w.readErr)
	case w.ledger.Faulted+len(w.failures) > 0:
		return exit.Silently(exit.Faults)
	case w.ledger.Choice(f.choice).LacksLogprobs():
		return exit.Errorf(exit.Unavailable, "%s: no confidence: %s", in.Name, scoring.NoLogprobs)
	}
	return nil
}

// watching is a run of watch.
type watching struct {
	ledger   scoring.Ledger
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
	for _, text := range slices.Sorted(maps.Keys(times))[:min(len(times), scoring.KeptFaults)] {
		terminal.Say(cmd, "%d of the requests: %s", times[text], text)
	}
}

// frame is how often the screen is drawn at most.
const frame = 40 * time.Millisecond

// watch gives the input to a session and shows what comes of it. All of it but
// the reading runs here.
func (w *watching) watch(ctx context.Context, s *scoring.Scorer, f *settings.Flags, chunks <-chan pace.Chunk) error {
	f.Config.Text = true
	w.ledger.Text = func(choice int, segment position.Segment, text []byte) {
		w.view.text(&w.ledger, choice, segment, text)
	}
	// What a session says last has to be shown when it is interrupted, too.
	g, err := s.Open(context.WithoutCancel(ctx), f.Config, w.ledger.Take)
	if err != nil {
		return exit.With(exit.IO, err)
	}
	defer g.Close()
	ticks := time.NewTicker(frame)
	defer ticks.Stop()
	interrupted := ctx.Done()
	for chunks != nil || g.Pending() > 0 {
		select {
		case c, ok := <-chunks:
			if ok && c.Err == nil {
				if err = g.Write(c.Data); err == nil && w.ledger.Over {
					// Servers may keep the connection open all the same.
					chunks = nil
					err = g.End()
				}
				break
			}
			w.readErr = c.Err
			chunks = nil
			err = g.End()
		case r := <-g.Replies():
			err = g.Exchange.Settle(r)
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
		if g.Exchange != nil {
			w.failures = append(w.failures, g.Exchange.Failures()...)
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
		return exit.With(exit.IO, err)
	}
	return nil
}

// interrupt ends the session, which is open if its input had not ended.
func (w *watching) interrupt(g *scoring.Scoring, open bool) error {
	if open {
		faults, faulted := w.ledger.Faults, w.ledger.Faulted
		if err := g.End(); err != nil {
			return err
		}
		// That it is cut off is no fault of the input's.
		w.ledger.Faults, w.ledger.Faulted = faults, faulted
	}
	return g.Abandon()
}
