package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/finece/finece/wasm/calibration"
)

func TestEachGroupHasAMapOfItsOwn(t *testing.T) {
	dir := t.TempDir()
	var in strings.Builder
	in.WriteString("confidence,correct,domain\n")
	for g, shift := range map[string]float64{"sums": -0.3, "law & order": 0, "few": 0} {
		n := 400
		if g == "few" {
			n = 20
		}
		for _, line := range strings.Split(strings.TrimSpace(labelsOf(3, n, shift)), "\n")[1:] {
			_, pair, _ := strings.Cut(line, ",")
			fmt.Fprintf(&in, "%s,%s\n", pair, g)
		}
	}
	args := []string{"calibrate", "--method", "platt", "--resamples", "10", "--group", "domain", "-"}
	r := finece(t, in.String(), append(args, "-o", filepath.Join(dir, "map.json"))...)
	if r.code != 0 || !strings.Contains(r.err, `domain "few" has 20 rows and gets no map; 50 are needed`) || !strings.Contains(r.out, "domain law & order\n") ||
		!strings.Contains(r.out, "all: 400 questions give the share of correct answers to within ±4.9 points (95%); ±3 points need 1068") {
		t.Errorf("exit %d\n%s%s", r.code, r.out, r.err)
	}
	for file, want := range map[string]struct {
		domain    string
		low, high float64
	}{"map-sums.json": {"sums", 0.2, 0.4}, "map-law_order.json": {"law & order", 0.5, 0.7}} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		c, _, err := calibration.Parse(text)
		if err != nil || c.Card.Domain != want.domain {
			t.Fatalf("%s: %v, %+v", file, err, c.Card)
		}
		if p, _ := c.Apply(0, 0.6); !(p > want.low && p < want.high) {
			t.Errorf("%s maps 0.6 to %v", file, p)
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 2 {
		t.Errorf("%d files, %v", len(files), err)
	}
	if r := finece(t, in.String(), append(args, "-o", "-")...); r.code != 2 {
		t.Errorf("exit %d, %s", r.code, r.err)
	}
	if r := finece(t, in.String(), "calibrate", "--group", "topic", "-"); r.code != 1 || !strings.Contains(r.err, `no value of "topic"`) {
		t.Errorf("exit %d, %s", r.code, r.err)
	}
}
