// Package grading is the command grade: which answers are correct.
package grading

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/batch/answers"
	"github.com/finece/finece/host/batch/members"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/lines"
	"github.com/finece/finece/host/cmd/finece/internal/output"
	"github.com/finece/finece/host/cmd/finece/internal/rejects"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/wasm/contract"
)

const long = `grade compares answers with the correct ones. The input is JSON Lines, one answer per
line:

  {"id": ..., "answer": "... so it is 18.", "gold": "18"}

It can also be CSV or Parquet, the output of a batch of OpenAI or vLLM with "gold" in
each line, or samples of lm-evaluation-harness, whose target is the correct answer.
--columns gives names that differ; by default, common names such as response and target
are tried.

"gold" is the correct answer, a string or a number, or an array of alternatives. A line
of output is the line of input with the key "correct", true or false. All other keys
stay, so the output of finece score can be graded and then evaluated by finece eval.

--grader says how an answer is read and compared:

  number          the final number: 18, $18.00, 3 1/2, 1,234, 1/2. A number that may
                  mean two things (18 or 20) is not read
  letter          the option of a multiple choice; "choices" may have their texts
  alias           the stated answer, without case, articles and punctuation
  alias-contains  the same; it may also be a part of the stated answer
  set             a list whose order does not matter, such as "red, green and blue"
  statements      each line is one of the statements in "gold"

Without --grader, each line is graded by letter if it has "choices", by number if its
gold is a number, and otherwise by alias.

-o writes to a file. Its ending sets the format: .jsonl, .csv or .parquet, followed by
.gz or .zst to compress.

An answer from which no result can be read counts as wrong, and standard error says how
many there are. A line without "answer" or "gold" is reported and left out, and the exit
code is then 1. A line that has "correct" already is refused, unless --overwrite
replaces the key.`

const example = `  finece grade answers.jsonl > graded.jsonl
  finece score answers.jsonl | finece grade | finece eval
  finece grade --grader alias --overwrite answers.jsonl.gz`

const keyCorrect = "correct"

type options struct {
	grader    string
	overwrite bool
	left      rejects.Flags
	columns   []string
	output    string
	layout    *answers.Layout
}

