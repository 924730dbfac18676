package calibrate

import (
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/diagram"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/likeness"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/metrics"
	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/metrics/calibrate/fit"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/calibration"
)

// learn fits maps on rows, and prints, writes and draws the result.
func (f *options) learn(cmd *cobra.Command, name string, rows []fit.Row, kinds position.Kind) error {
	if len(rows) == 0 {
		return exit.Errorf(exit.Faults, "%s: no rows: want lines such as {\"confidence\": 0.8, \"correct\": true}, or CSV with these columns", name)
	}
	c, report, err := fit.Calibrate(rows, f.options)
	if err != nil {
		return exit.Errorf(exit.Faults, "%s: %w", name, err)
	}
	if c.Source = f.source; c.Source == "" {
		c.Source = filepath.Base(name)
	}
	c.Card = f.card(c.Source, rows, kinds, report)
	if f.questions != "" {
		if c.Card.Questions, err = likeness.Read(cmd, f.questions); err != nil {
			return err
		}
	}
	out := cmd.OutOrStdout()
	if f.output == "-" {
		out = cmd.ErrOrStderr()
	}
	for _, part := range report.Parts {
		if part.Shared != "" {
			terminal.Say(cmd, "%s: %s positions take the map of all: %s", name, part.Part, part.Shared)
		}
	}
	if err := calibrationTable(out, report); err != nil {
		return exit.With(exit.IO, err)
	}
	if err := f.save(cmd, c, report); err != nil {
		return err
	}
	if f.plot != "" {
		return f.draw(report)
	}
	return nil
}

// save writes the file of -o.
func (f *options) save(cmd *cobra.Command, c *calibrate.Calibration, report *fit.Report) error {
	if f.output == "" {
		return nil
	}
	how, err := json.Marshal(report)
	if err != nil {
		return exit.Errorf(exit.IO, "-o: %w", err)
	}
	return f.write(cmd, calibration.Append(nil, c, how))
}

// write writes a line to the file of -o, if there is one.
func (f *options) write(cmd *cobra.Command, line []byte) (err error) {
	line = append(line, '\n')
	switch f.output {
	case "":
	case "-":
		_, err = cmd.OutOrStdout().Write(line)
	default:
		err = os.WriteFile(f.output, line, 0o666)
	}
	if err != nil {
		return exit.Errorf(exit.IO, "-o: %w", err)
	}
	return nil
}

// draw draws the reliability of all rows before, and after by cross-validation.
func (f *options) draw(report *fit.Report) error {
	o := metrics.DefaultOptions()
	o.Binning.Bins, o.Interval = f.options.Bins, metrics.DeLong
	var summaries [2]metrics.Summary
	for i := range summaries {
		var conf []float64
		var correct []bool
		for _, part := range report.Parts {
			for at, row := range part.Data {
				value := row.Confidence
				if i == 1 {
					value = part.Values[at]
				}
				for k := range row.N {
					conf, correct = append(conf, value), append(correct, k < row.Correct)
				}
			}
		}
		var err error
		summaries[i], err = metrics.Evaluate(conf, correct, o)
		if err != nil {
			return exit.With(exit.Faults, err)
		}
	}
	if err := diagram.SaveComparison(f.plot, &summaries[0], &summaries[1]); err != nil {
		return exit.Errorf(exit.IO, "--plot: %w", err)
	}
	return nil
}
