package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/cmd/finece/internal/answers"
	"github.com/finece/finece/host/cmd/finece/internal/journal"
	"github.com/finece/finece/wasm/session"
	"github.com/spf13/cobra"
)

const scoreLong = `score estimates the confidence of answers that are there already, one line for
each. The input is JSON Lines,

  {"id": ..., "question": "...", "answer": "...", "logprobs": [...]}

with logprobs optional: OpenAI's logprobs.content, or an array of numbers, one a
token. Numbers do not say which text they belong to; the answer is then shared
out evenly over them, and "tokens_estimated" says so. The input can also be one
recorded stream, which gives a line for each of its choices.

A line of output has the id, the confidence of the whole answer, and for each
position where it is (as in finece positions) and

  state      final or unavailable
  raw        the estimate itself, in [0,1]; null when unavailable
  fused      raw after integration with later estimates
  revisions  how often the fused value was revised
  source     who estimated it
  reason     why it is unavailable

The built-in estimators read the answer's own log-probabilities and are not
calibrated. --estimator URL asks a confidence model behind an OpenAI-compatible
server; the key comes from FINECE_API_KEY or OPENAI_API_KEY.

Output is in the order of the input. With -o, interrupted work goes on where it
stopped when the same command is run again: what has a whole line there is kept,
a torn last line is cut off, the rest is scored. A kill loses at most the answers
in flight. A line that cannot be read is reported with its number and id, and
the others go on.`

const scoreExample = `  finece score answers.jsonl > scores.jsonl
  finece score -o scores.jsonl answers.jsonl         # run again to go on
  finece score --estimator http://127.0.0.1:8000/v1 --model finece -o scores.jsonl answers.jsonl
  finece score --method min-prob --strategy periodic --every 30 answer.sse
  finece score answers.jsonl | jq -c '{id, confidence}'`

type scoreFlags struct {
	*sessionFlags
	output string
	jobs   int
	again  bool
}

func newScore() *cobra.Command {
	f := scoreFlags{sessionFlags: newSessionFlags()}
	cmd := &cobra.Command{
		Use:     "score [flags] FILE|-",
		Short:   "Score a batch of answers, or a recorded stream",
		Long:    scoreLong,
		Example: scoreExample,
		Args:    oneInput,
		RunE:    func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.output, "output", "o", "", "write to this file, and go on with what is there")
	flags.BoolVar(&f.again, "retry-failed", false, "-o: score the answers again whose confidence model could not be asked")
	flags.IntVar(&f.jobs, "jobs", runtime.GOMAXPROCS(0), "answers at once")
	flags.StringVar(&f.config.Question, "question", "", "what a recorded stream answers")
	f.addEstimator(cmd)
	f.addPositions(cmd)
	f.addStream(cmd)
	return cmd
}

func (f *scoreFlags) run(cmd *cobra.Command, path string) error {
	if err := f.resolve(); err != nil {
		return err
	}
	if f.jobs < 1 {
		return usagef("--jobs %d: want at least 1", f.jobs)
	}
	if f.again && f.output == "" {
		return usagef("--retry-failed is about the lines in the file of -o")
	}
	in, err := openInput(cmd, path)
	if err != nil {
		return err
	}
	defer in.Close()
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the process
	}()
	s, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()

	b := &batch{cmd: cmd, scorer: s, config: f.config, jobs: f.jobs, name: in.name, done: map[string]int{}}
	b.settings = settings(f.config, f.estimator)
	if err := b.openOutput(f.output, f.again); err != nil {
		return err
	}
	recorded, rest, err := looksRecorded(in)
	if err == nil {
		if recorded {
			err = b.stream(ctx, path, in, rest)
		} else {
			err = b.answers(ctx, in, rest)
		}
	}
	return errors.Join(err, b.closeOutput())
}

// settings is a short name for everything that the scores depend on, beside
// the answers: lines that were scored differently do not belong in one file.
func settings(c host.Config, estimator string) string {
	c.Question = ""
	sum := sha256.Sum256(append(session.AppendConfig(nil, &c), estimator...))
	return hex.EncodeToString(sum[:4])
}

