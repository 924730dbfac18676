// Package watch is the command watch: it shows a stream with its confidences.
package watch

import (
	"context"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/ledger"
	"github.com/finece/finece/host/cmd/finece/internal/pace"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

const long = `watch shows a stream as it arrives, with a badge after each position:

  ◌ …         pending: an estimate was asked for
  ◐ 62%       provisional: later text may revise the estimate
  ● 71%       final
  ● ▅ medium  final, and not calibrated: low, medium or high among answers scored in
              the same way. The word does not say how often such answers are correct
  ○ n/a       unavailable; the table at the end says why

A percentage is a probability: the estimates were mapped by a file of finece calibrate
(--calibration), or came from a confidence model whose card says that it was trained on
labelled answers (--model-card), and the map or card covers this kind of answer.

On a terminal a badge is revised in place. A badge that has scrolled off the screen does
not change; the table at the end has the first and the last value of each position. If
the output is not a terminal, text and badges are written once, when they are final.
--json prints the records instead: a start, then positions, confidences and their
revisions, faults, and the end of each answer.

The input is a recorded stream, a URL that streams (GET), or with --data an
OpenAI-compatible endpoint (POST). With --data, the body is sent with "stream": true,
the key is in OPENAI_API_KEY, and the last user message is the question. If the
estimator needs log-probabilities, watch adds the fields to the body that ask this
provider for them; --keep-request sends the body unchanged.

A stream of a gateway such as finece serve carries the gateway's confidences. watch
shows these and estimates nothing itself, unless --rescore is given.

The text comes from a model, so its control characters and escape sequences are replaced
and never reach the terminal.`

const example = `  finece watch answer.sse
  finece watch --pace 10 --strategy periodic --every 30 answer.sse
  finece watch --data @body.json https://api.openai.com/v1/chat/completions
  curl -sN https://example.com/stream | finece watch -
  finece watch --json answer.sse
  finece watch --estimator http://127.0.0.1:8000/v1 --question 'What is 6 times 7?' answer.sse`

// pleasant is the default pace of a file on a terminal, in events per second.
const pleasant = 40

type options struct {
	*settings.Flags
	pace   float64
	data   string
	choice int
	json   bool
	keep   bool
	again  bool // scores a stream that carries records

	conversationTokens int
}

// New is the command.
func New() *cobra.Command { return newFor(options{Flags: settings.New()}) }

// NewFor returns the command for a confidence model with a card, and for answers whose origin is
// known.
func NewFor(card *calibrate.Card, asked calibrate.Asked) *cobra.Command {
	f := options{Flags: settings.New()}
	f.Config.Card, f.Config.Asked = card, asked
	return newFor(f)
}

func newFor(f options) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "watch [flags] FILE|URL|-",
		Short:   "Watch a stream with its confidences",
		Long:    long,
		Example: example,
		Args:    input.One,
		RunE:    func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	flags := cmd.Flags()
	flags.Float64Var(&f.pace, "pace", 0, "events or words per second, 0 for no limit (default: 40 for a file on a terminal, else 0)")
	flags.StringVar(&f.data, "data", "", "URL: POST this JSON, or the content of a file after @")
	settings.Add(cmd, contract.Choice, &f.choice)
	flags.BoolVar(&f.json, "json", false, "print the records of all answers as they come, one JSON object per line, instead of text")
	flags.BoolVar(&f.again, "rescore", false, "estimate even if the stream carries the confidences of a gateway")
	settings.Add(cmd, contract.Question, &f.Config.Question)
	settings.Add(cmd, contract.KeepRequest, &f.keep)
	f.AddEstimator(cmd, contract.Requests)
	settings.Add(cmd, contract.ConversationTokens, &f.conversationTokens)
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
	if err := f.Resolve(cmd); err != nil {
		return err
	}
	if body != nil {
		follow.ConversationIn(body).Ask(&f.Config, f.conversationTokens)
	}
	if body, err = f.ask(cmd, target, body); err != nil {
		return err
	}
	if asked := &f.Config.Asked; asked.Generator == "" {
		asked.Generator = generatorIn(body)
	}
	ctx, stop := exit.Interruptible(cmd.Context())
	defer stop()
	in, err := openTarget(ctx, cmd, target, body)
	if err != nil {
		return err
	}
	defer in.Close()
	screen, onTerminal := terminal.Of(cmd.OutOrStdout())
	onTerminal = onTerminal && !f.json && os.Getenv("TERM") != "dumb" // a dumb terminal has no cursor to move
	speed := f.pace
	if _, isFile := in.Closer.(*os.File); isFile && onTerminal && !cmd.Flags().Changed("pace") {
		speed = pleasant
	}
	follower, err := f.Follower(ctx)
	if err != nil {
		return err
	}
	defer follower.Engine.Close()
	follower.Limits.Waiting = 16 // the stream does not wait for stale requests

	w := &watching{carried: &follow.Carried{}}
	if f.again {
		w.carried = nil
	}
	switch {
	case f.json:
		w.view = &recordView{w: cmd.OutOrStdout()}
	case onTerminal:
		w.view = newLiveView(screen, terminal.Colours(screen), f.choice)
	default:
		w.view = newPlainView(cmd.OutOrStdout(), f.choice)
	}
	err = w.watch(ctx, follower, &f.Config, pace.Read(ctx, in, speed), generatorIn(body))
	if cerr := w.view.close(&w.ledger); err == nil && cerr != nil {
		err = exit.With(exit.IO, cerr)
	}
	w.ledger.Report(cmd, in.Name)
	if end := w.ledger.Answer(f.choice).End; end != nil && endings[end.Reason] != "" {
		terminal.Say(cmd, "%s: %s", in.Name, endings[end.Reason])
	}
	w.report(cmd)
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return exit.Silently(exit.Interrupted)
	case w.readErr != nil:
		return in.Failed(w.readErr)
	case w.carries() && w.carried.Version > record.Version:
		return exit.Errorf(exit.Unavailable, "%s: no confidence: its records are of version %d, and this finece reads version %d; use a newer finece, or --rescore", in.Name, w.carried.Version, record.Version)
	case w.ledger.Faulted+len(w.failures) > 0:
		return exit.Silently(exit.Faults)
	case w.ledger.Answer(f.choice).LacksLogprobs() && !w.carries():
		return exit.Errorf(exit.Unavailable, "%s: no confidence: %s%s", in.Name, ledger.NoLogprobs, lacking(target))
	}
	return nil
}

