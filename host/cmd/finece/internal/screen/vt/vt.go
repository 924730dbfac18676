// Package vt is as much of a terminal as the tests of package screen and of the
// command need: enough to see that what is written leaves the right picture, and
// to refuse everything else.
package vt

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

// Terminal is a screen with what has scrolled off above it.
type Terminal struct {
	Width, Height int
	Err           error // the first thing that was not as it should be

	lines     []string // scrolled off, then the screen
	top, x, y int
}

// New is an empty terminal.
func New(width, height int) *Terminal {
	return &Terminal{Width: width, Height: height, lines: make([]string, height)}
}

// Write obeys whole sequences: one must not be cut between two calls.
func (m *Terminal) Write(b []byte) (int, error) {
	for s := string(b); s != ""; {
		seq, _, n, _ := ansi.DecodeSequence(s, ansi.NormalState, nil)
		m.do(seq)
		s = s[n:]
	}
	return len(b), nil
}

// Text is all lines but the empty ones at the end, without white space at their
// ends.
func (m *Terminal) Text() []string {
	out := make([]string, len(m.lines))
	last := 0
	for i, line := range m.lines {
		if out[i] = strings.TrimRight(line, " "); out[i] != "" {
			last = i + 1
		}
	}
	return out[:last]
}

func (m *Terminal) fail(format string, args ...any) {
	if m.Err == nil {
		m.Err = fmt.Errorf(format, args...)
	}
}

func (m *Terminal) do(seq string) {
	at := m.top + m.y
	up := 1
	switch {
	case seq == "\r":
		m.x = 0
	case seq == "\n":
		if m.y++; m.y == m.Height {
			m.y--
			m.top++
			m.lines = append(m.lines, "")
		}
	case seq == ansi.EraseEntireLine:
		m.lines[at] = ""
	case seq == ansi.EraseScreenBelow:
		m.lines[at] = ansi.Truncate(m.lines[at], m.x, "")
		for i := at + 1; i < len(m.lines); i++ {
			m.lines[i] = ""
		}
	case seq == ansi.CursorHomePosition:
		m.x, m.y = 0, 0
	case strings.HasPrefix(seq, "\x1b[") && strings.HasSuffix(seq, "A"):
		fmt.Sscanf(seq, "\x1b[%dA", &up)
		if m.y -= up; m.y < 0 {
			m.y = 0
			m.fail("the cursor went above the screen")
		}
	case strings.HasPrefix(seq, "\x1b[?") || strings.HasPrefix(seq, "\x1b[") && strings.HasSuffix(seq, "m"):
	case strings.ContainsFunc(seq, unicode.IsControl):
		m.fail("%q reached the terminal", seq)
	default:
		if m.x != ansi.StringWidth(m.lines[at]) {
			m.fail("%q is written over %q at %d", seq, m.lines[at], m.x)
		}
		m.lines[at] += seq
		if m.x += ansi.StringWidth(seq); m.x > m.Width {
			m.fail("row %q is wider than %d", m.lines[at], m.Width)
		}
	}
}
