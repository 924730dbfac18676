package diagram

import (
	"fmt"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/finece/finece/metrics"
)

const level = 0.95 // of the intervals

// reliabilityPlot has a title if name is not empty.
func reliabilityPlot(name string, s *metrics.Summary) *plot.Plot {
	if name != "" {
		name = fmt.Sprintf("%s: ECE %s, n = %d", name, figure(s.ECE), s.N)
	}
	p := newPlot(name, "", "accuracy")
	p.X.Tick.Label.Color = white // room for them, but the counts below have them
	p.Add(grid{}, bars{s.Bins, func(b metrics.Bin) float64 { return b.Accuracy }, pale, blue},
		segment(0, 0, 1, 1, ink), points{s.Bins})
	return p
}

func countsPlot(s *metrics.Summary) *plot.Plot {
	p := newPlot("", "confidence", "count")
	countAxis(p, s.Bins)
	p.Add(bars{s.Bins, func(b metrics.Bin) float64 { return float64(b.Count) }, pale, blue})
	return p
}

// countAxis sets the vertical axis for the counts of bins.
func countAxis(p *plot.Plot, bins []metrics.Bin) {
	most := uint64(1)
	for _, b := range bins {
		most = max(most, b.Count)
	}
	p.Y.Max = float64(most) * 1.08
	p.Y.Tick.Marker = plot.ConstantTicks([]plot.Tick{{Value: 0, Label: "0"}, {Value: float64(most), Label: thousands(most)}})
}

func curvePlot(s *metrics.Summary, curve []metrics.Operating) *plot.Plot {
	p := riskPlot("Risk and coverage: AURC "+figure(s.AURC.Value), "coverage: share kept, most confident first", "risk: share wrong among them", curve)
	if s.N == 0 {
		return p
	}
	base := 1 - s.Accuracy
	p.Add(segment(0, base, 1, base, grey), &steps{curve}, caption{base, curve})
	return p
}

// riskPlot is the axes of risk-coverage curves, up to their highest risk.
func riskPlot(title, x, y string, curves ...[]metrics.Operating) *plot.Plot {
	highest := 0.0
	for _, curve := range curves {
		for _, o := range curve {
			highest = max(highest, o.Risk)
		}
	}
	p := newPlot(title, x, y)
	p.Y.Max = ceilNice(highest)
	p.Y.Tick.Marker = plot.ConstantTicks(yTicks(p.Y.Max))
	p.Add(grid{})
	return p
}

// caption labels the line of a random order, above or below it.
type caption struct {
	base  float64
	curve []metrics.Operating
}

func (t caption) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	const wide, high = 0.55, 0.07 // the size of the words, as a share of the panel
	over, last := 0.0, 0.0        // the area of the curve above the line, in the range of the words
	for _, o := range t.curve {
		if last > wide {
			break
		}
		over += (o.Risk - t.base) * (o.Coverage - last)
		last = o.Coverage
	}
	room := high * p.Y.Max
	style := p.X.Tick.Label
	style.XAlign, style.YAlign = draw.XLeft, draw.YBottom
	gap := vg.Points(4)
	if t.base > room && (over > 0 || t.base+room > p.Y.Max) {
		style.YAlign, gap = draw.YTop, -gap
	}
	c.FillText(style, vg.Point{X: x(0.03), Y: y(t.base) + gap}, fmt.Sprintf("in any order: %.3f", t.base))
}

// ceilNice returns a number above v that divides an axis into five round steps.
func ceilNice(v float64) float64 {
	for _, top := range []float64{0.1, 0.25, 0.5} {
		if v <= top*0.96 {
			return top
		}
	}
	return 1
}

func yTicks(top float64) []plot.Tick {
	var t []plot.Tick
	for i := range 6 {
		v := top * float64(i) / 5
		t = append(t, plot.Tick{Value: v, Label: fmt.Sprintf("%.2f", v)})
	}
	return t
}

