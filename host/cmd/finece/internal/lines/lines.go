// Package lines reads text line by line from untrusted input: a line may be longer
// than memory, and the last line may have no end.
package lines

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"github.com/finece/finece/host/batch"
)

// MaxLine is the default bound of a line in bytes.
const MaxLine = batch.MaxLine

// TooLongError is a line over the reader's bound. The reader has skipped it.
type TooLongError struct {
	Line int
	Max  int
}

func (e *TooLongError) Error() string {
	return fmt.Sprintf("line %d: longer than %d bytes", e.Line, e.Max)
}

// Reader reads lines. It holds one line in memory.
type Reader struct {
	r    *bufio.Reader
	max  int
	line int
	at   int64
	buf  []byte
	skip bool // a byte order mark was skipped, or there is none
}

// New reads lines of at most max bytes from r.
func New(r io.Reader, max int) *Reader {
	return &Reader{r: bufio.NewReaderSize(r, 64<<10), max: max}
}

// Next returns the next line without its end, LF or CRLF, and without a byte
// order mark; it is valid until the next call. At the end it returns io.EOF.
// With a [*TooLongError] it returns the beginning of the line, and the next call reads the next
// line.
func (l *Reader) Next() ([]byte, error) {
	if !l.skip {
		l.skip = true
		if head, _ := l.r.Peek(3); bytes.Equal(head, []byte("\xef\xbb\xbf")) {
			l.r.Discard(3)
			l.at += 3
		}
	}
	l.buf = l.buf[:0]
	long := false
	for {
		part, err := l.r.ReadSlice('\n')
		l.at += int64(len(part))
		if long = long || len(l.buf)+len(part) > l.max+2; !long {
			l.buf = append(l.buf, part...)
		}
		if err == bufio.ErrBufferFull {
			continue
		}
		if err != nil && (err != io.EOF || len(l.buf) == 0 && !long) {
			return nil, err
		}
		l.line++
		line := bytes.TrimSuffix(bytes.TrimSuffix(l.buf, []byte("\n")), []byte("\r"))
		if long || len(line) > l.max {
			return l.buf, &TooLongError{l.line, l.max}
		}
		return line, nil
	}
}

// Line returns the number of the last line of Next, from 1.
func (l *Reader) Line() int { return l.line }

// Offset returns the number of input bytes of the lines so far.
func (l *Reader) Offset() int64 { return l.at }
