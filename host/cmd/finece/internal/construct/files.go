package construct

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/journal"
	"github.com/finece/finece/host/cmd/finece/internal/replies"
	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/host/openai"
)

// labels is the file of states.
type labels struct {
	*journal.Journal
	have map[string]*written // by question
}

// written are the lines of a question that are in the file already.
type written struct {
	n, of int
	about identity
}

// identity distinguishes questions of the same id, by their text and correct answers.
type identity [sha256.Size]byte

// identityOf hashes the text as JSON stores it: an invalid byte becomes U+FFFD.
func identityOf(text string, gold []string) identity {
	h := sha256.New()
	for _, s := range append([]string{text}, gold...) {
		s = string([]rune(s))
		fmt.Fprintf(h, "%d %s", len(s), s)
	}
	return identity(h.Sum(nil))
}

// open opens the files of -o and drops the questions that are done.
func (r *construction) open(settings string) error {
	f := r.flags
	if f.output == "" {
		return nil
	}
	if sameFile(f.output, r.samplesPath()) {
		return exit.Usagef("-o and --samples are both %s: the lines and the replies need a file each", f.output)
	}
	out, err := openLabels(f.output, settings)
	if err != nil {
		return journal.Failure("-o", err)
	}
	r.out = out
	for _, q := range r.questions {
		if h := out.have[q.ID]; h != nil && h.about != identityOf(q.Text, q.Gold) {
			return errors.Join(exit.Usagef("-o: %s: question %s has another text or other right answers there: give another -o, or the questions that this file was made from", f.output, q.ID), out.Close())
		}
	}
	complete := func(id string) bool { h := out.have[id]; return h != nil && h.n >= h.of }
	if r.saved, err = replies.Open(r.samplesPath(), complete); err != nil {
		return errors.Join(journal.Failure("--samples", err), out.Close())
	}
	left := r.questions[:0]
	for _, q := range r.questions {
		if !complete(q.ID) {
			left = append(left, q)
		}
	}
	if done := len(r.questions) - len(left); done > 0 || r.saved.Len() > 0 || out.Cut+r.saved.Journal.Cut > 0 {
		torn := ""
		if cut := out.Cut + r.saved.Journal.Cut; cut > 0 {
			torn = fmt.Sprintf("; torn lines of %d bytes are cut off", cut)
		}
		r.say("%s: %d questions are there already, and %d replies for others%s", filepath.Base(f.output), done, r.saved.Len(), torn)
	}
	r.questions = left
	return nil
}

// openLabels opens the file of states, which must have these settings.
func openLabels(path, settings string) (*labels, error) {
	out := &labels{have: map[string]*written{}}
	var err error
	out.Journal, err = journal.Open(path, `{"id":`, func(line []byte, _ int) (journal.Verdict, error) {
		var s construct.State
		if json.Unmarshal(line, &s) != nil || s.Settings == "" || s.States == 0 {
			return 0, errors.New("not a line of finece construct: give another -o")
		}
		if s.Settings != settings {
			return 0, errors.New("made with other flags: give the same flags to resume, or another -o")
		}
		if out.have[s.ID] == nil {
			out.have[s.ID] = &written{of: s.States, about: identityOf(s.Question, s.Gold)}
		}
		out.have[s.ID].n++
		return journal.Keep, nil
	})
	return out, err
}

// sameFile compares paths, and the files if they exist.
func sameFile(a, b string) bool {
	if x, err := filepath.Abs(a); err == nil {
		if y, err := filepath.Abs(b); err == nil && x == y {
			return true
		}
	}
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// unlike warns if the file of --samples has replies for a question, but none to the requests of
// this run.
func (r *construction) unlike() error {
	if r.flags.samples == "" {
		return nil
	}
	c := &r.flags.config
	for _, q := range r.questions {
		if !r.saved.Of[q.ID] {
			continue
		}
		found, err := openai.NewSampler(c.Generator, c.Seed, r.saved, 1).Saved(openai.Stem{ID: q.ID, Question: q.Text}, c.K)
		if err != nil {
			return exit.With(exit.IO, err)
		}
		if !found {
			r.say("%s has replies for question %s, but none to the requests of this run: the --prompt (its default depends on --grader, --truncate and --api), the --model or another setting of the sampling differs; the requests are sent again",
				r.flags.samples, q.ID)
		}
		return nil
	}
	return nil
}

func (r *construction) samplesPath() string {
	if r.flags.samples != "" {
		return r.flags.samples
	}
	return r.flags.output + ".samples"
}

func (r *construction) close() error {
	var errs []error
	if r.saved != nil {
		errs = append(errs, r.saved.Close())
	}
	if r.out != nil {
		errs = append(errs, r.out.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return exit.With(exit.IO, err)
	}
	return nil
}

// write adds the states of a question that are not in the file yet. An earlier run that was
// killed may have written some of them.
func (r *construction) write(result *construct.Result) error {
	states := result.States
	if r.out != nil {
		if h := r.out.have[result.Question.ID]; h != nil {
			if h.of != len(states) {
				return exit.Errorf(exit.Faults, "question %s has %d states now and had %d: its replies are not in %s any more; give another -o", result.Question.ID, len(states), h.of, r.samplesPath())
			}
			states = states[h.n:]
		}
	}
	// All lines of a question are one write, so that a killed process seldom leaves only some of them.
	var all []byte
	for i := range states {
		line, err := states[i].Line()
		if err != nil {
			return exit.With(exit.IO, err)
		}
		if i > 0 {
			all = append(all, '\n')
		}
		all = append(all, line...)
	}
	if len(states) == 0 {
		return nil
	}
	var err error
	if r.out != nil {
		err = r.out.Append(all)
	} else {
		r.bar.Hide()
		_, err = r.cmd.OutOrStdout().Write(append(all, '\n'))
	}
	if err != nil {
		return exit.With(exit.IO, err)
	}
	return nil
}
