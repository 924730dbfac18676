package calibrate

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/pairs"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/metrics/calibrate/fit"
)

// learnGroups fits a map for each value of the column --group. The value is the domain of
// the map's card, and part of the name of its file.
func (f *options) learnGroups(cmd *cobra.Command, name string, p *pairs.Pairs, rows []fit.Row) error {
	of := map[string][]fit.Row{}
	var values []string
	for i, row := range rows {
		value := p.More[i][columnGroup]
		if of[value] == nil {
			values = append(values, value)
		}
		of[value] = append(of[value], row)
	}
	slices.Sort(values)
	files := map[string]string{}
	fitted := 0
	for _, value := range values {
		if n := len(of[value]); value == "" || n < fit.Least {
			terminal.Say(cmd, "%s: %s %q has %d rows and gets no map; %d are needed, and a value", name, f.group, value, n, fit.Least)
			continue
		}
		g := *f
		if g.domain == "" {
			g.domain = value
		}
		if g.source == "" {
			g.source = filepath.Base(name) + ", " + f.group + " " + value
		}
		if f.output != "" {
			g.output = groupFile(f.output, value)
			if other, taken := files[g.output]; taken {
				return exit.Errorf(exit.Faults, "%s: %s %q and %q would have the same file, %s", name, f.group, other, value, g.output)
			}
			files[g.output] = value
		}
		if fitted++; fitted > 1 {
			fmt.Fprintln(cmd.OutOrStdout())
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s %s\n", f.group, value)
		if err := g.learn(cmd, name, of[value], p.Kinds); err != nil {
			return err
		}
	}
	if fitted == 0 {
		return exit.Errorf(exit.Faults, "%s: no value of %q has %d rows", name, f.group, fit.Least)
	}
	return nil
}

var unfit = regexp.MustCompile(`[^\pL\pN._-]+`)

// groupFile returns the name of a group's file, with the value before the extension.
func groupFile(path, value string) string {
	extension := filepath.Ext(path)
	return strings.TrimSuffix(path, extension) + "-" + unfit.ReplaceAllString(value, "_") + extension
}
