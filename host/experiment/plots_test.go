package experiment

import (
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
)

// svgText is a text that is not turned, with its left end and its size.
var svgText = regexp.MustCompile(`<text x="([^"]*)" y="[^"]*" transform="scale\(1, -1\)"\s+style="[^"]*font-size:(\d+)px">([^<]*)</text>`)

// TestTextsOfPlotsHaveRoom: a plot names its font and does not contain it. Where it is
// missing, a wider one is taken, and texts that begin at the same place end further right.
// DejaVu Serif, of Linux, is a third wider.
func TestTextsOfPlotsHaveRoom(t *testing.T) {
	const wider, width = 1.35, 453.54
	r := Report{}
	for name := range domainTitles {
		r.Domains = append(r.Domains, Domain{Name: name, Pooled: map[string]Reliability{}})
	}
	folder := t.TempDir()
	made, err := r.Plots(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range made {
		data, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		for _, found := range svgText.FindAllStringSubmatch(string(data), -1) {
			x, err1 := strconv.ParseFloat(found[1], 64)
			size, err2 := strconv.ParseFloat(found[2], 64)
			if err1 != nil || err2 != nil {
				t.Fatal(found[0])
			}
			long, _, _ := plot.DefaultTextHandler.Box(found[3], font.From(plot.DefaultFont, font.Length(size)))
			if end := x + wider*float64(long); !(end <= width) || math.IsNaN(x) {
				t.Errorf("%s: %q ends at %.0f of %v", name, found[3], end, width)
			}
			seen++
		}
		if seen < 5 {
			t.Errorf("%s: only %d texts", name, seen)
		}
	}
}
