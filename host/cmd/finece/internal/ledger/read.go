package ledger

import (
	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/position"
)

// Read follows a whole input and reports the faults in it. text may be nil.
func Read(cmd *cobra.Command, f *settings.Flags, path string, text func(choice int, segment position.Segment, text []byte)) (*Ledger, error) {
	l := &Ledger{}
	if err := f.Resolve(cmd); err != nil {
		return l, err
	}
	in, err := input.Open(cmd, path)
	if err != nil {
		return l, err
	}
	defer in.Close()
	follower, err := f.Follower(cmd.Context())
	if err != nil {
		return l, err
	}
	defer follower.Engine.Close()
	s, err := follower.Open(cmd.Context(), f.Config, follow.Handler{Record: l.Take, Text: text})
	if err != nil {
		return l, err
	}
	defer s.Close()
	bar := terminal.Bytes(cmd, in.Size, "reading")
	err = s.Copy(cmd.Context(), in.Showing(bar, in))
	bar.Done()
	l.Report(cmd, in.Name)
	if err != nil {
		return l, in.Failed(err)
	}
	return l, nil
}
