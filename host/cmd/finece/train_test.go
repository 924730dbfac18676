package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/finece/finece/host/train"
)

// trained is a line of training data.
type trained struct {
	Messages                       []train.Message
	Instruction, Input, Output     string
	Confidence                     float64
	ID, Position, Question, Family string
	Gold                           []string
	Solution                       string
	K, N                           int
}

func decoded(t *testing.T, text string) (all []trained) {
	t.Helper()
	for _, line := range linesOf(text) {
		var l trained
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		all = append(all, l)
	}
	return all
}

// TestTrainData goes from questions to training data: questions, labels of them
// that finece construct samples, and the export of each split.
func TestTrainData(t *testing.T) {
	folder := t.TempDir()
	questions, states := filepath.Join(folder, "questions.jsonl"), filepath.Join(folder, "states.jsonl")
	finece(t, "", "train", "problems", "--pool", "confidence", "-n", "12", "--seed", "3", "-o", questions).wants(t, 0)
	raw, err := os.ReadFile(questions)
	if err != nil {
		t.Fatal(err)
	}
	q := decoded(t, string(raw))
	if len(q) != 12 || len(q[0].Gold) != 1 || !strings.HasSuffix(q[0].Solution, "#### "+q[0].Gold[0]) {
		t.Fatalf("%+v", q)
	}
	if again := finece(t, "", "train", "problems", "--pool", "confidence", "-n", "12", "--seed", "3"); again.out != string(raw) {
		t.Error("the same seed gives other problems")
	}
	for _, other := range []string{"--seed=4", "--pool=test", "--domain=long"} {
		if r := finece(t, "", "train", "problems", "--pool", "confidence", "-n", "12", "--seed", "3", other); r.out == string(raw) || len(linesOf(r.out)) != 12 {
			t.Errorf("%s: %s", other, r.out)
		}
	}

	g := newGenerator(t)
	finece(t, "", g.args(questions, states, "--split", "0.6,0.4,0")...).wants(t, 0, "12 questions")
	all := decoded(t, finece(t, "", "train", "export", states).out)
	out := filepath.Join(folder, "train.jsonl")
	finece(t, "", "train", "export", "--split", "train", "-o", out, states).wants(t, 0, " lines")
	raw, err = os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	part := decoded(t, string(raw))
	dev := decoded(t, finece(t, string(mustRead(t, states)), "train", "export", "--split", "dev", "-").out)
	if len(part) == 0 || len(dev) == 0 || len(part)+len(dev) != len(all) {
		t.Errorf("%d lines to train on, %d held out, of %d", len(part), len(dev), len(all))
	}
	of := map[string]bool{}
	for _, l := range part {
		of[l.ID] = true
	}
	for _, l := range dev {
		if of[l.ID] {
			t.Errorf("%s is in both splits", l.ID)
		}
	}
	for _, l := range all {
		if len(l.Messages) != 3 || l.Messages[0].Role != "system" || l.N == 0 || l.Confidence != float64(l.K)/float64(l.N) || !strings.HasPrefix(l.Messages[2].Content, "0.") {
			t.Fatalf("%+v", l)
		}
	}
	alpaca := decoded(t, finece(t, "", "train", "export", "--layout", "alpaca", "--one", "--digits", "2", "--question-only", states).out)
	if len(alpaca) != 12 {
		t.Errorf("%d questions, want 12", len(alpaca))
	}
	for _, l := range alpaca {
		if l.Position != "p(0)" || l.Instruction == "" || !strings.HasPrefix(l.Input, "<question>\n") || len(l.Output) != len("0.00") || l.Messages != nil {
			t.Errorf("%+v", l)
		}
	}
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestTrainCorpus(t *testing.T) {
	out := filepath.Join(t.TempDir(), "corpus.jsonl")
	finece(t, "", "train", "corpus", "-n", "64", "-o", out).wants(t, 0)
	all := decoded(t, string(mustRead(t, out)))
	opinions := 0
	for _, c := range all {
		if len(c.Messages) == 4 {
			opinions++
		}
	}
	if len(all) != 64 || opinions != 8 {
		t.Errorf("%d conversations, %d with an opinion", len(all), opinions)
	}
	prompts := decoded(t, finece(t, "", "train", "corpus", "--prompts", "-n", "6").out)
	if len(prompts) != 6 || prompts[0].Messages[0].Role != "system" {
		t.Errorf("%+v", prompts)
	}
	if left, _ := filepath.Glob(out + "*"); len(left) != 1 {
		t.Errorf("it left %v", left)
	}
}
