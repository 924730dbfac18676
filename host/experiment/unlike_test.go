package experiment

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/finece/finece/host/lm/weights"
	"github.com/finece/finece/host/train/problems"
	"github.com/finece/finece/metrics"
	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/metrics/calibrate/fit"
)

// wordProblems returns questions of the pool test, which is not trained on.
func wordProblems(domain string, n int) (out []string) {
	d, err := problems.ParseDomain(domain)
	if err != nil {
		panic(err)
	}
	s := problems.NewSource(1, d, problems.Test)
	for range n {
		p := s.Next()
		out = append(out, p.Question)
	}
	return out
}

// cities returns the questions in a committed file of the experiment on a real model.
func cities(t *testing.T, file string) (out []string) {
	t.Helper()
	text, err := os.ReadFile("real/data/" + file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var q struct{ Question string }
		if err := json.Unmarshal([]byte(line), &q); err != nil {
			t.Fatal(err)
		}
		out = append(out, q.Question)
	}
	return out
}

// TestQuestionsThatAreUnlikeTheTraining measures how well a likeness tells questions of
// another kind from those of the training data. It recognises problems in other words. It
// cannot recognise longer or harder problems in the same words, because they have the same
// runs of letters.
func TestQuestionsThatAreUnlikeTheTraining(t *testing.T) {
	toy, err := weights.Card(weights.Confidence)
	if err != nil {
		t.Fatal(err)
	}
	real, err := fit.LikenessOf(cities(t, "cities/label.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name         string
		of           *calibrate.Likeness
		near, far    []string
		auroc, found float64 // at least
		most         float64 // share of near questions that are marked
	}{
		{"word problems in other words", toy.Questions, wordProblems("in", 1000), wordProblems("wording", 500), 0.9, 0.7, 0.02},
		{"longer word problems", toy.Questions, wordProblems("in", 1000), wordProblems("long", 500), 0, 0, 0.02},
		{"harder word problems", toy.Questions, wordProblems("in", 1000), wordProblems("hard", 500), 0, 0, 0.02},
		{"city questions, of word problems", toy.Questions, wordProblems("in", 1000), cities(t, "cities/test.jsonl"), 0.999, 0.99, 0.02},
		{"word problems, of city questions", real, cities(t, "cities/test.jsonl"), cities(t, "test-problems.jsonl"), 0.999, 0.99, 0.02},
		{"cities of other countries", real, cities(t, "cities/test.jsonl"), cities(t, "cities/shifted.jsonl"), 0, 0, 0.02},
	} {
		var alike []float64 // in [0,1]
		var near []bool
		marked := [2]float64{}
		for i, questions := range [][]string{c.near, c.far} {
			for _, q := range questions {
				alike, near = append(alike, 1-c.of.Of(q)/32), append(near, i == 0)
				if c.of.Unlike(q) {
					marked[i] += 1 / float64(len(questions))
				}
			}
		}
		auroc, err := metrics.AUROC(alike, near)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: AUROC %.3f; marked: %.1f%% of them, %.1f%% of near ones", c.name, auroc, 100*marked[1], 100*marked[0])
		if auroc < c.auroc || marked[1] < c.found || marked[0] > c.most {
			t.Errorf("%s: AUROC %.3f, %.1f%% and %.1f%% marked", c.name, auroc, 100*marked[1], 100*marked[0])
		}
	}
}

// FineCE is too confident about half of the far questions. The mark finds these, and without
// them FineCE is calibrated.
func TestErrorWithoutTheMarked(t *testing.T) {
	near := made(300, 1)
	for i, r := range near {
		r.Likeness = &Likeness{Surprisal: 5 + float64(i%7)/10}
	}
	far := made(300, 1)
	for i, r := range far {
		r.Domain, r.Likeness = "far", &Likeness{Surprisal: 5.3 + float64(i%7)/10, Unlike: i%2 == 0}
		if r.Likeness.Unlike {
			r.Correct = false
		}
	}
	report, err := Analyse(append(near, far...), 1)
	if err != nil {
		t.Fatal(err)
	}
	in, out := report.Domains[0].Unlikeness, report.Domains[1].Unlikeness
	if in == nil || out == nil || in.Marked != 0 || out.Marked != 0.5 {
		t.Fatalf("marked: %+v and %+v", in, out)
	}
	if !math.IsNaN(in.AUROC) || out.AUROC < 0.75 || out.AUROC > 0.9 {
		t.Errorf("AUROC %v and %v", in.AUROC, out.AUROC)
	}
	all, rest := report.Domains[1].row(FineCE).At[First].ECE.Value, out.Rest[First].ECE.Value
	if all < 0.2 || rest > 0.1 {
		t.Errorf("ECE %.3f, without the marked %.3f", all, rest)
	}
	var b strings.Builder
	if err := report.Markdown(&b, About{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "| far | 50.0% |") {
		t.Errorf("no row of the mark in\n%s", b.String())
	}
}
