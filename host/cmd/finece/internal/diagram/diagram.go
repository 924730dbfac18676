// Package diagram draws an evaluation: the reliability diagram with the counts
// of its bins, and the risk-coverage curve.
package diagram

import (
	"bytes"
	"errors"
	"fmt"
	"image/color"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/finece/finece/metrics"
)

const (
	width, height = 24 * vg.Centimeter, 12 * vg.Centimeter
	dpi           = 144

	margin     = 8 * vg.Millimeter / 2
	histogram  = 0.27 // of the height
	splitPoint = 0.53 // of the width: where the curve begins
)

// People with colour blindness can distinguish these colours.
var (
	blue  = color.NRGBA{0x2b, 0x6c, 0xb0, 0xff}
	pale  = color.NRGBA{0xbc, 0xd4, 0xec, 0xff}
	sand  = color.NRGBA{0xf4, 0xd9, 0xc4, 0xff}
	amber = color.NRGBA{0xc0, 0x56, 0x21, 0xff}
	ink   = color.NRGBA{0x2d, 0x37, 0x48, 0xff}
	grey  = color.NRGBA{0x8a, 0x94, 0xa3, 0xff}
	faint = color.NRGBA{0xe4, 0xe8, 0xee, 0xff}
	white = color.NRGBA{0xff, 0xff, 0xff, 0xff}
)

// Supported reports whether a file of this name can be drawn.
func Supported(path string) bool {
	ext := strings.ToLower(filepath.Ext(path))
	return ext == ".svg" || ext == ".png"
}

// Save draws to a file, an SVG or PNG by its name. curve is the sample's
// metrics.Sample.RiskCoverage.
func Save(path string, s *metrics.Summary, curve []metrics.Operating) error {
	return save(path, func(left, right draw.Canvas) {
		renderReliability(left, "Reliability", s)
		curvePlot(s, curve).Draw(right)
	})
}

// SaveComparison draws two reliability diagrams side by side, before and after a
// calibration.
func SaveComparison(path string, before, after *metrics.Summary) error {
	return save(path, func(left, right draw.Canvas) {
		renderReliability(left, "Before", before)
		renderReliability(right, "After", after)
	})
}

func save(path string, render func(left, right draw.Canvas)) error {
	canvas, out, err := canvasFor(path)
	if err != nil {
		return err
	}
	render(halves(draw.New(canvas)))
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = out.WriteTo(file)
	return errors.Join(err, file.Close())
}

// svg is a drawing that also names common fonts of the same width, since few machines have the
// library's own font.
type svg struct{ *vgsvg.Canvas }

func (s svg) WriteTo(w io.Writer) (int64, error) {
	var b bytes.Buffer
	if _, err := s.Canvas.WriteTo(&b); err != nil {
		return 0, err
	}
	const family = "font-family:Liberation Sans"
	n, err := w.Write(bytes.ReplaceAll(b.Bytes(), []byte(family), []byte(family+",Arimo,Arial,Helvetica,sans-serif")))
	return int64(n), err
}

func canvasFor(path string) (vg.CanvasSizer, io.WriterTo, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".svg":
		c := vgsvg.New(width, height)
		return c, svg{c}, nil
	case ".png":
		c := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dpi))
		return c, vgimg.PngCanvas{Canvas: c}, nil
	}
	return nil, nil, fmt.Errorf("%s: want a name that ends in .svg or .png", path)
}

// halves splits a white canvas into a left and a right half.
func halves(c draw.Canvas) (left, right draw.Canvas) {
	c.SetColor(white)
	c.Fill(c.Rectangle.Path())
	c = draw.Crop(c, margin, -margin, margin, -margin)
	left = draw.Crop(c, 0, -(1-splitPoint)*c.Size().X, 0, 0)
	return left, draw.Crop(c, splitPoint*c.Size().X+margin, 0, 0, 0)
}

// renderReliability draws the diagram, and the counts of its bins below.
func renderReliability(c draw.Canvas, name string, s *metrics.Summary) {
	reliability, counts := reliabilityPlot(name, s), countsPlot(s)
	top := draw.Crop(c, 0, 0, histogram*c.Size().Y, 0)
	bottom := draw.Crop(c, 0, 0, 0, -(1-histogram)*c.Size().Y)
	// Both diagrams share the horizontal axis, so both begin after the wider labels.
	inset := func(p *plot.Plot, c draw.Canvas) vg.Length { return p.DataCanvas(c).Min.X - c.Min.X }
	a, b := inset(reliability, top), inset(counts, bottom)
	reliability.Draw(draw.Crop(top, max(b-a, 0), 0, 0, 0))
	counts.Draw(draw.Crop(bottom, max(a-b, 0), 0, 0, 0))
}

// newPlot is an empty plot in our style.
func newPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.Padding = vg.Points(8)
	p.Title.TextStyle.Font.Size = vg.Points(12)
	p.Title.TextStyle.Font.Variant = "Sans"
	p.Title.TextStyle.Color = ink
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Label.TextStyle.Font.Variant = "Sans"
		axis.Label.TextStyle.Font.Size = vg.Points(10)
		axis.Label.TextStyle.Color = ink
		axis.Label.Padding = vg.Points(4)
		axis.Tick.Label.Font.Variant = "Sans"
		axis.Tick.Label.Font.Size = vg.Points(9)
		axis.Tick.Label.Color = ink
		axis.Tick.Color, axis.LineStyle.Color = grey, grey
		axis.Tick.Length = vg.Points(3)
		axis.Padding = 0
		axis.Min, axis.Max = 0, 1
		axis.Tick.Marker = plot.ConstantTicks(fifths())
	}
	return p
}

func fifths() []plot.Tick {
	var t []plot.Tick
	for i := range 6 {
		v := float64(i) / 5
		t = append(t, plot.Tick{Value: v, Label: fmt.Sprintf("%.1f", v)})
	}
	return t
}

// figure is a number in a title.
func figure(v float64) string {
	if math.IsNaN(v) {
		return "undefined"
	}
	return fmt.Sprintf("%.4f", v)
}
