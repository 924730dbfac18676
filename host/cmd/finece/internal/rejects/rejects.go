// Package rejects keeps the lines of an input that a command could not use.
//
// The command leaves such a line out, counts it, and reads the next one. --rejected names a
// file that gets a line of JSON for each rejected line: the input file, the number, the reason
// and the text. With --strict the command ends at the first such line instead. For Parquet,
// a line here is a row.
package rejects

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/wasm/contract"
	"github.com/finece/finece/wasm/jsonscan"
)

// Flags are the flags about such lines.
type Flags struct {
	path   string
	strict bool
}

// Add adds the flags.
func (f *Flags) Add(cmd *cobra.Command) {
	settings.Add(cmd, contract.Rejected, &f.path)
	settings.Add(cmd, contract.Strict, &f.strict)
}

// Keeps reports whether the texts of lines are needed.
func (f *Flags) Keeps() bool { return f.path != "" || f.strict }

// List is the rejected lines of a run.
type List struct {
	path   string
	strict bool
	file   *os.File // nil before the first line
	out    *bufio.Writer
	buf    []byte
}

// ending is added to the name of the file of -o for the file of rejected lines.
const ending = ".rejected"

// Open begins the list of a run. output is the file of -o, or "". A file of rejected lines of an
// earlier run is removed. Any other file is an error.
func (f *Flags) Open(output string) (*List, error) {
	l := &List{path: f.path, strict: f.strict}
	if info, err := os.Stat(output); l.path == "" && output != "" && (err != nil || info.Mode().IsRegular()) {
		l.path = output + ending // not beside a device
	}
	if l.path == "" {
		return l, nil
	}
	old, err := os.Open(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	if err != nil {
		return nil, exit.Errorf(exit.IO, "--rejected: %w", err)
	}
	defer old.Close()
	begin := make([]byte, len(head))
	if n, _ := old.Read(begin); !bytes.HasPrefix([]byte(head), begin[:n]) {
		return nil, exit.Usagef("--rejected: %s is not a file of rejected lines: it does not begin with %s", l.path, head)
	}
	if info, err := old.Stat(); err == nil && info.Mode().IsRegular() {
		err = os.Remove(l.path)
		if err != nil {
			return nil, exit.Errorf(exit.IO, "--rejected: %w", err)
		}
	}
	return l, nil
}

// head is the beginning of each line.
const head = `{"file":`

// MaxText is how many bytes of a line are kept.
const MaxText = 64 << 10

// Keeps reports whether the texts of lines are needed.
func (l *List) Keeps() bool { return l.path != "" || l.strict }

// Add takes a line: its file, its number from 1 (in Parquet the number of the row), what
// is wrong, and its text, of which no more than MaxText bytes are kept. With --strict it
// returns the error that ends the work.
func (l *List) Add(file string, line int, reason string, text []byte) error {
	if l.path != "" {
		if err := l.write(file, line, reason, text); err != nil {
			return exit.Errorf(exit.IO, "--rejected: %w", err)
		}
	}
	if l.strict {
		return exit.Errorf(exit.Faults, "%s:%d: %s; without --strict this would be left out and counted", file, line, reason)
	}
	return nil
}

func (l *List) write(file string, line int, reason string, text []byte) error {
	if l.file == nil {
		var err error
		if l.file, err = os.Create(l.path); err != nil {
			return err
		}
		l.out = bufio.NewWriter(l.file)
	}
	l.buf = AppendLine(l.buf[:0], file, "line", int64(line), reason, text)
	_, err := l.out.Write(l.buf)
	return err
}

// AppendLine appends the record of a line for the file of rejected lines. at is the number of
// the line if unit is "line", or its offset if unit is "byte".
func AppendLine(b []byte, file, unit string, at int64, reason string, text []byte) []byte {
	cut := len(text) > MaxText
	if cut {
		text = text[:MaxText]
	}
	b = jsonscan.AppendString(append(b, head...), []byte(file))
	b = fmt.Appendf(b, `,%q:%d,"reason":`, unit, at)
	b = jsonscan.AppendString(b, []byte(reason))
	b = jsonscan.AppendString(append(b, `,"text":`...), text)
	if cut {
		b = append(b, `,"cut":true`...)
	}
	return append(b, "}\n"...)
}

// Said returns the end of a message about rejected lines: the file that has them, or "".
func (l *List) Said() string {
	if l.file == nil {
		return ""
	}
	return "; see " + l.path
}

// Close ends the file.
func (l *List) Close() error {
	if l.file == nil {
		return nil
	}
	if err := errors.Join(l.out.Flush(), l.file.Close()); err != nil {
		return exit.Errorf(exit.IO, "--rejected: %w", err)
	}
	return nil
}
