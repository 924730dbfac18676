package experiment

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// Two confidences with independent noise are better together than each alone.
func TestTwoConfidencesTogether(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	noisy := [2]map[*Point]float64{{}, {}}
	var records []*Record
	for q := range 1500 {
		truth := 4 * (r.Float64() - 0.5)
		record := &Record{ID: fmt.Sprint("q", q), Domain: "in", Correct: r.Float64() < 1/(1+math.Exp(-truth)), Tokens: 20, Points: make([]Point, 3)}
		for i := range record.Points {
			p := &record.Points[i]
			*p = Point{Strategy: ByParagraph, Index: i, Last: 2, Tokens: 10 * i}
			for k := range noisy {
				noisy[k][p] = 1 / (1 + math.Exp(-truth-1.5*r.NormFloat64()))
			}
		}
		records = append(records, record)
	}
	both, err := together(records, in(noisy[0]), in(noisy[1]))
	if err != nil {
		t.Fatal(err)
	}
	var auroc [3]float64
	for i, read := range []reading{in(noisy[0]), in(noisy[1]), both} {
		if auroc[i], err = aurocOf(records, LastBut1, read); err != nil {
			t.Fatal(err)
		}
	}
	if auroc[2] < auroc[0]+0.01 || auroc[2] < auroc[1]+0.01 {
		t.Errorf("AUROC %.3f and %.3f, together %.3f", auroc[0], auroc[1], auroc[2])
	}
	// A question's own answers are not in the training data of its fold.
	before, _ := both(&records[0].Points[1])
	records[0].Correct = !records[0].Correct
	if both, err = together(records, in(noisy[0]), in(noisy[1])); err != nil {
		t.Fatal(err)
	}
	if after, _ := both(&records[0].Points[1]); after != before {
		t.Errorf("%v became %v by the outcome of its own answer", before, after)
	}
}

// The summary has one line for each confidence, with a column pair for each alpha.
func TestStopSummary(t *testing.T) {
	d := Domain{Stops: []Stopping{
		{Name: "a", Alpha: 0.05, Right: Figure{0.04, 0.03, 0.05}, Saved: 0.1},
		{Name: "a", Alpha: 0.1, Right: Figure{0.09, 0.08, 0.1}, Saved: 0.2},
		{Name: "a", Alpha: 0.2, Right: Figure{0.19, 0.18, 0.2}, Saved: 0.3},
		{Name: "b", Alpha: 0.2, Right: Figure{0.2, 0.18, 0.22}, Saved: 0.4},
		{Name: leastName, Alpha: 0.05},
		{Name: FineCE + withTrajectory, Alpha: 0.05},
	}}
	var b strings.Builder
	d.stopTable(&markdown{w: &b}, true)
	for _, line := range []string{
		"| a | 4.0 [3.0, 5.0] | 10.0 | 9.0 [8.0, 10.0] | 20.0 |\n",
		"| b | - | - | - | - |\n",
	} {
		if !strings.Contains(b.String(), line) {
			t.Errorf("no %q in\n%s", line, b.String())
		}
	}
	if strings.Contains(b.String(), leastName) || strings.Contains(b.String(), withTrajectory) {
		t.Errorf("rows of the tables:\n%s", b.String())
	}
}
