package baseline_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/finece/finece/host/baseline"
	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/openai"
)

// golden is testdata/golden.json, which testdata/golden.py computes.
type golden struct {
	States map[string]goldenState
	SuC    []goldenSuC
}

type goldenSuC struct {
	Train []struct {
		Question string
		K, N     int
	}
	Clusters, Groups int
	Want             []struct {
		Question   string
		Confidence float64
	}
}

type goldenState struct {
	Samples    []goldenAnswer
	Answer     goldenAnswer
	Similarity []float64
	Steps      [][]float64
	Verbals    []float64
	Top        []float64
	Want       map[string]float64
}

type goldenAnswer struct {
	Class    int
	Logprobs []float64
}

func (a *goldenAnswer) answer() baseline.Answer {
	return baseline.Answer{Class: a.Class, Tokens: tokens(a.Logprobs...)}
}

// tokens returns tokens of one letter each.
func tokens(logprobs ...float64) (out []openai.Token) {
	for _, lp := range logprobs {
		out = append(out, openai.Token{Text: "x", Logprob: lp})
	}
	return out
}

func readGolden(t testing.TB) (g golden) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

const everything = baseline.Samples | baseline.Classes | baseline.Chosen | baseline.Agreement | baseline.Similarity |
	baseline.Tokens | baseline.First | baseline.Next | baseline.Verbal | baseline.StepVerbals | baseline.Known

func (g *goldenState) statistics(complete bool) *baseline.Statistics {
	s := &baseline.Statistics{Have: everything, Chosen: g.Answer.answer(), Similarity: g.Similarity}
	s.State = baseline.State{Question: &grade.Question{ID: "1", Text: "?"}, Complete: complete}
	for i := range g.Samples {
		s.Samples = append(s.Samples, g.Samples[i].answer())
	}
	for _, step := range g.Steps {
		s.Tokens = append(s.Tokens, tokens(step...)...)
		s.Steps = append(s.Steps, len(s.Tokens))
	}
	s.State.Text = strings.Repeat("x", len(s.Tokens))
	for _, v := range g.Verbals {
		s.StepVerbals = append(s.StepVerbals, baseline.Reading{Confidence: v})
	}
	first := s.Tokens[0]
	for i, lp := range g.Top {
		first.Top = append(first.Top, openai.Alternative{Text: fmt.Sprint(i), Logprob: lp})
	}
	s.First, s.Next = &first, &first
	return s
}

// variants are the estimators whose values are in golden.json.
var variants = []baseline.Estimator{
	baseline.SelfConsistency{},
	baseline.SemanticEntropy{}, baseline.SemanticEntropy{Weighting: baseline.Sequence}, baseline.SemanticEntropy{Weighting: baseline.Discrete},
	baseline.CoCoA{}, baseline.CoCoA{Sequence: true}, baseline.CoCoA{Cosine: true}, baseline.CoCoA{Sequence: true, Cosine: true},
	baseline.DefaultLECO(), baseline.MultiStep{}, baseline.MultiStep{Aggregation: baseline.Mean}, baseline.MultiStep{Aggregation: baseline.Min},
	baseline.FirstProb{}, baseline.FirstProb{Top: 5},
}

func TestGolden(t *testing.T) {
	for name, g := range readGolden(t).States {
		checked := map[string]bool{}
		for _, complete := range []bool{false, true} {
			s := g.statistics(complete)
			for _, e := range variants {
				key := e.Name()
				if at := key + " at p(z)"; complete && g.Want[at] != 0 {
					key = at
				} else if _, own := g.Want[at]; complete && own {
					// The answer has no final answer: there is nothing to agree with.
					checked[at] = true
					if _, err := e.Confidence(s); !errors.Is(err, baseline.ErrUnavailable) {
						t.Errorf("%s: %s: %v", name, at, err)
					}
					continue
				}
				checked[key] = true
				got, err := e.Confidence(s)
				if want, ok := g.Want[key]; err != nil || !ok || math.Abs(got-want) > 1e-12 {
					t.Errorf("%s: %s is %v, %v; want %v", name, key, got, err, want)
				}
			}
		}
		if len(checked) != len(g.Want) {
			t.Errorf("%s: %d of %d values were checked", name, len(checked), len(g.Want))
		}
	}
}

