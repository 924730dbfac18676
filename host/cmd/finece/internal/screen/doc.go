// Package screen shows a text that grows, with badges in it that change.
//
// A [Document] holds the part that can still change on the screen: text, and badges at offsets
// in it, which often come after further text. [Document.Rows] wraps the document for a width. A
// [Live] draws rows in place and rewrites the rows that differ. Rows that scroll off the top are
// frozen: they leave the document, and their badges no longer change. So a document is about as
// large as a screen, even for a long text.
//
// The text comes from a language model and is not trusted: only printable characters reach the
// terminal (see glyph).
package screen

import "bytes"

// Style is the look of text.
type Style uint8

const (
	Plain Style = iota
	Faint
)

// chunk is a run of one text, or a badge.
type chunk struct {
	badge int // its number; -1 for text
	text  int // the number of the text
	at    int64
	style Style
	bytes []byte // as they came, with control characters
}

// Document is text with badges.
type Document struct {
	chunks []chunk
	ends   map[int]int64           // the length of each text so far
	Badge  func(number int) string // returns the present text of a badge, with its colours
}

// Append adds to the end of a text. The caller numbers the texts; -1 is for headings and other
// text of the caller.
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
			continue // the badge's text is further up
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

// Freeze removes everything up to the end of a row from the document, and calls frozen for the
// badges in it.
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
