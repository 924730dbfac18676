package calibrate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/metrics"
	"github.com/finece/finece/metrics/calibrate/fit"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
)

// usualAlphas are the rows of the table besides the one for --stop.
var usualAlphas = []float64{0.05, 0.1, 0.2}

// learnStop finds a threshold of the gateway's policy stop.
func (f *options) learnStop(cmd *cobra.Command, args []string) error {
	in, err := input.All(cmd, args)
	if err != nil {
		return err
	}
	var list []fit.Path
	left, err := each(cmd, in, &f.columns.Left, func(line []byte, _, group int) error {
		a, err := f.walk(line)
		if a.Group = group; err == nil {
			list = append(list, a)
		}
		return err
	})
	if err != nil {
		return err
	}
	chosen, err := fit.StopBelow(fit.RightPaths(list, f.options.Seed), f.stop)
	if err != nil {
		return exit.Errorf(exit.Faults, "%s: %w", in.Name, err)
	}
	out := cmd.OutOrStdout()
	if f.output == "-" {
		out = cmd.ErrOrStderr()
	}
	if err := f.stopTable(out, list); err != nil {
		return exit.Errorf(exit.Faults, "%s: %w", in.Name, err)
	}
	if chosen.Threshold == 0 {
		return exit.Errorf(exit.Unavailable, "%s: no threshold: %d questions have a right answer, and --stop %v needs at least %d, with confidences above 0", in.Name, chosen.Right, f.stop, fit.FewestRight(f.stop))
	}
	if err := f.write(cmd, stopFile(&chosen)); err != nil {
		return err
	}
	if left > 0 {
		return exit.Errorf(exit.Faults, "%s: %d answers were used; %d were left out", in.Name, len(list), left)
	}
	return nil
}

// stopFile returns the settings of finece serve that stop at a threshold. The depth is 0,
// because the threshold is for confidences before later ones revise them.
func stopFile(s *fit.Stop) []byte {
	return fmt.Appendf(nil, `{%q: "stop", %q: %g, %q: 1, %q: 0}`,
		contract.Policy.Name, contract.StopBelow.Name, s.Threshold, contract.StopAfter.Name, contract.Depth.Name)
}

// The errors of a line for --stop.
var (
	errNotScored = errors.New(`no positions with confidences; the line has to be one of finece score`)
	errRevised   = errors.New("the confidences were integrated with later ones, which a running stream does not know: score with --depth 0")
)

// walk reads the confidences of an answer from a line of finece score.
func (f *options) walk(line []byte) (a fit.Path, err error) {
	if a.Correct, err = labelOf(line, f.columns.Correct); err != nil {
		return a, err
	}
	var l struct {
		Finece struct{ Positions []json.RawMessage }
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return a, err
	}
	for _, text := range l.Finece.Positions {
		r, err := record.Read(text)
		c, ok := r.(*record.Confidence)
		switch {
		case err != nil || !ok:
			return a, errNotScored
		case c.Kinds&position.End != 0:
			a.Tokens = c.Token
		case c.Kinds&position.Question != 0 || c.State == session.Unavailable:
		case c.Revision > 1 || c.Revision > 0 && c.Source.Estimator != record.EstimatorModel:
			return a, errRevised
		default:
			a.Confidence, a.At = append(a.Confidence, c.Fused), append(a.At, c.Token)
		}
	}
	if a.Tokens == 0 {
		return a, errNotScored
	}
	return a, nil
}

// stopTable prints the effect of thresholds on held-out answers: the answers of each fold are
// stopped by the threshold of the other folds.
func (f *options) stopTable(w io.Writer, list []fit.Path) error {
	alphas := usualAlphas
	if !slices.Contains(alphas, f.stop) {
		alphas = append([]float64{f.stop}, alphas...)
		slices.Sort(alphas)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "alpha\tthreshold\tbound\tright answers stopped\twrong answers stopped\ttokens saved")
	for _, alpha := range alphas {
		s, err := fit.StopBelow(fit.RightPaths(list, f.options.Seed), alpha)
		if err != nil {
			return err
		}
		if s.Threshold == 0 {
			fmt.Fprintf(t, "%g\tnone: needs %d questions with a right answer\n", alpha, fit.FewestRight(alpha))
			continue
		}
		rights, wrongs, err := fit.StopHeldOut(list, alpha, f.options.Folds, f.options.Seed)
		if err != nil {
			return err
		}
		right, err := f.shareText(&rights)
		if err != nil {
			return err
		}
		wrong, err := f.shareText(&wrongs)
		if err != nil {
			return err
		}
		saved := float64(rights.Saved+wrongs.Saved) / float64(rights.Tokens+wrongs.Tokens)
		fmt.Fprintf(t, "%g\t%.4f\t%.4f\t%s\t%s\t%.1f%%\n", alpha, s.Threshold, s.Bound, right, wrong, 100*saved)
	}
	return t.Flush()
}

// shareText returns the share of stopped answers, with a bootstrap interval by question.
func (f *options) shareText(o *fit.Stopped) (string, error) {
	if len(o.Stopped) == 0 {
		return "-", nil
	}
	none := make([]float64, len(o.Stopped)) // the share needs no confidences
	r := metrics.DefaultResampling()
	r.Resamples, r.Seed = f.options.Resamples, f.options.Seed
	iv, err := metrics.BootstrapClusters(none, o.Stopped, o.Groups, []metrics.Metric{metrics.MetricAccuracy}, r)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%.1f%% (%.1f to %.1f)", 100*float64(o.Count())/float64(len(o.Stopped)), 100*iv[0].Low, 100*iv[0].High), nil
}
