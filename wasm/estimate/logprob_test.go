package estimate

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

func follow(m Method, lps []float64) (float64, Reason) {
	l := NewLogprob(m)
	for _, lp := range lps {
		l.Token(lp)
	}
	return l.Confidence()
}

func logsOf(p ...float64) []float64 {
	lps := make([]float64, len(p))
	for i := range p {
		lps[i] = math.Log(p[i])
	}
	return lps
}

func TestMethodsByHand(t *testing.T) {
	text := logsOf(0.5, 0.8, 0.2) // geometric mean of 0.08 over three
	for m, want := range map[Method]float64{
		FirstProb: 0.5, MeanProb: 0.5, MinProb: 0.2, Perplexity: math.Cbrt(0.08), Group: math.Cbrt(0.08), SeqProb: 0.08,
	} {
		if got, why := follow(m, text); math.Abs(got-want) > 1e-9 || why != Available {
			t.Errorf("%v: %v %v, want %v", m, got, why, want)
		}
	}
	for m := range Method(methods) {
		for _, c := range []struct {
			name   string
			lps    []float64
			lo, hi float64
		}{
			{"certain tokens", []float64{0, 0, 0, 0}, 1, 1},
			{"rounding over 0", []float64{1e-6, 0}, 1, 1},
			{"the least plausible tokens", []float64{-100, -100}, 0, 1e-43},
		} {
			if got, why := follow(m, c.lps); !(got >= c.lo && got <= c.hi) || why != Available {
				t.Errorf("%v of %s: %v %v", m, c.name, got, why)
			}
		}
	}
}

// The values are those of uqlm, computed by its authors from replies of OpenAI.
func TestAgreesWithUQLM(t *testing.T) {
	data, err := os.ReadFile("../../../shared/data/uqlm/whitebox_results_file.json")
	if err != nil {
		t.Skip("no shared data: the white-box results of uqlm are not there")
	}
	var file struct {
		Data struct {
			Logprobs              [][]struct{ Logprob float64 }
			NormalizedProbability []float64 `json:"normalized_probability"`
			MinProbability        []float64 `json:"min_probability"`
		}
	}
	if err := json.Unmarshal(data, &file); err != nil || len(file.Data.Logprobs) == 0 {
		t.Fatal(err)
	}
	for i, reply := range file.Data.Logprobs {
		var lps []float64
		for _, token := range reply {
			lps = append(lps, token.Logprob)
		}
		for m, want := range map[Method]float64{Perplexity: file.Data.NormalizedProbability[i], MinProb: file.Data.MinProbability[i], Group: file.Data.NormalizedProbability[i]} {
			tolerance := 1e-15
			if m == Group { // 32 bits after the point
				tolerance = 1e-9
			}
			if got, _ := follow(m, lps); math.Abs(got-want) > tolerance {
				t.Errorf("reply %d, %v: %v, want %v", i, m, got, want)
			}
		}
	}
}

// The divergences are those of kl_divergence in the released code of LeCo
// (utils/divergence.py), run with SciPy 1.17.1.
func TestStepScoresAgreeWithLeCo(t *testing.T) {
	for _, c := range []struct {
		p                               []float64
		average, divergence, transition float64
	}{
		{[]float64{0.9, 0.1}, 0.5, 0.540375444707332, 0.5},
		{[]float64{0.99, 0.97, 0.2, 0.8, 0.6, 0.95, 0.7}, 0.7442857142857143, 0.3526535851971683, 0.712},
		{[]float64{0.5}, 0.5, 0, 0.5},
		{[]float64{0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1}, 0.65, 0.33746482519197213, 0.5},
		{[]float64{1, 1e-6, 0.02}, 0.3400003333333333, 0.6934950242807546, 0.3400003333333333},
	} {
		l := NewLogprob(LECO)
		for _, lp := range logsOf(c.p...) {
			l.Token(lp)
		}
		got, ok := l.Scores()
		if !ok || math.Abs(got.Average-c.average) > 1e-12 || math.Abs(got.Divergence-c.divergence) > 1e-12 || math.Abs(got.Transition-c.transition) > 1e-12 {
			t.Errorf("%v: %+v %v, want %+v", c.p, got, ok, c)
		}
		want := (c.average + c.transition) / 2 * math.Exp(-c.divergence)
		if value, _ := l.Confidence(); math.Abs(value-want) > 1e-12 {
			t.Errorf("%v: confidence %v, want %v", c.p, value, want)
		}
	}
}

