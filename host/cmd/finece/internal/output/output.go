// Package output writes the file of a command's -o.
package output

import (
	"bufio"
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/journal"
	"github.com/finece/finece/host/cmd/finece/internal/packed"
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

// File is [Write] for the file of another flag.
func File(flag, path string, write func(io.Writer) error) error {
	return written(flag, path+".part", write, func(*journal.Journal) error { return os.Rename(path+".part", path) })
}

// Lines is [Write] for lines that are JSON objects. The name of the file sets the format, see
// package packed.
func Lines(cmd *cobra.Command, path string, write func(io.Writer) error) error {
	format, ok := packed.Of(path)
	if !ok || path == "" {
		return Write(cmd, path, write)
	}
	return written("-o", path+".journal", write, func(lines *journal.Journal) error {
		return errors.Join(format.Write(path, lines.Lines()), lines.Remove())
	})
}

// written writes to the file temporary, to which no other process can write at the same time,
// and calls finish. flag is the flag that named the file, for errors.
func written(flag, temporary string, write func(io.Writer) error, finish func(*journal.Journal) error) error {
	j, err := journal.Open(temporary, "", func([]byte, int) (journal.Verdict, error) { return journal.Drop, nil })
	if err != nil {
		return journal.Failure(flag, err)
	}
	w := bufio.NewWriter(j)
	if err := errors.Join(write(w), w.Flush()); err != nil {
		return errors.Join(err, j.Remove(), j.Close())
	}
	if err := errors.Join(finish(j), j.Close()); err != nil {
		return exit.Errorf(exit.IO, "%s: %w", flag, err)
	}
	return nil
}
