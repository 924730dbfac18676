package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/lines"
)

// input is an open input.
type input struct {
	io.Reader        // unpacked
	name      string // for messages
	size      int64  // bytes on the disk, -1 if not known
	packed    *counter
	closer    io.Closer
}

func (i *input) Close() error { return i.closer.Close() }

// read is how many bytes of size were read.
func (i *input) read() int64 { return i.packed.n }

// counter counts what is read.
type counter struct {
	io.Reader
	n int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n += int64(n)
	return n, err
}

// openInput opens a file or, for "-", standard input.
func openInput(cmd *cobra.Command, path string) (*input, error) {
	in := &input{name: inputName(path), size: -1, closer: io.NopCloser(nil)}
	var raw io.Reader
	if path == "-" {
		raw = cmd.InOrStdin()
	} else {
		file, err := os.Open(path)
		if err != nil {
			return nil, &exitError{exitIO, err}
		}
		info, err := file.Stat()
		if err == nil && info.IsDir() {
			err = fmt.Errorf("%s is a folder; give a file in it", path)
		}
		if err != nil {
			file.Close()
			return nil, &exitError{exitIO, err}
		}
		if info.Mode().IsRegular() {
			in.size = info.Size()
		}
		raw, in.closer = file, file
	}
	in.packed = &counter{Reader: raw}
	var err error
	if in.Reader, err = lines.Uncompressed(in.packed); err != nil {
		in.Close()
		return nil, in.failure(err)
	}
	return in, nil
}

// inputName is what messages call an input.
func inputName(path string) string {
	if path == "-" {
		return "standard input"
	}
	return path
}

// failure is an error of reading.
func (i *input) failure(err error) error { return failf(exitIO, "%s: %w", i.name, err) }
