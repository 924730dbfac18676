package screen

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Live draws rows at the bottom of a terminal, in place. It changes only rows that
// it has drawn, and never more rows than the terminal has.
type Live struct {
	w             io.Writer
	width, height int
	drawn         []string // the rows of the region; the cursor is in the last row
	started       bool
}

// NewLive draws to w.
func NewLive(w io.Writer) *Live { return &Live{w: w} }

// The control sequences (ECMA-48) that a Live writes.
const (
	home       = "\x1b[H"
	eraseLine  = "\x1b[2K"
	eraseBelow = "\x1b[J"
	noWrap     = "\x1b[?7l" // if a row is wider than computed, the other rows must not move
	autoWrap   = "\x1b[?7h"
	noCursor   = "\x1b[?25l"
	cursor     = "\x1b[?25h"
)

// cursorUp moves the cursor up n rows.
func cursorUp(n int) string { return fmt.Sprintf("\x1b[%dA", n) }

// Resize sets the size of the terminal in cells. A change of the size moves the rows, so the
// screen is cleared and drawn again.
func (l *Live) Resize(width, height int) error {
	if l.started && (width != l.width || height != l.height) {
		l.drawn = nil
		if _, err := io.WriteString(l.w, home+eraseBelow); err != nil {
			return err
		}
	}
	l.width, l.height = width, height
	return nil
}

// Width returns the most cells of a row.
func (l *Live) Width() int { return max(l.width-1, 8) }

// room returns the most rows of the region.
func (l *Live) room() int { return max(l.height-1, 1) }

// Draw shows rows in the region. It returns how many of the first rows have scrolled off.
func (l *Live) Draw(rows []Row) (frozen int, err error) {
	var b strings.Builder
	if !l.started {
		l.started = true
		b.WriteString(noWrap + noCursor)
	}
	texts := make([]string, len(rows))
	for i, r := range rows {
		texts[i] = r.Text
	}
	if slices.Equal(texts, l.drawn) {
		return 0, nil
	}
	if n := len(l.drawn); n > 1 {
		b.WriteString(cursorUp(n - 1))
	}
	for i, text := range texts {
		if i > 0 {
			b.WriteString("\r\n")
		}
		if i >= len(l.drawn) || l.drawn[i] != text {
			b.WriteString("\r" + eraseLine + text)
		}
	}
	if len(texts) < len(l.drawn) {
		b.WriteString("\r\n" + eraseBelow + cursorUp(1))
	}
	frozen = max(0, len(texts)-l.room())
	l.drawn = texts[frozen:]
	_, err = io.WriteString(l.w, b.String())
	return frozen, err
}

// Close moves the cursor below the region and restores the terminal.
func (l *Live) Close() error {
	if !l.started {
		return nil
	}
	l.started = false
	_, err := io.WriteString(l.w, "\r\n"+autoWrap+cursor)
	return err
}
