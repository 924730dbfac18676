package score

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/cmd/finece/internal/answers"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/journal"
	"github.com/finece/finece/host/cmd/finece/internal/jsonline"
	"github.com/finece/finece/host/cmd/finece/internal/scoring"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/wasm/session"
)

// batch is a run of score.
type batch struct {
	cmd      *cobra.Command
	scorer   *scoring.Scorer
	config   host.Config
	jobs     int
	name     string // of the input
	settings string

	out  *journal.Journal // nil for standard output
	done *finished        // what is in the output already

	bar     *terminal.Progress
	written int
	without int    // of those, answers without log-probabilities, which were needed
	bad     int    // lines that could not be read
	failed  int    // requests that failed
	failure string // the last one's
	faults  int
	told    int // complaints that were printed
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
		b.done.add(choiceKey(answers.Key(l.ID, l.Line), l.Choice), l.Line)
		return journal.Keep, nil
	})
	if path := (*os.PathError)(nil); errors.As(err, &path) || errors.Is(err, journal.ErrBusy) {
		return exit.Errorf(exit.IO, "-o: %w", err)
	}
	if err != nil { // about what is in it
		return exit.Usagef("-o: %w", err)
	}
	b.out = j
	if j.Kept > 0 || j.Cut > 0 {
		torn := ""
		if j.Cut > 0 {
			torn = fmt.Sprintf("; a torn line of %d bytes is cut off", j.Cut)
		}
		terminal.Say(b.cmd, "%s: %d lines are there already%s", filepath.Base(path), j.Kept, torn)
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

// skip reports whether the output has a choice of a recorded stream.
func (b *batch) skip(key string) bool {
	done, _ := b.done.take(key, 1)
	return done
}

func (b *batch) closeOutput() error {
	if b.out == nil {
		return nil
	}
	if err := b.out.Close(); err != nil {
		return exit.Errorf(exit.IO, "-o: %w", err)
	}
	return nil
}

// write writes the line of an answer.
func (b *batch) write(in *answers.Answer, a *scoring.Answer) error {
	var err error
	if line := b.line(in, a); b.out != nil {
		err = b.out.Append(line)
	} else {
		_, err = b.cmd.OutOrStdout().Write(append(line, '\n'))
	}
	if err != nil {
		return exit.With(exit.IO, err)
	}
	b.written++
	if a.LacksLogprobs() {
		b.without++
	}
	return nil
}

// say reports something about the input, over the progress bar.
func (b *batch) say(format string, args ...any) {
	if b.bar != nil {
		b.bar.Hide()
	}
	terminal.Say(b.cmd, "%s: %s", b.name, fmt.Sprintf(format, args...))
}

// complain is say for what may be wrong everywhere: so many times.
func (b *batch) complain(format string, args ...any) {
	const enough = 50
	switch b.told++; {
	case b.told <= enough:
		b.say(format, args...)
	case b.told == enough+1:
		b.say("more of this is counted and not shown")
	}
}

// verdict is the error of work that is done, with what was wrong in it.
func (b *batch) verdict() error {
	var wrong []string
	for _, w := range []struct {
		n    int
		what string
	}{
		{b.bad, "lines could not be scored"}, {b.failed, "requests to the confidence model failed"},
		{b.faults, "faults in the input or in replies"}, {b.without, "answers have no confidence: " + scoring.NoLogprobs},
	} {
		if w.n > 0 {
			wrong = append(wrong, fmt.Sprintf("%d %s", w.n, w.what))
		}
	}
	switch {
	case len(wrong) == 0:
		return nil
	case len(wrong) == 1 && b.without > 0 && b.without == b.written:
		return exit.Errorf(exit.Unavailable, "%s: %s", b.name, wrong[0])
	}
	return exit.Errorf(exit.Faults, "%s: %s", b.name, strings.Join(wrong, ", "))
}

// note reports what went wrong in a session.
func (b *batch) note(g *scoring.Scoring, l *scoring.Ledger, where string) {
	if g.Exchange != nil {
		for _, err := range g.Exchange.Failures() {
			b.failed++
			if text := err.Error(); text != b.failure { // a server that is down fails at every position
				b.failure = text
				b.complain("%s%s", where, text)
			}
		}
	}
	for _, f := range l.Faults {
		b.complain("%s%s", where, scoring.FaultText(f))
	}
	b.faults += l.Faulted
}

// line is an answer's line of output.
func (b *batch) line(in *answers.Answer, a *scoring.Answer) []byte {
	var o jsonline.Object
	o.Begin()
	id := in.ID
	if id == nil {
		id = []byte("null")
	}
	o.Raw("id", id)
	o.Integer("line", int64(in.Line))
	if a.Number != 0 {
		o.Integer("choice", int64(a.Number))
	}
	nan := scoring.Place{Raw: nanValue, Fused: nanValue}
	end := a.End()
	if end == nil {
		end = &nan
	}
	o.Number("confidence", end.Fused)
	o.Key("positions")
	for i := range a.Places {
		o.B = append(o.B, "[,"[min(i, 1)])
		writeScored(&o, a, &a.Places[i], in.Even)
	}
	if len(a.Places) == 0 {
		o.B = append(o.B, '[')
	}
	o.B = append(o.B, ']')
	o.Text("finish", a.Finish.String())
	o.Text("settings", b.settings)
	o.End()
	return o.B
}
