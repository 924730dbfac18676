package input

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
)

// Set is the inputs of a command. They are read one after the other.
type Set struct {
	Name  string // for messages about all of them
	Paths []string

	cmd  *cobra.Command
	size int64 // bytes as stored, -1 if not known
}

// Several names n files in a message.
func Several(n int) string { return fmt.Sprintf("%d files", n) }

// Some accepts one or more arguments, the inputs.
func Some(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return exit.Usagef("%s needs an input: files, or - for standard input", cmd.Name())
	}
	return nil
}

// All returns the inputs that arguments name, in order. An argument is a file, a pattern such as
// shard-*.jsonl, a folder of data files, or "-" for standard input. Without arguments All
// returns standard input. A file that does not exist is an error here, before anything is read.
func All(cmd *cobra.Command, args []string) (*Set, error) {
	s := &Set{cmd: cmd}
	if len(args) == 0 {
		args = []string{"-"}
	}
	piped := false
	for _, arg := range args {
		if arg == "-" {
			if piped {
				return nil, exit.Usagef("- is standard input, which can be read only once")
			}
			piped, s.size = true, -1
			s.Paths = append(s.Paths, arg)
			continue
		}
		files, err := Expanded(arg)
		if err != nil {
			return nil, exit.With(exit.IO, err)
		}
		for _, path := range files {
			info, err := os.Stat(path)
			switch {
			case err != nil:
				return nil, exit.Errorf(exit.IO, "open %s: %w", path, reason(err))
			case !info.Mode().IsRegular():
				s.size = -1
			case s.size >= 0:
				s.size += info.Size()
			}
			s.Paths = append(s.Paths, path)
		}
	}
	if s.Name = Name(s.Paths[0]); len(s.Paths) > 1 {
		s.Name = Several(len(s.Paths))
	}
	return s, nil
}

// Expanded returns the files that a pattern matches, the data files of a folder, or the name
// itself, whose file may not exist.
func Expanded(arg string) ([]string, error) {
	info, err := os.Stat(arg)
	if err == nil && info.IsDir() {
		return dataset(arg)
	}
	if err == nil || !errors.Is(err, fs.ErrNotExist) || !strings.ContainsAny(arg, "*?[") {
		return []string{arg}, nil // opening it gives the error
	}
	files, err := filepath.Glob(arg)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", arg, err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: no file matches this pattern", arg)
	}
	return files, nil
}

// reason returns an error without the name of its file.
func reason(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	return err
}

// Progress returns a progress line for reading all inputs.
func (s *Set) Progress(label string) *terminal.Progress { return terminal.Bytes(s.cmd, s.size, label) }

// Each opens each input in turn, and calls read.
func (s *Set) Each(read func(*Input) error) error {
	var before int64
	for _, path := range s.Paths {
		in, err := Open(s.cmd, path)
		if err != nil {
			return err
		}
		in.before = before
		err = read(in)
		before += max(in.Size, 0)
		if err = errors.Join(err, in.Close()); err != nil {
			return err
		}
	}
	return nil
}
