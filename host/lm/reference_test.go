//go:build servers

package lm

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// TestSmolLM2IsTransformers compares SmolLM2-135M-Instruct with transformers: conversations and
// texts as tokens, the greedy answers, and the 20 most probable tokens of each of their steps.
// make test-servers installs the model and transformers.
func TestSmolLM2IsTransformers(t *testing.T) {
	// bound is the largest allowed difference of a log-probability. In the four answers, which
	// have 79 tokens, 1.6e-4 was measured.
	const bound = 5e-4
	const build = "../../build"
	python := os.Getenv("FINECE_PYTHON")
	if python == "" {
		python = filepath.Join(build, "venv/bin/python")
	}
	folder := filepath.Join(build, "servers/smollm2")
	out, err := exec.Command(python, "testdata/reference.py", folder).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("%v: %s", err, exit.Stderr)
		}
		t.Fatalf("%v; run make test-servers, which installs it", err)
	}
	var want struct {
		Chats []struct {
			Messages []Message
			Continue bool
			Tokens   []int
			Text     string
			Steps    []struct {
				IDs      []int
				Logprobs []float64
			}
		}
		Texts []struct {
			Text   string
			Tokens []int
		}
	}
	if err := json.Unmarshal(out, &want); err != nil {
		t.Fatal(err)
	}
	m, err := Load(os.DirFS(folder))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range want.Texts {
		if got := m.tokenizer.Encode(c.Text); !slices.Equal(got, c.Tokens) {
			t.Errorf("%q is %v, want %v", c.Text, got, c.Tokens)
		}
	}
	e := engine(t, m, DefaultOptions())
	worst, compared := 0.0, 0
	for _, c := range want.Chats {
		prompt, err := m.tokenizer.Chat(c.Messages, c.Continue)
		if err != nil || !slices.Equal(prompt, c.Tokens) {
			t.Errorf("%q is %v, want %v: %v", c.Messages, prompt, c.Tokens, err)
			continue
		}
		r, err := e.Generate(t.Context(), Request{Prompt: prompt, MaxTokens: len(c.Steps), Logprobs: true, TopLogprobs: MaxTopLogprobs}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Choices[0]; got.Text != c.Text {
			t.Errorf("%q is answered by %q, want %q", c.Messages, got.Text, c.Text)
			continue
		}
		for i, p := range r.Choices[0].Probs {
			got := map[int]float64{p.ID: p.Logprob}
			for _, a := range p.Top {
				got[a.ID] = a.Logprob
			}
			for j, id := range c.Steps[i].IDs {
				lp, ok := got[id]
				if last := j == len(c.Steps[i].IDs)-1; !ok && last { // two tokens may be as probable
					continue
				}
				d := math.Abs(lp - c.Steps[i].Logprobs[j])
				if worst, compared = max(worst, d), compared+1; !ok || !(d <= bound) {
					t.Errorf("%q, token %d: %d has %v, want %v", c.Messages, i, id, lp, c.Steps[i].Logprobs[j])
				}
			}
		}
	}
	t.Logf("%d log-probabilities were compared; the greatest difference is %.1e", compared, worst)
}
