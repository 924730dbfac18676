package score

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/batch/answers"
	"github.com/finece/finece/host/batch/columns"
	"github.com/finece/finece/host/batch/members"
	"github.com/finece/finece/host/batch/score"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/further"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/journal"
	"github.com/finece/finece/host/cmd/finece/internal/ledger"
	"github.com/finece/finece/host/cmd/finece/internal/packed"
	"github.com/finece/finece/host/cmd/finece/internal/rejects"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
)

// batch is a run of score.
type batch struct {
	cmd      *cobra.Command
	follower *follow.Follower
	config   host.Config
	jobs     int
	name     string // of the inputs
	settings string
	samples  *further.Flags // nil, except for the estimator samples

	layout    *answers.Layout // with the names of --columns
	left      *rejects.List
	overwrite bool // replace keys of the input that score adds

	out  *journal.Journal // nil for standard output
	pack func() error     // writes the output in another format at the end; nil for JSON Lines
	mu   sync.Mutex       // guards done while lines are read
	done map[string]int   // lines of the output, by hash, for which no line of input has come yet
	read map[string]bool  // the answers of the input, see nameOf
	free chan []byte      // the memory of lines that were written

	bar       *terminal.Progress
	written   int
	without   int    // written answers without log-probabilities
	bad       int    // lines that could not be read
	failed    int    // requests that failed
	failure   string // the last failure
	faults    int
	undecided int // samples: answers without a final answer, or with none to compare with
	told      int // complaints that were printed
}

