package watch

import (
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"github.com/finece/finece/host/cmd/finece/internal/ledger"
	"github.com/finece/finece/host/cmd/finece/internal/screen"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
)

// view shows a stream.
type view interface {
	// text gets the text of all answers as it comes.
	text(l *ledger.Ledger, choice int, segment position.Segment, text []byte)
	// record gets each record, after the ledger has it.
	record(r record.Record)
	// draw shows the state of l.
	draw(l *ledger.Ledger) error
	// live reports whether draw is for a screen. Then draw is called at most once per frame,
	// otherwise after each change.
	live() bool
	// close ends the output, with a summary for people.
	close(l *ledger.Ledger) error
}

// badge returns a confidence in a few characters: a percentage if it is calibrated, else a bar
// and a word. Shape and text carry the same meaning as the colour.
func badge(c terminal.Palette, p *follow.Place) string {
	switch p.State {
	case session.Pending:
		return c.Paint(terminal.Dim, "◌ …")
	case session.Unavailable:
		return c.Paint(terminal.Dim, "○ n/a")
	}
	shape, colour := "◐", terminal.Red
	if p.State == session.Final {
		shape = "●"
	}
	if !p.Calibrated {
		word := p.Word(p.Fused)
		return c.Paint(terminal.Bold, shape+" "+bars[word]+" "+word)
	}
	switch {
	case p.Fused >= 0.8: // the threshold of the paper's filter
		colour = terminal.Green
	case p.Fused >= 0.5:
		colour = terminal.Yellow
	}
	return c.Paint(colour, shape+" "+p.Shown(p.Fused))
}

// bars shows how high an uncalibrated confidence is, next to its word. It has no colour, since
// such a confidence does not say how often answers are correct.
var bars = map[string]string{record.WordLow: "▂", record.WordMedium: "▅", record.WordHigh: "█"}

// orNone returns a text, or the sign for a missing value.
func orNone(shown string) string {
	if shown == "" {
		return "n/a"
	}
	return shown
}

// liveView draws on a terminal.
type liveView struct {
	file   *os.File
	paint  terminal.Palette
	choice int
	doc    screen.Document
	screen *screen.Live
	ledger *ledger.Ledger
	placed int              // number of places whose badge is in the document
	gone   map[int]string   // badges that have scrolled off, as they were then
	last   position.Segment // of the text so far
	begun  bool
}

func newLiveView(file *os.File, c terminal.Palette, choice int) *liveView {
	v := &liveView{file: file, paint: c, choice: choice, screen: screen.NewLive(file), gone: map[int]string{}}
	v.doc.Badge = func(n int) string { return badge(v.paint, &v.ledger.Answer(choice).Places[n]) }
	return v
}

func (v *liveView) live() bool { return true }

func (v *liveView) record(record.Record) {}

// heading is the number of text that does not come from the stream.
const heading = -1

func (v *liveView) text(l *ledger.Ledger, choice int, segment position.Segment, text []byte) {
	if choice != v.choice {
		return
	}
	v.place(l)
	if segment != v.last || !v.begun && segment != position.Answer {
		v.doc.Append(heading, screen.Faint, []byte(headingText(v.begun, segment)))
	}
	v.begun, v.last = true, segment
	style := screen.Plain
	if segment == position.Reasoning {
		style = screen.Faint
	}
	v.doc.Append(int(segment), style, text)
}

// headingText returns the heading to print where the segment changes.
func headingText(begun bool, segment position.Segment) string {
	if begun {
		return "\n\n(" + segment.String() + ")\n"
	}
	return "(" + segment.String() + ")\n"
}

// place puts the badges of new positions into the document.
func (v *liveView) place(l *ledger.Ledger) {
	v.ledger = l
	places := l.Answer(v.choice).Places
	for ; v.placed < len(places); v.placed++ {
		p := &places[v.placed]
		if p.Kinds&position.Question != 0 {
			v.doc.Append(heading, screen.Faint, []byte("question"))
			v.doc.Place(v.placed, heading, math.MaxInt64)
			v.doc.Append(heading, screen.Faint, []byte("\n\n"))
			continue
		}
		if !v.doc.Place(v.placed, int(p.Segment), p.Byte) {
			v.gone[v.placed] = ""
		}
	}
}

