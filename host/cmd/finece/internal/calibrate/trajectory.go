package calibrate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/answers"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/lines"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/host/trajectory"
	"github.com/finece/finece/wasm/calibration"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// mapFlags are the flags that are about maps alone.
var mapFlags = []string{"method", "per-band", "least-in-bin", "target-risk", "delta", "plot", "apply", "confidence", "positions"}

// learnTrajectory fits a trajectory model on labelled answers.
func (f *options) learnTrajectory(cmd *cobra.Command, path string) error {
	for _, name := range mapFlags {
		if cmd.Flags().Changed(name) {
			return exit.Usagef("--%s is about calibration maps: it goes without --estimator %s", name, record.EstimatorTrajectory)
		}
	}
	if err := f.session.Resolve(cmd); err != nil {
		return err
	}
	in, err := input.Open(cmd, path)
	if err != nil {
		return err
	}
	defer in.Close()
	list, left, err := f.observe(cmd, in)
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

// observe reads the labelled answers of an input. left is how many lines cannot be used.
func (f *options) observe(cmd *cobra.Command, in *input.Input) (list []trajectory.Answer, left int, err error) {
	bar := terminal.Bytes(cmd, in.Size, "reading")
	defer bar.Done()
	groups := map[string]int{}
	r := lines.New(in.Showing(bar, in), lines.MaxLine)
	const enough = 5
	for {
		line, err := r.Next()
		var long *lines.TooLongError
		switch {
		case err == io.EOF:
			return list, left, nil
		case err != nil && !errors.As(err, &long):
			return nil, 0, in.Failed(err)
		case err == nil && len(bytes.TrimSpace(line)) == 0:
			continue
		}
		var a trajectory.Answer
		if err == nil {
			a, err = f.labelled(line, r.Line(), groups)
		}
		if err != nil {
			if left++; left <= enough {
				bar.Hide()
				terminal.Say(cmd, "%s:%d: %v", in.Name, r.Line(), err)
			}
			continue
		}
		list = append(list, a)
	}
}

// What a line lacks.
var (
	errNoLabel    = errors.New(`"correct" is missing; it has to be true, false, 1 or 0`)
	errNoLogprobs = errors.New(`no log-probabilities that can be used; the line needs "logprobs", as finece score reads it`)
)

// labelled is the answer of a line.
func (f *options) labelled(line []byte, number int, groups map[string]int) (a trajectory.Answer, err error) {
	answer, err := answers.Parse(line, number)
	if err != nil {
		return a, err
	}
	if a.Correct, err = labelOf(line, f.columns.Correct); err != nil {
		return a, err
	}
	data, format := answer.Stream()
	if format == stream.Text {
		return a, errNoLogprobs
	}
	c := f.session.Config
	c.Question, c.Format = answer.Question, format
	if a.States, err = trajectory.Observe(session.Config(c), data); err != nil {
		return a, err
	}
	if len(a.States) == 0 {
		return a, errNoLogprobs
	}
	id := string(answer.ID)
	if id == "" {
		id = "question " + answer.Question
	}
	if answer.Question == "" && answer.ID == nil {
		id = fmt.Sprint("line ", number) // a question of its own
	}
	group, seen := groups[id]
	if !seen {
		group = len(groups)
		groups[id] = group
	}
	a.Group = group
	return a, nil
}

// labelOf is the label of a line.
func labelOf(line []byte, key string) (bool, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(line, &members); err != nil {
		return false, err
	}
	switch string(members[key]) {
	case "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	case "":
		return false, errNoLabel
	}
	return false, fmt.Errorf("%q is %s; it has to be true, false, 1 or 0", key, members[key])
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