func TestGoldenSuC(t *testing.T) {
	for _, g := range readGolden(t).SuC {
		var states []construct.State
		for i, q := range g.Train {
			states = append(states,
				construct.State{ID: fmt.Sprint(i), Position: "p(0)", Question: q.Question, K: q.K, N: q.N, Split: "train", Provenance: construct.Provenance{Model: "m"}},
				construct.State{ID: fmt.Sprint(i), Position: "p(1)", Question: q.Question, K: 0, N: 1000},
				construct.State{ID: "t", Position: "p(0)", Question: "What is the opera?", K: 0, N: 1000, Split: "test"})
		}
		fitted, err := baseline.FitSuC(states, baseline.SuCConfig{Clusters: g.Clusters, Groups: g.Groups, Clustered: 2000})
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(fitted)
		if err != nil {
			t.Fatal(err)
		}
		var loaded baseline.SuC
		if err := json.Unmarshal(raw, &loaded); err != nil {
			t.Fatal(err)
		}
		if again, _ := json.Marshal(&loaded); string(again) != string(raw) {
			t.Error("what was loaded is written otherwise")
		}
		for _, c := range g.Want {
			for _, s := range []*baseline.SuC{fitted, &loaded} {
				st := &baseline.Statistics{State: baseline.State{Question: &grade.Question{Text: c.Question}, Text: "whatever"}}
				if got, err := s.Confidence(st); err != nil || math.Abs(got-c.Confidence) > 1e-12 {
					t.Errorf("%d of %d: %q: %v, %v; want %v", g.Clusters, g.Groups, c.Question, got, err, c.Confidence)
				}
			}
		}
		unknown := &baseline.Statistics{State: baseline.State{Question: &grade.Question{Text: "Zanzibar"}}}
		if _, err := fitted.Confidence(unknown); !errors.Is(err, baseline.ErrUnavailable) {
			t.Errorf("a question without a known word: %v", err)
		}
		// Fewer are clustered, and all of them count.
		few, err := baseline.FitSuC(states, baseline.SuCConfig{Clusters: 1, Groups: 10, Clustered: 2})
		if err != nil {
			t.Fatal(err)
		}
		st := &baseline.Statistics{State: baseline.State{Question: &grade.Question{Text: "What is 5 + 6?"}}}
		if got, err := few.Confidence(st); err != nil || math.Abs(got-33.0/68) > 1e-12 {
			t.Errorf("in one cluster: %v, %v; want 33/68", got, err)
		}
	}
}

func TestSuCThatCannotBe(t *testing.T) {
	for _, states := range [][]construct.State{
		nil,
		{{Position: "p(1)", Question: "x", K: 1, N: 1}},
		{{Position: "p(0)", Question: "x", K: 1, N: 1, Split: "dev"}},
		{{Position: "p(0)", Question: "x", K: 2, N: 1}},
		{{Position: "p(0)", Question: "x"}},
	} {
		if _, err := baseline.FitSuC(states, baseline.DefaultSuC()); err == nil {
			t.Errorf("%+v can be learnt from", states)
		}
	}
	for _, raw := range []string{
		`{}`, `[]`, `{"method":"suc","version":2}`, `{"method":"suc","version":1}`,
		`{"method":"suc","version":1,"terms":["a"],"weights":[]}`,
		`{"method":"suc","version":1,"terms":["a"],"weights":[1],"clusters":[{"k":2,"n":1}]}`,
		`{"method":"suc","version":1,"terms":["a"],"weights":[1],"clusters":[{"k":1,"n":1,"columns":[1],"values":[1]}]}`,
		`{"method":"suc","version":1,"terms":["a"],"weights":[1],"clusters":[{"k":1,"n":1,"columns":[0],"values":[]}]}`,
	} {
		var s baseline.SuC
		if err := json.Unmarshal([]byte(raw), &s); err == nil {
			t.Errorf("%s is read", raw)
		}
	}
}