// New is the command.
func New() *cobra.Command {
	var f options
	cmd := &cobra.Command{
		Use:     "grade [flags] [FILE|-]...",
		Short:   "Compare answers with the correct answers",
		Long:    long,
		Example: example,
		RunE:    func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	flags := cmd.Flags()
	settings.Add(cmd, contract.Grader, &f.grader, grade.Graders()...)
	settings.Add(cmd, contract.OutputFile, &f.output)
	settings.Add(cmd, contract.Columns, &f.columns)
	f.left.Add(cmd)
	flags.BoolVar(&f.overwrite, "overwrite", false, "replace the key \"correct\" of the input")
	return cmd
}

// run grades line by line.
func (f *options) run(cmd *cobra.Command, args []string) error {
	var named grade.Grader
	if f.grader != "" {
		var err error
		if named, err = grade.GraderNamed(f.grader); err != nil {
			return exit.Usagef("--grader %q: want %s", f.grader, strings.Join(grade.Graders(), ", "))
		}
	}
	var err error
	if f.layout, err = answers.Named(f.columns); err != nil {
		return exit.Usagef("--%s %w", contract.Columns.Flag(), err)
	}
	set, err := input.All(cmd, args)
	if err != nil {
		return err
	}
	list, err := f.left.Open(f.output)
	if err != nil {
		return err
	}
	bar := set.Progress("grading")
	defer bar.Done()
	t := &tally{cmd: cmd, name: set.Name, bar: bar, list: list}
	err = output.Lines(cmd, f.output, func(out io.Writer) error {
		return set.Each(func(in *input.Input) error {
			t.layout = nil
			r := lines.Records(in.Showing(bar, in), lines.MaxLine)
			for {
				line, bad, err := lines.Filled(r)
				if err == io.EOF {
					return nil
				}
				if err != nil {
					return in.Failed(err)
				}
				if bad != nil {
					err = t.leaveOut(in.Name, r.Line(), bad, line)
				} else {
					err = f.grade(cmd.Context(), t, out, named, in, r.Line(), line)
				}
				if err != nil {
					return err
				}
			}
		})
	})
	if err := errors.Join(err, list.Close()); err != nil {
		return err
	}
	return t.verdict()
}

// grade grades a line, and writes it to out.
func (f *options) grade(ctx context.Context, t *tally, out io.Writer, named grade.Grader, in *input.Input, number int, line []byte) error {
	if _, found := members.Has(line, keyCorrect); found && !f.overwrite {
		return exit.Usagef("%s:%d: the line has %q already; give --overwrite to replace it", in.Name, number, keyCorrect)
	}
	if t.layout == nil {
		var said []string
		t.layout, said = f.layout.Of(line)
		for _, text := range said {
			t.bar.Hide()
			terminal.Say(t.cmd, "%s: %s", in.Name, text)
		}
	}
	layout := t.layout
	if layout == nil { // the line is broken
		layout = f.layout
	}
	verdict, err := gradeLine(ctx, layout, line, named)
	if err != nil {
		return t.leaveOut(in.Name, number, err, line)
	}
	t.count(verdict)
	graded, err := members.Set(line, members.Member{Key: keyCorrect, Value: fmt.Append(nil, verdict == grade.Right)})
	if err == nil {
		_, err = out.Write(append(graded, '\n'))
	}
	if err != nil {
		return exit.With(exit.IO, err)
	}
	return nil
}

// gradeLine grades one line, with a grader that fits it if none is given.
func gradeLine(ctx context.Context, layout *answers.Layout, line []byte, g grade.Grader) (grade.Verdict, error) {
	a, err := layout.Graded(line)
	if err != nil {
		return 0, err
	}
	if a.Answer == nil {
		return 0, errors.New(`no "answer"`)
	}
	gold, err := golds(a.Gold)
	if err != nil {
		return 0, err
	}
	q := &grade.Question{Gold: gold, Choices: a.Choices}
	if g == nil {
		g = fitting(q)
	}
	if err := g.Check(q); err != nil {
		return 0, fmt.Errorf("gold: %w", err)
	}
	return g.Grade(ctx, q, *a.Answer)
}

// golds returns the correct answers: a string or number, or several.
func golds(raw json.RawMessage) ([]string, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, errors.New(`no "gold"`)
	}
	list := []json.RawMessage{raw}
	if raw[0] == '[' {
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, err
		}
	}
	var out []string
	for _, v := range list {
		var text string
		var number json.Number
		switch {
		case json.Unmarshal(v, &text) == nil:
			out = append(out, text)
		case json.Unmarshal(v, &number) == nil && number != "":
			out = append(out, number.String())
		default:
			return nil, errors.New(`"gold" is neither a string nor a number, nor an array of them`)
		}
	}
	if len(out) == 0 {
		return nil, errors.New(`no "gold"`)
	}
	return out, nil
}

// fitting returns the grader for a question.
func fitting(q *grade.Question) grade.Grader {
	if len(q.Choices) > 0 {
		return grade.LetterGrader{}
	}
	for _, g := range q.Gold {
		if !grade.IsNumber(g) {
			return grade.AliasGrader{}
		}
	}
	return grade.NumberGrader{}
}

// tally counts the outcomes of lines.
type tally struct {
	cmd                  *cobra.Command
	name                 string
	bar                  *terminal.Progress
	list                 *rejects.List
	layout               *answers.Layout // of the file, nil before its first line
	graded, unread, left int
}

func (t *tally) count(v grade.Verdict) {
	t.graded++
	if v == grade.Unread {
		t.unread++
	}
}

// leaveOut counts a line that could not be graded. It prints only the first ones.
func (t *tally) leaveOut(file string, line int, err error, text []byte) error {
	const enough = 50
	switch t.left++; {
	case t.left <= enough:
		t.bar.Hide()
		terminal.Say(t.cmd, "%s:%d: %v", file, line, err)
	case t.left == enough+1:
		t.bar.Hide()
		terminal.Say(t.cmd, "%s: further lines like these are counted, but not shown", t.name)
	}
	return t.list.Add(file, line, err.Error(), text)
}

func (t *tally) verdict() error {
	t.bar.Done()
	if t.unread > 0 {
		terminal.Say(t.cmd, "%s: %d of %d answers have no result that could be read; they count as wrong", t.name, t.unread, t.graded)
	}
	switch {
	case t.graded == 0 && t.left == 0:
		return exit.Errorf(exit.Faults, "%s: no answers: want lines such as {\"answer\": \"It is 18.\", \"gold\": \"18\"}", t.name)
	case t.left > 0:
		return exit.Errorf(exit.Faults, "%s: %d answers were graded; %d were left out%s", t.name, t.graded, t.left, t.list.Said())
	}
	return nil
}
