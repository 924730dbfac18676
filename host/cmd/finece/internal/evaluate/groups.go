package evaluate

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/finece/finece/host/cmd/finece/internal/pairs"
	"github.com/finece/finece/host/cmd/finece/internal/screen"
	"github.com/finece/finece/metrics"
	"github.com/finece/finece/wasm/jsonscan"
)

// rows are pairs that are measured together.
type rows struct {
	sample     *metrics.Sample // of the rows, if they are not known one by one; nil makes it of confidence and correct
	confidence []float64
	other      []float64 // of --against
	correct    []bool
	question   []int // the number of each row's question, nil if no two rows have the same one
	questions  int
}

// allRows are the pairs of an input.
func allRows(p *pairs.Pairs) *rows {
	d := &rows{confidence: p.Confidence, other: p.Other, correct: p.Correct, questions: p.Questions}
	if p.Questions < len(p.Question) {
		d.question = p.Question
	}
	return d
}

// group is the result of the rows that have the same values.
type group struct {
	*result
	values []string
}

// measureGroups measures the groups of --by, in the order of their values.
func (f *options) measureGroups(p *pairs.Pairs, r metrics.Resampling) ([]group, error) {
	members := make([][]int, len(p.Groups))
	for i, g := range p.Group {
		members[g] = append(members[g], i)
	}
	local := make([]int, p.Questions) // 1 + the number of a question within its group
	groups := make([]group, len(members))
	for g, list := range members {
		m, err := f.measure(rowsOf(p, list, local), r)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", label(f.columns.By, p.Groups[g]), err)
		}
		groups[g] = group{m, p.Groups[g]}
	}
	slices.SortFunc(groups, func(a, b group) int { return slices.CompareFunc(a.values, b.values, byValue) })
	return groups, nil
}

// rowsOf returns some of the pairs as rows. local is a buffer of zeros, one for each question of
// the input.
func rowsOf(p *pairs.Pairs, list, local []int) *rows {
	d := &rows{confidence: make([]float64, len(list)), correct: make([]bool, len(list))}
	for i, at := range list {
		d.confidence[i], d.correct[i] = p.Confidence[at], p.Correct[at]
	}
	if p.Other != nil {
		d.other = make([]float64, len(list))
		for i, at := range list {
			d.other[i] = p.Other[at]
		}
	}
	if len(p.Question) == 0 {
		return d
	}
	d.question = make([]int, len(list))
	for i, at := range list {
		q := &local[p.Question[at]]
		if *q == 0 {
			d.questions++
			*q = d.questions
		}
		d.question[i] = *q - 1
	}
	for _, at := range list {
		local[p.Question[at]] = 0
	}
	if d.questions == len(list) {
		d.question = nil
	}
	return d
}

// byValue orders numbers as numbers, before texts.
func byValue(a, b string) int {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	switch {
	case errX == nil && errY == nil && x != y:
		return cmp.Compare(x, y)
	case errX == nil && errY != nil:
		return -1
	case errX != nil && errY == nil:
		return 1
	}
	return strings.Compare(a, b)
}

// label names a group in a message.
func label(by, values []string) string {
	parts := make([]string, len(by))
	for i := range by {
		parts[i] = fmt.Sprintf("%s %q", by[i], values[i])
	}
	return strings.Join(parts, ", ")
}

// asJSON is one object: the figures of all rows, and under "groups" those of each group.
func asJSON(by []string, groups []group, all *result) []byte {
	out := all.appendJSON([]byte{'{'})
	for i, g := range groups {
		out = append(out, ',')
		if i == 0 {
			out = append(out, `"groups":[`...)
		}
		out = append(out, `{"group":{`...)
		for k, name := range by {
			if k > 0 {
				out = append(out, ',')
			}
			out = append(jsonscan.AppendString(out, []byte(name)), ':')
			out = jsonscan.AppendString(out, []byte(g.values[k]))
		}
		out = append(g.appendJSON(append(out, "},"...)), '}')
	}
	if len(groups) > 0 {
		out = append(out, ']')
	}
	return append(out, "}\n"...)
}

// appendJSON appends the members of the object of a result.
func (m *result) appendJSON(out []byte) []byte {
	out = appendFigures(out, m.figures)
	if m.against != nil {
		out = appendComparison(out, m.against)
	}
	return out
}

// none is shown for an empty value.
const none = "(none)"

// widest is the most characters of a value that the table shows.
const widest = 40

// shown returns a value for a table: on one line, without control characters.
func shown(value string) string {
	if value == "" {
		return none
	}
	value = string(screen.Printable([]byte(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		return r
	}, value))))
	if runes := []rune(value); len(runes) > widest {
		value = string(runes[:widest-1]) + "…"
	}
	return value
}

// groupTable prints a row for each group and a row for all, and then which figures are missing,
// with the reasons. It has only the figures with intervals; JSON has all figures.
func (f *options) groupTable(w io.Writer, groups []group, all *result) error {
	by := f.columns.By
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	var head []string
	for _, name := range by {
		head = append(head, shown(name))
	}
	head = append(head, f.head("n"))
	if all.against != nil {
		head = append(append(head, inGroups...), "p (DeLong)")
		fmt.Fprintf(w, "%s minus %s, on the same rows\n\n", shown(f.columns.Confidence), shown(f.columns.Other))
	} else {
		for _, d := range drawn {
			head = append(head, d.name)
		}
	}
	fmt.Fprintln(t, strings.Join(head, "\t"))
	for _, g := range groups {
		var cells []string
		for _, value := range g.values {
			cells = append(cells, shown(value))
		}
		fmt.Fprintln(t, strings.Join(append(cells, g.cells()...), "\t"))
	}
	total := append([]string{"all"}, make([]string, len(by)-1)...)
	fmt.Fprintln(t, strings.Join(append(total, all.cells()...), "\t"))
	if err := t.Flush(); err != nil {
		return err
	}
	between := "\n"
	for _, g := range append(groups, group{all, []string{"all"}}) {
		var values []string
		for _, value := range g.values {
			values = append(values, shown(value))
		}
		for _, reason := range g.reasons() {
			if _, err := fmt.Fprintf(w, "%s%s: %s\n", between, strings.Join(values, ", "), reason); err != nil {
				return err
			}
			between = ""
		}
	}
	return nil
}

// cells returns the count and the figures with intervals, for a table.
func (m *result) cells() []string {
	if m.against != nil {
		return m.against.cells(m.summary.N)
	}
	var cells []string
	for _, c := range m.shownCells() {
		cell := c.Value
		if c.Range != "" {
			cell += " (" + c.Range + ")"
		}
		cells = append(cells, cell)
	}
	return cells
}

// reasons returns which figures are missing and why, such as "no auroc: all answers are correct
// or all are wrong".
func (m *result) reasons() (out []string) {
	var reasons []string
	names := map[string][]string{}
	for _, v := range m.figures {
		if v.undefined == "" {
			continue
		}
		if names[v.undefined] == nil {
			reasons = append(reasons, v.undefined)
		}
		names[v.undefined] = append(names[v.undefined], v.name)
	}
	for _, reason := range reasons {
		out = append(out, "no "+strings.Join(names[reason], ", ")+": "+reason)
	}
	return out
}