// ask adds the fields that ask for log-probabilities to a request's body, if they are
// needed.
func (f *options) ask(cmd *cobra.Command, target string, body []byte) ([]byte, error) {
	if body == nil || f.keep || f.AsksModel() {
		return body, nil
	}
	asking, added, err := contract.Asking(target, body)
	if err != nil {
		return nil, exit.Usagef("--data: %w", err)
	}
	if added {
		terminal.Say(cmd, "asking for log-probabilities, too; --keep-request sends the request as it is")
	}
	return asking, nil
}

// lacking returns what the table of providers says about an address without log-probabilities.
func lacking(target string) string {
	if p := contract.ProviderAt(target); p != nil {
		if said := p.Lacks(); said != "" {
			return "; " + said
		}
	}
	return ""
}

// endings are the reasons for the end of an answer that a reader has to know.
var endings = map[stream.Reason]string{
	stream.Length:        "the answer reached a limit on tokens and may be unfinished",
	stream.ContentFilter: "the provider's content filter ended the answer",
}

// watching is a run of watch.
type watching struct {
	ledger   ledger.Ledger
	view     view
	failures []error
	readErr  error
	carried  *follow.Carried // reads the stream's own records; nil with --rescore
}

// carries reports whether the stream carries records. If so, watch shows these.
func (w *watching) carries() bool { return w.carried != nil && w.carried.Carries() }

// take adds a record to the ledger and the view.
func (w *watching) take(r record.Record) {
	w.ledger.Take(r)
	w.view.record(r)
}

// head reads the stream until it is known whether it carries records. more reports whether the
// input may have more bytes.
func (w *watching) head(ctx context.Context, chunks <-chan pace.Chunk) (head []byte, said []record.Record, more bool) {
	for w.carried != nil && !w.carried.Decided() {
		select {
		case c, ok := <-chunks:
			if !ok || c.Err != nil {
				w.readErr = c.Err
				return head, append(said, w.carried.End()...), false
			}
			head = append(head, c.Data...)
			said = append(said, w.carried.Write(c.Data)...)
		case <-ctx.Done():
			return head, said, true
		}
	}
	return head, said, true
}

