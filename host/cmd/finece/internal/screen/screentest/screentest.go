// Package screentest is an emulated terminal for tests.
package screentest

import (
	"strings"

	"github.com/charmbracelet/x/vt"
)

// Terminal is an emulated terminal.
type Terminal struct{ *vt.Emulator }

// New returns an empty terminal of width times height cells.
func New(width, height int) Terminal { return Terminal{vt.NewEmulator(width, height)} }

// Text returns every row that was ever shown: the rows that have scrolled off, and the screen.
// It leaves out white space at the ends of rows, and empty rows at the end.
func (t Terminal) Text() []string {
	var rows []string
	for _, line := range t.Scrollback().Lines() {
		rows = append(rows, line.String())
	}
	rows = append(rows, strings.Split(t.String(), "\n")...)
	last := 0
	for i, row := range rows {
		if rows[i] = strings.TrimRight(row, " "); rows[i] != "" {
			last = i + 1
		}
	}
	return rows[:last]
}
