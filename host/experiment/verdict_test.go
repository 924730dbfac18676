package experiment

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// verdictsOf are those of records of one domain, by claim.
func verdictsOf(t *testing.T, records []*Record) map[string]Verdict {
	t.Helper()
	report, err := Analyse(records, 1)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]Verdict{}
	for _, v := range report.Verdicts {
		out[v.Claim] = v
	}
	return out
}

// Of four answers alone a baseline may have any figure.
func TestBestBaselineHasConfidences(t *testing.T) {
	records := made(100, 1)
	right, wrong := 2, 2
	for _, r := range records {
		left, v := &wrong, 0.0
		if r.Correct {
			left, v = &right, 1
		}
		if *left > 0 {
			*left--
			r.Points[1].Confidence["rare"] = v
		}
	}
	for claim, v := range verdictsOf(t, records) {
		if strings.Contains(v.Found, "rare") || strings.Contains(claim, "at p(1) than") && !strings.Contains(v.Found, " of bold: ") {
			t.Errorf("%s: %s", claim, v.Found)
		}
	}
}

// Where all answers are correct there is no AUROC, and an ECE still.
func TestVerdictsWhereAllIsCorrect(t *testing.T) {
	records := made(30, 1)
	for _, r := range records {
		r.Correct = true
		r.Points[1].Confidence["sure"] = 1
	}
	found := verdictsOf(t, records)
	if v, ok := found["lower ECE at p(1) than the best baseline, intervals apart"]; !ok || v.Reached || !strings.Contains(v.Found, "0.0 [0.0, 0.0] of sure: ") || strings.Contains(v.Found, "Inf") {
		t.Errorf("%v, %+v", ok, v)
	}
	if v, ok := found["higher AUROC at p(1) than the best baseline, intervals apart"]; ok {
		t.Errorf("%+v", v)
	}
}

// One answer of a few that are kept is soon right by chance.
func TestFilteringBeyondChance(t *testing.T) {
	for _, c := range []struct {
		kept, right int
		reached     bool
	}{{6, 1, false}, {11, 1, false}, {6, 5, true}, {30, 20, true}, {40, 5, false}, {0, 0, false}} {
		var records []*Record
		for i := range 120 {
			v := 0.1
			if i < c.kept {
				v = 0.9
			}
			r := &Record{ID: fmt.Sprint(i), Domain: "in", Correct: i < c.right || i >= 120-5}
			r.Points = []Point{{Strategy: ByParagraph, Confidence: map[string]float64{FineCE: v}, Last: 1}, {Strategy: ByParagraph, Index: 1, Last: 1, Confidence: map[string]float64{FineCE: v}}}
			records = append(records, r)
		}
		v, ok := verdictsOf(t, records)[filterClaim]
		if !ok || v.Reached != c.reached || c.kept > 0 && !strings.Contains(v.Found, fmt.Sprintf("(%d answers)", c.kept)) {
			t.Errorf("%d of %d right: %v, %+v", c.right, c.kept, ok, v)
		}
	}
}

// Each depth is measured with the widest tree, also where its width is odd.
func TestFusionsOfOddWidth(t *testing.T) {
	for _, c := range []struct {
		tree   Tree
		widths string
	}{
		{Tree{Confidence: []float64{0.5, 0.6}, Parent: []int32{-1, 0}}, "0:0 1:1"},
		{Tree{Confidence: []float64{0.5, 0.6, 0.7, 0.8}, Parent: []int32{-1, 0, 0, 0}}, "0:0 1:2 1:3"},
		{Tree{Confidence: []float64{0.5, 0.6, 0.7, 0.6, 0.7}, Parent: []int32{-1, 0, 0, 1, 1}}, "0:0 1:2 2:2"},
	} {
		records := made(40, 1)
		for _, r := range records {
			r.Points[1].Tree = &c.tree
		}
		report, err := Analyse(records, 1)
		if err != nil {
			t.Fatal(err)
		}
		var widths []string
		for _, f := range report.Domains[0].Fusions {
			widths = append(widths, fmt.Sprintf("%d:%d", f.Depth, f.Width))
		}
		if got := strings.Join(widths, " "); got != c.widths {
			t.Errorf("depths and widths %s, want %s", got, c.widths)
		}
		var b bytes.Buffer
		if err := report.Markdown(&b, ""); err != nil {
			t.Fatal(err)
		}
		last := report.Domains[0].Fusions[len(widths)-1]
		for _, says := range []string{
			fmt.Sprintf("Over a, with d = %d and w = %d ", last.Depth, last.Width),
			fmt.Sprintf("fusion with d=%d, w=%d lowers ECE", last.Depth, last.Width),
		} {
			if !strings.Contains(b.String(), says) {
				t.Errorf("%s: it does not say %q", c.widths, says)
			}
		}
	}
}
