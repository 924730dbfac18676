package batch

import (
	"bytes"
	"io"
	"slices"
)

const (
	// blockSize is how many bytes of whole lines a block has at most, unless one line
	// is longer.
	blockSize = 1 << 20
	// MaxLine is the longest line in bytes: 16 MiB.
	MaxLine = 16 << 20
)

// Block is whole lines of an input.
type Block struct {
	Text  []byte // ends with a line end, unless the input does not; valid during one call
	Line  int    // the number of its first line
	Lines int    // how many lines it has
	// Long says that the block is the beginning of one line that is longer than MaxLine.
	// The rest of that line is skipped.
	Long bool
}

// Each visits the lines without their ends, LF or CRLF, and their numbers.
func (b *Block) Each(visit func(line []byte, number int)) {
	number := b.Line
	for line := range bytes.Lines(b.Text) {
		visit(bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")), number)
		number++
	}
}

// Lines calls work for blocks of lines, on all processors at once, and take for the
// results, one at a time and in the order of the input. The first line has the number
// first. It returns the first error of take, or the error of reading after the results
// of all that was read.
func Lines[T any](r io.Reader, first int, work func(*Block) T, take func(T) error) error {
	c := cutter{r: r, line: first}
	return Ordered(c.next, work, take)
}

// cutter cuts an input into blocks.
type cutter struct {
	r    io.Reader
	line int
	rest []byte // the beginning of a line
	skip bool   // what follows is the rest of a line that was too long
	err  error
}

// next is the next block, or the error of reading, which is io.EOF at the end.
func (c *cutter) next() (*Block, error) {
	for {
		buf := slices.Grow(c.rest, max(blockSize, len(c.rest)))
		c.rest = nil
		for c.err == nil && len(buf) < cap(buf) {
			var n int
			n, c.err = c.r.Read(buf[len(buf):cap(buf)])
			buf = buf[:len(buf)+n]
		}
		if c.skip {
			_, after, found := bytes.Cut(buf, []byte("\n"))
			c.skip = !found
			buf = after
		}
		end := bytes.LastIndexByte(buf, '\n') + 1
		switch {
		case len(buf) == 0 && c.err != nil:
			return nil, c.err
		case c.err != nil && c.err != io.EOF:
			buf = buf[:end] // what follows is a part of a line
		case c.err != nil:
		case end > 0:
			c.rest = slices.Clone(buf[end:])
			buf = buf[:end]
		case len(buf) > MaxLine:
			c.skip = true
		default:
			c.rest = buf
			continue
		}
		if len(buf) > 0 {
			return c.block(buf), nil
		}
	}
}

func (c *cutter) block(text []byte) *Block {
	b := &Block{Text: text, Line: c.line, Lines: bytes.Count(text, []byte("\n")), Long: c.skip}
	if c.skip || text[len(text)-1] != '\n' {
		b.Lines++
	}
	c.line += b.Lines
	return b
}
