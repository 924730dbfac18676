package evaluate

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/feedback/figures"
	"github.com/finece/finece/host/cmd/finece/internal/input"
)

// runMerge adds up replies of GET /finece/calibration, from several gateways.
func (f *options) runMerge(cmd *cobra.Command, paths []string) error {
	if f.format != "table" && f.format != "json" {
		return exit.Usagef("--format %q: want table or json", f.format)
	}
	if f.plot != "" || f.report != "" {
		return exit.Usagef("--merge cannot be used with --plot or --report: the page of GET /finece/calibration has plots")
	}
	if len(f.columns.By) > 0 || f.columns.Positions || f.columns.Other != "" {
		return exit.Usagef("--merge cannot be used with --by, --against or --positions: a reply has its own groups and no rows")
	}
	var all figures.Set
	for _, path := range paths {
		in, err := input.Open(cmd, path)
		if err != nil {
			return err
		}
		reply, err := figures.Read(in)
		if err == nil {
			err = all.Merge(reply)
		}
		in.Close()
		if err != nil {
			return exit.Errorf(exit.Faults, "%s: %w", in.Name, err)
		}
	}
	reply, err := all.Reply()
	if err != nil {
		return exit.With(exit.Faults, err)
	}
	if f.format == "json" {
		err = json.NewEncoder(cmd.OutOrStdout()).Encode(reply)
	} else {
		err = mergedTable(cmd.OutOrStdout(), reply)
	}
	if err != nil {
		return exit.With(exit.IO, err)
	}
	return nil
}

// mergedTable prints a line for each group.
func mergedTable(w io.Writer, r *figures.Reply) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "kinds\tconfidences\tcalibrated\tn\taccuracy\tece\tbrier\tauroc")
	for i := range r.Groups {
		g := &r.Groups[i]
		fmt.Fprintf(t, "%s\t%s\t%v\t%d\t%s\t%s\t%s\t%s\n", g.Kinds, confidences(&g.Key), g.Calibrated, g.N, fourDigits(g.Accuracy), fourDigits(g.ECE), fourDigits(g.Brier), fourDigits(g.AUROC))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%d labels on %d answers\n", r.Labels, r.Answers)
	return err
}

// confidences names the estimator of a group's confidences, in one word.
func confidences(k *figures.Key) string {
	var parts []string
	for _, part := range []string{k.Estimator, k.Method, k.Model, k.Map, k.Band} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "/")
}

func fourDigits(n figures.Number) string {
	if math.IsNaN(float64(n)) {
		return "-"
	}
	return fmt.Sprintf("%.4f", float64(n))
}
