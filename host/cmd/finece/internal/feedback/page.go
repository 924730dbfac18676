package feedback

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"

	"github.com/finece/finece/host/cmd/finece/internal/diagram"
	"github.com/finece/finece/host/cmd/finece/internal/feedback/figures"
	drifts "github.com/finece/finece/metrics/calibrate/drift"
)

//go:embed page.html
var pageFile embed.FS

var page = template.Must(template.New("page.html").Funcs(template.FuncMap{
	"title": title, "by": by, "share": share, "figure": number, "plot": plot, "leaning": leaning, "few": few, "style": diagram.PageStyle,
}).ParseFS(pageFile, "page.html"))

// writePage writes the page for operators.
func writePage(w io.Writer, r *figures.Reply) error { return page.Execute(w, r) }

// title says which positions a group has.
func title(g *figures.Group) string {
	switch g.Kinds {
	case "end":
		return "Whole answers"
	case "question":
		return "Questions, before the answer"
	}
	return "Positions within answers: " + strings.ReplaceAll(g.Kinds, "+", " and ")
}

// by names the estimator of a group's confidences.
func by(g *figures.Group) string {
	parts := []string{g.Estimator}
	if g.Method != "" {
		parts = append(parts, g.Method)
	}
	if g.Model != "" {
		parts = append(parts, g.Model)
	}
	if g.Map != "" {
		parts = append(parts, "map "+g.Map+" for "+g.Band+" positions")
	}
	return strings.Join(parts, ", ")
}

// share returns a number as a percentage, or "-" if it is not defined.
func share(n figures.Number) string {
	if math.IsNaN(float64(n)) {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", 100*float64(n))
}

// number returns a number with three digits, or "-" if it is not defined.
func number(n figures.Number) string {
	if math.IsNaN(float64(n)) {
		return "-"
	}
	return fmt.Sprintf("%.3f", float64(n))
}

// few reports whether a group has too few labels for its figures to say much.
func few(g *figures.Group) bool { return g.N < 50 }

func leaning(d *figures.Drift) string { return drifts.Leaning(d.Leaning).Says() }

// plot is the reliability diagram of a group.
func plot(g *figures.Group) (template.HTML, error) {
	return diagram.Inline(&g.Summary, fmt.Sprintf("Reliability diagram of %d labels. The table below it has the same figures.", g.N))
}
