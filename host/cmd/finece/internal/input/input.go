// Package input opens a command's input: a file, or standard input. Compressed input is
// unpacked, whatever its name. Other input that is not text is refused with an error that names
// its format.
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
	Text   int64     // bytes that Reader gives, -1 if not known
	Closer io.Closer // the file or connection
	Table  *File     // the file, if it is Parquet; Reader then gives its rows as JSON Lines
	packed *counter
	before int64 // bytes of the earlier inputs of a Set
}

// Close closes the file or connection.
func (i *Input) Close() error { return i.Closer.Close() }

// Done returns how many stored bytes were read, of this input and of the earlier inputs of a [Set].
func (i *Input) Done() int64 {
	if i.packed == nil {
		return i.before
	}
	return i.before + i.packed.n.Load()
}

// Unit returns the name of the input's lines in messages: "row" for Parquet, else "line".
func (i *Input) Unit() string {
	if i.Table != nil {
		return "row"
	}
	return "line"
}

// Failed returns err as an error of reading this input.
func (i *Input) Failed(err error) error { return exit.Errorf(exit.IO, "%s: %w", i.Name, err) }

// Showing returns a reader of r that updates the progress line. r reads this input.
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

// File is a file that can be read at several places at once.
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

// From returns an open file as an input. The caller closes the input and not the file.
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

// opened reads the beginning of an input. regular is the file of the input, or nil if it is not a file.
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
	in.Text = -1
	if f == nil {
		in.Text = in.Size
	}
	if f != nil && f.name == Parquet {
		in.Table = regular
	}
	return in, nil
}

// Name returns the name of an input in messages.
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

// Path returns the input that the arguments of Optional name: standard input without an argument.
func Path(args []string) string {
	if len(args) == 0 {
		return "-"
	}
	return args[0]
}
