package construct

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/rejects"
	"github.com/finece/finece/host/cmd/finece/internal/replies"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/host/grade"
)

// construction is a run of construct.
type construction struct {
	cmd       *cobra.Command
	flags     *options
	name      string // of the input
	questions []*grade.Question
	ids       map[string]string // to texts
	repeated  int               // questions that occur more than once
	rejected  []byte            // elsewhere: records about lines that are not used

	out   *labels       // nil for standard output
	saved *replies.File // nil without a file to save in
	bar   *sampling

	Counts
	warned bool
}

// readAll reads the questions of all inputs.
func (r *construction) readAll(args []string) error {
	inputs := 0
	for in, err := range r.flags.opened(r.cmd, args) {
		if err != nil {
			return err
		}
		inputs++
		r.name = in.Name
		err = r.read(in)
		in.Close()
		if err != nil {
			return err
		}
	}
	if inputs > 1 {
		r.name = input.Several(inputs)
	}
	if len(r.questions) == 0 {
		return exit.Errorf(exit.Faults, "%s: no questions of format %s; --dataset names another", r.name, r.flags.reads)
	}
	return nil
}

// read reads the questions of an input.
func (r *construction) read(in *input.Input) error {
	f := r.flags
	for one, err := range construct.Records(in, f.reads) {
		q := one.Question
		if f.limit > 0 && len(r.questions) == f.limit {
			break
		}
		var record *construct.RecordError
		switch {
		case errors.As(err, &record):
		case err != nil:
			return in.Failed(err)
		case f.config.Grader != nil:
			if bad := f.config.Grader.Check(q); bad != nil {
				err = fmt.Errorf("question %s: %w", q.ID, bad)
			}
		}
		if err == nil {
			text, known := r.ids[q.ID]
			if known && text == q.Text {
				r.repeated++
				continue
			}
			if known {
				err = fmt.Errorf("question %s: another one has the same id", q.ID)
			}
		}
		if err != nil {
			r.reject(in, &one, err)
			continue
		}
		r.ids[q.ID] = q.Text
		r.questions = append(r.questions, q)
	}
	return nil
}

// reject counts a record that is not used.
func (r *construction) reject(in *input.Input, one *construct.Record, err error) {
	if r.Bad++; r.Bad <= 20 {
		r.say("%v", err)
	}
	if r.flags.elsewhere != nil {
		why := err
		if record := (*construct.RecordError)(nil); errors.As(err, &record) {
			why = record.Err // the line has the number
		}
		r.rejected = rejects.AppendLine(r.rejected, in.Name, "record", int64(one.Number), why.Error(), bytes.TrimSpace(one.Text))
	}
}

// plan prints the planned work and its cost.
func (r *construction) plan() {
	c := &r.flags.config
	n := len(r.questions)
	parts := map[string]int{}
	for _, q := range r.questions {
		parts[c.Split.Of(c.Seed, q)]++
	}
	t := tabwriter.NewWriter(r.cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(t, "%s\t%s\n", name, fmt.Sprintf(format, args...)) }
	row("questions", "%s: train %s, dev %s, test %s", terminal.Grouped(n), terminal.Grouped(parts["train"]), terminal.Grouped(parts["dev"]), terminal.Grouped(parts["test"]))
	if c.T == 0 {
		row("per question", "k = %d answers; no partial answers: T = 0", c.K)
	} else {
		row("per question", "k = %d answers; m = %d partial answers of each of T = %d lengths, k completions each", c.K, c.M, c.T)
	}
	row("completions", "%s per question, k(1+mT); %s in all, if nothing ends early", terminal.Grouped(c.Completions()), terminal.Grouped(n*c.Completions()))
	tree := c.Tree()
	row("plain tree", "%s per question, k + k^2 + ... + k^(T+1)", terminal.Grouped(tree.String()))
	most := c.K
	if n := r.flags.gen.PerRequest; n > 0 {
		most = min(most, n)
	}
	requests := c.Plan.Requests(most)
	row("requests", "%s per question with n = %d; %s in all", terminal.Grouped(requests), most, terminal.Grouped(n*requests))
	row("prompt", "%q", r.flags.gen.Prompt)
	if tokens := r.flags.gen.MaxTokens; tokens > 0 {
		row("tokens", "%s at most, at %s per completion", terminal.Grouped(n*c.Completions()*tokens), terminal.Grouped(tokens))
	}
	switch {
	case r.flags.embedModel == "":
	case c.T == 0:
		row("embeddings", "none: nothing is clustered")
	default:
		row("embeddings", "%s requests to %s at most", terminal.Grouped(n*c.Embeddings()), r.flags.embedModel)
	}
	if r.flags.grader == "judge" {
		row("verdicts", "%s requests to %s, fewer where answers are alike", terminal.Grouped(n*c.Completions()), r.flags.judgeModel)
	}
	if r.flags.equivalence {
		row("equivalence", "requests to %s: 2 for each answer where all mean the same, more where they differ", r.flags.equivalenceModel)
	}
	_ = t.Flush() // to standard output, like the rest
}

