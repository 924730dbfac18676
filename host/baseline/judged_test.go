package baseline_test

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/finece/finece/host/baseline"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/openai"
)

// TestOpenEndedAnswers has a model compare the answers. That has a cost.
func TestOpenEndedAnswers(t *testing.T) {
	s := newScript(t)
	c := s.config(t)
	c.Samples = 4
	judge := newEntailing(t)
	e, err := grade.NewEntailment(grade.EntailmentConfig{Server: model.DefaultConfig(judge.URL + "/v1"), Model: "same"})
	if err != nil {
		t.Fatal(err)
	}
	c.Equivalence = e
	col := collector(t, c)
	st, err := col.Collect(t.Context(), states()[0], baseline.Classes|baseline.Chosen|baseline.Agreement)
	if err != nil {
		t.Fatal(err)
	}
	// Each entails each other: the first is the one that the others are compared
	// with, in two requests each that has other words.
	different := map[string]bool{}
	for _, a := range st.Samples {
		different[a.Text] = true
		if a.Class != 0 {
			t.Errorf("class %d", a.Class)
		}
	}
	asked := 2 * (len(different) - 1)
	samples := st.Cost(baseline.Samples)
	if got := st.Cost(baseline.Classes); got.Requests != samples.Requests+asked || got.PromptTokens != samples.PromptTokens+10*asked {
		t.Errorf("%+v beside %+v, for %d judgements", got, samples, asked)
	}
	if got, err := (baseline.SemanticEntropy{}).Confidence(st); got != 1 || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := (baseline.CoCoA{}).Confidence(st); got != 1 || err != nil {
		t.Errorf("%v, %v", got, err)
	}
}

// newEntailing returns a server that says that every answer entails every other.
func newEntailing(t testing.TB) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"choices":[{"message":{"content":"entailment"}}],"usage":{"prompt_tokens":10,"completion_tokens":1}}`)
	}))
	t.Cleanup(s.Close)
	return s
}

// TestVerbExpectation takes the mean of the number over its tokens' alternatives instead of the number.
func TestVerbExpectation(t *testing.T) {
	s := newScript(t)
	place := func(token string, p float64, other string) string {
		return fmt.Sprintf(`{"token":%q,"logprob":%v,"top_logprobs":[{"token":%q,"logprob":%v},{"token":%q,"logprob":%v}]}`,
			token, math.Log(p), token, math.Log(p), other, math.Log(1-p))
	}
	judge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"choices":[{"message":{"content":"0.8"},"finish_reason":"stop","logprobs":{"content":[%s,%s,%s]}}]}`,
			place("0", 1-1e-9, "x"), place(".", 1-1e-9, "x"), place("8", 0.75, "6"))
	}))
	t.Cleanup(judge.Close)
	c := s.config(t)
	g, err := openai.NewGenerator(openai.GeneratorConfig{Server: model.DefaultConfig(judge.URL)})
	if err != nil {
		t.Fatal(err)
	}
	c.Generator, c.Verb.Expectation = g, true
	st, err := collector(t, c).Collect(t.Context(), states()[1], baseline.Verbal)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := (baseline.Verb{}).Confidence(st); math.Abs(got-0.75) > 1e-6 || err != nil || st.Verbal.Said != "0.8" {
		t.Errorf("%v, %v, want 0.8 * 0.75 + 0.6 * 0.25", got, err)
	}
}

// TestEmptyAnswers tests answers without any text.
func TestEmptyAnswers(t *testing.T) {
	s := newScript(t)
	c := s.config(t)
	c.Head, c.Samples = head(t, s), 1
	all := baseline.Estimators(fitted(t))
	for _, text := range []string{"", " \n"} {
		st, err := collector(t, c).Collect(t.Context(), baseline.State{Question: sum, Text: text, Complete: true}, baseline.NeedsOf(all...))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range all {
			got, err := e.Confidence(st)
			switch e.Name() {
			case "p(ik)", "suc":
				if err != nil {
					t.Errorf("%s: %v", e.Name(), err)
				}
			case "verb", "first-prob": // white space does not matter to them
				if text == "" && err == nil {
					t.Errorf("%s of nothing is %v", e.Name(), got)
				}
			default:
				if err == nil {
					t.Errorf("%q: %s is %v", text, e.Name(), got)
				}
			}
			if err != nil && !errors.Is(err, baseline.ErrUnavailable) {
				t.Errorf("%q: %s: %v", text, e.Name(), err)
			}
		}
	}
}
