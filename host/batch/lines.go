package batch

import (
	"bytes"
	"io"
	"slices"
	"sync"
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

	memory []byte // has Text
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
	return lines(&cutter{r: r, line: first}, work, take)
}

// Rest is what [LinesBefore] has read without passing it on.
type Rest struct {
	Found bool   // a line has the byte
	Text  []byte // the beginning of the rest: of the line with the byte, and of what follows it
	Line  int    // the number of that line
}

// LinesBefore is Lines of the lines before the first one with the byte stop.
func LinesBefore[T any](r io.Reader, first int, stop byte, work func(*Block) T, take func(T) error) (Rest, error) {
	c := &cutter{r: r, line: first, stop: stop, stops: true}
	err := lines(c, work, take)
	return Rest{c.found, c.rest, c.line}, err
}

func lines[T any](c *cutter, work func(*Block) T, take func(T) error) error {
	return Ordered(c.next, func(b *Block) T {
		result := work(b)
		c.spare.Put(&b.memory)
		return result
	}, take)
}

// cutter cuts an input into blocks.
type cutter struct {
	r     io.Reader
	line  int
	rest  []byte // the beginning of a line
	skip  bool   // what follows is the rest of a line that was too long
	err   error
	stop  byte
	stops bool // the blocks end before the first line with the byte stop
	found bool // and rest begins with that line

	spare sync.Pool // memory of blocks that are done
}

// memory returns memory for at least n bytes.
func (c *cutter) memory(n int) []byte {
	if b, ok := c.spare.Get().(*[]byte); ok && cap(*b) >= n {
		return *b
	}
	return make([]byte, 0, n)
}

// next is the next block, or the error of reading, which is io.EOF at the end.
func (c *cutter) next() (*Block, error) {
	for {
		if c.found {
			return nil, io.EOF
		}
		size := max(blockSize, 2*len(c.rest))
		memory := c.memory(size)
		buf := append(memory[:0:size], c.rest...)
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
		text := buf
		if at := bytes.IndexByte(buf, c.stop); c.stops && at >= 0 {
			c.found, text = true, buf[:at]
		}
		end := bytes.LastIndexByte(text, '\n') + 1
		switch {
		case c.found:
			c.rest = slices.Clone(buf[end:])
			buf = buf[:end]
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
			return c.block(buf, memory), nil
		}
	}
}

func (c *cutter) block(text, memory []byte) *Block {
	b := &Block{memory: memory, Text: text, Line: c.line, Lines: bytes.Count(text, []byte("\n")), Long: c.skip}
	if c.skip || text[len(text)-1] != '\n' {
		b.Lines++
	}
	c.line += b.Lines
	return b
}
