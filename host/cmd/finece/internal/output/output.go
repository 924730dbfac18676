// Package output writes the file of a command's -o.
package output

import (
	"bufio"
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
)

// Write writes the file of -o, or to standard output if path is "". The file is
// written completely or not at all: an error leaves an existing file as it was.
func Write(cmd *cobra.Command, path string, write func(io.Writer) error) error {
	if path == "" {
		w := bufio.NewWriter(cmd.OutOrStdout())
		return errors.Join(write(w), w.Flush())
	}
	return File("-o", path, write)
}

// File writes the file of a flag, completely or not at all.
func File(flag, path string, write func(io.Writer) error) error {
	part := path + ".part"
	f, err := os.Create(part)
	if err != nil {
		return exit.Errorf(exit.IO, "%s: %w", flag, err)
	}
	w := bufio.NewWriter(f)
	if err := errors.Join(write(w), w.Flush(), f.Close()); err != nil {
		os.Remove(part)
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return exit.Errorf(exit.IO, "%s: %w", flag, err)
	}
	return nil
}
