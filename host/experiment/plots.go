package experiment

import (
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// palette is that of Okabe and Ito: colour-blind people can tell its colours apart.
var palette = []color.RGBA{
	{0, 114, 178, 255}, {213, 94, 0, 255}, {0, 158, 115, 255}, {204, 121, 167, 255}, {230, 159, 0, 255}, {86, 180, 233, 255},
}

var dashes = [][]vg.Length{nil, {vg.Points(5), vg.Points(3)}, {vg.Points(1.5), vg.Points(2)}, {vg.Points(8), vg.Points(3), vg.Points(1.5), vg.Points(3)}}

// Plots writes the plots to a folder and returns their file names.
func (r *Report) Plots(folder string) ([]string, error) {
	made := []string{SharesPlot}
	if len(r.Domains) > 0 {
		if err := save(r.Domains[0].sharesPlot(), filepath.Join(folder, SharesPlot)); err != nil {
			return nil, fmt.Errorf("experiment: %w", err)
		}
	}
	for i := range r.Domains {
		d := &r.Domains[i]
		if d.row(FineCE) == nil {
			continue // the other plots are about FineCE
		}
		for name, p := range map[string]*plot.Plot{d.Name + "-thresholds.svg": d.thresholdPlot(), d.Name + "-reliability.svg": d.reliabilityPlot()} {
			if err := save(p, filepath.Join(folder, name)); err != nil {
				return nil, fmt.Errorf("experiment: %w", err)
			}
			made = append(made, name)
		}
	}
	return made, nil
}

// save writes a plot as SVG. An SVG only names its font. A viewer without that font
// uses another one that may be wider, such as DejaVu Sans, so the plot has margins. For
// the same reason a legend on the right has a strip of its own, and its text starts after
// the line.
func save(p *plot.Plot, path string) error {
	const margin, strip = 12, 54 // points
	canvas, err := draw.NewFormattedCanvas(16*vg.Centimeter, 11*vg.Centimeter, "svg")
	if err != nil {
		return err
	}
	page := draw.New(canvas)
	page.FillPolygon(p.BackgroundColor, page.ClipPolygonXY([]vg.Point{
		page.Min, {X: page.Max.X, Y: page.Min.Y}, page.Max, {X: page.Min.X, Y: page.Max.Y},
	}))
	inner := draw.Crop(page, margin/2, -margin, margin/2, -margin/2)
	if !p.Legend.Left {
		legend := p.Legend
		p.Legend, legend.Left = plot.NewLegend(), true
		legend.Draw(draw.Crop(inner, inner.Size().X-strip, 0, 0, -2*p.Title.TextStyle.FontExtents().Height-p.Title.Padding))
		inner = draw.Crop(inner, 0, -strip-margin, 0, 0)
	}
	p.Draw(inner)
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if _, err := canvas.WriteTo(file); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}

func newPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.Padding, p.Legend.Padding = vg.Points(6), vg.Points(2)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 1, 0, 1
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Gray{230}, color.Gray{230}
	p.Add(grid)
	return p
}

func addLine(p *plot.Plot, name string, points plotter.XYs, colour, dash int) {
	line, err := plotter.NewLine(points)
	if err != nil { // no points
		return
	}
	line.Color, line.Width, line.Dashes = palette[colour%len(palette)], vg.Points(1.6), dashes[dash%len(dashes)]
	p.Add(line)
	if name != "" {
		p.Legend.Add(name, line)
	}
}

// SharesPlot is the file name of the plot that RESULTS.md shows.
const SharesPlot = "shares.svg"

// sharesPlot plots the Brier score of a few methods over the share of the tokens that were
// read: FineCE, its estimate of the question alone, its variants, and the baselines that are
// best at one of the shares. Without FineCE, it shows the first rows of the summary.
func (d *Domain) sharesPlot() *plot.Plot {
	p := newPlot(title(d.Name)+"\nBrier score, the lower the better", "share of the tokens read", "Brier score")
	p.Legend.Left = true // at the bottom, where no curve is: scores are well above 0
	p.Y.Max = 0.3
	var names []string
	if ours := d.row(FineCE); ours != nil {
		names = append(names, FineCE, QuestionAlone)
		for _, name := range []string{Plain, ValueHead} {
			if d.row(name) != nil {
				names = append(names, name)
			}
		}
		for _, w := range []Which{Share10, Share30, Share50, Share100} {
			for _, any := range []bool{false, true} {
				if name := d.best(w, BrierFigure, ours, any); name != "" && !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	} else {
		for _, r := range d.ranked() {
			if len(names) < len(palette) && r.At[Share30].N > 0 {
				names = append(names, r.Name)
			}
		}
	}
	for i, name := range names {
		row := d.row(name)
		if row == nil {
			continue
		}
		var points plotter.XYs
		for k, w := range []Which{Share10, Share30, Share50, Share100} {
			if v := row.brier(w); !math.IsNaN(v) {
				points = append(points, plotter.XY{X: shares[k], Y: v})
				p.Y.Max = max(p.Y.Max, 1.1*v)
			}
		}
		addLine(p, name, points, i, i)
	}
	return p
}

// thresholdPlot plots the accuracy and the share of kept answers over thresholds.
func (d *Domain) thresholdPlot() *plot.Plot {
	p := newPlot(title(d.Name)+"\nanswers kept at a threshold", "threshold", "accuracy (solid), share kept (dashed)")
	p.Legend.Top = true // to the right of the plot: the curves may lie anywhere
	for i, t := range d.Thresholds {
		var accuracy, coverage plotter.XYs
		for _, k := range t.Kept {
			if !math.IsNaN(k.Accuracy) {
				accuracy = append(accuracy, plotter.XY{X: k.Threshold, Y: k.Accuracy})
			}
			coverage = append(coverage, plotter.XY{X: k.Threshold, Y: k.Coverage})
		}
		addLine(p, t.At.String(), accuracy, i, 0)
		addLine(p, "", coverage, i, 1)
	}
	return p
}

// reliabilityPlot plots the accuracy of each bin over its mean confidence.
func (d *Domain) reliabilityPlot() *plot.Plot {
	p := newPlot(title(d.Name)+"\nis 0.8 right 8 times in 10?", "mean confidence", "accuracy")
	p.Legend.Left, p.Legend.Top = true, true
	diagonal, _ := plotter.NewLine(plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: 1}})
	diagonal.Color = color.Gray{150}
	p.Add(diagonal)
	for i, name := range d.Models {
		var points plotter.XYs
		for _, b := range d.Pooled[name] {
			if b.Count > 0 {
				points = append(points, plotter.XY{X: b.Confidence, Y: b.Accuracy})
			}
		}
		addLine(p, name, points, i, i/len(palette))
		if dots, err := plotter.NewScatter(points); err == nil {
			dots.GlyphStyle = draw.GlyphStyle{Color: palette[i%len(palette)], Radius: vg.Points(2.5), Shape: draw.CircleGlyph{}}
			p.Add(dots)
		}
	}
	return p
}
