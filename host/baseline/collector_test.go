package baseline_test

import (
	"context"
	"errors"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/finece/finece/host/baseline"
	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/openai"
	"github.com/finece/finece/wasm/estimate"
)

const answer = "Step 1 is done.\n\nStep 2 is done.\n\n#### 42"

var sum = &grade.Question{ID: "q", Text: "What is 40 + 2?"}

// states returns p(0), p(1) and p(z).
func states() []baseline.State {
	return []baseline.State{{Question: sum}, {Question: sum, Text: "Step 1 is done."}, {Question: sum, Text: answer, Complete: true}}
}

func fitted(t testing.TB) *baseline.SuC {
	t.Helper()
	s, err := baseline.FitSuC([]construct.State{{Position: "p(0)", Question: "What is 3 + 4?", K: 3, N: 4}}, baseline.DefaultSuC())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func head(t testing.TB, s *script) *baseline.Head {
	t.Helper()
	m := estimate.DefaultModel()
	m.Adapter = estimate.Pooling
	server := s.server()
	server.BaseURL = s.URL
	h, err := baseline.NewHead(server, m)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestEndToEnd collects everything at three positions. It compares every value and every cost
// with the ones that follow from the script.
func TestEndToEnd(t *testing.T) {
	s := newScript(t)
	c := s.config(t)
	c.Head = head(t, s)
	col := collector(t, c)
	all := append(baseline.Estimators(fitted(t)),
		baseline.FirstProb{Next: true}, baseline.FirstProb{Top: 5}, baseline.CoCoA{Cosine: true}, baseline.SemanticEntropy{Weighting: baseline.Discrete})
	cost := func(requests, completions int) baseline.Cost {
		return baseline.Cost{Requests: requests, Completions: completions, PromptTokens: 100 * requests, CompletionTokens: 700 * requests}
	}
	first := func(token string) float64 { return math.Exp(logprobOf(token)) }
	// The tokens of the five alternatives are e^0, e^-1, ... times the first's.
	top := 1 / (1 + math.Exp(-1) + math.Exp(-2) + math.Exp(-3) + math.Exp(-4))
	echoed := first("Step") / (first("Step") + 4*math.Exp(-9))
	for i, state := range states() {
		st, err := col.Collect(t.Context(), state, baseline.NeedsOf(all...))
		if err != nil {
			t.Fatal(err)
		}
		if len(st.Samples) != 10 {
			t.Fatalf("%d samples", len(st.Samples))
		}
		right := 0
		for _, a := range st.Samples {
			if !strings.HasPrefix(a.Text, state.Text) && !state.Complete || len(a.Tokens) == 0 {
				t.Errorf("sample %+v", a)
			}
			if strings.HasSuffix(a.Text, "#### 42") {
				right++
			}
		}
		share := float64(right) / 10
		if right < 4 || right == 10 {
			t.Fatalf("%d of 10 samples are right", right)
		}
		given := []string{answer, "\n\nStep 2 is done.\n\n#### 42", answer}[i]
		want := map[string][3]any{ // a value, or a part of the reason; "" is not looked at
			"p(ik)":            {0.25, 0.25, 0.25},
			"self-consistency": {share, share, share},
			"first-prob":       {first("Step"), first("Step"), first("Step")},
			"first-prob-next":  {first("Step"), first("\n\nStep"), "nothing follows"},
			"first-prob-top5":  {top, echoed, echoed},
			"suc":              {0.75, 0.75, 0.75},
			"verb":             {0.45, 0.9, 0.7},
			"ms":               {"no step", 0.9, 0.9 * 0.8 * 0.7},
			"cocoa":            {math.Pow(geometric(given), 1-share), math.Pow(geometric(given), 1-share), math.Pow(geometric(given), 1-share)},
			"leco":             {"no step", "", ""},
			"lowest-group":     {"log-probabilities", "", ""},
			"se":               {"", "", ""}, "se-discrete": {"", "", ""}, "cocoa-cosine": {"", "", ""},
		}
		costs := map[string][3]baseline.Cost{
			"p(ik)":            {cost(1, 0), cost(1, 0), cost(1, 0)},
			"self-consistency": {cost(1, 10), cost(1, 10), cost(1, 10)},
			"se":               {cost(1, 10), cost(1, 10), cost(1, 10)},
			"first-prob":       {cost(1, 1), cost(1, 0), cost(1, 0)},
			"suc":              {},
			"verb":             {cost(1, 0), cost(1, 0), cost(1, 0)},
			"ms":               {{}, cost(1, 0), cost(3, 0)},
			"cocoa":            {cost(2, 11), cost(2, 11), cost(2, 10)},
			"leco":             {{}, cost(1, 0), cost(1, 0)},
			"lowest-group":     {{}, cost(1, 0), cost(1, 0)},
		}
		for _, e := range all {
			got, err := e.Confidence(st)
			switch w := want[e.Name()][i].(type) {
			case nil:
				t.Errorf("%s is not expected", e.Name())
			case float64:
				if err != nil || math.Abs(got-w) > 1e-12 {
					t.Errorf("state %d: %s is %v, %v; want %v", i, e.Name(), got, err, w)
				}
			case string:
				if w == "" && (err != nil || !(got > 0 && got < 1)) || w != "" && (err == nil || !strings.Contains(err.Error(), w)) {
					t.Errorf("state %d: %s is %v, %v; want %q", i, e.Name(), got, err, w)
				}
			}
			if w, ok := costs[e.Name()]; ok && st.Cost(e.Needs()) != w[i] {
				t.Errorf("state %d: %s costs %+v, want %+v", i, e.Name(), st.Cost(e.Needs()), w[i])
			}
		}
	}
	// Requests that states share were sent once.
	want := map[string]int{"samples": 2, "greedy": 2, "first": 2, "echo": 2, "verbal of the question": 1, "verbal": 3, "head": 1}
	if !maps.Equal(s.requests, want) {
		t.Errorf("requests: %v, want %v", s.requests, want)
	}
	for _, body := range s.bodies {
		messages, _ := body["messages"].([]any)
		if len(messages) < 4 {
			continue
		}
		roles, prompt := "", messages[3].(map[string]any)["content"]
		for _, m := range messages {
			roles += m.(map[string]any)["role"].(string) + " "
		}
		if roles != "system user assistant user " || prompt != "How likely is it that this answer is right? Reply with a number between 0 and 1." || body["temperature"] != 0.0 {
			t.Errorf("%v", body)
		}
	}
}

// store keeps values as a file would. No key may be saved twice.
type store struct {
	mu     sync.Mutex
	values map[string][]byte
	twice  int
}

func (s *store) Load(key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.values[key], nil
}

func (s *store) Save(key string, value []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.values[key] != nil {
		s.twice++
	}
	if !strings.HasPrefix(string(value), `{"key":"`+key+`","id":"q"`) || strings.Contains(string(value), "\n") {
		return errors.New("not a line: " + string(value))
	}
	s.values[key] = value
	return nil
}

// TestGoingOn asks for many states at once and resumes with the replies that a kill may have left.
// The values are the same, no reply that had arrived is requested again, and none is saved twice.
func TestGoingOn(t *testing.T) {
	s := newScript(t)
	s.mostN = 3
	run := func(kept *store) string {
		c := s.config(t)
		c.Head, c.Store = head(t, s), kept
		col := collector(t, c)
		all := baseline.Estimators(fitted(t))
		list := slices.Repeat(states(), 4)
		out := make([]string, len(list))
		var group errgroup.Group
		for i, state := range list {
			group.Go(func() error {
				st, err := col.Collect(t.Context(), state, baseline.NeedsOf(all...))
				if err != nil {
					return err
				}
				for _, e := range all {
					got, err := e.Confidence(st)
					out[i] += e.Name() + " " + strings.TrimSpace(formatted(got, err)) + " " + formatted(st.Cost(e.Needs())) + "\n"
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
		if kept.twice > 0 {
			t.Errorf("%d values were saved twice", kept.twice)
		}
		return strings.Join(out, "\n")
	}
	full := &store{values: map[string][]byte{}}
	want := run(full)
	asked := s.total()
	if asked != len(full.values) {
		t.Errorf("%d requests, %d replies saved", asked, len(full.values))
	}
	if run(full) != want || s.total() != asked {
		t.Error("what was saved gives other values, or was asked for again")
	}
	for part := range 3 {
		half := &store{values: map[string][]byte{}}
		for i, key := range slices.Sorted(maps.Keys(full.values)) {
			if i%3 != part {
				half.values[key] = full.values[key]
			}
		}
		before, kept := s.total(), len(half.values)
		if run(half) != want {
			t.Error("going on gives other values")
		}
		if again := s.total() - before; again != len(full.values)-kept {
			t.Errorf("%d requests again, want %d", again, len(full.values)-kept)
		}
	}
}

func TestWhatAServerLacks(t *testing.T) {
	s := newScript(t)
	s.noLogprobs.Store(true)
	s.noEcho.Store(true)
	s.prose.Store(true)
	col := collector(t, s.config(t))
	all := baseline.Estimators(nil)
	available := map[string]bool{}
	for _, state := range states() {
		st, err := col.Collect(t.Context(), state, baseline.NeedsOf(all...))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range append(all, baseline.SemanticEntropy{Weighting: baseline.Discrete}) {
			_, err := e.Confidence(st)
			switch {
			case err == nil:
				available[e.Name()] = true
			case !errors.Is(err, baseline.ErrUnavailable):
				t.Errorf("%s: %v", e.Name(), err)
			}
			for name, says := range map[string]string{"p(ik)": "needs a trained head", "verb": "did not give a number"} {
				if e.Name() == name && !strings.Contains(err.Error(), says) {
					t.Errorf("%s: %v", name, err)
				}
			}
			if state.Text != "" && e.Name() == "leco" && !strings.Contains(err.Error(), "HTTP 404") {
				t.Errorf("leco: %v", err)
			}
		}
	}
	if len(available) != 2 || !available["self-consistency"] || !available["se-discrete"] {
		t.Errorf("available: %v", available)
	}

	c := s.config(t)
	c.Scoring, c.NoLogprobs, c.Verb.QuestionPrompt = baseline.Scoring{}, true, ""
	s.bodies = nil
	col = collector(t, c)
	st, err := col.Collect(t.Context(), states()[1], baseline.NeedsOf(all...))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := baseline.DefaultLECO().Confidence(st); !errors.Is(err, baseline.ErrUnavailable) || !strings.Contains(err.Error(), "no way to score") {
		t.Errorf("%v", err)
	}
	for _, body := range s.bodies {
		if body["logprobs"] != nil {
			t.Errorf("logprobs are asked for: %v", body)
		}
	}
	if st, err = col.Collect(t.Context(), states()[0], baseline.Verbal); err != nil {
		t.Fatal(err)
	}
	if _, err := (baseline.Verb{}).Confidence(st); !errors.Is(err, baseline.ErrUnavailable) || !strings.Contains(err.Error(), "no answer yet") {
		t.Errorf("%v", err)
	}
}

func TestPromptLogprobs(t *testing.T) {
	s := newScript(t)
	c := s.config(t)
	c.Generator, _ = c.Generator.With(func(g *openai.GeneratorConfig) { g.System = "" })
	echo, err := collector(t, c).Collect(t.Context(), states()[2], baseline.Tokens)
	if err != nil {
		t.Fatal(err)
	}
	c.Scoring = baseline.Scoring{Method: baseline.PromptLogprobs}
	other, err := collector(t, c).Collect(t.Context(), states()[2], baseline.Tokens)
	if err != nil {
		t.Fatal(err)
	}
	a, err1 := baseline.DefaultLECO().Confidence(echo)
	b, err2 := baseline.DefaultLECO().Confidence(other)
	if a != b || err1 != nil || err2 != nil || len(other.Tokens) != 10 || s.count("prompt-logprobs") != 1 {
		t.Errorf("%v, %v; %v, %v; %d tokens", a, err1, b, err2, len(other.Tokens))
	}
}

func TestFailures(t *testing.T) {
	s := newScript(t)
	c := s.config(t)
	c.Head = head(t, s)
	s.down.Store(true)
	col := collector(t, c)
	for _, n := range []baseline.Needs{baseline.Samples, baseline.Chosen, baseline.First, baseline.Verbal, baseline.StepVerbals, baseline.Tokens} {
		_, err := col.Collect(t.Context(), states()[1], n)
		if n == baseline.First {
			n = baseline.Tokens
		}
		var failed *openai.ServerError
		if !errors.As(err, &failed) || failed.Status != http.StatusTeapot {
			t.Errorf("%b: %v", n, err)
		}
	}
	var failed *model.Error
	if _, err := col.Collect(t.Context(), states()[0], baseline.Known); !errors.As(err, &failed) {
		t.Errorf("%v", err)
	}
	if _, err := col.Collect(t.Context(), baseline.State{}, 0); err == nil {
		t.Error("a state needs no question")
	}
	// A failure is not kept.
	s.down.Store(false)
	if _, err := col.Collect(t.Context(), states()[1], baseline.Samples|baseline.Verbal); err != nil {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0)) // passed long ago
	defer cancel()
	if _, err := collector(t, c).Collect(ctx, states()[1], baseline.Samples|baseline.Verbal|baseline.Tokens); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

// Without an Equivalence, the estimators that compare answers are unavailable, and the others are not.
func TestWithoutAnEquivalence(t *testing.T) {
	c := newScript(t).config(t)
	c.Equivalence = nil
	list := []baseline.Estimator{baseline.SelfConsistency{}, baseline.SemanticEntropy{}, baseline.CoCoA{}, baseline.CoCoA{Cosine: true}, baseline.FirstProb{}}
	st, err := collector(t, c).Collect(t.Context(), states()[1], baseline.NeedsOf(list...))
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range list {
		if _, err := e.Confidence(st); errors.Is(err, baseline.ErrUnavailable) != (i < 3) || err != nil && i >= 3 {
			t.Errorf("%s: %v", e.Name(), err)
		}
	}
}

func TestConfigurations(t *testing.T) {
	s := newScript(t)
	for name, change := range map[string]func(*baseline.Config){
		"no generator":      func(c *baseline.Config) { c.Generator = nil },
		"no vectorizer":     func(c *baseline.Config) { c.Vectorizer = nil },
		"no samples":        func(c *baseline.Config) { c.Samples = 0 },
		"no requests":       func(c *baseline.Config) { c.Requests = 0 },
		"many alternatives": func(c *baseline.Config) { c.TopLogprobs = 1000 },
		"a prompt":          func(c *baseline.Config) { c.Scoring.Prompt = "x" },
		"a method":          func(c *baseline.Config) { c.Scoring.Method = 9 },
		"steps":             func(c *baseline.Config) { c.Steps = 0 },
		"no reply":          func(c *baseline.Config) { c.Verb.MaxTokens = 0 },
		"no prompt":         func(c *baseline.Config) { c.Verb.Prompt = "" },
	} {
		c := s.config(t)
		change(&c)
		if _, err := baseline.NewCollector(c); err == nil || !strings.HasPrefix(err.Error(), "baseline: ") && !strings.HasPrefix(err.Error(), "construct: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range baseline.Methods() {
		if m, err := baseline.ParseMethod(name); err != nil || m.String() != name {
			t.Errorf("%s: %v, %v", name, m, err)
		}
	}
	if _, err := baseline.ParseMethod("x"); err == nil {
		t.Error("x is a method")
	}
}
