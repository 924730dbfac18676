package baseline_test

import (
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/finece/finece/host/baseline"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/openai"
)

func tokensOf(logprobs ...float64) []openai.Token {
	var out []openai.Token
	for _, lp := range logprobs {
		out = append(out, openai.Token{Text: "a ", Logprob: lp})
	}
	return out
}

// The tokens of the sampled answer are used as they are: no server scores the text, and
// there is no cost.
func TestTokensThatAreKnown(t *testing.T) {
	s := newScript(t)
	c := collector(t, s.config(t))
	tokens := tokensOf(-0.1, -2, -0.3)
	state := baseline.State{Question: &grade.Question{ID: "q", Text: "What?"}, Text: "a a a", Tokens: tokens}
	list := []baseline.Estimator{baseline.Probability{Least: true}, baseline.Probability{}, baseline.DefaultLECO(), baseline.FirstProb{}}
	got, err := c.Collect(t.Context(), state, baseline.NeedsOf(list...))
	if err != nil {
		t.Fatal(err)
	}
	if n := s.total(); n != 0 {
		t.Errorf("%d requests", n)
	}
	for i, want := range []float64{math.Exp(-2), math.Exp(-2.4 / 3), math.NaN(), math.Exp(-0.1)} {
		v, err := list[i].Confidence(got)
		if err != nil || !math.IsNaN(want) && math.Abs(v-want) > 1e-12 {
			t.Errorf("%s: %v, %v; want %v", list[i].Name(), v, err, want)
		}
		if cost := got.CostOf(list[i]); cost != (baseline.Cost{}) {
			t.Errorf("%s costs %+v", list[i].Name(), cost)
		}
	}
}

// LECO by the lowest step is that of the least confident step, and at most the mean.
func TestLeastStep(t *testing.T) {
	first, second := tokensOf(-0.1, -0.1), tokensOf(-3, -0.2, -1)
	of := func(l baseline.LECO, text string, steps []int, tokens []openai.Token) float64 {
		v, err := l.Confidence(&baseline.Statistics{State: baseline.State{Text: text}, Have: baseline.Tokens, Steps: steps, Tokens: tokens})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	mean, least := baseline.DefaultLECO(), baseline.DefaultLECO()
	least.Least = true
	a, b := of(mean, "a a ", []int{4}, first), of(mean, "a a a ", []int{6}, second)
	all := append(first, second...)
	if got := of(least, "a a a a a ", []int{4, 10}, all); got != min(a, b) || got == max(a, b) {
		t.Errorf("least %v of %v and %v", got, a, b)
	}
	if got := of(mean, "a a a a a ", []int{4, 10}, all); math.Abs(got-(a+b)/2) > 1e-12 {
		t.Errorf("mean %v of %v and %v", got, a, b)
	}
}

// P(True) is the share of "1" among "0" and "1". It is unavailable for any other reply.
func TestPTrue(t *testing.T) {
	for _, c := range []struct {
		top  string
		want float64 // -1 for unavailable
	}{
		{`{"token":"1","logprob":-0.5108256237659907,"top_logprobs":[{"token":"1","logprob":-0.5108256237659907},{"token":"0","logprob":-1.6094379124341003},{"token":"x","logprob":-1.6094379124341003}]}`, 0.75},
		{`{"token":" 0","logprob":-0.2231435513142097,"top_logprobs":[{"token":" 0","logprob":-0.2231435513142097}]}`, 0},
		{`{"token":"The","logprob":-0.1,"top_logprobs":[{"token":"The","logprob":-0.1},{"token":"1","logprob":-3}]}`, -1},
		{``, -1},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte(`{"choices":[{"message":{"content":"1"},"logprobs":{"content":[` + c.top + `]}}],"usage":{"prompt_tokens":30,"completion_tokens":1}}`))
		}))
		g, err := openai.NewGenerator(openai.GeneratorConfig{Server: model.DefaultConfig(server.URL + "/v1"), Temperature: 1})
		if err != nil {
			t.Fatal(err)
		}
		config := baseline.DefaultConfig()
		config.Generator = g
		collector, err := baseline.NewCollector(config)
		if err != nil {
			t.Fatal(err)
		}
		s, err := collector.Collect(t.Context(), baseline.State{Question: &grade.Question{ID: "q", Text: "What?"}, Text: "42"}, baseline.True)
		server.Close()
		if err != nil {
			t.Fatal(err)
		}
		got, err := baseline.PTrue{}.Confidence(s)
		if c.want < 0 && !errors.Is(err, baseline.ErrUnavailable) || c.want >= 0 && (err != nil || math.Abs(got-c.want) > 1e-9) {
			t.Errorf("%s: %v, %v; want %v", c.top, got, err, c.want)
		}
		if cost := s.CostOf(baseline.PTrue{}); cost.PromptTokens != 30 || cost.CompletionTokens != 1 {
			t.Errorf("cost %+v", cost)
		}
	}
}