func TestLECOIsTheMeanOverSteps(t *testing.T) {
	l := NewLogprob(LECO)
	if _, ok := l.Scores(); ok {
		t.Error("scores before the first token")
	}
	steps := [][]float64{logsOf(0.5), logsOf(1, 1, 1), {math.NaN()}, logsOf(0.25, 0.25)}
	for _, step := range steps {
		for _, lp := range step {
			l.Token(lp)
		}
		l.Step()
		l.Step() // a second position without a token in between makes no step
	}
	// A step of equal probabilities p has no divergence: its score is p.
	if got, why := l.Confidence(); math.Abs(got-(0.5+1+0.25)/3) > 1e-12 || why != Available {
		t.Errorf("%v %v", got, why)
	}
	if s, ok := l.Scores(); !ok || math.Abs(s.Average-0.25) > 1e-12 {
		t.Errorf("the last step's scores: %+v %v", s, ok)
	}
	l.Token(0)
	if got, _ := l.Confidence(); math.Abs(got-(0.5+1+0.25+1)/4) > 1e-12 {
		t.Errorf("with a step open: %v", got)
	}
}

func TestMissingLogprobs(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name  string
		lps   []float64
		first Reason // the reason of FirstProb
		rest  Reason
	}{
		{"no token", nil, NoTokens, NoTokens},
		{"none at all", []float64{nan, nan}, NoLogprobs, NoLogprobs},
		{"a probability instead", []float64{0.9}, NoLogprobs, NoLogprobs},
		{"infinity", []float64{math.Inf(1)}, NoLogprobs, NoLogprobs},
		{"impossible tokens", []float64{math.Inf(-1), math.Inf(-1)}, NoLogprobs, NoLogprobs},
		{"OpenAI's mark for very unlikely", []float64{-9999, -9999}, NoLogprobs, NoLogprobs},
		{"a mark for very unlikely in the middle", []float64{-0.5, -9999, -0.5}, Available, Available},
		{"below -100 in the middle", []float64{-0.5, -100.5, -0.5}, Available, Available},
		{"only the first", []float64{nan, -0.5, -0.5}, NoFirstLogprob, Available},
		{"one in the middle", []float64{-0.5, nan, -0.5}, Available, Available},
	} {
		for m := range Method(methods) {
			want := c.rest
			if m == FirstProb {
				want = c.first
			}
			got, why := follow(m, c.lps)
			if why != want || (why == Available) == math.IsNaN(got) {
				t.Errorf("%s, %v: %v, %q, want %q", c.name, m, got, why, want)
			}
			value := math.Exp(-0.5)
			if m == SeqProb {
				value = math.Exp(-1)
			}
			if why == Available && math.Abs(got-value) > 1e-9 {
				t.Errorf("%s, %v: %v", c.name, m, got)
			}
		}
	}
}

func TestHowManyLogprobsMayLack(t *testing.T) {
	l := NewLogprob(MinProb)
	for _, lp := range []float64{-1, -1, -1, -1, math.NaN()} {
		l.Token(lp)
	}
	if l.Seen() != 4 || l.Missing() != 1 || l.Implausible() != 0 || l.Lacks(0.2) {
		t.Errorf("one of five is missing: %d, %d, %d, lacks %v", l.Seen(), l.Missing(), l.Implausible(), l.Lacks(0.2))
	}
	l.Token(-101)
	if l.Missing() != 2 || l.Implausible() != 1 || !l.Lacks(0.2) || l.Lacks(0.34) {
		t.Errorf("and one is implausible: %d, %d, lacks %v", l.Missing(), l.Implausible(), l.Lacks(0.2))
	}
	for range 4 {
		l.Token(-1)
	}
	if l.Lacks(0.2) {
		t.Error("two of ten are a fifth and no more")
	}
	if l.Unseen(1); l.Missing() != 3 || !l.Lacks(0.2) {
		t.Error("a token that the server did not list is missing")
	}
}

