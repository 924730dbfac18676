package diagram

import (
	"bytes"
	"fmt"
	"image/color"
	"regexp"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/finece/finece/metrics"
)

// Inline is a reliability diagram as an SVG element for an HTML page. It takes its colours
// from the page's custom properties --ink, --grey, --faint, --blue, --pale and --card (the
// background), and is as wide as its container. label is its text for screen readers.
func Inline(s *metrics.Summary, label string) (string, error) {
	const side = 10 * vg.Centimeter
	c := vgsvg.New(side, side)
	renderReliability(draw.Crop(draw.New(c), margin/2, -margin, margin/2, -margin/2), "", s)
	var b bytes.Buffer
	if _, err := (svg{c}).WriteTo(&b); err != nil {
		return "", err
	}
	_, drawing, found := strings.Cut(b.String(), "<svg")
	if !found {
		return "", fmt.Errorf("diagram: the drawing is no SVG")
	}
	drawing = sizes.ReplaceAllString(drawing, "")
	for name, c := range map[string]color.NRGBA{"ink": ink, "grey": grey, "faint": faint, "blue": blue, "pale": pale, "card": white} {
		drawing = strings.ReplaceAll(drawing, fmt.Sprintf("#%02X%02X%02X", c.R, c.G, c.B), "var(--"+name+")")
	}
	return `<svg role="img" aria-label="` + escaped.Replace(label) + `"` + drawing, nil
}

var (
	sizes   = regexp.MustCompile(` (width|height)="[^"]*pt"`)
	escaped = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;")
)
