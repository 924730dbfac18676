// Package screen shows a text that grows, with badges in it that change.
//
// A [Document] holds what can still change on the screen: text as it came, and
// badges at offsets in it, which often become known after more text has
// followed. [Document.Rows] wraps it for a width. A [Live] draws rows in place and
// rewrites the rows that differ. Rows that scroll off the top are frozen: they
// leave the document, and their badges do not change any more. So a document is
// about as large as a screen, however long the text is.
//
// The text comes from a language model and is not trusted: only what is
// printable reaches the terminal (see glyph).
package screen

import "bytes"

// Style is how text looks.
type Style uint8

const (
	Plain Style = iota
	Faint
)

// chunk is a run of one text, or a badge.
type chunk struct {
	badge int // its number; -1 for text
	text  int // which text this is of
	at    int64
	style Style
	bytes []byte // as they came, with control characters
}

// Document is text with badges.
type Document struct {
	chunks []chunk
	ends   map[int]int64           // how far each text has come
	Badge  func(number int) string // what a badge shows now, with its colours
}

// Append adds to the end of a text. The caller numbers the texts; -1 is for
// headings and other text of its own.
func (d *Document) Append(text int, style Style, b []byte) {
	if len(b) == 0 {
		return
	}
	if d.ends == nil {
		d.ends = map[int]int64{}
	}
	at := d.ends[text]
	d.ends[text] = at + int64(len(b))
	if n := len(d.chunks); n > 0 {
		if last := &d.chunks[n-1]; last.badge < 0 && last.text == text && last.style == style {
			last.bytes = append(last.bytes, b...)
			return
		}
	}
	d.chunks = append(d.chunks, chunk{badge: -1, text: text, at: at, style: style, bytes: bytes.Clone(b)})
}

// Place puts a badge after the last character before an offset of a text that is
// not white space. It reports false if that character has been frozen.
func (d *Document) Place(badge, text int, offset int64) bool {
	for i := len(d.chunks) - 1; i >= 0; i-- {
		c := &d.chunks[i]
		if c.badge >= 0 || c.text != text || c.at >= offset {
			continue
		}
		n := int(min(offset-c.at, int64(len(c.bytes))))
		n = len(bytes.TrimRight(c.bytes[:n], " \t\r\n"))
		if n == 0 && c.at > 0 {
			continue // the text that it belongs to is further up
		}
		d.insert(i, n, badge)
		return true
	}
	if d.ends[text] == 0 {
		d.chunks = append(d.chunks, chunk{badge: badge})
		return true
	}
	return false
}

// insert puts a badge after byte n of chunk i, and after badges there.
func (d *Document) insert(i, n, badge int) {
	c := d.chunks[i]
	if n < len(c.bytes) {
		rest := c
		rest.at += int64(n)
		rest.bytes = bytes.Clone(c.bytes[n:])
		d.chunks[i].bytes = c.bytes[:n:n]
		d.chunks = append(d.chunks, chunk{})
		copy(d.chunks[i+2:], d.chunks[i+1:])
		d.chunks[i+1] = rest
	}
	i++
	for i < len(d.chunks) && d.chunks[i].badge >= 0 {
		i++
	}
	d.chunks = append(d.chunks, chunk{})
	copy(d.chunks[i+1:], d.chunks[i:])
	d.chunks[i] = chunk{badge: badge}
}

// Freeze takes everything up to the end of a row out of the document and calls
// frozen for the badges in it.
func (d *Document) Freeze(r Row, frozen func(badge int)) {
	for _, c := range d.chunks[:r.chunk] {
		if c.badge >= 0 {
			frozen(c.badge)
		}
	}
	d.chunks = append(d.chunks[:0], d.chunks[r.chunk:]...)
	if r.offset > 0 {
		c := &d.chunks[0]
		c.at += int64(r.offset)
		c.bytes = bytes.Clone(c.bytes[r.offset:])
	}
}
