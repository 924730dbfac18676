package scoring

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/pace"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
)

// Feed gives a whole input to a session, whose events go to l, and reports the
// faults in it.
func Feed(cmd *cobra.Command, f *settings.Flags, path string, l *Ledger) error {
	if err := f.Resolve(cmd); err != nil {
		return err
	}
	in, err := input.Open(cmd, path)
	if err != nil {
		return err
	}
	defer in.Close()
	s, err := New(cmd.Context(), f)
	if err != nil {
		return err
	}
	defer s.Close()
	g, err := s.Open(cmd.Context(), f.Config, l.Take)
	if err != nil {
		return err
	}
	defer g.Close()
	bar := terminal.Bytes(cmd, in.Size, "reading")
	err = Copy(cmd.Context(), g, in.Showing(bar, in))
	bar.Done()
	l.Report(cmd, in.Name)
	if err != nil {
		return in.Failed(err)
	}
	return nil
}

// Copy gives all of r to a session and ends it. What was read before an
// error, or until ctx is done, is scored as a stream that broke off.
func Copy(ctx context.Context, g *Scoring, r io.Reader) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var unread error
	for c := range pace.Read(ctx, r, 0) {
		if c.Err != nil {
			unread = c.Err
			break
		}
		if err := g.Write(c.Data); err != nil {
			return err
		}
		if err := g.SettleReady(); err != nil {
			return err
		}
	}
	return errors.Join(unread, g.End())
}
