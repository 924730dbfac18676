// Package packed writes JSON Lines in other formats, known by the name of the file: .gz
// and .zst compress, .csv and .tsv have a header, and .parquet is Parquet.
//
// A file in these formats cannot grow line by line and survive a kill of the process. So the
// lines are collected in a file of JSON Lines first. At the end they are written to a temporary
// file, which is then renamed: a kill leaves the whole old file or the whole new one.
package packed

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/input"
	"github.com/finece/finece/host/cmd/finece/internal/lines"
)

// Format is how a file is written.
type Format struct {
	write    func(w io.Writer, lines io.ReadSeeker) error // the lines
	compress func(w io.Writer) (io.WriteCloser, error)    // nil for none
}

// Of returns the format for the name of a file. ok is false for JSON Lines.
func Of(path string) (f Format, ok bool) {
	name := strings.ToLower(filepath.Base(path))
	switch ending := filepath.Ext(name); ending {
	case ".gz":
		f.compress = func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }
		name = strings.TrimSuffix(name, ending)
	case ".zst":
		f.compress = func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }
		name = strings.TrimSuffix(name, ending)
	}
	switch filepath.Ext(name) {
	case ".parquet":
		f.write = writeParquet
	case ".csv":
		f.write = func(w io.Writer, lines io.ReadSeeker) error { return writeCSV(w, ',', lines) }
	case ".tsv":
		f.write = func(w io.Writer, lines io.ReadSeeker) error { return writeCSV(w, '\t', lines) }
	default:
		f.write = func(w io.Writer, lines io.ReadSeeker) error {
			_, err := io.Copy(w, lines)
			return err
		}
		return f, f.compress != nil
	}
	return f, true
}

// Write writes a file from lines, which are JSON objects. The file is written completely or not
// at all.
func (f Format) Write(path string, lines io.ReadSeeker) (err error) {
	part, err := os.Create(path + ".part")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			part.Close()
			os.Remove(part.Name())
		}
	}()
	buffered := bufio.NewWriterSize(part, 1<<20)
	var w io.Writer = buffered
	if f.compress != nil {
		c, err := f.compress(w)
		if err != nil {
			return err
		}
		if err := errors.Join(f.write(c, lines), c.Close()); err != nil {
			return err
		}
	} else if err := f.write(w, lines); err != nil {
		return err
	}
	if err := errors.Join(buffered.Flush(), part.Sync(), part.Close()); err != nil {
		return err
	}
	return os.Rename(part.Name(), path)
}

// Unpack writes the rows of a file as JSON Lines.
func Unpack(cmd *cobra.Command, path string, w io.Writer) error {
	in, err := input.Open(cmd, path)
	if err != nil {
		return err
	}
	defer in.Close()
	r := lines.Records(in, lines.MaxLine)
	out := bufio.NewWriter(w)
	for {
		line, err := r.Next()
		if err == io.EOF {
			return out.Flush()
		}
		if err != nil {
			return in.Failed(err)
		}
		out.Write(line)
		out.WriteByte('\n')
	}
}
