package baseline_test

import (
	"errors"
	"math"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"github.com/finece/finece/host/baseline"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/lm"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/openai"
	"github.com/finece/finece/wasm/estimate"
)

// served returns a server of host/lm with its test models: a language model and a model with
// a value head.
func served(t testing.TB) *httptest.Server {
	t.Helper()
	folder := filepath.Join("..", "lm", "testdata")
	language, err := lm.Load(os.DirFS(filepath.Join(folder, "untied")))
	if err != nil {
		t.Fatal(err)
	}
	value, err := lm.LoadAdapter(os.DirFS(filepath.Join(folder, "untied")), os.DirFS(filepath.Join(folder, "lora-value")))
	if err != nil {
		t.Fatal(err)
	}
	var models []lm.Served
	for name, m := range map[string]*lm.Model{"language": language, "value": value} {
		e, err := lm.NewEngine(m, lm.DefaultOptions())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(e.Close)
		models = append(models, lm.Served{Name: name, Engine: e})
	}
	s, err := lm.NewServer(models...)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	return web
}

// TestOurServer collects everything from a transformer. It compares the log-probabilities of
// the text that the model writes with those of the same text when it is scored.
func TestOurServer(t *testing.T) {
	web := served(t)
	server := config(web.URL+"/v1", func(c *model.Config) { c.Concurrency, c.Retries = 4, 0 })
	g, err := openai.NewGenerator(openai.GeneratorConfig{Server: server, Model: "language", Temperature: 1, MaxTokens: 24})
	if err != nil {
		t.Fatal(err)
	}
	m := estimate.DefaultModel()
	m.Adapter, m.Name = estimate.Classify, "value"
	m.Instructions[estimate.QuestionOnly] = "Is it easy?" // the model has room for 256 tokens
	h, err := baseline.NewHead(server, m)
	if err != nil {
		t.Fatal(err)
	}
	c := baseline.DefaultConfig()
	c.Generator, c.Head, c.Samples = g, h, 6
	c.Equivalence = grade.ByFinal{Reader: grade.AliasGrader{}}
	c.Scoring = baseline.Scoring{Method: baseline.Echo, Prompt: "<|user|>{question}<|end|><|assistant|>"}
	col := collector(t, c)
	all := append(baseline.Estimators(fitted(t)), baseline.FirstProb{Top: 5}, baseline.FirstProb{Next: true}, baseline.SemanticEntropy{Weighting: baseline.Sequence})
	q := &grade.Question{ID: "1", Text: "Anna has 12 apples and buys 30 more. How many apples does she have?"}
	for _, state := range []baseline.State{
		{Question: q},
		{Question: q, Text: "She has 12 + 30 = 42 apples."},
		{Question: q, Text: "She has 12 + 30 = 42 apples.\n\nThe answer is 42.", Complete: true},
	} {
		st, err := col.Collect(t.Context(), state, baseline.NeedsOf(all...))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range all {
			got, err := e.Confidence(st)
			if err != nil {
				t.Logf("%q: %s: %v", state.Text, e.Name(), err)
			}
			if err != nil && !errors.Is(err, baseline.ErrUnavailable) || err == nil && !(got >= 0 && got <= 1) {
				t.Errorf("%s: %v, %v", e.Name(), got, err)
			}
			switch e.Name() {
			case "verb", "ms": // random weights say no number
				continue
			case "leco", "lowest-group":
				if state.Text == "" {
					continue
				}
			case "first-prob-next":
				if state.Complete {
					continue
				}
			}
			if err != nil {
				t.Errorf("%q: %s: %v", state.Text, e.Name(), err)
			}
		}
		if cost := st.Cost(baseline.Samples); cost.Completions != 6 || cost.PromptTokens == 0 || cost.CompletionTokens < 6 {
			t.Errorf("samples cost %+v", cost)
		}
	}
	// The valid UTF-8 prefix of a greedy text has the same scores as when it was written.
	st, err := col.Collect(t.Context(), baseline.State{Question: q}, baseline.Chosen|baseline.First)
	if err != nil {
		t.Fatal(err)
	}
	text, n := "", 0
	for _, token := range st.Chosen.Tokens {
		if !utf8.ValidString(token.Text) || token.Text == "" {
			break
		}
		text += token.Text
		n++
	}
	if st.First.Logprob != st.Chosen.Tokens[0].Logprob || len(st.First.Top) != 5 {
		t.Errorf("first %+v, of %+v", st.First, st.Chosen.Tokens[0])
	}
	scored, err := col.Collect(t.Context(), baseline.State{Question: q, Text: text}, baseline.Tokens)
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for i, token := range scored.Tokens {
		if i >= n || token.Text != st.Chosen.Tokens[i].Text {
			break // the text has other tokens when it is read
		}
		if math.Abs(token.Logprob-st.Chosen.Tokens[i].Logprob) > 1e-4 {
			t.Errorf("token %d %q: %v when it is scored, %v when it was written", i, token.Text, token.Logprob, st.Chosen.Tokens[i].Logprob)
		}
		compared++
	}
	t.Logf("%q: %d of %d tokens were compared", text, compared, n)
	if compared < 3 {
		t.Errorf("%d of %d tokens of %q could be compared", compared, n, text)
	}
}
