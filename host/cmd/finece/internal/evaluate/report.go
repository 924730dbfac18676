package evaluate

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/finece/finece/host/cmd/finece/internal/diagram"
	"github.com/finece/finece/host/cmd/finece/internal/pairs"
	"github.com/finece/finece/metrics"
)

//go:embed report.html
var reportFile string

var reportPage = template.Must(template.New("report.html").Funcs(template.FuncMap{"style": diagram.PageStyle}).Parse(reportFile))

// page is the content of the report. All texts are plain: the template escapes them.
type page struct {
	Name, Summary, Intervals string
	Left                     []string
	Figures                  []shownFigure
	Compared                 *shownComparison
	Diagrams                 []card
	By                       string
	Columns, Heads           []string
	Groups                   []shownGroup
	Missing                  []string
	Drawn                    []card
	Undrawn                  string
}

type shownFigure struct{ Title, Value, Range, Says, Missing string }

type shownComparison struct {
	Own, Other, Verdict string
	Rows                []shownDifference
}

type shownDifference struct{ Title, A, B, Difference, Range, Better string }

type shownGroup struct {
	All    bool
	Values []string
	Cells  []shownCell
}

type shownCell struct{ Value, Range string }

// drawnGroups is the most groups that have a diagram. Those with the most rows have one.
const drawnGroups = 24

// writeReport writes a page that needs no other file.
func (f *options) writeReport(w io.Writer, name string, p *pairs.Pairs, all *result, groups []group, r metrics.Resampling) error {
	v := &page{Name: name, Summary: f.summaryOf(&all.summary), Intervals: f.intervalNote(all, r), By: strings.Join(f.columns.By, " and ")}
	for _, list := range [][]pairs.Rejection{p.Faults, p.Rejected} {
		for _, left := range list {
			v.Left = append(v.Left, p.Describe(left))
		}
	}
	for i := range all.figures {
		v.Figures = append(v.Figures, f.shownOf(&all.figures[i]))
	}
	if all.against != nil {
		v.Compared = f.shownComparison(all)
	}
	var err error
	if v.Diagrams, err = f.diagrams(all); err != nil {
		return err
	}
	if len(groups) > 0 {
		if err := f.showGroups(v, all, groups); err != nil {
			return err
		}
	}
	return reportPage.Execute(w, v)
}

func (f *options) summaryOf(s *metrics.Summary) string {
	what := f.counted("%d answers, of which %d are correct (%.1f%%). The mean confidence is %.1f%%.")
	if f.columns.Positions {
		what += " A position is correct if its answer is."
	}
	return fmt.Sprintf(what, s.N, s.Correct, 100*s.Accuracy, 100*s.MeanConfidence)
}

func (f *options) intervalNote(all *result, r metrics.Resampling) string {
	drawn := f.counted("answers")
	if f.grouped(all) {
		drawn = "whole questions"
	}
	return fmt.Sprintf("A range is a 95%% interval, from %d resamples of %s with seed %d, or from a formula. ECE and MCE are over %d bins (rule %s).", r.Resamples, drawn, r.Seed, r.Binning.Bins, f.mode)
}

// grouped reports whether any question has several rows.
func (f *options) grouped(all *result) bool {
	return slices.ContainsFunc(all.figures, func(v figure) bool { return v.name == "questions" })
}

func (f *options) shownOf(v *figure) shownFigure {
	d := f.describe(v.name)
	return shownFigure{d.title, v.text(), rangeOf(v, "%.4f to %.4f"), d.says, v.undefined}
}

func (f *options) shownComparison(all *result) *shownComparison {
	c := all.against
	v := &shownComparison{Own: f.columns.Confidence, Other: c.column, Verdict: "DeLong's test of equal AUROCs: " + c.verdict() + "."}
	for i := range c.differences {
		d := &c.differences[i]
		row := shownDifference{Title: f.describe(d.name).title, A: named(all.figures, d.name).text(), B: named(c.figures, d.name).text(),
			Difference: d.difference(), Range: rangeOf(d, "%+.4f to %+.4f"), Better: c.clear(v.Own, d)}
		v.Rows = append(v.Rows, row)
	}
	return v
}

// showGroups fills the part of the page about groups.
func (f *options) showGroups(v *page, all *result, groups []group) error {
	v.Columns = f.columns.By
	v.Heads = []string{f.describe("n").title}
	for _, d := range drawn {
		v.Heads = append(v.Heads, f.describe(d.name).title)
	}
	for _, g := range groups {
		v.Groups = append(v.Groups, shownGroup{false, blanks(g.values), g.shownCells()})
		for _, reason := range g.reasons() {
			v.Missing = append(v.Missing, strings.Join(blanks(g.values), ", ")+": "+reason+".")
		}
	}
	total := append([]string{"all"}, make([]string, len(f.columns.By)-1)...)
	v.Groups = append(v.Groups, shownGroup{true, total, all.shownCells()})

	largest := slices.Clone(groups)
	slices.SortStableFunc(largest, func(a, b group) int { return cmp.Compare(b.summary.N, a.summary.N) })
	if len(largest) > drawnGroups {
		v.Undrawn = fmt.Sprintf(f.counted("The %d groups with the most answers have a diagram."), drawnGroups)
		largest = largest[:drawnGroups]
	}
	for _, g := range largest {
		title := strings.Join(blanks(g.values), ", ")
		says := fmt.Sprintf(f.counted("%d answers, %.1f%% correct; ECE %s, AUROC %s."),
			g.summary.N, 100*g.summary.Accuracy, named(g.figures, "ece").text(), named(g.figures, "auroc").text())
		drawing, err := diagram.Inline(&g.summary, "Reliability diagram of "+title+".")
		if err != nil {
			return err
		}
		v.Drawn = append(v.Drawn, card{Title: title, Says: says, Drawing: drawing})
	}
	return nil
}

// shownCells are the cells of a result in the table of groups.
func (m *result) shownCells() []shownCell {
	cells := []shownCell{{Value: strconv.FormatUint(m.summary.N, 10)}}
	for _, d := range drawn {
		v := named(m.figures, d.name)
		cell := shownCell{Value: "-"}
		if !math.IsNaN(v.value) {
			cell = shownCell{fmt.Sprintf("%.3f", v.value), rangeOf(v, "%.3f to %.3f")}
		}
		cells = append(cells, cell)
	}
	return cells
}

// blanks returns values with a word for each empty one.
func blanks(values []string) []string {
	out := slices.Clone(values)
	for i, v := range out {
		if v == "" {
			out[i] = none
		}
	}
	return out
}
