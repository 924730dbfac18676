package watch

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/clipperhouse/displaywidth"

	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/session"
)

// shownPlaces is how many positions a summary lists at either end.
const shownPlaces = 30

// summary writes the table of positions at the end. On a narrow terminal it leaves out columns
// that the text above shows, too. gone has the badges that have scrolled off, as they were at
// that time.
func summary(w io.Writer, c terminal.Palette, width int, a *follow.Answer, gone map[int]string) error {
	rows := summaryRows(a, gone)
	table := aligned(rows, []int{0, 1, 2, 3, 4, 5})
	if slices.ContainsFunc(table, func(row string) bool { return displaywidth.String(row) > width }) {
		table = aligned(rows, []int{0, 3, 4, 5})
	}
	var out strings.Builder
	for i, row := range table {
		if row = displaywidth.TruncateString(row, width, "…"); i == 0 {
			row = "\n" + c.Paint(terminal.Bold, row)
		}
		out.WriteString(row + "\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func summaryRows(a *follow.Answer, gone map[int]string) [][]string {
	rows := [][]string{{"position", "kind", "ratio", "first", "last", "state"}}
	for i := range a.Places {
		if i == shownPlaces && len(a.Places) > 2*shownPlaces {
			rows = append(rows, []string{"...", fmt.Sprintf("%d more", len(a.Places)-2*shownPlaces), "", "", "", ""})
		}
		if i >= shownPlaces && i < len(a.Places)-shownPlaces {
			continue
		}
		p := &a.Places[i]
		rows = append(rows, []string{"p(" + placeName(a, i) + ")", kindName(p), ratioText(p.Ratio),
			orNone(p.FirstShown()), orNone(p.Shown(p.Fused)), p.State.String() + note(p, gone, i)})
	}
	return rows
}

// aligned lays out some columns of a table.
func aligned(rows [][]string, columns []int) []string {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i, column := range columns {
			if i > 0 {
				fmt.Fprint(t, "\t")
			}
			fmt.Fprint(t, row[column])
		}
		fmt.Fprintln(t)
	}
	_ = t.Flush() // to a strings.Builder
	var out []string
	for line := range strings.Lines(b.String()) {
		out = append(out, strings.TrimRight(line, " \n"))
	}
	return out
}

func placeName(a *follow.Answer, i int) string {
	if a.Places[i].Kinds&position.End != 0 {
		return "z"
	}
	return fmt.Sprint(i)
}

func kindName(p *follow.Place) string {
	if p.Segment != position.Answer {
		return p.Segment.String() + " " + p.Kinds.String()
	}
	return p.Kinds.String()
}

func ratioText(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return fmt.Sprintf("%.2f", v)
}

// note returns the text after the state.
func note(p *follow.Place, gone map[int]string, i int) string {
	if p.Reason != session.NoReason {
		return ": " + p.Reason.String()
	}
	switch shown, ok := gone[i]; {
	case ok && shown == "":
		return ", found after it had scrolled off"
	case ok && shown != badge(false, p):
		return ", scrolled off as " + shown
	}
	return ""
}