// The hybrid is the mean of the agreement and the stated confidence.
func TestTwoSamples(t *testing.T) {
	for _, c := range []struct {
		complete bool
		chosen   int
		samples  []int
		said     float64
		want     float64
	}{
		{true, 0, []int{0, 1}, 0.6, 0.8}, {true, 0, []int{1, 0}, 0.6, 0.55}, {false, 5, []int{2, 2}, 0.2, 0.6},
		{false, 5, []int{2, 5}, 0.2, 0.35}, {true, grade.NoAnswer, []int{grade.NoAnswer}, 1, 0.75},
	} {
		h := baseline.TwoSample{}
		s := &baseline.Statistics{State: baseline.State{Complete: c.complete, Text: "x"}, Have: h.Needs() | baseline.Samples, Chosen: baseline.Answer{Class: c.chosen}, Verbal: baseline.Reading{Confidence: c.said}}
		for _, class := range c.samples {
			s.Samples = append(s.Samples, baseline.Answer{Class: class})
		}
		if got, err := h.Confidence(s); err != nil || math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%+v: %v, %v", c, got, err)
		}
	}
}

// The two series of p = 1, 1/2 and 1/2 of two alternatives: p(1-p) is 0, 1/4, 1/4, and the
// entropy 0, ln 2, ln 2. Both have a slope of their last value over [0,1], and R^2 = 3/4.
func TestProfile(t *testing.T) {
	half := []openai.Alternative{{Text: "a", Logprob: math.Log(0.5)}, {Text: "b", Logprob: math.Log(0.5)}}
	sure := openai.Token{Text: "a", Logprob: 0, Top: []openai.Alternative{{Text: "a"}}}
	unsure := openai.Token{Text: "a", Logprob: math.Log(0.5), Top: half}
	got := baseline.Profile([]openai.Token{sure, unsure, unsure})
	want := []float64{0, 0.25, 0.25, 0.25, 0.75, 0, math.Ln2, math.Ln2, math.Ln2, 0.75}
	if len(got) != baseline.ProfileFeatures {
		t.Fatalf("%d features", len(got))
	}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-9 {
			t.Errorf("feature %d is %v, want %v", i, got[i], want[i])
		}
	}
	if baseline.Profile(nil) != nil || baseline.Profile(tokensOf(math.NaN())) != nil {
		t.Error("a profile of no log-probabilities")
	}
	for n := range 7 { // short answers have all features, too
		for i, v := range baseline.Profile(tokensOf(make([]float64, n+1)...)) {
			if math.IsNaN(v) {
				t.Errorf("feature %d of %d tokens is NaN", i, n+1)
			}
		}
	}
}

// The solver scores the text on the generator's server, under its own name.
func TestSolver(t *testing.T) {
	s := newScript(t)
	config := s.config(t)
	config.Solver = "the-solver"
	c := collector(t, config)
	list := baseline.Solver()
	got, err := c.Collect(t.Context(), baseline.State{Question: &grade.Question{ID: "q", Text: "What?"}, Text: "One two."}, baseline.NeedsOf(list...))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if v, err := e.Confidence(got); err != nil || !(v > 0 && v < 1) || !strings.HasPrefix(e.Name(), baseline.SolverPrefix) {
			t.Errorf("%s: %v, %v", e.Name(), v, err)
		}
	}
	if len(s.bodies) != 1 || s.bodies[0]["model"] != "the-solver" {
		t.Errorf("%v", s.bodies)
	}
	if none, err := collector(t, newScript(t).config(t)).Collect(t.Context(), got.State, baseline.NeedsOf(list...)); err != nil {
		t.Error(err)
	} else if _, err := list[0].Confidence(none); !errors.Is(err, baseline.ErrUnavailable) {
		t.Errorf("without a solver: %v", err)
	}
}