// thousands writes a count short enough for an axis.
func thousands(n uint64) string {
	if n >= 1_000_000 {
		return fmt.Sprintf("%.3gM", float64(n)/1e6)
	}
	return fmt.Sprint(n)
}

func segment(x0, y0, x1, y1 float64, c color.Color) *plotter.Line {
	return &plotter.Line{
		XYs:       plotter.XYs{{X: x0, Y: y0}, {X: x1, Y: y1}},
		LineStyle: draw.LineStyle{Color: c, Width: vg.Points(1), Dashes: []vg.Length{vg.Points(4), vg.Points(3)}},
	}
}

// grid draws a faint line at every tick.
type grid struct{}

func (grid) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	style := draw.LineStyle{Color: faint, Width: vg.Points(0.75)}
	for _, t := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		c.StrokeLine2(style, x(t.Value), c.Min.Y, x(t.Value), c.Max.Y)
	}
	for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		c.StrokeLine2(style, c.Min.X, y(t.Value), c.Max.X, y(t.Value))
	}
}

// bars draws a bar from edge to edge of each bin that is not empty.
type bars struct {
	bins   []metrics.Bin
	height func(metrics.Bin) float64
	fill   color.Color
	edge   color.Color
}

func (b bars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	outline := draw.LineStyle{Color: b.edge, Width: vg.Points(0.75)}
	if len(b.bins) > 60 {
		outline.Width = 0
	}
	for _, bin := range b.bins {
		if bin.Count == 0 {
			continue
		}
		lo, hi, top := x(bin.Low), x(bin.High), y(b.height(bin))
		if lo == hi { // torchmetrics' bin of the ones
			c.StrokeLine2(draw.LineStyle{Color: b.edge, Width: vg.Points(3)}, lo, c.Min.Y, hi, top)
			continue
		}
		corners := []vg.Point{{X: lo, Y: c.Min.Y}, {X: lo, Y: top}, {X: hi, Y: top}, {X: hi, Y: c.Min.Y}}
		c.FillPolygon(b.fill, corners)
		if outline.Width > 0 {
			c.StrokeLines(outline, corners)
		}
	}
}

// points marks each bin's mean confidence and accuracy, with the Wilson
// interval of the accuracy.
type points struct{ bins []metrics.Bin }

func (m points) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	whisker := draw.LineStyle{Color: blue, Width: vg.Points(1.2)}
	radius := vg.Points(3)
	if len(m.bins) > 30 {
		radius = vg.Points(1.5)
	}
	for _, b := range m.bins {
		if b.Count == 0 {
			continue
		}
		if iv, err := metrics.WilsonInterval(b.Correct, b.Count, level); err == nil {
			c.StrokeLine2(whisker, x(b.Confidence), y(iv.Low), x(b.Confidence), y(iv.High))
		}
		c.DrawGlyph(draw.GlyphStyle{Color: blue, Radius: radius, Shape: draw.CircleGlyph{}}, vg.Point{X: x(b.Confidence), Y: y(b.Accuracy)})
	}
}

// steps is the risk-coverage curve. Only its points can be reached by a
// threshold; few of them are marked.
type steps struct{ curve []metrics.Operating }

const marked, drawn = 40, 4000

func (s *steps) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	stride := max(1, len(s.curve)/drawn)
	var line []vg.Point
	for i := range s.curve {
		if i%stride == 0 || i == len(s.curve)-1 {
			line = append(line, vg.Point{X: x(s.curve[i].Coverage), Y: y(s.curve[i].Risk)})
		}
	}
	c.StrokeLines(draw.LineStyle{Color: amber, Width: vg.Points(1.8)}, line)
	if len(s.curve) <= marked {
		for _, at := range line {
			c.DrawGlyph(draw.GlyphStyle{Color: amber, Radius: vg.Points(3), Shape: draw.CircleGlyph{}}, at)
		}
	}
}
