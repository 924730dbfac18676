// Command picture draws what a terminal shows as an SVG: text with SGR colours
// on standard input, as `tmux capture-pane -e -p` prints it.
package main

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"log"
	"os"
	"regexp"
	"strconv"
	"strings"
)

const (
	fontSize = 14.0
	advance  = 8.4 // width of a column: 0.6 em, as nearly every monospaced font has it
	leading  = 19.0
	margin   = 18.0
)

// colours by SGR number.
var colours = map[int]string{
	31: "#ff7b72", 32: "#56d364", 33: "#e3b341", 34: "#79c0ff", 35: "#d2a8ff", 36: "#56d4dd", 39: "#e6edf3",
	90: "#8b949e", 91: "#ffa198", 92: "#7ee787", 93: "#f2cc60", 94: "#a5d6ff", 95: "#e2c5ff", 96: "#b3f0ff",
}

func main() {
	if err := draw(os.Stdout, os.Stdin); err != nil {
		log.Fatal("picture: ", err)
	}
}

// style is what SGR sequences have set.
type style struct {
	colour    int
	bold, dim bool
}

func (s style) attributes() string {
	out := fmt.Sprintf(`fill="%s"`, colours[s.colour])
	if s.bold {
		out += ` font-weight="bold"`
	}
	if s.dim {
		out += ` opacity="0.6"`
	}
	return out
}

var sequence = regexp.MustCompile(`\x1b\[([0-9;]*)m`)

func draw(out io.Writer, in io.Reader) error {
	data, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimRight(string(data), "\n \x0f"), "\n")
	columns := 0
	for _, line := range lines {
		columns = max(columns, len([]rune(sequence.ReplaceAllString(line, ""))))
	}
	width, height := 2*margin+advance*float64(columns), 2*margin+leading*float64(len(lines))
	w := bufio.NewWriter(out)
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="%g" xml:space="preserve">`+"\n", width, height, width, fontSize)
	fmt.Fprintf(w, `<rect width="100%%" height="100%%" rx="8" fill="#0d1117"/>`+"\n")
	now := style{colour: 39}
	for row, line := range lines {
		column := 0
		y := margin + leading*(float64(row)+0.75)
		text := func(s string) {
			if strings.TrimSpace(s) != "" {
				lead := len(s) - len(strings.TrimLeft(s, " "))
				fmt.Fprintf(w, `<text x="%.1f" y="%.1f" %s>%s</text>`+"\n", margin+advance*float64(column+lead), y, now.attributes(), html.EscapeString(strings.TrimSpace(s)))
			}
			column += len([]rune(s))
		}
		for {
			at := sequence.FindStringSubmatchIndex(line)
			if at == nil {
				text(line)
				break
			}
			text(line[:at[0]])
			now.apply(line[at[2]:at[3]])
			line = line[at[1]:]
		}
	}
	fmt.Fprintln(w, "</svg>")
	return w.Flush()
}

func (s *style) apply(codes string) {
	for code := range strings.SplitSeq(codes, ";") {
		n, _ := strconv.Atoi(code) // nothing is 0
		switch {
		case n == 0:
			*s = style{colour: 39}
		case n == 1:
			s.bold = true
		case n == 2:
			s.dim = true
		case n == 22:
			s.bold, s.dim = false, false
		case colours[n] != "":
			s.colour = n
		}
	}
}