// announce prints the amount of work.
func (r *construction) announce() {
	c := &r.flags.config
	n := len(r.questions)
	r.say("%s questions of k(1+mT) = %s completions: %s in all (the plain tree would take %s per question)",
		terminal.Grouped(n), terminal.Grouped(c.Completions()), terminal.Grouped(n*c.Completions()), terminal.Grouped(c.Tree().String()))
}

// checkContinuation warns, once, about a server that does not continue partial answers. t is the
// tally of some questions, and what is their name in the message.
func (r *construction) checkContinuation(what string, t *construct.Tally, questions int) {
	if continued := t.Completions - questions*r.flags.config.K; !r.warned && t.Restarted > continued/2 {
		r.warned = true
		r.say("%s: %d of %d completions of partial answers begin like answers to the question: the server seems to start new answers instead of continuing; try another --api than %s",
			what, t.Restarted, continued, r.flags.api)
	}
}

// summary prints the work that was done. Its numbers add up to the plan.
func (r *construction) summary() {
	t := &r.Tally
	c := &r.flags.config
	var b strings.Builder
	fmt.Fprintf(&b, "%s questions, %s states; %s of %s completions", terminal.Grouped(r.Done), terminal.Grouped(r.States), terminal.Grouped(t.Completions), terminal.Grouped(r.Done*c.Completions()))
	part := func(n int, format string, args ...any) {
		if n > 0 {
			fmt.Fprintf(&b, "; "+format, args...)
		}
	}
	part(t.NotClustered, "%s were not asked for, because questions had fewer than m = %d clusters", terminal.Grouped(t.NotClustered), c.M)
	part(t.NotContinued, "%s were not asked for, because %s branches ended before T = %d", terminal.Grouped(t.NotContinued), terminal.Grouped(t.Ends), c.T)
	part(t.Short, "%s answers have no fragment to cut after", terminal.Grouped(t.Short))
	part(t.Cut, "%s completions reached the token limit", terminal.Grouped(t.Cut))
	part(t.Unread, "in %s no answer was found, which counts as wrong", terminal.Grouped(t.Unread))
	part(t.Restarted, "%s completions of partial answers begin like answers to the question", terminal.Grouped(t.Restarted))
	part(t.Verdicts, "%s verdicts were asked for; %s were not needed, because another answer has the same meaning (%s meanings, found by %s judgements of entailment)",
		terminal.Grouped(t.Verdicts), terminal.Grouped(t.VerdictsShared), terminal.Grouped(t.Meanings), terminal.Grouped(t.Entailments))
	part(t.EntailmentsUnclear, "%s of these judgements could not be read and count as no entailment", terminal.Grouped(t.EntailmentsUnclear))
	part(t.Ungraded, "%s got no verdict and count in no label", terminal.Grouped(t.Ungraded))
	part(t.CompletionTokens, "%s tokens were sampled", terminal.Grouped(t.CompletionTokens))
	part(r.repeated, "%s repeated questions were left out", terminal.Grouped(r.repeated))
	r.say("%s", b.String())
}

// verdict returns the error of finished work in which something was wrong.
func (r *construction) verdict() error {
	var wrong []string
	if r.Bad > 0 {
		wrong = append(wrong, fmt.Sprintf("%d questions could not be used", r.Bad))
	}
	if r.Failed > 0 {
		wrong = append(wrong, fmt.Sprintf("%d questions failed because requests failed; run the same command again to resume", r.Failed))
	}
	if wrong == nil {
		return nil
	}
	return exit.Errorf(exit.Faults, "%s: %s", r.name, strings.Join(wrong, ", "))
}

func (r *construction) say(format string, args ...any) {
	if r.bar != nil {
		r.bar.Hide()
	}
	terminal.Say(r.cmd, "%s: %s", r.name, fmt.Sprintf(format, args...))
}

// sampling shows the progress of a run: completions, and the number of finished questions.
type sampling struct {
	*terminal.Progress
	mu        sync.Mutex
	most      int // all completions, without those that are known to be unnecessary
	had       int
	questions int
	of        int
}

func newSampling(cmd *cobra.Command, questions, completions int) *sampling {
	s := &sampling{Progress: terminal.Count(cmd, completions, "completions"), most: completions, of: questions}
	s.describe()
	return s
}

func (s *sampling) describe() {
	s.Label(fmt.Sprintf("%s/%s questions", terminal.Grouped(s.questions), terminal.Grouped(s.of)))
}

func (s *sampling) observe(completions, notAsked int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.had += completions
	s.most -= notAsked
	s.Most(int64(s.most))
	s.To(int64(s.had))
}

func (s *sampling) question() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.questions++
	s.describe()
}
