package calibrate

import (
	"fmt"
	"math/rand/v2"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/metrics"
	"github.com/finece/finece/metrics/calibrate/drift"
	"github.com/finece/finece/metrics/calibrate/fit"
)

// checkRate is the probability of an alarm about a map that holds.
const checkRate = 0.05

// checkMap tests whether an existing map still holds on new labels.
func (f *options) checkMap(cmd *cobra.Command, name string, rows []fit.Row) error {
	c, err := settings.ReadCalibration("--check", f.checks)
	if err != nil {
		return err
	}
	var test drift.Test
	var conf []float64
	var correct []bool
	for _, row := range f.oneOfEach(rows) {
		p, _ := c.Apply(fit.BandOf(c, &row), row.Confidence)
		right := row.Correct > 0
		test.Add(p, right)
		conf, correct = append(conf, p), append(correct, right)
	}
	if len(conf) == 0 {
		return exit.Errorf(exit.Faults, "%s: no rows with labels", name)
	}
	sample, err := metrics.NewSample(conf, correct)
	if err != nil {
		return exit.Errorf(exit.Faults, "%s: %w", name, err)
	}
	mean, err := sample.MeanConfidence()
	if err != nil {
		return exit.Errorf(exit.Faults, "%s: %w", name, err)
	}
	share, err := metrics.WilsonInterval(sample.Correct(), sample.N(), f.options.Level)
	if err != nil {
		return exit.Errorf(exit.Faults, "%s: %w", name, err)
	}
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "labels    %d, one of each question\n", test.N())
	fmt.Fprintf(out, "correct   %.4f (%.4f to %.4f); the map says %.4f\n", float64(sample.Correct())/float64(sample.N()), share.Low, share.High, mean)
	fmt.Fprintf(out, "evidence  %.3g; from %g on the map does not hold\n", test.Peak(), 1/checkRate)
	if test.Alarm(checkRate) {
		return exit.Errorf(exit.Faults, "%s: the map does not hold here: %s. Fit it again on new labels", f.checks, test.Leaning().Says())
	}
	fmt.Fprintf(out, "nothing speaks against the map\n")
	return nil
}

// oneOfEach draws one row of each question, and one outcome of that row, because the test needs
// independent labels. It keeps the order of the rows.
func (f *options) oneOfEach(rows []fit.Row) (drawn []fit.Row) {
	rng := rand.New(rand.NewPCG(f.options.Seed, 0x636865636b))
	of := map[int][]int{}
	for i := range rows {
		of[rows[i].Group] = append(of[rows[i].Group], i)
	}
	for i := range rows {
		mine := of[rows[i].Group]
		if mine[0] != i {
			continue // drawn at the question's first row
		}
		row := rows[mine[rng.IntN(len(mine))]]
		if rng.IntN(row.N) < row.Correct {
			row.Correct = 1
		} else {
			row.Correct = 0
		}
		row.N = 1
		drawn = append(drawn, row)
	}
	return drawn
}
