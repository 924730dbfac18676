package weights_test

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"testing"

	"github.com/finece/finece/host/baseline"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/lm"
	"github.com/finece/finece/host/lm/weights"
	"github.com/finece/finece/host/train/problems"
	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/estimate/attempts"
)

// About half of the generator's answers are right, as after its training. Fewer are right on
// problems of other domains.
func TestTheGeneratorIsRightAboutHalfTheTime(t *testing.T) {
	in, long := shareRight(t, weights.Generator, problems.InDomain, 1), shareRight(t, weights.Generator, problems.LongChains, 1)
	if in < 0.4 || in > 0.8 || long > in/2 {
		t.Errorf("%.0f%% right in domain, %.0f%% of longer chains", 100*in, 100*long)
	}
}

// The first layers of the confidence model are the solver, which seldom makes a mistake.
func TestTheSolverHardlyErrs(t *testing.T) {
	if share := shareRight(t, weights.Solver, problems.InDomain, 0); share < 0.85 {
		t.Errorf("%.0f%% right", 100*share)
	}
}

// shareRight returns the share of a model's answers that are right, of 8 to each of 40
// questions.
func shareRight(t *testing.T, name string, domain problems.Domain, temperature float64) float64 {
	t.Helper()
	m, err := weights.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	e, err := lm.NewEngine(m, lm.DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	source := problems.NewSource(11, domain, problems.Test)
	right, all := 0, 0
	for i := range 40 {
		p := source.Next()
		prompt, err := m.Tokenizer().Chat([]lm.Message{{Role: "user", Content: p.Question}}, false)
		if err != nil {
			t.Fatal(err)
		}
		r, err := e.Generate(context.Background(), lm.Request{Prompt: prompt, N: 8, MaxTokens: 200, Temperature: temperature, Seed: uint64(i)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		q := &grade.Question{Text: p.Question, Gold: []string{strconv.Itoa(p.Answer)}}
		for _, c := range r.Choices {
			v, err := grade.NumberGrader{}.Grade(context.Background(), q, c.Text)
			if err != nil {
				t.Fatal(err)
			}
			if v == grade.Right {
				right++
			}
			all++
		}
	}
	return float64(right) / float64(all)
}

func TestEveryModelLoads(t *testing.T) {
	for _, name := range append(weights.Names(), weights.Solver, weights.Plain) {
		m, err := weights.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if card, err := weights.Card(name); (err == nil && card.Labels > 0) != (name != weights.Generator && name != weights.Solver) {
			t.Errorf("card of %s: %+v, %v", name, card, err)
		}
		if head := name == weights.Value || name == weights.Head; m.Config().ValueHead != head {
			t.Errorf("%s: value head %v", name, m.Config().ValueHead)
		}
	}
	if err := json.Unmarshal(weights.SuC, new(baseline.SuC)); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"none", "", "../weights/generator", "generator/"} {
		if _, err := weights.Load(name); err == nil {
			t.Errorf("there is a model called %q", name)
		}
	}
}

// TestNoAttemptWritesATokenOfTheTemplate checks that the prompt of the confidence model has
// only the special tokens of its template, whatever the question or the answer contains.
func TestNoAttemptWritesATokenOfTheTemplate(t *testing.T) {
	m, err := weights.Load(weights.Confidence)
	if err != nil {
		t.Fatal(err)
	}
	asked := estimate.DefaultModel()
	special := func(question, answer string) (names []string) {
		var request struct{ Messages []lm.Message }
		body := asked.AppendRequest(nil, estimate.Complete, []byte(question), []byte(answer))
		if err := json.Unmarshal(body, &request); err != nil {
			t.Fatal(err)
		}
		ids, err := m.Tokenizer().Chat(request.Messages, false)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"<|system|>", "<|user|>", "<|assistant|>", "<|end|>"} {
			special, ok := m.Tokenizer().Special(name)
			if !ok {
				t.Fatalf("no token %s", name)
			}
			for _, id := range ids {
				if id == special {
					names = append(names, name)
				}
			}
		}
		return names
	}
	want := special("How many?", "#### 3")
	if len(want) != 5 {
		t.Fatalf("a prompt has %q", want)
	}
	for _, a := range attempts.All() {
		question, answer := a.In("How many?", "#### 3")
		if got := special(question, answer); !slices.Equal(got, want) {
			t.Errorf("%q: %q", a.Text, got)
		}
	}
}
