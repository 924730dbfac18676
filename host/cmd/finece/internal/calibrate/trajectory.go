package calibrate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/batch/answers"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/likeness"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/host/trajectory"
	"github.com/finece/finece/metrics/calibrate/fit"
	"github.com/finece/finece/wasm/calibration"
	"github.com/finece/finece/wasm/contract/record"
)

// mapFlags are the flags that are only about maps.
var mapFlags = []string{likeness.Flag, "method", "per-band", "least-in-bin", "target-risk", "delta", "plot", "apply", "confidence", "positions"}

// learnTrajectory fits a trajectory model on labelled answers.
func (f *options) learnTrajectory(cmd *cobra.Command, args []string) error {
	for _, name := range mapFlags {
		if cmd.Flags().Changed(name) {
			return exit.Usagef("--%s is about calibration maps: it cannot be used with --estimator %s", name, record.EstimatorTrajectory)
		}
	}
	if err := f.session.Resolve(cmd); err != nil {
		return err
	}
	in, err := input.All(cmd, args)
	if err != nil {
		return err
	}
	var list []trajectory.Answer
	var questions []string
	left, err := each(cmd, in, &f.columns.Left, func(line []byte, number, group int) error {
		a, question, err := f.labelled(line, number)
		if a.Group = group; err == nil {
			list = append(list, a)
			questions = append(questions, question)
		}
		return err
	})
	if err != nil {
		return err
	}
	o := trajectory.Options{Folds: f.options.Folds, Seed: f.options.Seed, Bins: f.options.Bins, Resamples: f.options.Resamples, Level: f.options.Level}
	m, report, err := trajectory.Fit(list, o)
	if err != nil {
		return exit.Errorf(exit.Faults, "%s: %d labelled answers with log-probabilities: %w", in.Name, len(list), err)
	}
	if m.Source = f.source; m.Source == "" {
		m.Source = filepath.Base(in.Name)
	}
	m.Card.Name, m.Card.Generator, m.Card.Domain = m.Source, f.generator, f.domain
	if m.Card.Questions, err = fit.LikenessOf(questions); err != nil {
		terminal.Say(cmd, "%s: questions that are unlike these will not be marked: %v", in.Name, err)
	}
	out := cmd.OutOrStdout()
	if f.output == "-" {
		out = cmd.ErrOrStderr()
	}
	if !report.Alternatives {
		terminal.Say(cmd, "%s: not every answer has top_logprobs, so features of alternatives are left out", in.Name)
	}
	if err := trajectoryTable(out, report); err != nil {
		return exit.With(exit.IO, err)
	}
	how, err := json.Marshal(report)
	if err != nil {
		return exit.Errorf(exit.IO, "-o: %w", err)
	}
	if err := f.write(cmd, calibration.AppendTrajectory(nil, m, how)); err != nil {
		return err
	}
	if left > 0 {
		return exit.Errorf(exit.Faults, "%s: %d answers were used; %d were left out", in.Name, report.Answers, left)
	}
	return nil
}

// errNoLogprobs is about a line without log-probabilities.
var errNoLogprobs = errors.New(`no log-probabilities that can be used; the line needs "logprobs", as finece score reads it`)

// labelled returns the answer of a line, and its question.
func (f *options) labelled(line []byte, number int) (a trajectory.Answer, question string, err error) {
	answer, err := answers.Parse(line, number)
	if err != nil {
		return a, "", err
	}
	if a.Correct, err = labelOf(line, f.columns.Correct); err != nil {
		return a, "", err
	}
	c := f.session.Config
	var data []byte
	data, c.Format = answer.Stream()
	c.Question = answer.Question
	if a.States, err = trajectory.Observe(c, data); err == nil && len(a.States) == 0 {
		err = errNoLogprobs
	}
	return a, c.Question, err
}

// trajectoryTable prints a report.
func trajectoryTable(w io.Writer, r *trajectory.Report) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "positions\tanswers\tAUROC\tof mean log-probability\tgain\tECE\tBrier")
	for _, p := range r.Parts {
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t%s\t%s\n", p.Part, p.Answers, trajectoryText(p.AUROC), trajectoryText(p.Mean),
			fmt.Sprintf("%+.3f (%+.3f to %+.3f)", p.Gain.Value, p.Gain.Low, p.Gain.High), trajectoryText(p.ECE), trajectoryText(p.Brier))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, p := range r.Parts {
		fmt.Fprintf(w, "%s: %d features (%s), penalty %g\n", p.Part, len(p.Features), strings.Join(p.Features, ", "), p.Penalty)
	}
	return nil
}

func trajectoryText(f trajectory.Figure) string {
	return fmt.Sprintf("%.3f (%.3f to %.3f)", f.Value, f.Low, f.High)
}
