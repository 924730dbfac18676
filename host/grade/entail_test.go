package grade_test

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/model"
)

var compared = regexp.MustCompile(`(?s)<first>\n(.*)\n</first>.*<second>\n(.*)\n</second>`)

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
		var asked atomic.Int64
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			var request struct{ Messages []struct{ Content string } }
			if err := json.Unmarshal(body, &request); err != nil {
				t.Error(err)
			}
			m := compared.FindStringSubmatch(request.Messages[1].Content)
			json.NewEncoder(w).Encode(map[string]any{
				"choices": []any{map[string]any{"message": map[string]any{"content": c.entails(m[1], m[2])}}},
				"usage":   map[string]int{"prompt_tokens": 10, "completion_tokens": 1},
			})
		})
		e, err := grade.NewEntailment(grade.EntailmentConfig{Server: server, Model: "same"})
		if err != nil {
			t.Fatal(err)
		}
		got, err := e.Classes(t.Context(), &grade.Question{ID: "1", Text: "Where?"}, c.answers)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Of, c.want) || asked.Load() != c.asked || got.Judged.Judgements != c.judgments || got.Judged.Unclear != c.unclear ||
			got.Judged.Requests != int(c.asked) || got.Judged.PromptTokens != 10*int(c.asked) {
			t.Errorf("%s: %v after %d requests, %+v; want %v after %d", c.name, got.Of, asked.Load(), got.Judged, c.want, c.asked)
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
	judge, err := grade.NewJudge(grade.JudgeConfig{Server: model.DefaultConfig("http://localhost/v1")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := grade.EquivalenceBy(judge); err == nil {
		t.Error("a judge reads no final answer")
	}
}
