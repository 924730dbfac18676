package construct_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/openai"
)

var compared = regexp.MustCompile(`(?s)<first>\n(.*)\n</first>.*<second>\n(.*)\n</second>`)

// judges is a server whose model "judge" grades sums, and whose model "same" says
// what entails what.
type judges struct {
	*httptest.Server
	entails             func(first, second string) string
	verdicts, judgments atomic.Int64
}

func newJudges(t testing.TB, entails func(first, second string) string) *judges {
	j := &judges{entails: entails}
	j.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct {
			Model    string
			Messages []struct{ Content string }
		}
		body, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(body, &request); err != nil {
			http.Error(w, err.Error(), 400)
			return
		}
		text, says := request.Messages[1].Content, ""
		if request.Model == "same" {
			j.judgments.Add(1)
			m := compared.FindStringSubmatch(text)
			says = j.entails(m[1], m[2])
		} else {
			j.verdicts.Add(1)
			_, reference, _ := strings.Cut(text, "<reference>\n")
			reference, answer, _ := strings.Cut(reference, "\n</reference>")
			says = "incorrect"
			if grade.NumberIn(answer).Cmp(grade.NumberIn(reference)) == 0 {
				says = "correct"
			}
		}
		json.NewEncoder(w).Encode(map[string]any{
			"choices": []any{map[string]any{"message": map[string]any{"content": says}}},
			"usage":   map[string]int{"prompt_tokens": 10, "completion_tokens": 1},
		})
	}))
	t.Cleanup(j.Close)
	return j
}

// sameNumber entails what comes to the same number.
func sameNumber(first, second string) string {
	if grade.NumberIn(first).Cmp(grade.NumberIn(second)) == 0 {
		return "entailment"
	}
	return "contradiction"
}

func (j *judges) server() model.Config { return model.Config{BaseURL: j.URL + "/v1", Concurrency: 8} }

