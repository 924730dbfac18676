package weights_test

import (
	"context"
	"encoding/json"
	"strconv"
	"testing"

	"github.com/finece/finece/host/baseline"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/lm"
	"github.com/finece/finece/host/lm/weights"
	"github.com/finece/finece/host/train/problems"
)

// The generator is right about half the time, as it was when it was trained, and
// less often on what it was not trained on.
func TestTheGeneratorIsRightAboutHalfTheTime(t *testing.T) {
	m, err := weights.Load(weights.Generator)
	if err != nil {
		t.Fatal(err)
	}
	e, err := lm.NewEngine(m, lm.DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	share := func(domain problems.Domain) float64 {
		source := problems.NewSource(11, domain, problems.Test)
		right, all := 0, 0
		for i := range 40 {
			p := source.Next()
			prompt, err := m.Tokenizer().Chat([]lm.Message{{Role: "user", Content: p.Question}}, false)
			if err != nil {
				t.Fatal(err)
			}
			r, err := e.Generate(context.Background(), lm.Request{Prompt: prompt, N: 8, MaxTokens: 200, Temperature: 1, Seed: uint64(i)}, nil)
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
	in, long := share(problems.InDomain), share(problems.LongChains)
	if in < 0.4 || in > 0.8 || long > in/2 {
		t.Errorf("%.0f%% right in domain, %.0f%% of longer chains", 100*in, 100*long)
	}
}

func TestEveryModelLoads(t *testing.T) {
	for _, name := range weights.Names() {
		m, err := weights.Load(name)
		if err != nil {
			t.Fatal(err)
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
