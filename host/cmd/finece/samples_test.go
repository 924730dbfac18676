package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/finece/finece/host/cmd/finece/internal/models"
	"github.com/finece/finece/host/lm/weights"
)

// solved are labelled answers to word problems: reference solutions, and every other one
// with a wrong result. The last one has no result.
func solved(t *testing.T, n int) string {
	t.Helper()
	made := finece(t, "", "train", "problems", "--pool", "test", "--seed", "3", "-n", fmt.Sprint(n))
	made.wants(t, 0)
	var b strings.Builder
	for i, line := range strings.Split(strings.TrimSpace(made.out), "\n") {
		var q struct{ ID, Question, Solution string }
		if err := json.Unmarshal([]byte(line), &q); err != nil {
			t.Fatal(err)
		}
		text := q.Solution
		switch {
		case i == n-1:
			text = "Nobody knows."
		case i%2 == 1:
			text += "9"
		}
		out, _ := json.Marshal(map[string]any{"id": q.ID, "question": q.Question, "answer": text, "correct": i%2 == 0})
		b.Write(append(out, '\n'))
	}
	return b.String()
}

// score --estimator samples asks the built-in generator again, resumes, and is calibrated by
// a map alone.
func TestScoreBySamples(t *testing.T) {
	url, done, err := models.Serve()
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	const n = 40
	in := solved(t, n)
	folder := t.TempDir()
	out, fitted := filepath.Join(folder, "scores.jsonl"), filepath.Join(folder, "map.json")
	args := []string{"score", "--estimator", "samples", "--samples", "3", "--server", url, "--model", weights.Generator, "--max-tokens", "200"}
	r := finece(t, in, append(args, "-o", out, "-")...)
	r.wants(t, 1, "1 answers have no confidence: no final answer was found")
	cost := regexp.MustCompile(`78 further answers were sampled: (\d+) prompt tokens and (\d+) completion tokens`)
	if found := cost.FindStringSubmatch(r.err); found == nil || found[1] == "0" || found[2] == "0" {
		t.Errorf("it says\n%s", r.err)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	if len(lines) != n {
		t.Fatalf("%d lines", len(lines))
	}
	sum := map[bool]float64{}
	for i, line := range lines {
		var l struct {
			Correct    bool
			Confidence *float64
			Finece     struct {
				Calibrated bool
				Reason     string
				Source     struct{ Estimator string }
			}
		}
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatal(err)
		}
		switch f := l.Finece; {
		case i == n-1:
			if l.Confidence != nil || f.Reason != "bad-reply" {
				t.Errorf("without a final answer: %s", line)
			}
		case l.Confidence == nil:
			if f.Reason != "bad-reply" { // both further answers may lack a result
				t.Errorf("line %d: %s", i, line)
			}
		case f.Calibrated || f.Source.Estimator != "samples" || math.Mod(*l.Confidence, 0.5) != 0:
			t.Errorf("line %d: %s", i, line)
		default:
			sum[l.Correct] += *l.Confidence
		}
	}
	if !(sum[true] > sum[false]+3) {
		t.Errorf("right answers have %v agreements, wrong ones %v", sum[true], sum[false])
	}
	// After a kill the others are asked again, with the same seeds.
	half := bytes.Join(lines[:n/2], []byte("\n"))
	if err := os.WriteFile(out, append(half, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
	finece(t, in, append(args, "-o", out, "-")...).wants(t, 1, "20 lines are there already", "further answers were sampled")
	if again, err := os.ReadFile(out); err != nil || !bytes.Equal(again, text) {
		t.Errorf("a resumed run differs: %v", err)
	}
	// Another number of samples needs another file.
	other := append([]string{}, args...)
	other[4] = "2"
	finece(t, in, append(other, "-o", out, "-")...).wants(t, 2, "scored with other flags")
	// A map turns it into a probability.
	finece(t, string(text), "calibrate", "--method", "platt", "--resamples", "50", "-o", fitted, "-").wants(t, 1, "39 rows were used; 1 were left out")
	mapped := finece(t, strings.Split(in, "\n")[0]+"\n", append(args, "--calibration", fitted, "-")...)
	mapped.wants(t, 0, "2 further answers were sampled")
	if !strings.Contains(mapped.out, `"calibrated":true,"source":{"estimator":"samples","map":"platt"`) {
		t.Error(mapped.out)
	}
}

func TestScoreBySamplesIsRefused(t *testing.T) {
	for _, c := range []struct {
		says string
		args []string
	}{
		{"needs --server", []string{"score", "--estimator", "samples", "-"}},
		{"needs --estimator samples", []string{"score", "--samples", "3", "-"}},
		{"want 2 to 100", []string{"score", "--estimator", "samples", "--server", "http://127.0.0.1:1/v1", "--samples", "1", "-"}},
		{"this grader reads no final answer", []string{"score", "--estimator", "samples", "--server", "http://127.0.0.1:1/v1", "--agree-by", "statements", "-"}},
		{"needs a server that answers again", []string{"watch", "--estimator", "samples", "-"}},
	} {
		finece(t, "", c.args...).wants(t, 2, c.says)
	}
}
