package pairs

import (
	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
)

// Open reads the pairs of an input. It returns the name of the input as well.
func Open(cmd *cobra.Command, path string, columns Columns) (name string, _ *Pairs, _ error) {
	in, err := input.Open(cmd, path)
	if err != nil {
		return "", nil, err
	}
	defer in.Close()
	bar := terminal.Bytes(cmd, in.Size, "reading")
	p, err := Read(in.Showing(bar, in), columns)
	bar.Done()
	if err != nil {
		return in.Name, nil, exit.Errorf(exit.Faults, "%s: %w", in.Name, err)
	}
	return in.Name, p, nil
}

// Say prints which lines could not be read or used.
func Say(cmd *cobra.Command, name string, p *Pairs) {
	for _, r := range p.Faults {
		terminal.Say(cmd, "%s: %s", name, r)
	}
	for _, r := range p.Rejected {
		terminal.Say(cmd, "%s: left out: %s", name, r)
	}
}
