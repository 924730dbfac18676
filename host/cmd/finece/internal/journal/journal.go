// Package journal is the output file of work that can be killed at any moment and
// resumed.
//
// The file is JSON Lines and only grows. Each line is one write, so a killed process leaves at
// most one incomplete line at the end, which the next [Open] cuts off. A piece of work is done
// if its line is in the file.
package journal

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"

	"github.com/gofrs/flock"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
)

// Verdict says what to do with a line that is in the file already.
type Verdict uint8

const (
	Keep Verdict = iota
	Drop         // write the file anew without it
)

// Journal is an open output file.
type Journal struct {
	file    *os.File
	path    string
	regular bool
	lock    *flock.Flock // nil: the file is not locked
	Kept    int          // lines that were in the file and were kept
	Cut     int64        // bytes of an incomplete last line that was cut off
}

// ErrBusy is the error of a file that another process has opened as a journal.
var ErrBusy = errors.New("another process is writing to it: wait until that is done, or give another file")

// Open opens or makes the file. No other process can open it as a journal until it is closed.
// judge is called with each complete line of the file, with its number from 1. If judge returns
// an error, the file is not changed, which protects files of other work. head is the beginning
// of every line; an incomplete first line with another beginning is an error, too.
func Open(path, head string, judge func(line []byte, number int) (Verdict, error)) (*Journal, error) {
	return OpenFilled(path, head, nil, judge)
}

// OpenFilled is like [Open]. If the file is empty, fill writes its first lines: all of them, or
// none if fill fails or the process is killed.
func OpenFilled(path, head string, fill func(io.Writer) error, judge func(line []byte, number int) (Verdict, error)) (*Journal, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	j := &Journal{file: file, path: path}
	if err := j.resume(path, head, fill, judge); err != nil {
		return nil, errors.Join(err, unlock(j.lock), j.file.Close())
	}
	return j, nil
}

func (j *Journal) resume(path, head string, fill func(io.Writer) error, judge func([]byte, int) (Verdict, error)) error {
	info, err := j.file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return err // a device or pipe has no earlier lines
	}
	j.regular = true
	if j.lock, err = lock(path); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	// Another process may have ended since the file was opened, and replaced or removed it.
	if now, err := os.Stat(path); err != nil || !os.SameFile(info, now) {
		return fmt.Errorf("%s: %w", path, ErrBusy)
	}
	if fill != nil {
		if info, err = j.file.Stat(); err != nil {
			return err
		}
		if info.Size() == 0 {
			if err := j.replace(fill); err != nil {
				return err
			}
			if _, err := j.file.Seek(0, io.SeekStart); err != nil {
				return err
			}
		}
	}
	var whole int64 // bytes of complete lines
	var dropped []span
	r := bufio.NewReaderSize(j.file, 1<<20)
	for number := 1; ; number++ {
		line, err := r.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err != nil {
			j.Cut = int64(len(line))
			if number == 1 && !agree(line, []byte(head)) {
				return fmt.Errorf("%s is not a file of this command: it does not begin with %s", path, head)
			}
			break
		}
		verdict, err := judge(line[:len(line)-1], number)
		if err != nil {
			return fmt.Errorf("%s: line %d: %w", path, number, err)
		}
		if verdict == Drop {
			dropped = append(dropped, span{whole, whole + int64(len(line))})
		} else {
			j.Kept++
		}
		whole += int64(len(line))
	}
	if len(dropped) > 0 {
		return j.rewrite(whole, dropped)
	}
	if err := j.file.Truncate(whole); err != nil {
		return err
	}
	_, err = j.file.Seek(whole, io.SeekStart)
	return err
}

// agree reports whether one of a and b begins with the other.
func agree(a, b []byte) bool { return bytes.HasPrefix(a, b) || bytes.HasPrefix(b, a) }

type span struct{ from, to int64 }

// rewrite replaces the file by one without the dropped spans.
func (j *Journal) rewrite(whole int64, dropped []span) error {
	return j.replace(func(next io.Writer) error {
		at := int64(0)
		for _, d := range append(dropped, span{whole, whole}) {
			if _, err := io.Copy(next, io.NewSectionReader(j.file, at, d.from-at)); err != nil {
				return err
			}
			at = d.to
		}
		return nil
	})
}

// replace replaces the file by one with other content and the same permissions. The new file is
// positioned at its end. The path may be a link to the file.
func (j *Journal) replace(write func(io.Writer) error) error {
	info, err := j.file.Stat()
	if err != nil {
		return err
	}
	path, err := filepath.EvalSymlinks(j.path)
	if err != nil {
		return err
	}
	next, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(next.Name()) // does nothing once it is renamed
	if err := write(next); err != nil {
		next.Close()
		return err
	}
	held, err := lock(next.Name())
	if err := errors.Join(err, next.Chmod(info.Mode().Perm()), next.Sync(), os.Rename(next.Name(), path)); err != nil {
		return errors.Join(err, unlock(held), next.Close())
	}
	j.file.Close()
	err = unlock(j.lock)
	j.file, j.lock = next, held
	return err
}

// lock locks a file. It returns nil if the file system has no locks.
func lock(path string) (*flock.Flock, error) {
	if runtime.GOOS == "windows" {
		path += ".lock" // a lock on the file itself would also keep this process from writing
	}
	l := flock.New(path)
	switch held, err := l.TryLock(); {
	case errors.Is(err, errors.ErrUnsupported):
		return nil, nil
	case err != nil:
		return nil, err
	case !held:
		return nil, ErrBusy
	}
	return l, nil
}

func unlock(l *flock.Flock) error {
	if l == nil {
		return nil
	}
	return l.Close()
}

// Append adds a line, given without its end.
func (j *Journal) Append(line []byte) error {
	_, err := j.file.Write(append(line, '\n'))
	return err
}

// Write adds whole lines.
func (j *Journal) Write(lines []byte) (int, error) { return j.file.Write(lines) }

// Compact removes the lines for which drop returns true, and returns their number. It does
// nothing if there are none. If the process is killed, either the old or the new file remains.
func (j *Journal) Compact(drop func(line []byte) bool) (int, error) {
	if !j.regular {
		return 0, nil
	}
	var at int64
	var dropped []span
	r := bufio.NewReaderSize(io.NewSectionReader(j.file, 0, math.MaxInt64), 1<<20)
	for {
		line, err := r.ReadBytes('\n')
		if err == io.EOF {
			break
		}
		if err != nil {
			return 0, err
		}
		end := at + int64(len(line))
		if drop(line[:len(line)-1]) {
			dropped = append(dropped, span{at, end})
		}
		at = end
	}
	if len(dropped) == 0 {
		return 0, nil
	}
	return len(dropped), j.rewrite(at, dropped)
}

// Lines returns a reader of the file's lines.
func (j *Journal) Lines() io.ReadSeeker { return io.NewSectionReader(j.file, 0, math.MaxInt64) }

// Remove removes the file.
func (j *Journal) Remove() error { return os.Remove(j.path) }

// Close flushes the lines to the disk and closes the file.
func (j *Journal) Close() error {
	var err error
	if j.regular {
		err = j.file.Sync()
	}
	return errors.Join(err, unlock(j.lock), j.file.Close())
}

// Failure returns an error of Open as the error of a flag.
func Failure(flag string, err error) error {
	if path := (*os.PathError)(nil); errors.As(err, &path) || errors.Is(err, ErrBusy) {
		return exit.Errorf(exit.IO, "%s: %w", flag, err)
	}
	return exit.Usagef("%s: %w", flag, err)
}
