package evaluate

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/pairs"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/metrics"
)

// accumulated prints the figures of an accumulator. While the accumulator has all confidences,
// they are the figures of independent rows. Beyond its capacity some figures are estimates, with
// printed bounds, and others are missing.
func (f *options) accumulated(cmd *cobra.Command, name string, p *pairs.Pairs, a *metrics.Accumulator) error {
	if f.plot != "" || f.report != "" || len(f.columns.By) > 0 || f.columns.Other != "" {
		return exit.Usagef("--plot, --report, --by and --against need the rows: they cannot be used with --bounded")
	}
	if a.N() == 0 {
		return noPairs(name)
	}
	all, err := f.ofAccumulator(a)
	if err != nil {
		return exit.Errorf(exit.Faults, "%s: %w", name, err)
	}
	for _, v := range []struct {
		name   string
		bounds metrics.Bounded
	}{{"auroc", all.summary.AUROC}, {"aurc", all.summary.AURC}, {"augrc", all.summary.AUGRC}} {
		if v.bounds.Low < v.bounds.High {
			terminal.Say(cmd, "%s: %s is between %.9f and %.9f: more than %d different confidences are counted in cells", name, v.name, v.bounds.Low, v.bounds.High, metrics.MaxDistinct)
		}
	}
	if err := f.print(cmd, name, all, nil); err != nil {
		return exit.With(exit.IO, err)
	}
	return verdict(name, p, all)
}

func (f *options) ofAccumulator(a *metrics.Accumulator) (*result, error) {
	sample, err := a.Sample()
	if err == nil {
		d := &rows{sample: sample}
		return f.measure(d, f.resampling(d))
	}
	if !errors.Is(err, metrics.ErrTooManyDistinct) {
		return nil, err
	}
	summary, err := a.Evaluate(f.cheap())
	if err != nil {
		return nil, err
	}
	return &result{summary: summary, figures: figuresOf(&summary, intervals{"accuracy": &summary.AccuracyInterval})}, nil
}
