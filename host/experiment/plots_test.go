package experiment

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
)

var (
	svgSize = regexp.MustCompile(`viewBox="0 0 ([\d.]+) ([\d.]+)"`)
	svgText = regexp.MustCompile(`<text x="([-\d.]+)" y="([-\d.]+)" transform="scale\(1, -1\)"\s+style="[^"]*font-size:([\d.]+)px">([^<]*)</text>`)
	turned  = regexp.MustCompile(`(?s)<g transform="rotate.*?</g>`)
)

// TestTextHasRoom reads the plots as an image viewer without Liberation Serif does. Its
// DejaVu Sans is up to a third wider, and starts at the same place.
func TestTextHasRoom(t *testing.T) {
	const wider = 1.35
	report := &Report{}
	for name := range domainTitles {
		report.Domains = append(report.Domains, Domain{Name: name, Thresholds: []Threshold{{At: LastBut1, Kept: []Kept{{Threshold: 0, Coverage: 1, Accuracy: 1}, {Threshold: 1, Coverage: 0, Accuracy: 1}}}}})
	}
	folder := t.TempDir()
	if keep := os.Getenv("FINECE_PLOTS"); keep != "" {
		folder = keep // keeps the plots, for a look at them
	}
	names, err := report.Plots(folder)
	if err != nil {
		t.Fatal(err)
	}
	number := func(s string) float64 {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, name := range names {
		svg, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		size := svgSize.FindStringSubmatch(string(svg))
		texts := svgText.FindAllStringSubmatch(turned.ReplaceAllString(string(svg), ""), -1)
		if size == nil || len(texts) < 8 {
			t.Fatalf("%s: size %v and %d texts", name, size, len(texts))
		}
		for _, text := range texts {
			x, y, em := number(text[1]), -number(text[2]), number(text[3])
			style := plot.DefaultFont
			style.Size = vg.Length(em)
			width, _, _ := plot.DefaultTextHandler.Box(text[4], style)
			if end := x + wider*float64(width); x < 0 || end > number(size[1]) || y+em > number(size[2]) || y-em/4 < 0 {
				t.Errorf("%s: %q is from (%.1f, %.1f) to (%.1f, %.1f) in %s by %s", name, text[4], x, y, end, y+em, size[1], size[2])
			}
		}
	}
}