// open opens the session. If the stream carries records, the session only reads the text and
// finds faults.
func (w *watching) open(ctx context.Context, follower *follow.Follower, c host.Config) (*follow.Stream, error) {
	carries := w.carries()
	if carries {
		c.Estimator, c.Positions.Strategy = host.DefaultConfig().Estimator, position.Paragraph
	}
	// After an interrupt the last records still have to be shown.
	return follower.Open(context.WithoutCancel(ctx), c, follow.Handler{
		Record: func(r record.Record) {
			if _, isFault := r.(*record.Fault); isFault || !carries {
				w.take(r)
			}
		},
		Text: func(choice int, segment position.Segment, text []byte) {
			w.view.text(&w.ledger, choice, segment, text)
		},
		Failed: func(err error) { w.failures = append(w.failures, err) },
	})
}

// write passes a piece of the stream to the session, and takes the records that it
// carries.
func (w *watching) write(stream *follow.Stream, piece []byte) error {
	err := stream.Write(piece)
	if w.carries() {
		for _, r := range w.carried.Write(piece) {
			w.take(r)
		}
	}
	return err
}

// end ends the stream.
func (w *watching) end(stream *follow.Stream) error {
	if w.carries() {
		for _, r := range w.carried.End() {
			w.take(r)
		}
	}
	return stream.End()
}

// report prints which requests to the confidence model failed.
func (w *watching) report(cmd *cobra.Command) {
	times := map[string]int{}
	for _, e := range w.failures {
		times[e.Error()]++
	}
	for _, text := range slices.Sorted(maps.Keys(times))[:min(len(times), follow.KeptFaults)] {
		terminal.Say(cmd, "%d requests failed: %s", times[text], text)
	}
}

// frame is the shortest time between two drawings of the screen.
const frame = 40 * time.Millisecond

// watch follows the input and shows it. Everything but reading the input runs in
// this goroutine.
func (w *watching) watch(ctx context.Context, follower *follow.Follower, c *host.Config, chunks <-chan pace.Chunk, generator string) error {
	head, said, more := w.head(ctx, chunks)
	start := &record.Start{Version: record.Version, Generator: generator}
	if w.carries() {
		start.ID, start.Generator = w.carried.ID, w.carried.Generator
	}
	w.view.record(start)
	stream, err := w.open(ctx, follower, *c)
	if err != nil {
		return exit.With(exit.IO, err)
	}
	defer stream.Close()
	if err := stream.Write(head); err != nil {
		return err
	}
	for _, r := range said {
		w.take(r)
	}
	if !more || stream.Ended() {
		chunks = nil
		if err := w.end(stream); err != nil {
			return err
		}
	}
	ticks := time.NewTicker(frame)
	defer ticks.Stop()
	interrupted := ctx.Done()
	for chunks != nil || stream.Pending() > 0 {
		select {
		case c, ok := <-chunks:
			if ok && c.Err == nil {
				if err = w.write(stream, c.Data); err == nil && stream.Ended() {
					// A server may keep the connection open all the same.
					chunks = nil
					err = w.end(stream)
				}
				break
			}
			w.readErr = c.Err
			chunks = nil
			err = w.end(stream)
		case r := <-stream.Replies():
			err = stream.Settle(r)
		case <-ticks.C:
			err = w.draw()
		case <-interrupted:
			interrupted = nil
			if err = w.interrupt(stream, chunks != nil); err == nil {
				chunks = nil
			}
		}
		if err == nil && !w.view.live() {
			err = w.draw()
		}
		if err != nil {
			return err
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

// interrupt ends the stream, which is open if its input has not ended.
func (w *watching) interrupt(stream *follow.Stream, open bool) error {
	if open {
		faults, faulted := w.ledger.Faults, w.ledger.Faulted
		if err := stream.End(); err != nil {
			return err
		}
		// The interrupt cuts off the stream, which is not a fault of the input.
		w.ledger.Faults, w.ledger.Faulted = faults, faulted
	}
	return stream.Abandon(session.Cancelled)
}