// looksRecorded reports whether the input is a recorded stream and not answers,
// by its first line that is not blank. rest is the whole input.
func looksRecorded(in *input) (recorded bool, rest io.Reader, err error) {
	const enough = 1 << 20
	r := bufio.NewReaderSize(in, enough)
	var first []byte
	for size := 4 << 10; ; size *= 2 {
		head, err := r.Peek(min(size, enough))
		trimmed := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
		line, _, whole := bytes.Cut(trimmed, []byte("\n"))
		first = bytes.TrimSpace(line)
		if whole || err != nil || size >= enough {
			if err != nil && err != io.EOF && err != bufio.ErrBufferFull {
				return false, nil, in.failure(err)
			}
			break
		}
	}
	return isStreamLine(first), r, nil
}

// isStreamLine reports whether a line begins a stream in a provider's format.
func isStreamLine(line []byte) bool {
	for _, field := range []string{"data:", "event:", "id:", "retry:", ":"} {
		if bytes.HasPrefix(line, []byte(field)) {
			return true
		}
	}
	var o map[string]json.RawMessage
	if json.Unmarshal(line, &o) != nil {
		return false
	}
	for _, key := range []string{"answer", "question"} {
		if _, ok := o[key]; ok {
			return false
		}
	}
	for _, key := range []string{"choices", "candidates", "type", "message", "response", "object", "done", "delta"} {
		if _, ok := o[key]; ok {
			return true
		}
	}
	return false
}

// batch is a run of score.
type batch struct {
	cmd      *cobra.Command
	scorer   *scorer
	config   host.Config
	jobs     int
	name     string // of the input
	settings string

	out  *journal.Journal // nil for standard output
	done map[string]int   // how many lines of each key are in the output already

	bar     *progress
	written int
	bad     int // lines that could not be read
	failed  int // requests that failed
	faults  int
	told    int
}

// openOutput opens the file of -o and reads what is in it.
func (b *batch) openOutput(path string, again bool) error {
	if path == "" {
		return nil
	}
	j, err := journal.Open(path, `{"id":`, func(line []byte, _ int) (journal.Verdict, error) {
		var l struct {
			ID        json.RawMessage `json:"id"`
			Line      int             `json:"line"`
			Choice    int             `json:"choice"`
			Settings  string          `json:"settings"`
			Positions []struct {
				Reason string `json:"reason"`
			} `json:"positions"`
		}
		if json.Unmarshal(line, &l) != nil || l.Settings == "" {
			return 0, errors.New("not a line of finece score: give another -o")
		}
		if l.Settings != b.settings {
			return 0, errors.New("was scored with other flags: give the same ones to go on, or another -o")
		}
		if again {
			for _, p := range l.Positions {
				if retriable(p.Reason) {
					return journal.Drop, nil
				}
			}
		}
		b.done[choiceKey(answers.Key(l.ID, l.Line), l.Choice)]++
		return journal.Keep, nil
	})
	if path := (*os.PathError)(nil); errors.As(err, &path) {
		return failf(exitIO, "-o: %w", err)
	}
	if err != nil { // about what is in it
		return usagef("-o: %w", err)
	}
	b.out = j
	if j.Kept > 0 || j.Cut > 0 {
		torn := ""
		if j.Cut > 0 {
			torn = fmt.Sprintf("; a torn line of %d bytes is cut off", j.Cut)
		}
		say(b.cmd, "%s: %d lines are there already%s", filepath.Base(path), j.Kept, torn)
	}
	return nil
}

// retriable reports whether a position may have a confidence another time.
func retriable(reason string) bool {
	switch reason {
	case session.Timeout.String(), session.EndpointError.String(), session.Unreachable.String(), session.Cancelled.String():
		return true
	}
	return false
}

func choiceKey(key string, choice int) string {
	if choice == 0 {
		return key
	}
	return fmt.Sprintf("%s choice %d", key, choice)
}

