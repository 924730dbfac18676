package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/finece/finece/host/cmd/finece/internal/models"
	"github.com/finece/finece/host/experiment"
)

// TestExperiment runs on the models that are built in, on few questions: every
// estimator has its confidences. A script tests that a second run sends no requests.
func TestExperiment(t *testing.T) {
	folder := t.TempDir()
	args := []string{"experiment", "-o", folder, "--in-domain", "2", "--number", "1", "--answers", "1", "--samples", "3", "--labels", "1"}
	finece(t, "", args...).wants(t, 0)

	b, err := os.ReadFile(filepath.Join(folder, "records.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	lines := linesOf(string(b))
	if len(lines) != 2+3*1 {
		t.Fatalf("%d records, want 5", len(lines))
	}
	seen := map[string]int{}
	trees := 0
	for _, line := range lines {
		var r experiment.Record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		costsGrow(t, &r)
		for _, p := range r.Points {
			for name, v := range p.Confidence {
				if !(v >= 0 && v <= 1) {
					t.Fatalf("%s at %s %d is %v", name, p.Strategy, p.Index, v)
				}
				seen[name]++
			}
			if p.Tree != nil {
				trees++
			}
			if _, ok := p.Confidence[experiment.FineCE]; !ok {
				t.Errorf("no confidence at %s %d of %s", p.Strategy, p.Index, r.ID)
			}
		}
	}
	for _, name := range []string{experiment.FineCE, experiment.Plain, experiment.ValueHead, "p(ik)", "self-consistency", "first-prob", "suc", "se", "cocoa", "leco", "leco-min", "min-prob", "perplexity", "solver-min-prob", "solver-perplexity", experiment.QuestionAlone} {
		if seen[name] == 0 {
			t.Errorf("%s says nothing", name)
		}
	}
	if trees == 0 {
		t.Error("no tree")
	}
	// Replies without a confidence are counted, and not asked for again.
	for _, name := range []string{"verb", "ms", "two-sample"} {
		if seen[name] != 0 || !strings.Contains(string(b), `"`+name+`":"no confidence in 1 replies"`) || !strings.Contains(string(b), `"`+name+`":"no confidence in 2 replies"`) {
			t.Errorf("%s has %d confidences", name, seen[name])
		}
	}
}

// costsGrow checks that each of FineCE's estimates has the cost of its own prompt, which
// grows with the answer (that of p(z) has another instruction), and that the last share of
// the tokens is p(z).
func costsGrow(t *testing.T, r *experiment.Record) {
	t.Helper()
	before, shares := 0, 0
	var whole experiment.Point
	for _, p := range r.Points {
		switch p.Strategy {
		case experiment.ByParagraph:
			cost := p.Cost[experiment.FineCE]
			if cost.Requests != 1 || cost.PromptTokens < p.Tokens || p.Index < p.Last && cost.PromptTokens <= before {
				t.Errorf("p(%d) of %s costs %+v, the one before it %d", p.Index, r.ID, cost, before)
			}
			before = cost.PromptTokens
			whole = p
		case experiment.ByShare:
			shares++
			if p.Index == p.Last && (p.Tokens != whole.Tokens || !maps.Equal(p.Confidence, whole.Confidence) || !maps.Equal(p.Cost, whole.Cost)) {
				t.Errorf("%s: all of the tokens have %+v, p(z) has %+v", r.ID, p, whole)
			}
		}
	}
	if shares != 4 {
		t.Errorf("%s: %d shares", r.ID, shares)
	}
}

// namesIn returns the estimators that have a confidence at any point of the records.
func namesIn(t *testing.T, records string) map[string]bool {
	t.Helper()
	seen := map[string]bool{}
	for _, line := range linesOf(records) {
		var r experiment.Record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		for _, p := range r.Points {
			for name := range p.Confidence {
				seen[name] = true
			}
		}
	}
	return seen
}

// Another generator has no value head, and no clusters of texts: these need the built-in
// models.
func TestExperimentOnAnotherServer(t *testing.T) {
	g := newGenerator(t)
	folder := t.TempDir()
	questions := filepath.Join(folder, "q.jsonl")
	if err := os.WriteFile(questions, []byte(`{"id":"a","question":"What is 17 + 25?","gold":["42"]}`+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	finece(t, "", "experiment", "-o", folder, "--server", g.URL+"/v1", "--questions", "sums="+questions, "--grader", "number", "--answers", "1", "--samples", "2").wants(t, 0)
	b, err := os.ReadFile(filepath.Join(folder, "records.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if seen := namesIn(t, string(b)); !seen["self-consistency"] || seen["suc"] || seen["p(ik)"] {
		t.Errorf("%v", seen)
	}
}

// Open-ended answers have the same tables as others. Estimators that compare final answers
// have no rows in them; the one that compares whole texts has one.
func TestExperimentOnOpenEndedAnswers(t *testing.T) {
	url, done, err := models.Serve()
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	folder := t.TempDir()
	questions := filepath.Join(folder, "q.jsonl")
	finece(t, "", "train", "problems", "--domain", "open", "-n", "2", "-o", questions).wants(t, 0)
	finece(t, "", "experiment", "-o", folder, "--server", url, "--questions", "open="+questions, "--grader", "statements", "--confidence", "FineCE=chat:confidence",
		"--score-prompt", "<|user|>{question}<|end|><|assistant|>", "--answers", "1", "--samples", "2", "--max-tokens", "100").wants(t, 0)
	records, report := string(mustRead(t, filepath.Join(folder, "records.jsonl"))), string(mustRead(t, filepath.Join(folder, "TABLES-open.md")))
	for name, want := range map[string]bool{
		"FineCE": true, "first-prob": true, "leco": true, "cocoa-cosine": true,
		"cocoa": false, "se": false, "self-consistency": false, "p(ik)": false, "suc": false,
	} {
		if namesIn(t, records)[name] != want {
			t.Errorf("%s: want %v", name, want)
		}
	}
	for _, row := range []string{"## The three strategies", "| periodic | ", "| entropy | ", "| entropy>0.1 | ", "| entropy>1 | "} {
		if !strings.Contains(report, row) {
			t.Errorf("no %q in\n%s", row, report)
		}
	}
}
