package pairs

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/parquetfile"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
)

// Open reads the pairs of the inputs that arguments name. It also returns a name for all inputs
// together.
func Open(cmd *cobra.Command, args []string, columns Columns) (name string, _ *Pairs, _ error) {
	set, err := input.All(cmd, args)
	if err != nil {
		return "", nil, err
	}
	list, err := columns.Left.Open("")
	if err != nil {
		return "", nil, err
	}
	bar := set.Progress("reading")
	defer bar.Done()
	p := &Pairs{}
	take := p.merger(&columns, list)
	columns.keep = list.Keeps()
	err = set.Each(func(in *input.Input) error {
		p.Files, p.unit = append(p.Files, in.Name), in.Unit()
		return whole(in, bar, columns, take)
	})
	p.where = list.Said()
	return set.Name, p, errors.Join(err, list.Close())
}

// whole reads an input. An error has the input's name and an exit code.
func whole(in *input.Input, bar *terminal.Progress, columns Columns, take func(*Pairs) error) error {
	return named(in, readInput(in, bar, columns, take))
}

// named is an error with the input's name and an exit code; nil for nil.
func named(in *input.Input, err error) error {
	if err == nil || exit.HasCode(err) {
		return err
	}
	return exit.Errorf(exit.Faults, "%s: %w", in.Name, err)
}

func readInput(in *input.Input, bar *terminal.Progress, columns Columns, take func(*Pairs) error) error {
	if in.Table == nil || columns.Positions {
		columns.size = in.Text
		return read(in.Showing(bar, in), columns, take)
	}
	f, err := parquetfile.Open(in.Table)
	if err != nil {
		return err
	}
	return readGroups(f, 0, f.Groups(), columns, take, func() { bar.To(in.Done()) })
}

// Say prints which columns were chosen, and which lines could not be read or used.
func Say(cmd *cobra.Command, name string, p *Pairs) {
	for _, note := range p.Notes {
		terminal.Say(cmd, "%s", note)
	}
	for _, r := range p.Faults {
		terminal.Say(cmd, "%s: %s", name, p.Describe(r))
	}
	for _, r := range p.Rejected {
		terminal.Say(cmd, "%s: left out: %s", name, p.Describe(r))
	}
	if p.where != "" {
		terminal.Say(cmd, "%s: left out%s", name, p.where)
	}
}
