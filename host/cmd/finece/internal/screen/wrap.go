package screen

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/displaywidth"
)

// Row is a line of the screen, ready to be written.
type Row struct {
	Text string // with colours, if any
	// Where the next row begins: a chunk, and bytes of it.
	chunk, offset int
}

// Paint applies a style to text.
type Paint func(Style, string) string

// Rows wraps the document for a width in cells. It breaks lines at white space if
// there is any, and never inside a badge.
func (d *Document) Rows(width int, paint Paint) []Row {
	w := wrapper{width: max(width, 8), paint: paint}
	for i := range d.chunks {
		c := &d.chunks[i]
		if c.badge >= 0 {
			w.badge(i, d.Badge(c.badge))
			continue
		}
		w.style = c.style
		for at := 0; at < len(c.bytes); {
			g, cells, n := glyph(c.bytes[at:])
			w.glyph(g, cells, i, at, at+n)
			at += n
		}
	}
	w.flush()
	w.end(len(d.chunks), 0)
	return w.rows
}

const tab = "    "

// glyph returns the next character in a form that may be shown, its width in cells, and its
// length in bytes. A line feed is kept. Control characters, such as the first byte of an escape
// sequence, and characters that reorder text are replaced.
func glyph(b []byte) (text string, cells, n int) {
	switch c := b[0]; {
	case c == '\n':
		return "\n", 0, 1
	case c == '\r' && len(b) > 1 && b[1] == '\n':
		return "", 0, 1
	case c == '\t':
		return tab, len(tab), 1
	case c < ' ' || c == 0x7f:
		return "\uFFFD", 1, 1
	case c < 0x7f && (len(b) == 1 || b[1] < 0x80):
		return string(rune(c)), 1, 1
	}
	r, size := utf8.DecodeRune(b)
	if !shown(r, size) {
		return "\uFFFD", 1, size
	}
	clusters := displaywidth.BytesGraphemes(b)
	clusters.Next()
	cluster, cells := clusters.Value(), clusters.Width()
	for at := size; at < len(cluster); at += size {
		if r, size = utf8.DecodeRune(cluster[at:]); !shown(r, size) || at > longest {
			cluster = cluster[:at]
			cells = displaywidth.Bytes(cluster)
		}
	}
	return string(cluster), cells, len(cluster)
}

// longest is the most bytes of combining marks on one character.
const longest = 64

// shown reports whether a character may reach the terminal.
func shown(r rune, size int) bool {
	const joiner, nonJoiner = '\u200d', '\u200c'
	switch {
	case r == utf8.RuneError && size <= 1:
		return false
	case r == joiner || r == nonJoiner || r == '\u00ad' || r == '\u200b':
		return true
	case unicode.In(r, unicode.Cf): // such as marks of writing direction
		return r >= 0xe0020 && r <= 0xe007f // flags
	}
	return !unicode.IsControl(r) && r != '\u2028' && r != '\u2029'
}

// wrapper fills rows greedily: a word moves to the next row as a whole if it fits
// there.
type wrapper struct {
	width int
	paint Paint
	style Style
	rows  []Row

	row   []run // of the row so far
	cells int

	word      []run // not yet on a row
	wordCells int
	wordChunk int // where the word begins
	wordByte  int
}

// painted measures text with colours in it.
var painted = displaywidth.Options{ControlSequences: true}

// run is text of one style on a row. Painted text has its own colours.
type run struct {
	text    string
	style   Style
	painted bool
}

func (w *wrapper) glyph(g string, cells, chunk, from, to int) {
	if g == "\n" {
		w.flush()
		w.end(chunk, to)
		return
	}
	if g == " " || g == tab {
		w.flush()
		// White space at the end of a row may exceed the width.
		if w.cells+cells <= w.width {
			w.row = add(w.row, run{g, w.style, false})
			w.cells += cells
		}
		return
	}
	if w.wordCells+cells > w.width {
		w.flush() // a word longer than a row
		w.end(chunk, from)
	}
	if len(w.word) == 0 {
		w.wordChunk, w.wordByte = chunk, from
	}
	w.word = add(w.word, run{g, w.style, false})
	w.wordCells += cells
}

// badge puts a badge after the word before it, if there is room.
func (w *wrapper) badge(chunk int, text string) {
	cells := painted.String(text)
	w.flush()
	if w.cells > 0 && w.cells+1+cells > w.width {
		w.end(chunk, 0)
	}
	if w.cells > 0 {
		w.row = add(w.row, run{" ", Plain, false})
		w.cells++
	}
	w.row = append(w.row, run{text, Plain, true})
	w.cells += cells
}

// flush puts the word on the row, or on the next.
func (w *wrapper) flush() {
	if len(w.word) == 0 {
		return
	}
	if w.cells > 0 && w.cells+w.wordCells > w.width {
		w.end(w.wordChunk, w.wordByte)
	}
	for _, r := range w.word {
		w.row = add(w.row, r)
	}
	w.cells += w.wordCells
	w.word, w.wordCells = w.word[:0], 0
}

// end ends the row; the next begins at a byte of a chunk.
func (w *wrapper) end(chunk, offset int) {
	var b strings.Builder
	for _, r := range w.row {
		if r.painted {
			b.WriteString(r.text)
		} else {
			b.WriteString(w.paint(r.style, r.text))
		}
	}
	w.rows = append(w.rows, Row{b.String(), chunk, offset})
	w.row, w.cells = w.row[:0], 0
}

// add appends r, joining it with a run of the same style.
func add(runs []run, r run) []run {
	if n := len(runs); n > 0 && !runs[n-1].painted && !r.painted && runs[n-1].style == r.style {
		runs[n-1].text += r.text
		return runs
	}
	return append(runs, r)
}

// Printable returns text in a form that may be shown: see the package comment.
func Printable(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		text, _, n := glyph(b)
		if b[0] == '\t' {
			text = "\t"
		}
		out = append(out, text...)
		b = b[n:]
	}
	return out
}
