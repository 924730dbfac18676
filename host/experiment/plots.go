package experiment

import (
	"errors"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// palette is Okabe and Ito's: colour-blind people can tell its colours apart.
var palette = []color.RGBA{
	{0, 114, 178, 255}, {213, 94, 0, 255}, {0, 158, 115, 255}, {204, 121, 167, 255}, {230, 159, 0, 255}, {86, 180, 233, 255},
}

var dashes = [][]vg.Length{nil, {vg.Points(5), vg.Points(3)}, {vg.Points(1.5), vg.Points(2)}, {vg.Points(8), vg.Points(3), vg.Points(1.5), vg.Points(3)}}

// Plots writes the plots to a folder and returns their file names.
func (r *Report) Plots(folder string) ([]string, error) {
	var made []string
	for i := range r.Domains {
		d := &r.Domains[i]
		for name, p := range map[string]*plot.Plot{d.Name + "-thresholds.svg": d.thresholdPlot(), d.Name + "-reliability.svg": d.reliabilityPlot()} {
			if err := save(p, filepath.Join(folder, name)); err != nil {
				return nil, fmt.Errorf("experiment: %w", err)
			}
			made = append(made, name)
		}
	}
	return made, nil
}

// save writes a plot with a margin on the right. The file names its font and does not
// contain it, and in a wider one the last tick's label ends further right.
func save(p *plot.Plot, path string) error {
	const margin = 12
	canvas, err := draw.NewFormattedCanvas(16*vg.Centimeter, 11*vg.Centimeter, "svg")
	if err != nil {
		return err
	}
	all := draw.New(canvas)
	all.SetColor(p.BackgroundColor)
	all.Fill(all.Rectangle.Path())
	p.Draw(draw.Crop(all, 0, -vg.Points(margin), 0, 0))
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = canvas.WriteTo(file)
	return errors.Join(err, file.Close())
}

// newPlot has a title of two lines, which leaves room for a wider font.
func newPlot(domain, title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = domain+"\n"+title, x, y
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

// thresholdPlot plots the accuracy and the share of kept answers over thresholds.
func (d *Domain) thresholdPlot() *plot.Plot {
	p := newPlot(title(d.Name), "answers kept at a threshold", "threshold", "accuracy (solid), share kept (dashed)")
	// The curves may lie anywhere up to 1, so the legend goes right of 1.
	p.X.Max, p.Legend.Top = 1.15, true
	p.X.Tick.Marker = plot.ConstantTicks{{Value: 0, Label: "0.0"}, {Value: 0.5, Label: "0.5"}, {Value: 1, Label: "1.0"}}
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
	p := newPlot(title(d.Name), "is 0.8 right 8 times in 10?", "mean confidence", "accuracy")
	p.Legend.Left, p.Legend.Top = true, true
	diagonal, _ := plotter.NewLine(plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: 1}})
	diagonal.Color = color.Gray{150}
	p.Add(diagonal)
	for i, row := range d.Models {
		var points plotter.XYs
		for _, b := range d.Pooled[row.Name].Bins {
			if b.Count > 0 {
				points = append(points, plotter.XY{X: b.Confidence, Y: b.Accuracy})
			}
		}
		addLine(p, row.Name, points, i, i/len(palette))
		if dots, err := plotter.NewScatter(points); err == nil {
			dots.GlyphStyle = draw.GlyphStyle{Color: palette[i%len(palette)], Radius: vg.Points(2.5), Shape: draw.CircleGlyph{}}
			p.Add(dots)
		}
	}
	return p
}
