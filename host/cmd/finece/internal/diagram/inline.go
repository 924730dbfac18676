package diagram

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"image/color"
	"regexp"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/finece/finece/metrics"
)

//go:embed page.css
var pageStyle string

// PageStyle returns the style sheet of pages with inline drawings. It has their colours as
// custom properties, light and dark, and the cards that hold the drawings.
func PageStyle() template.CSS { return template.CSS(pageStyle) }

// The drawings of a page are SVG elements with the colours of the custom properties of
// [PageStyle]. They are as wide as their container. label is the text for screen readers.

// Inline returns a reliability diagram for an HTML page.
func Inline(s *metrics.Summary, label string) (template.HTML, error) {
	return inline(label, func(c draw.Canvas) { renderReliability(c, "", s) })
}

// InlineRisk returns the risk-coverage curves of one or two confidences for an HTML page. wrong
// is the share of wrong answers.
func InlineRisk(wrong float64, label string, curves ...[]metrics.Operating) (template.HTML, error) {
	return inline(label, func(c draw.Canvas) {
		p := riskPlot("", "coverage", "risk", curves...)
		p.Add(segment(0, wrong, 1, wrong, grey))
		for i, curve := range thinned(curves) {
			p.Add(&line{curve, lineColours[i], func(o metrics.Operating) (x, y float64) { return o.Coverage, o.Risk }})
		}
		p.Draw(c)
	})
}

// InlineROC returns the receiver operating characteristics of one or two confidences for an HTML
// page. wrong is the share of wrong answers.
func InlineROC(wrong float64, label string, curves ...[]metrics.Operating) (template.HTML, error) {
	return inline(label, func(c draw.Canvas) {
		p := newPlot("", "share of the wrong above a threshold", "share of the correct above it")
		p.Add(grid{}, segment(0, 0, 1, 1, grey))
		for i, curve := range thinned(curves) {
			p.Add(&line{append([]metrics.Operating{{}}, curve...), lineColours[i], func(o metrics.Operating) (x, y float64) {
				return o.Coverage * o.Risk / wrong, o.Coverage * (1 - o.Risk) / (1 - wrong)
			}})
		}
		p.Draw(c)
	})
}

// InlineConfidences returns a histogram of the confidences of correct and wrong answers for an
// HTML page. The bars of wrong answers are on top of those of correct ones.
func InlineConfidences(bins []metrics.Bin, label string) (template.HTML, error) {
	return inline(label, func(c draw.Canvas) {
		p := newPlot("", "confidence", "count")
		countAxis(p, bins)
		p.Add(bars{bins, func(b metrics.Bin) float64 { return float64(b.Count) }, sand, amber},
			bars{bins, func(b metrics.Bin) float64 { return float64(b.Correct) }, pale, blue})
		p.Draw(c)
	})
}

func inline(label string, render func(draw.Canvas)) (template.HTML, error) {
	const side = 10 * vg.Centimeter
	c := vgsvg.New(side, side)
	render(draw.Crop(draw.New(c), margin/2, -margin, margin/2, -margin/2))
	var b bytes.Buffer
	if _, err := (svg{c}).WriteTo(&b); err != nil {
		return "", err
	}
	_, drawing, found := strings.Cut(b.String(), "<svg")
	if !found {
		return "", fmt.Errorf("diagram: the drawing is not an SVG")
	}
	drawing = sizes.ReplaceAllString(drawing, "")
	for name, c := range properties {
		drawing = strings.ReplaceAll(drawing, fmt.Sprintf("#%02X%02X%02X", c.R, c.G, c.B), "var(--"+name+")")
	}
	return template.HTML(`<svg role="img" aria-label="` + template.HTMLEscapeString(label) + `"` + drawing), nil
}

// properties are the custom properties of the colours.
var properties = map[string]color.NRGBA{
	"ink": ink, "grey": grey, "faint": faint, "blue": blue, "pale": pale, "amber": amber, "sand": sand, "card": white,
}

var sizes = regexp.MustCompile(` (width|height)="[^"]*pt"`)

// lineColours are the colours of the first and the second curve.
var lineColours = []color.Color{blue, amber}

// inlined is the most points of a curve on a page, besides the last one.
const inlined = 400

// thinned keeps evenly spaced points of each curve, and its last one.
func thinned(curves [][]metrics.Operating) [][]metrics.Operating {
	out := make([][]metrics.Operating, len(curves))
	for i, curve := range curves {
		stride := max(1, (len(curve)+inlined-1)/inlined)
		for k := 0; k < len(curve); k += stride {
			out[i] = append(out[i], curve[k])
		}
		if n := len(curve); n > 0 && (n-1)%stride != 0 {
			out[i] = append(out[i], curve[n-1])
		}
	}
	return out
}

// line joins the points of a curve.
type line struct {
	curve  []metrics.Operating
	colour color.Color
	at     func(metrics.Operating) (x, y float64)
}

func (l *line) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	points := make([]vg.Point, len(l.curve))
	for i, o := range l.curve {
		px, py := l.at(o)
		points[i] = vg.Point{X: x(px), Y: y(py)}
	}
	c.StrokeLines(draw.LineStyle{Color: l.colour, Width: vg.Points(1.8)}, points)
}
