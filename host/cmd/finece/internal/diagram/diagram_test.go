package diagram_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/finece/finece/host/cmd/finece/internal/diagram"
	"github.com/finece/finece/metrics"
)

// samples are the shapes of data that have gone wrong in drawings.
func samples() map[string]func() ([]float64, []bool) {
	rng := rand.New(rand.NewPCG(7, 7))
	draw := func(n int, conf func() float64, right func(c float64) bool) func() ([]float64, []bool) {
		return func() (c []float64, y []bool) {
			for range n {
				v := conf()
				c, y = append(c, v), append(y, right(v))
			}
			return c, y
		}
	}
	calibrated := func(c float64) bool { return rng.Float64() < c }
	return map[string]func() ([]float64, []bool){
		"many":        draw(20_000, func() float64 { return 1 - rng.Float64()*rng.Float64() }, func(c float64) bool { return rng.Float64() < c*c }),
		"ten values":  draw(3000, func() float64 { return float64(1+rng.IntN(10)) / 10 }, calibrated),
		"five":        draw(5, rng.Float64, calibrated),
		"all correct": draw(200, rng.Float64, func(float64) bool { return true }),
		"all wrong":   draw(200, rng.Float64, func(float64) bool { return false }),
		"one":         draw(1, func() float64 { return 1 }, calibrated),
		"ends":        draw(100, func() float64 { return float64(rng.IntN(2)) }, calibrated),
	}
}

func TestSave(t *testing.T) {
	dir := t.TempDir()
	if keep := os.Getenv("FINECE_DIAGRAMS"); keep != "" {
		dir = keep // to look at them
	}
	for name, sample := range samples() {
		conf, correct := sample()
		for _, rule := range []metrics.Rule{metrics.RightClosed, metrics.Torchmetrics} {
			s, err := metrics.NewSample(conf, correct)
			if err != nil {
				t.Fatal(err)
			}
			o := metrics.DefaultOptions()
			o.Binning.Rule, o.Resamples = rule, 10
			summary, err := s.Evaluate(o)
			if err != nil {
				t.Fatal(err)
			}
			for _, ext := range []string{"png", "svg"} {
				path := filepath.Join(dir, fmt.Sprintf("%s-%d.%s", name, rule, ext))
				if err := diagram.Save(path, &summary, s.RiskCoverage()); err != nil {
					t.Fatalf("%s: %v", path, err)
				}
				if err := readable(path, ext); err != nil {
					t.Errorf("%s: %v", path, err)
				}
			}
		}
	}
}

// readable reads a drawing as its format.
var colours = regexp.MustCompile(`(fill|stroke):#[^;" ]*`)

func readable(path, ext string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if ext == "png" {
		_, err := png.Decode(bytes.NewReader(data))
		return err
	}
	if bytes.Contains(data, []byte("NaN")) || bytes.Contains(data, []byte("Inf")) {
		return errors.New("a coordinate is no number")
	}
	for _, colour := range colours.FindAll(data, -1) {
		if len(colour) != len("fill:#rrggbb") && len(colour) != len("stroke:#rrggbb") {
			return fmt.Errorf("%s is no colour", colour)
		}
	}
	for d := xml.NewDecoder(bytes.NewReader(data)); ; {
		if _, err := d.Token(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func TestSaveErrors(t *testing.T) {
	for _, path := range []string{"plot.pdf", "plot", filepath.Join(t.TempDir(), "no", "such", "folder.png")} {
		if err := diagram.Save(path, &metrics.Summary{}, nil); err == nil {
			t.Errorf("%s: no error", path)
		}
	}
}

// TestInline: a page's diagram is one SVG element with the page's colours alone.
func TestInline(t *testing.T) {
	for name, sample := range samples() {
		conf, correct := sample()
		summary, err := metrics.Evaluate(conf, correct, metrics.DefaultOptions())
		if err != nil {
			t.Fatal(err)
		}
		drawing, err := diagram.Inline(&summary, `of "many" & <few>`)
		if err != nil {
			t.Fatal(err)
		}
		var root struct {
			XMLName xml.Name `xml:"svg"`
			Label   string   `xml:"aria-label,attr"`
			View    string   `xml:"viewBox,attr"`
			Width   string   `xml:"width,attr"`
		}
		if err := xml.Unmarshal([]byte(drawing), &root); err != nil || root.Label != `of "many" & <few>` || root.View == "" || root.Width != "" {
			t.Errorf("%s: %+v, %v in\n%.300s", name, root, err, drawing)
		}
		if other := regexp.MustCompile(`#[0-9A-F]{6}`).FindString(string(drawing)); other != "" {
			t.Errorf("%s: it has the colour %s of its own", name, other)
		}
	}
}