func (v *liveView) draw(l *ledger.Ledger) error {
	v.place(l)
	width, height, err := term.GetSize(int(v.file.Fd()))
	if err != nil || width <= 0 || height <= 0 {
		width, height = 80, 24
	}
	if err := v.screen.Resize(width, height); err != nil {
		return err
	}
	rows := v.doc.Rows(v.screen.Width(), v.style)
	n, err := v.screen.Draw(rows)
	if n > 0 {
		v.doc.Freeze(rows[n-1], func(number int) { v.gone[number] = badge(false, &v.ledger.Answer(v.choice).Places[number]) })
	}
	return err
}

func (v *liveView) style(s screen.Style, text string) string {
	if s == screen.Faint {
		return v.paint.Paint(terminal.Dim, text)
	}
	return text
}

func (v *liveView) close(l *ledger.Ledger) error {
	if err := v.screen.Close(); err != nil {
		return err
	}
	return summary(v.file, v.paint, v.screen.Width(), l.Answer(v.choice), v.gone)
}

// plainView writes text and badges once, when they can no longer change.
type plainView struct {
	w      io.Writer
	choice int
	held   []held // text that is not written yet
	size   int
	ends   map[position.Segment]int64
	next   int // the next place to write
	last   position.Segment
	begun  bool
	err    error
}

// noSegment is the segment of headings.
const noSegment = position.Segment(255)

type held struct {
	segment position.Segment
	at      int64
	bytes   []byte
}

func newPlainView(w io.Writer, choice int) *plainView {
	return &plainView{w: w, choice: choice, ends: map[position.Segment]int64{}}
}

func (v *plainView) live() bool { return false }

func (v *plainView) record(record.Record) {}

// maxHeld bounds the text that waits for a badge. More text is written without
// waiting.
const maxHeld = 16 << 20

func (v *plainView) text(_ *ledger.Ledger, choice int, segment position.Segment, text []byte) {
	if choice != v.choice {
		return
	}
	if segment != v.last || !v.begun && segment != position.Answer {
		v.held = append(v.held, held{bytes: []byte(headingText(v.begun, segment)), segment: noSegment})
	}
	v.begun, v.last = true, segment
	at := v.ends[segment]
	v.ends[segment] = at + int64(len(text))
	if v.size += len(text); v.size > maxHeld {
		v.flush()
	}
	if n := len(v.held); n > 0 && v.held[n-1].segment == segment {
		v.held[n-1].bytes = append(v.held[n-1].bytes, text...)
		return
	}
	v.held = append(v.held, held{segment, at, append([]byte(nil), text...)})
}

func (v *plainView) write(b []byte) {
	if v.err == nil && len(b) > 0 {
		_, v.err = v.w.Write(screen.Printable(b))
	}
}

func (v *plainView) flush() {
	for _, h := range v.held {
		v.write(h.bytes)
	}
	v.held, v.size = v.held[:0], 0
}

// upTo writes the text up to an offset of a segment.
func (v *plainView) upTo(segment position.Segment, offset int64) {
	wanted := func(h held) bool { return h.segment == segment && h.at < offset }
	for slices.ContainsFunc(v.held, wanted) {
		h := &v.held[0]
		end := h.at + int64(len(h.bytes))
		if h.segment == segment && end >= offset {
			n := int(offset - h.at)
			v.write(h.bytes[:n])
			h.at, h.bytes = offset, h.bytes[n:]
			v.size -= n
			return
		}
		v.write(h.bytes)
		v.size -= len(h.bytes)
		v.held = v.held[1:]
	}
}

func (v *plainView) draw(l *ledger.Ledger) error {
	places := l.Answer(v.choice).Places
	for ; v.next < len(places); v.next++ {
		p := &places[v.next]
		if p.State == session.Pending || p.State == session.Provisional {
			break
		}
		switch {
		case p.Kinds&position.Question != 0:
			v.write([]byte("question " + badge(false, p) + "\n\n"))
			continue
		case p.Kinds&position.End != 0:
			v.trimEnd()
		}
		v.upTo(p.Segment, p.Byte)
		v.write([]byte(" " + badge(false, p)))
	}
	return v.err
}

// trimEnd removes white space at the end, so that the last badge follows the last word.
func (v *plainView) trimEnd() {
	if n := len(v.held); n > 0 {
		h := &v.held[n-1]
		h.bytes = []byte(strings.TrimRight(string(h.bytes), " \t\r\n"))
	}
}

func (v *plainView) close(l *ledger.Ledger) error {
	if err := v.draw(l); err != nil {
		return err
	}
	v.flush()
	v.write([]byte("\n"))
	if v.err != nil {
		return v.err
	}
	return summary(v.w, false, math.MaxInt, l.Answer(v.choice), nil)
}
