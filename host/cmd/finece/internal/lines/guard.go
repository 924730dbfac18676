package lines

import (
	"bytes"
	"fmt"
	"io"
	"slices"
)

// Guard bounds the memory of a CSV record, which has no end after an unclosed quote. It
// is what encoding/csv reads from.
type Guard struct {
	r     io.Reader
	max   int64
	keep  bool
	read  int64
	start int64
	held  []byte // with keep: what was read since start
}

// NewGuard reads r for records of at most max bytes. With keep it can say what the text
// of a record is.
func NewGuard(r io.Reader, max int, keep bool) *Guard {
	return &Guard{r: r, max: int64(max), keep: keep}
}

// Begin says that a record begins at an offset, which csv.Reader has as InputOffset.
func (g *Guard) Begin(offset int64) {
	if g.keep {
		g.held = slices.Delete(g.held, 0, int(offset-g.start))
	}
	g.start = offset
}

// Text is the record that ends at an offset, without the end of its last line. It is
// valid until the next call of Read.
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
