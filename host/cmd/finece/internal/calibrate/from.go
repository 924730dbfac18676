package calibrate

import (
	"errors"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/feedback"
)

// runFrom fits a map on the labels in the database of finece serve.
func (f *options) runFrom(cmd *cobra.Command) error {
	if err := f.check(cmd); err != nil {
		return err
	}
	ctx, stop := exit.Interruptible(cmd.Context())
	defer stop()
	r, err := feedback.ReadRows(ctx, f.from, f.scoredBy)
	several := (*feedback.SeveralError)(nil)
	switch {
	case errors.As(err, &several):
		return exit.Usagef("--from %s: %w; choose one with --scored-by", f.from, err)
	case errors.Is(err, feedback.ErrNoRows):
		return exit.Errorf(exit.Faults, "--from %s: %w", f.from, err)
	case errors.Is(err, fs.ErrNotExist):
		return exit.Errorf(exit.IO, "--from: %w; finece serve --feedback-db makes it", err)
	case err != nil:
		return exit.Errorf(exit.IO, "--from: %w", err)
	}
	if f.generator == "" {
		f.generator = r.Generator
	}
	return f.learn(cmd, f.from, r.Rows, r.Kinds)
}