// openOutput opens the file of -o and reads its lines.
func (b *batch) openOutput(path string, again bool) error {
	b.done, b.read = map[string]int{}, map[string]bool{}
	if path == "" {
		return nil
	}
	at := path
	var fill func(io.Writer) error
	if format, ok := packed.Of(path); ok {
		at = path + ".journal"
		b.pack = func() error { return format.Write(path, b.out.Lines()) }
		if _, err := os.Stat(path); err == nil {
			fill = func(w io.Writer) error { return packed.Unpack(b.cmd, path, w) }
		}
	}
	j, err := journal.OpenFilled(at, "{", fill, func(line []byte, _ int) (journal.Verdict, error) { return b.judge(line, again) })
	if err != nil {
		return journal.Failure("-o", err)
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

const earlier = "written by an earlier version of finece score: give another -o, and the answers are scored again"

// judge decides about a line that is in the output already.
func (b *batch) judge(line []byte, again bool) (journal.Verdict, error) {
	var l struct {
		Finece struct {
			Version        int
			Hash, Settings string
			Positions      []struct{ Reason string }
		}
		Settings  string          // in lines of versions without the key "finece"
		Positions json.RawMessage // of these
	}
	err := json.Unmarshal(line, &l)
	switch {
	case err == nil && l.Finece.Hash == "" && l.Settings != "" && l.Positions != nil:
		return 0, errors.New(earlier)
	case err == nil && l.Finece.Version > record.Version:
		return 0, errors.New("written by a later version of finece score: use that one, or give another -o")
	case err != nil || l.Finece.Hash == "":
		return 0, errors.New("not a line of finece score: give another -o")
	case len(l.Finece.Settings) < len(b.settings): // an earlier version's hash, of all settings
		return 0, errors.New(earlier)
	case l.Finece.Settings != b.settings:
		return 0, errors.New("scored with other flags: give the same flags to resume, or another -o")
	}
	if again {
		for _, p := range l.Finece.Positions {
			if retriable(p.Reason) {
				return journal.Drop, nil
			}
		}
	}
	b.done[l.Finece.Hash]++
	return journal.Keep, nil
}

// isDone reports whether the output already has the line of input with a hash. A line that
// occurs twice in the input occurs twice in the output.
func (b *batch) isDone(hash string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.done[hash] == 0 {
		return false
	}
	b.done[hash]--
	return true
}

// dropReplaced removes lines of the output whose answers were changed in the input and have been
// scored again. A line whose answer is not in the input stays.
func (b *batch) dropReplaced() error {
	if b.out == nil {
		return nil
	}
	replaced, err := b.out.Compact(func(line []byte) bool {
		var l struct{ Finece struct{ Hash string } }
		if json.Unmarshal(line, &l) != nil || b.done[l.Finece.Hash] == 0 {
			return false
		}
		name := nameOf(line)
		if name == "" || !b.read[name] {
			return false
		}
		b.done[l.Finece.Hash]--
		return true
	})
	if err != nil {
		return exit.Errorf(exit.IO, "-o: %w", err)
	}
	if replaced > 0 {
		b.say("%d lines of the output were replaced: their answers were changed", replaced)
	}
	b.sayStale()
	return nil
}

// naming are the keys that identify an answer. The first one that a line has is used.
var naming = append(append([]string{"custom_id", "id"}, columns.ID...), "question")

// finishOutput writes the output in another format, and removes the file of lines.
func (b *batch) finishOutput() error {
	if b.pack == nil {
		return nil
	}
	b.bar.Hide()
	if err := errors.Join(b.pack(), b.out.Remove()); err != nil {
		return exit.Errorf(exit.IO, "-o: %w", err)
	}
	return nil
}

// nameOf returns the name that an answer keeps when it is changed: its id, else its question,
// else "".
func nameOf(line []byte) string {
	for i, value := range members.Get(line, naming...) {
		if text := string(value); text != "" && text != "null" && text != `""` {
			return naming[i] + " " + text
		}
	}
	return ""
}

// sayStale prints how many lines of the output have no answer in this input.
func (b *batch) sayStale() {
	stale := 0
	for _, n := range b.done {
		stale += n
	}
	if stale > 0 {
		b.say("%d lines of the output belong to answers that are not in the input; they stay", stale)
	}
}

// retriable reports whether a position could get a confidence if it is scored
// again.
func retriable(reason string) bool {
	switch reason {
	case session.Timeout.String(), session.EndpointError.String(), session.Unreachable.String(), session.Cancelled.String():
		return true
	}
	return false
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
func (b *batch) write(line []byte, hash string, a *follow.Answer) error {
	out, err := score.Line(line, a, hash, b.settings)
	if err != nil {
		return err
	}
	if b.out != nil {
		err = b.out.Append(out)
	} else {
		_, err = b.cmd.OutOrStdout().Write(append(out, '\n'))
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

// say reports something about the inputs, above the progress line.
func (b *batch) say(format string, args ...any) { b.sayOf(b.name, format, args...) }

func (b *batch) sayOf(name, format string, args ...any) {
	b.bar.Hide()
	terminal.Say(b.cmd, "%s: %s", name, fmt.Sprintf(format, args...))
}

// complain is say for faults that can occur in every line of an input. It prints only the first
// ones.
func (b *batch) complain(in *input.Input, format string, args ...any) {
	const enough = 50
	switch b.told++; {
	case b.told <= enough:
		b.sayOf(in.Name, format, args...)
	case b.told == enough+1:
		b.say("further messages like these are counted, but not shown")
	}
}

// asked names the server that requests go to.
func (b *batch) asked() string {
	if b.samples != nil {
		return further.Asked
	}
	return "confidence model"
}

// where returns the address of that server.
func (b *batch) where() string {
	if b.samples != nil {
		return b.samples.Where()
	}
	return b.follower.Client.URL()
}

// verdict returns the error of finished work in which something was wrong.
func (b *batch) verdict() error {
	var wrong []string
	for _, w := range []struct {
		n    int
		what string
	}{
		{b.bad, "answers could not be scored" + b.left.Said()}, {b.failed, "requests to the " + b.asked() + " failed"},
		{b.faults, "faults in the input or in replies"}, {b.without, "answers have no confidence: " + ledger.NoLogprobs}, {b.undecided, "answers have no confidence: " + further.NoFinal},
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

// note reports what went wrong in an answer.
func (b *batch) note(r *result, where string) {
	for _, err := range r.Failures {
		undecided, ignored := further.Undecided(err)
		if undecided {
			b.undecided++
		}
		if undecided || ignored {
			continue
		}
		b.failed++
		if text := err.Error(); text != b.failure { // a server that is down fails for every position
			b.failure = text
			b.complain(r.in, "%s%s", where, text)
		}
	}
	for _, f := range r.Ledger.Faults {
		b.complain(r.in, "%s%s", where, ledger.FaultText(f))
	}
	b.faults += r.Ledger.Faulted
}