// skip reports whether the output has a line of this key, and counts it.
func (b *batch) skip(key string) bool {
	if b.done[key] == 0 {
		return false
	}
	b.done[key]--
	return true
}

func (b *batch) closeOutput() error {
	if b.out == nil {
		return nil
	}
	if err := b.out.Close(); err != nil {
		return failf(exitIO, "-o: %w", err)
	}
	return nil
}

func (b *batch) write(line []byte) error {
	var err error
	if b.out != nil {
		err = b.out.Append(line)
	} else {
		_, err = b.cmd.OutOrStdout().Write(append(line, '\n'))
	}
	if err != nil {
		return &exitError{exitIO, err}
	}
	b.written++
	return nil
}

// say reports something about the input, over the progress bar.
func (b *batch) say(format string, args ...any) {
	if b.bar != nil {
		b.bar.hide()
	}
	say(b.cmd, "%s: %s", b.name, fmt.Sprintf(format, args...))
}

// sometimes is say for what may happen at every position: the first few times.
func (b *batch) sometimes(format string, args ...any) {
	const enough = 10
	if b.told++; b.told <= enough {
		b.say(format, args...)
	}
}

// verdict is the error of work that is done, with what was wrong in it.
func (b *batch) verdict() error {
	var wrong []string
	for _, w := range []struct {
		n    int
		what string
	}{{b.bad, "lines could not be scored"}, {b.failed, "requests to the confidence model failed"}, {b.faults, "faults in the input or in replies"}} {
		if w.n > 0 {
			wrong = append(wrong, fmt.Sprintf("%d %s", w.n, w.what))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return failf(exitFaults, "%s: %s", b.name, strings.Join(wrong, ", "))
}

// stream scores a recorded stream, a line for each choice.
func (b *batch) stream(ctx context.Context, path string, in *input, r io.Reader) error {
	id, err := json.Marshal(filepath.Base(path))
	if err != nil {
		return err
	}
	var l ledger
	g, err := b.scorer.open(ctx, b.config, l.take)
	if err != nil {
		return &exitError{exitIO, err}
	}
	defer g.close()
	b.bar = newProgress(b.cmd, in.size, "scoring")
	defer b.bar.done()
	if err := copyTo(g, b.bar.reader(&input{Reader: r, packed: in.packed})); err != nil {
		return in.failure(err)
	}
	if err := g.drain(ctx); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return failf(exitInterrupted, "interrupted")
	}
	b.note(g, &l, "")
	for _, a := range l.sorted() {
		if b.skip(choiceKey(answers.Key(id, 1), a.number)) {
			continue
		}
		if err := b.write(b.line(&answers.Answer{ID: id, Line: 1}, a)); err != nil {
			return err
		}
	}
	return b.verdict()
}

// note reports what went wrong in a session.
func (b *batch) note(g *scoring, l *ledger, where string) {
	if g.exchange != nil {
		for _, err := range g.exchange.Failures() {
			b.failed++
			b.sometimes("%s%v", where, err)
		}
	}
	for _, f := range l.faults {
		b.sometimes("%s%s", where, faultText(f))
	}
	b.faults += l.faulted
}

// line is an answer's line of output.
func (b *batch) line(in *answers.Answer, a *answer) []byte {
	var o object
	o.begin()
	id := in.ID
	if id == nil {
		id = []byte("null")
	}
	o.raw("id", id)
	o.integer("line", int64(in.Line))
	if a.number != 0 {
		o.integer("choice", int64(a.number))
	}
	nan := place{raw: nanValue, fused: nanValue}
	end := a.end()
	if end == nil {
		end = &nan
	}
	o.number("confidence", end.fused)
	o.key("positions")
	for i := range a.places {
		o.b = append(o.b, "[,"[min(i, 1)])
		o.scored(a, &a.places[i], in.Even)
	}
	if len(a.places) == 0 {
		o.b = append(o.b, '[')
	}
	o.b = append(o.b, ']')
	o.text("finish", a.finish.String())
	o.text("settings", b.settings)
	o.end()
	return o.b
}