// TestMethodsAgainstTheirDefinitions recomputes every value from all tokens.
func TestMethodsAgainstTheirDefinitions(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		size := 1 + rng.IntN(20)
		all := make([]Logprob, methods)
		for m := range all {
			var err error
			if all[m], err = NewLogprobWith(Method(m), Options{Window: size, Transition: 2}); err != nil {
				t.Fatal(err)
			}
		}
		var lps []float64
		sum, mean, least := 0.0, 0.0, 0.0
		for range 200 {
			lp := -rng.ExpFloat64() * math.Pow(10, float64(rng.IntN(4)-2))
			lps = append(lps, lp)
			sum, mean, least = sum+lp, mean+math.Exp(lp), min(least, lp)
			n := float64(len(lps))
			group := math.Inf(1)
			for i := 0; i == 0 || i+size <= len(lps); i++ {
				total := 0.0
				window := lps[i:min(i+size, len(lps))]
				for _, v := range window {
					total += v
				}
				group = min(group, math.Exp(total/float64(len(window))))
			}
			for m, want := range map[Method]float64{FirstProb: math.Exp(lps[0]), MeanProb: mean / n, MinProb: math.Exp(least), Perplexity: math.Exp(sum / n), Group: group, SeqProb: math.Exp(sum)} {
				all[m].Token(lp)
				if got, _ := all[m].Confidence(); math.Abs(got-want) > 1e-8 {
					t.Fatalf("%v of %d tokens, window %d: %v, want %v", m, len(lps), size, got, want)
				}
			}
		}
	}
}

func TestWindowDoesNotDrift(t *testing.T) {
	l, err := NewLogprobWith(Group, Options{Window: MaxWindow, Transition: 5})
	if err != nil {
		t.Fatal(err)
	}
	for range MaxWindow {
		l.Token(leastPlausible)
	}
	for range 3 * MaxWindow {
		l.Token(-0.1)
	}
	fresh := newWindow(MaxWindow)
	for range MaxWindow {
		fresh.push(-0.1)
	}
	if l.window.total != fresh.total {
		t.Errorf("total %d after a long text, %d after a short one", l.window.total, fresh.total)
	}
}

func TestConfidencesAreProbabilities(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 500 {
		for m := range Method(methods) {
			l := NewLogprob(m)
			for range 1 + rng.IntN(100) {
				l.Token([]float64{0, -1e-12, -rng.ExpFloat64(), -100, math.Inf(-1), math.NaN()}[rng.IntN(6)])
				if rng.IntN(7) == 0 {
					l.Step()
				}
				if v, why := l.Confidence(); why == Available && !(v >= 0 && v <= 1) {
					t.Fatalf("%v: %v", m, v)
				}
			}
		}
	}
}

func TestOptionsOutOfRange(t *testing.T) {
	for _, o := range []Options{{}, {0, 5}, {-1, 5}, {MaxWindow + 1, 5}, {64, 0}, {64, -1}} {
		if _, err := NewLogprobWith(Group, o); err == nil || !strings.Contains(err.Error(), "DefaultOptions") {
			t.Errorf("%+v: %v, want an error that names DefaultOptions", o, err)
		}
	}
}

func TestTokenDoesNotAllocate(t *testing.T) {
	for m := range Method(methods) {
		l := NewLogprob(m)
		if n := testing.AllocsPerRun(1000, func() {
			l.Token(-0.5)
			l.Confidence()
			l.Step()
		}); n != 0 {
			t.Errorf("%v: %v allocations", m, n)
		}
	}
}
