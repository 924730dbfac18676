package lm

import (
	"encoding/json"
	"io/fs"
	"math"
	"os"
	"slices"
	"testing"
)

var testdata = os.DirFS("testdata")

// folder returns a folder of testdata. make.py there has made it.
func folder(t testing.TB, name string) fs.FS {
	t.Helper()
	f, err := fs.Sub(testdata, name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func golden(t testing.TB, name string, into any) {
	t.Helper()
	file, err := fs.ReadFile(testdata, name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(file, into); err != nil {
		t.Fatal(err)
	}
}

func model(t testing.TB, name string) *Model {
	t.Helper()
	load := func() (*Model, error) { return Load(folder(t, name)) }
	if name == "lora" || name == "lora-value" {
		load = func() (*Model, error) { return LoadAdapter(folder(t, "untied"), folder(t, name)) }
	}
	m, err := load()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func engine(t testing.TB, m *Model, o Options) *Engine {
	t.Helper()
	e, err := NewEngine(m, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// tolerance is the largest allowed difference from PyTorch's logits. PyTorch sums in
// another order.
const tolerance = 2e-4

// TestForwardPassIsPyTorchs compares logits with golden.json, which transformers computed.
func TestForwardPassIsPyTorchs(t *testing.T) {
	var all map[string][]struct {
		Tokens   []int
		Logits   []float64
		Logprobs []float64
		Greedy   []int
	}
	golden(t, "golden.json", &all)
	for _, name := range []string{"untied", "half", "value", "lora", "lora-value"} {
		t.Run(name, func(t *testing.T) {
			if len(all[name]) == 0 {
				t.Fatal("there are no golden vectors")
			}
			e := engine(t, model(t, name), options(func(o *Options) { o.Chunk = 50 }))
			worst := 0.0
			differ := func(what string, i int, got, want float64) {
				d := math.Abs(got - want)
				if worst = max(worst, d); !(d <= tolerance) {
					t.Errorf("%s %d is %v, want %v", what, i, got, want)
				}
			}
			for _, g := range all[name] {
				s, err := e.Score(t.Context(), g.Tokens, 0)
				if err != nil {
					t.Fatal(err)
				}
				if len(s.Logits) != len(g.Logits) {
					t.Fatalf("%d logits, want %d", len(s.Logits), len(g.Logits))
				}
				for i, want := range g.Logits {
					differ("logit", i, float64(s.Logits[i]), want)
				}
				if e.Model().Config().ValueHead {
					differ("value", 0, s.Value, g.Logits[0])
					continue
				}
				for i, want := range g.Logprobs {
					differ("logprob", i+1, s.Logprobs[i+1].Logprob, want)
				}
				r, err := e.Generate(t.Context(), Request{Prompt: g.Tokens, MaxTokens: len(g.Greedy)}, nil)
				if err != nil {
					t.Fatal(err)
				}
				want := g.Greedy
				for i, id := range want {
					if slices.Contains(e.m.tokenizer.Ends(), id) {
						want = want[:i]
						break
					}
				}
				if got := r.Choices[0].Tokens; !equal(got, want) {
					t.Errorf("greedy %v, want %v", got, want)
				}
			}
			t.Logf("the greatest difference is %.1e", worst)
		})
	}
}

func equal(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// TestTokensAreThoseOfTokenizers compares tokens with tokens.json, which the tokenizers
// library made.
func TestTokensAreThoseOfTokenizers(t *testing.T) {
	var all map[string][]struct {
		Text   string
		Tokens []int
	}
	golden(t, "tokens.json", &all)
	if len(all) != 3 {
		t.Fatalf("there are %d tokenizers", len(all))
	}
	for name, cases := range all {
		tok := model(t, name).Tokenizer()
		for _, c := range cases {
			if got := tok.EncodeSpecial(c.Text); !equal(got, c.Tokens) {
				t.Errorf("%s: %q is %v, want %v", name, c.Text, got, c.Tokens)
			}
			plain := tok.Encode(c.Text)
			if got := tok.Decode(plain); got != c.Text {
				t.Errorf("%s: %q comes back as %q", name, c.Text, got)
			}
			for _, id := range plain {
				if tok.special[id] {
					t.Errorf("%s: %q has the special token %q", name, c.Text, tok.name(id))
				}
			}
		}
	}
}

// must returns a folder that is known to exist.
func must(fsys fs.FS, name string) fs.FS {
	f, err := fs.Sub(fsys, name)
	if err != nil {
		panic(err)
	}
	return f
}
