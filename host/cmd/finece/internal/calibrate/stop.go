package calibrate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
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

// usualAlphas are the rows of the table beside the one that is asked for.
var usualAlphas = []float64{0.05, 0.1, 0.2}

// walked is a labelled answer with its confidences in the order in which they came.
type walked struct {
	group   int
	correct bool
	path    []float64 // confidences at the steps where the answer can be stopped
	at      []int64   // tokens before each
	tokens  int64     // of the whole answer
}

// learnStop finds a threshold of the gateway's policy stop.
func (f *options) learnStop(cmd *cobra.Command, args []string) error {
	in, err := input.All(cmd, args)
	if err != nil {
		return err
	}
	var list []walked
	left, err := each(cmd, in, &f.columns.Left, func(line []byte, _, group int) error {
		a, err := f.walk(line)
		if a.group = group; err == nil {
			list = append(list, a)
		}
		return err
	})
	if err != nil {
		return err
	}
	chosen, err := fit.StopBelow(f.rightPaths(list), f.stop)
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
		return exit.Errorf(exit.Unavailable, "%s: no threshold: %d questions have a right answer, and --stop %v needs at least %d, with confidences over 0", in.Name, chosen.Right, f.stop, fit.FewestRight(f.stop))
	}
	if err := f.write(cmd, stopFile(&chosen)); err != nil {
		return err
	}
	if left > 0 {
		return exit.Errorf(exit.Faults, "%s: %d answers were used; %d were left out", in.Name, len(list), left)
	}
	return nil
}

// stopFile is the settings of finece serve that stop at a threshold. The depth is 0,
// because the threshold is one of confidences before later ones revise them.
func stopFile(s *fit.Stop) []byte {
	return fmt.Appendf(nil, `{%q: "stop", %q: %g, %q: 1, %q: 0}`,
		contract.Policy.Name, contract.StopBelow.Name, s.Threshold, contract.StopAfter.Name, contract.Depth.Name)
}

// What is wrong with a line for --stop.
var (
	errNotScored = errors.New(`no positions with confidences; the line has to be one of finece score`)
	errRevised   = errors.New("the confidences were integrated with later ones, which a running stream does not know: score with --depth 0")
)

// walk reads a line of finece score.
func (f *options) walk(line []byte) (a walked, err error) {
	if a.correct, err = labelOf(line, f.columns.Correct); err != nil {
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
			a.tokens = c.Token
		case c.Kinds&position.Question != 0 || c.State == session.Unavailable:
		case c.Revision > 1 || c.Revision > 0 && c.Source.Estimator != record.EstimatorModel:
			return a, errRevised
		default:
			a.path, a.at = append(a.path, c.Fused), append(a.at, c.Token)
		}
	}
	if a.tokens == 0 {
		return a, errNotScored
	}
	return a, nil
}

// rightPaths draws one right answer of each question that has one.
func (f *options) rightPaths(list []walked) (paths [][]float64) {
	order := rand.New(rand.NewPCG(f.options.Seed, 0x73746f70)).Perm(len(list))
	seen := map[int]bool{}
	for _, i := range order {
		if a := &list[i]; a.correct && !seen[a.group] {
			seen[a.group] = true
			paths = append(paths, a.path)
		}
	}
	return paths
}

// stopTable prints what thresholds do to answers that they were not chosen on: those of
// each fold are stopped by the threshold of the others.
func (f *options) stopTable(w io.Writer, list []walked) error {
	alphas := usualAlphas
	if !slices.Contains(alphas, f.stop) {
		alphas = append([]float64{f.stop}, alphas...)
		slices.Sort(alphas)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "alpha\tthreshold\tbound\tright answers stopped\twrong answers stopped\ttokens saved")
	for _, alpha := range alphas {
		s, err := fit.StopBelow(f.rightPaths(list), alpha)
		if err != nil {
			return err
		}
		if s.Threshold == 0 {
			fmt.Fprintf(t, "%g\tnone: needs %d questions with a right answer\n", alpha, fit.FewestRight(alpha))
			continue
		}
		row, err := f.heldOut(list, alpha)
		if err != nil {
			return err
		}
		right, err := f.shareText(&row[1])
		if err != nil {
			return err
		}
		wrong, err := f.shareText(&row[0])
		if err != nil {
			return err
		}
		saved := float64(row[0].saved+row[1].saved) / float64(row[0].tokens+row[1].tokens)
		fmt.Fprintf(t, "%g\t%.4f\t%.4f\t%s\t%s\t%.1f%%\n", alpha, s.Threshold, s.Bound, right, wrong, 100*saved)
	}
	return t.Flush()
}

// outcome is what happens to held-out answers that are right, or to those that are wrong.
type outcome struct {
	stopped       []bool
	groups        []int
	saved, tokens int64
}

// heldOut stops the answers of each fold. The outcome of wrong answers comes first.
func (f *options) heldOut(list []walked, alpha float64) (of [2]outcome, err error) {
	groups := 0
	for i := range list {
		groups = max(groups, list[i].group+1)
	}
	fold := rand.New(rand.NewPCG(f.options.Seed, 0x686f6c64)).Perm(groups)
	for held := range f.options.Folds {
		var others []walked
		for i := range list {
			if fold[list[i].group]%f.options.Folds != held {
				others = append(others, list[i])
			}
		}
		s, err := fit.StopBelow(f.rightPaths(others), alpha)
		if err != nil {
			return of, err
		}
		for i := range list {
			a := &list[i]
			if fold[a.group]%f.options.Folds != held {
				continue
			}
			o := &of[0]
			if a.correct {
				o = &of[1]
			}
			at := s.Stops(a.path)
			o.tokens += a.tokens
			o.stopped, o.groups = append(o.stopped, at >= 0), append(o.groups, a.group)
			if at >= 0 {
				o.saved += a.tokens - a.at[at]
			}
		}
	}
	return of, nil
}

// shareText is the share of answers that are stopped, with an interval drawn by question.
func (f *options) shareText(o *outcome) (string, error) {
	if len(o.stopped) == 0 {
		return "-", nil
	}
	none := make([]float64, len(o.stopped)) // the share needs no confidences
	r := metrics.DefaultResampling()
	r.Resamples, r.Seed = f.options.Resamples, f.options.Seed
	iv, err := metrics.BootstrapClusters(none, o.stopped, o.groups, []metrics.Metric{metrics.MetricAccuracy}, r)
	if err != nil {
		return "", err
	}
	k := 0
	for _, stopped := range o.stopped {
		if stopped {
			k++
		}
	}
	return fmt.Sprintf("%.1f%% (%.1f to %.1f)", 100*float64(k)/float64(len(o.stopped)), 100*iv[0].Low, 100*iv[0].High), nil
}
