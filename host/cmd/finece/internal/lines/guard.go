package lines

import (
	"bytes"
	"fmt"
	"io"
	"slices"
)

// Guard bounds the memory of a CSV record, since a record with an unclosed quote has no end.
// encoding/csv reads from the Guard.
type Guard struct {
	r     io.Reader
	max   int64
	keep  bool
	read  int64
	start int64
	held  []byte // with keep: the bytes that were read since start
}

// NewGuard reads r for records of at most max bytes. With keep, Text can return a record.
func NewGuard(r io.Reader, max int, keep bool) *Guard {
	return &Guard{r: r, max: int64(max), keep: keep}
}

// Begin notes that a record begins at an offset, csv.Reader's InputOffset.
func (g *Guard) Begin(offset int64) {
	if g.keep {
		g.held = slices.Delete(g.held, 0, int(offset-g.start))
	}
	g.start = offset
}

// Text returns the record that ends at an offset, without the end of its last line. It is valid
// until the next call of Read.
func (g *Guard) Text(end int64) []byte {
	if !g.keep {
		return nil
	}
	return bytes.TrimRight(g.held[:end-g.start], "\r\n")
}

func (g *Guard) Read(b []byte) (int, error) {
	if g.read-g.start > g.max {
		return 0, fmt.Errorf("a record longer than %d bytes begins at byte %d: is a quote missing?", g.max, g.start)
	}
	n, err := g.r.Read(b)
	g.read += int64(n)
	if g.keep {
		g.held = append(g.held, b[:n]...)
	}
	return n, err
}