func FuzzSuC(f *testing.F) {
	f.Add([]byte(`{"method":"suc","version":1,"terms":["a"],"weights":[1],"clusters":[{"k":1,"n":2,"columns":[0],"values":[1]}]}`), "a")
	f.Fuzz(func(t *testing.T, raw []byte, question string) {
		var s baseline.SuC
		if json.Unmarshal(raw, &s) != nil {
			return
		}
		st := &baseline.Statistics{State: baseline.State{Question: &grade.Question{Text: question}}}
		if got, err := s.Confidence(st); err == nil && !(got >= 0 && got <= 1) {
			t.Errorf("%v", got)
		}
		if _, err := json.Marshal(&s); err != nil {
			t.Error(err)
		}
	})
}

// TestRecordedSemanticEntropy compares the discrete entropy with the one that uqlm computed
// for recorded samples, with the response before them. The classes are those of the number
// reader. For two questions uqlm's NLI model finds other classes; there the sizes of the
// classes are those that its entropy implies.
func TestRecordedSemanticEntropy(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", "uqlm", "semanticentropy_results_file.json"))
	if err != nil {
		t.Skipf("no recorded data here: %v", err)
	}
	var file struct {
		Data struct {
			Responses []string
			Entropies []float64  `json:"entropy_values"`
			Scores    []float64  `json:"confidence_scores"`
			Samples   [][]string `json:"sampled_responses"`
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	d := &file.Data
	byNLI := map[int][]int{1: {0, 1, 2, 3, 2, 1}, 4: {0, 0, 1, 0, 2, 0}}
	for i, response := range d.Responses {
		classes, err := grade.ByFinal{Reader: grade.NumberGrader{}}.Classes(t.Context(), &grade.Question{}, append([]string{response}, d.Samples[i]...))
		if err != nil {
			t.Fatal(err)
		}
		of := classes.Of
		if other := byNLI[i]; other != nil {
			of = other
		}
		s := &baseline.Statistics{Have: baseline.Samples | baseline.Classes}
		for _, c := range of {
			s.Samples = append(s.Samples, baseline.Answer{Class: c})
		}
		e := baseline.SemanticEntropy{Weighting: baseline.Discrete}
		entropy, err := e.Entropy(s.Samples)
		if err != nil || math.Abs(entropy-d.Entropies[i]) > 1e-12 {
			t.Errorf("%q: %v, %v; uqlm has %v", response, entropy, err, d.Entropies[i])
		}
		confidence, err := e.Confidence(s)
		if err != nil || math.Abs(confidence-d.Scores[i]) > 1e-12 {
			t.Errorf("%q: %v, %v; uqlm has %v", response, confidence, err, d.Scores[i])
		}
	}
}

// TestProperties checks that every confidence is in [0,1], and that the order of the samples
// and the numbers of the classes do not matter.
func TestProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	answer := func() baseline.Answer {
		a := baseline.Answer{Class: r.IntN(5) - 1}
		for range 1 + r.IntN(8) {
			lp := -r.ExpFloat64() * math.Pow(10, float64(r.IntN(5)-2))
			if r.IntN(8) == 0 {
				lp = 0
			}
			a.Tokens = append(a.Tokens, tokens(lp)...)
		}
		return a
	}
	values := 0
	for range 2000 {
		s := &baseline.Statistics{Have: everything, Chosen: answer()}
		s.State = baseline.State{Question: &grade.Question{ID: "1", Text: "?"}, Complete: r.IntN(2) == 0}
		for range 1 + r.IntN(6) {
			s.Samples = append(s.Samples, answer())
			s.Similarity = append(s.Similarity, r.Float64())
		}
		for range r.IntN(4) {
			s.Tokens = append(s.Tokens, answer().Tokens...)
			s.Steps = append(s.Steps, len(s.Tokens))
			s.StepVerbals = append(s.StepVerbals, baseline.Reading{Confidence: float64(r.IntN(11)) / 10})
		}
		s.State.Text = strings.Repeat("x", len(s.Tokens))
		if len(s.Tokens) > 0 {
			s.First = &s.Tokens[0]
		}
		for _, e := range append(variants, baseline.Verb{}, baseline.PIK{}) {
			got, err := e.Confidence(s)
			if err != nil {
				if !errors.Is(err, baseline.ErrUnavailable) {
					t.Fatalf("%s: %v", e.Name(), err)
				}
			} else if values++; !(got >= 0 && got <= 1) {
				t.Fatalf("%s is %v of %+v", e.Name(), got, s)
			}
			other := *s
			other.Samples, other.Similarity = nil, nil
			names := r.Perm(5)
			for _, i := range r.Perm(len(s.Samples)) {
				a := s.Samples[i]
				if a.Class != grade.NoAnswer {
					a.Class = names[a.Class]
				}
				other.Samples, other.Similarity = append(other.Samples, a), append(other.Similarity, s.Similarity[i])
			}
			if c := s.Chosen.Class; c != grade.NoAnswer {
				other.Chosen.Class = names[c]
			}
			if again, err2 := e.Confidence(&other); math.Abs(again-got) > 1e-12 || (err == nil) != (err2 == nil) {
				t.Fatalf("%s is %v in one order and %v in another", e.Name(), got, again)
			}
		}
	}
	if values < 10_000 {
		t.Errorf("%d values were checked", values)
	}
}

// TestMoreAgreementIsMoreConfidence checks that if one more sample agrees with the answer, no
// estimator that uses samples is less confident.
func TestMoreAgreementIsMoreConfidence(t *testing.T) {
	for n := 2; n < 8; n++ {
		last := map[string]float64{}
		for agree := 1; agree <= n; agree++ {
			s := &baseline.Statistics{Have: everything, Chosen: baseline.Answer{Class: 0, Tokens: tokens(-1)}, State: baseline.State{Complete: true, Text: "x"}}
			for i := range n {
				class := 0
				if i >= agree {
					class = i
				}
				s.Samples = append(s.Samples, baseline.Answer{Class: class, Tokens: tokens(-0.5)})
			}
			for _, e := range []baseline.Estimator{baseline.SelfConsistency{}, baseline.SemanticEntropy{}, baseline.CoCoA{}} {
				got, err := e.Confidence(s)
				if err != nil || agree > 1 && got <= last[e.Name()] || agree == n && got != 1 {
					t.Errorf("%s with %d of %d: %v after %v, %v", e.Name(), agree, n, got, last[e.Name()], err)
				}
				last[e.Name()] = got
			}
		}
	}
}

func TestUnavailable(t *testing.T) {
	question := baseline.State{Question: &grade.Question{ID: "1", Text: "?"}}
	whole := question
	whole.Complete = true
	nan := tokens(math.NaN())
	for _, c := range []struct {
		name string
		e    baseline.Estimator
		s    baseline.Statistics
		says string
	}{
		{"no samples", baseline.SelfConsistency{}, baseline.Statistics{State: question}, "no samples"},
		{"no final answers", baseline.SelfConsistency{}, baseline.Statistics{State: question, Samples: []baseline.Answer{{Class: -1}}}, "no final answer"},
		{"one sample", baseline.SemanticEntropy{}, baseline.Statistics{State: question, Samples: []baseline.Answer{{Tokens: tokens(-1)}}}, "at least two"},
		{"no logprobs of a sample", baseline.SemanticEntropy{}, baseline.Statistics{State: question, Samples: []baseline.Answer{{Tokens: tokens(-1)}, {}}}, "sample 2 of 2"},
		{"an unknown logprob", baseline.SemanticEntropy{}, baseline.Statistics{State: question, Samples: []baseline.Answer{{Tokens: nan}, {}}}, "sample 1 of 2"},
		{"no logprobs of the answer", baseline.CoCoA{}, baseline.Statistics{State: question, Samples: []baseline.Answer{{}}}, "log-probabilities"},
		{"CoCoA without samples", baseline.CoCoA{}, baseline.Statistics{State: question}, "no samples"},
		{"no first token", baseline.FirstProb{}, baseline.Statistics{State: question}, "log-probabilities"},
		{"a first token of unknown logprob", baseline.FirstProb{}, baseline.Statistics{State: question, First: &nan[0]}, "not known"},
		{"an empty answer", baseline.FirstProb{}, baseline.Statistics{State: whole}, "empty"},
		{"nothing follows", baseline.FirstProb{Next: true}, baseline.Statistics{State: whole}, "nothing follows"},
		{"too few alternatives", baseline.FirstProb{Top: 5}, baseline.Statistics{State: question, First: &openai.Token{}}, "0 alternatives"},
		{"no steps", baseline.MultiStep{}, baseline.Statistics{State: question}, "no step"},
		{"no tokens", baseline.DefaultLECO(), baseline.Statistics{State: question}, "no step"},
		{"no logprobs", baseline.DefaultLECO(), baseline.Statistics{State: question, Steps: []int{1}}, "log-probabilities"},
		{"unknown logprobs", baseline.DefaultLECO(), baseline.Statistics{State: question, Steps: []int{1}, Tokens: nan}, "no logprobs"},
		{"no group", baseline.DefaultLowestGroup(), baseline.Statistics{State: question}, "log-probabilities"},
		{"a group of unknown logprobs", baseline.DefaultLowestGroup(), baseline.Statistics{State: question, Tokens: nan}, "no logprobs"},
	} {
		c.s.Have = everything
		got, err := c.e.Confidence(&c.s)
		if u := (*baseline.Unavailable)(nil); !errors.As(err, &u) || !errors.Is(err, baseline.ErrUnavailable) || !strings.Contains(err.Error(), c.says) || got != 0 {
			t.Errorf("%s: %v, %v; want one that says %q", c.name, got, err, c.says)
		}
		c.s.Have = 0
		c.s.State.Complete = false
		if _, err := c.e.Confidence(&c.s); err == nil || errors.Is(err, baseline.ErrUnavailable) {
			t.Errorf("%s: what was not collected: %v", c.name, err)
		}
	}
}

// The groups of two tokens have the means -1.5, -2.5 and -1.75. A window that is longer than
// the answer has the mean of all tokens.
func TestLowestGroup(t *testing.T) {
	s := baseline.Statistics{Have: baseline.Tokens, Tokens: tokens(-1, -2, -3, -0.5)}
	for window, mean := range map[int]float64{2: -2.5, 4: -1.625, baseline.DefaultLowestGroup().Window: -1.625, 1: -3} {
		if got, err := (baseline.LowestGroup{Window: window}).Confidence(&s); err != nil || math.Abs(got-math.Exp(mean)) > 1e-9 {
			t.Errorf("groups of %d: %v, %v, want %v", window, got, err, math.Exp(mean))
		}
	}
	for _, e := range []baseline.Estimator{baseline.LowestGroup{}, baseline.LowestGroup{Window: -1}, baseline.LECO{}} {
		if _, err := e.Confidence(&s); err == nil || errors.Is(err, baseline.ErrUnavailable) {
			t.Errorf("%#v: %v, want an error about the options", e, err)
		}
	}
}

func TestSuCOptions(t *testing.T) {
	states := []construct.State{{Position: "p(0)", Question: "What is 3 + 4?", K: 3, N: 4}}
	for _, change := range []func(*baseline.SuCConfig){
		func(c *baseline.SuCConfig) { c.Clusters = 0 },
		func(c *baseline.SuCConfig) { c.Groups = 0 },
		func(c *baseline.SuCConfig) { c.Clustered = 0 },
	} {
		c := baseline.DefaultSuC()
		change(&c)
		if _, err := baseline.FitSuC(states, c); err == nil || !strings.Contains(err.Error(), "DefaultSuC") {
			t.Errorf("%+v: %v, want an error that names DefaultSuC", c, err)
		}
	}
}
