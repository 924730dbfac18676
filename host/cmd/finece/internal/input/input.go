// Package input opens what a command reads: a file, or standard input. Input that is
// compressed is unpacked, whatever its name says. Input that is no text is refused by a
// sentence that names its format.
package input

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
)

// Input is an open input. Reading gives the unpacked bytes.
type Input struct {
	io.Reader
	Path   string    // "-" for standard input
	Name   string    // for messages
	Size   int64     // bytes as stored, -1 if not known
	Closer io.Closer // the file or connection
	Table  *File     // the file, if it is Parquet; Reader then gives its rows as JSON Lines
	packed *counter
	before int64 // bytes of the inputs of a Set before this one
}

// Close closes the file or connection.
func (i *Input) Close() error { return i.Closer.Close() }

// Done is how many bytes of Size were read, and of the inputs of a [Set] before this one.
func (i *Input) Done() int64 {
	if i.packed == nil {
		return i.before
	}
	return i.before + i.packed.n.Load()
}

// Unit is what messages call the pieces that the input is counted in: "row" for Parquet, or
// else "line".
func (i *Input) Unit() string {
	if i.Table != nil {
		return "row"
	}
	return "line"
}

// Failed is err as an error of reading this input.
func (i *Input) Failed(err error) error { return exit.Errorf(exit.IO, "%s: %w", i.Name, err) }

// Showing reads r, which reads this input, and moves the progress line.
func (i *Input) Showing(p *terminal.Progress, r io.Reader) io.Reader { return &shown{r, i, p} }

type shown struct {
	io.Reader
	in       *Input
	progress *terminal.Progress
}

func (s *shown) Read(b []byte) (int, error) {
	n, err := s.Reader.Read(b)
	s.progress.To(s.in.Done())
	return n, err
}

// counter counts the bytes that are read.
type counter struct {
	io.Reader
	n atomic.Int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n.Add(int64(n))
	return n, err
}

// File is a file that is read at several places, at once if need be.
type File struct {
	file  *os.File
	Size  int64
	input *counter
}

func (f *File) ReadAt(b []byte, at int64) (int, error) {
	n, err := f.file.ReadAt(b, at)
	f.input.n.Add(int64(n))
	return n, err
}

// Open opens a file or, for "-", standard input.
func Open(cmd *cobra.Command, path string) (*Input, error) {
	if path == "-" {
		return opened(&Input{Path: path, Closer: io.NopCloser(nil)}, cmd.InOrStdin(), nil)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, exit.With(exit.IO, err)
	}
	return From(path, file)
}

// From is the input that an open file is. The caller closes the input, and not the file.
func From(path string, file *os.File) (*Input, error) {
	info, err := file.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a folder; give a file in it", path)
	}
	if err != nil {
		file.Close()
		return nil, exit.With(exit.IO, err)
	}
	in := &Input{Path: path, Closer: file}
	if !info.Mode().IsRegular() {
		return opened(in, file, nil)
	}
	return opened(in, file, &File{file: file, Size: info.Size()})
}

// opened reads how an input begins. regular is where it is, nil if it is not in a file.
func opened(in *Input, raw io.Reader, regular *File) (*Input, error) {
	in.Name, in.Size, in.packed = Name(in.Path), -1, &counter{Reader: raw}
	if regular != nil {
		in.Size, regular.input = regular.Size, in.packed
	}
	var err error
	var f *format
	if in.Reader, f, err = unpacked(in.packed, regular); err != nil {
		in.Close()
		return nil, in.Failed(err)
	}
	if f != nil && f.name == Parquet {
		in.Table = regular
	}
	return in, nil
}

// Name is what messages call an input.
func Name(path string) string {
	if path == "-" {
		return "standard input"
	}
	return path
}

// One accepts exactly one argument, the input.
func One(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return exit.Usagef("%s needs an input: a file, or - for standard input", cmd.Name())
	case len(args) > 1:
		return exit.Usagef("%s takes one input, not %d", cmd.Name(), len(args))
	}
	return nil
}

// Optional accepts at most one argument. Without one, the command reads
// standard input.
func Optional(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return One(cmd, args)
}

// Path is the input that Optional arguments name: standard input without one.
func Path(args []string) string {
	if len(args) == 0 {
		return "-"
	}
	return args[0]
}
