// Package terminal shows messages, colours and the progress of long work on a terminal, in
// addition to a command's output.
package terminal

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// Of returns the terminal that w writes to; false if w is not a terminal.
func Of(w any) (*os.File, bool) {
	f, ok := w.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

// Say writes a message to the command's standard error, after the name of the program. The
// message may quote untrusted text, so control characters in it are replaced.
func Say(cmd *cobra.Command, format string, args ...any) {
	text := strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (r < ' ' || r >= 0x7f && r < 0xa0) {
			return '\uFFFD'
		}
		return r
	}, fmt.Sprintf(format, args...))
	fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s\n", cmd.Root().Name(), strings.TrimRight(text, "\n"))
}

// Palette colours text if it is true.
type Palette bool

// Colours is the palette for w. It colours if w is a terminal, unless NO_COLOR
// is set (see no-color.org).
func Colours(w io.Writer) Palette {
	_, ok := Of(w)
	return Palette(ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb")
}

// The SGR codes of colours that every terminal has. A colour only repeats the meaning of the
// text.
const (
	Bold   = "1"
	Dim    = "2"
	Red    = "31"
	Green  = "32"
	Yellow = "33"
)

// Paint returns s in a colour.
func (p Palette) Paint(code, s string) string {
	if !p {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// Grouped formats a whole number that is not negative, with its digits in groups of three:
// 12,345.
func Grouped[N ~int | ~string](n N) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