func (j *judges) entailment(t testing.TB) *grade.Entailment {
	t.Helper()
	e, err := grade.NewEntailment(grade.EntailmentConfig{Server: j.server(), Model: "same"})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestOneVerdictAMeaning compares the labels with those of the grader that reads
// the numbers, and counts what was asked for.
func TestOneVerdictAMeaning(t *testing.T) {
	all := questions(6, 3)
	m := newLLM(t)
	c := m.config(t, nil)
	c.Plan = construct.Plan{K: 12, T: 2, M: 2}
	labels := func(results []*construct.Result) string {
		var b strings.Builder
		for _, r := range results {
			for _, s := range r.States {
				fmt.Fprintln(&b, s.ID, s.State, s.Position, s.Text, s.K, s.N, s.Count)
			}
		}
		return b.String()
	}
	want := labels(build(t, c, all))

	judged := func(equivalence bool, requests int, store openai.Store) (*judges, string, construct.Tally) {
		j := newJudges(t, sameNumber)
		judge, err := grade.NewJudge(grade.JudgeConfig{Server: j.server(), Model: "judge"})
		if err != nil {
			t.Fatal(err)
		}
		c := c
		c.Grader, c.Requests, c.Store = judge, requests, store
		if equivalence {
			c.Equivalence = j.entailment(t)
		}
		var sum construct.Tally
		results := build(t, c, all)
		for _, r := range results {
			sum.Add(r.Tally)
			if name := r.States[0].Grader; strings.HasSuffix(name, ", entailment same") != equivalence {
				t.Errorf("the grader is %q", name)
			}
		}
		return j, labels(results), sum
	}
	each, got, _ := judged(false, 8, nil)
	if got != want {
		t.Error("a judge of each answer gives other labels")
	}
	store := &memory{}
	j, got, sum := judged(true, 8, store)
	if got != want {
		t.Error("a judge of each meaning gives other labels")
	}
	if n := j.verdicts.Load(); n != int64(sum.Verdicts) || n != int64(sum.Meanings) || n >= each.verdicts.Load()/2 {
		t.Errorf("%d verdicts, of %d without; the tally says %+v", n, each.verdicts.Load(), sum)
	}
	if sum.Verdicts+sum.VerdictsShared < int(each.verdicts.Load()) || int64(sum.Entailments) < j.judgments.Load() || sum.EntailmentsUnclear != 0 {
		t.Errorf("%d verdicts without, %d judgements; the tally says %+v", each.verdicts.Load(), j.judgments.Load(), sum)
	}
	t.Logf("%d verdicts without; with: %d, and %d judgements of entailment", each.verdicts.Load(), sum.Verdicts, sum.Entailments)

	if j, got, again := judged(true, 1, nil); got != want || again.Entailments != sum.Entailments || again.Verdicts != sum.Verdicts || j.verdicts.Load() == 0 {
		t.Errorf("the concurrency changes the data: %+v, %+v", again, sum)
	}
	part := &memory{values: map[string][]byte{}}
	i := 0
	for k, v := range store.values {
		if i++; i%2 == 0 {
			part.values[k] = v
		}
	}
	if _, got, again := judged(true, 3, part); got != want || again.Entailments != sum.Entailments || again.Verdicts != sum.Verdicts {
		t.Errorf("going on gives other data: %+v, %+v", again, sum)
	}
	if j, got, _ := judged(true, 4, store); got != want || j.verdicts.Load()+j.judgments.Load() != 0 {
		t.Error("what was saved was asked for again, or gives other data")
	}
}

func TestEntailmentClasses(t *testing.T) {
	is := func(pairs ...string) func(a, b string) string {
		return func(a, b string) string {
			if slices.Contains(pairs, a+" > "+b) {
				return "Entailment."
			}
			return "neutral"
		}
	}
	for _, c := range []struct {
		name      string
		entails   func(a, b string) string
		answers   []string
		want      []int
		asked     int64
		judgments int
		unclear   int
	}{
		{"nothing", is(), nil, nil, 0, 0, 0},
		{"one", is(), []string{"x"}, []int{0}, 0, 0, 0},
		{"blank ones are like no other", is(), []string{" ", "x", "", "."}, []int{-1, 0, -1, -1}, 0, 0, 0},
		{"the same words", is(), []string{"In Paris.", "in  paris", "IN PARIS."}, []int{0, 0, 0}, 0, 0, 0},
		{"both ways", is("a > b", "b > a"), []string{"a", "b"}, []int{0, 0}, 2, 2, 0},
		{"one way is not enough", is("b > a"), []string{"a", "b"}, []int{0, 1}, 2, 2, 0},
		{"the other way is not asked for", is("a > b"), []string{"a", "b"}, []int{0, 1}, 1, 1, 0},
		{"by the representative, not by all", is("a > b", "b > a", "b > c", "c > b"), []string{"a", "b", "c"}, []int{0, 0, 1}, 3, 3, 0},
		{"the largest class first", is("b > d", "d > b"), []string{"a", "b", "b", "d"}, []int{0, 1, 1, 1}, 3, 3, 0},
		{"a judge that hedges", func(_, _ string) string { return "entailment, mostly" }, []string{"a", "b"}, []int{0, 1}, 2, 1, 1},
	} {
		j := newJudges(t, c.entails)
		got, err := j.entailment(t).Classes(t.Context(), &grade.Question{ID: "1", Text: "Where?"}, c.answers)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Of, c.want) || j.judgments.Load() != c.asked || got.Judged.Judgements != c.judgments || got.Judged.Unclear != c.unclear ||
			got.Judged.Requests != int(c.asked) || got.Judged.PromptTokens != 10*int(c.asked) {
			t.Errorf("%s: %v after %d requests, %+v; want %v after %d", c.name, got.Of, j.judgments.Load(), got.Judged, c.want, c.asked)
		}
	}
}

func TestEquivalenceByFinalAnswers(t *testing.T) {
	options := []string{"a bird", "The Moon"}
	for _, c := range []struct {
		grader  string
		answers []string
		want    []int
	}{
		{"number", []string{"#### 0.5", "so \\boxed{\\frac{1}{2}}", "no idea", "1/3", "none"}, []int{0, 0, -1, 1, -1}},
		{"letter", []string{"(B)", "Answer: the moon", "", "A"}, []int{0, 0, -1, 1}},
		{"alias", []string{"Answer: the U.S.", "US", "U S", "Spider-Man", "spiderman", " "}, []int{0, 0, 0, 1, 1, -1}},
	} {
		g, err := grade.GraderNamed(c.grader)
		if err != nil {
			t.Fatal(err)
		}
		e, err := grade.EquivalenceBy(g)
		if err != nil {
			t.Fatal(err)
		}
		got, err := e.Classes(t.Context(), &grade.Question{Choices: options}, c.answers)
		if err != nil || !slices.Equal(got.Of, c.want) || e.Name() != "final "+c.grader {
			t.Errorf("%s: %v, %v, want %v", c.grader, got, err, c.want)
		}
	}
	judge, err := grade.NewJudge(grade.JudgeConfig{Server: model.Config{BaseURL: "http://localhost/v1"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := grade.EquivalenceBy(judge); err == nil {
		t.Error("a judge reads no final answer")
	}
}
