package construct_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/openai"
)

var compared = regexp.MustCompile(`(?s)<first>\n(.*)\n</first>.*<second>\n(.*)\n</second>`)

// judges starts a server. Its model "judge" grades sums, and its model "same" judges
// entailment.
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

// sameNumber replies that two answers with the same number entail each other.
func sameNumber(first, second string) string {
	if grade.NumberIn(first).Cmp(grade.NumberIn(second)) == 0 {
		return "entailment"
	}
	return "contradiction"
}

func (j *judges) server() model.Config { return model.DefaultConfig(j.URL + "/v1") }

func (j *judges) entailment(t testing.TB) *grade.Entailment {
	t.Helper()
	e, err := grade.NewEntailment(grade.EntailmentConfig{Server: j.server(), Model: "same"})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestOneVerdictAMeaning compares the labels with those of the grader that reads numbers, and
// counts the requests.
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
		t.Errorf("resuming gives other data: %+v, %+v", again, sum)
	}
	if j, got, _ := judged(true, 4, store); got != want || j.verdicts.Load()+j.judgments.Load() != 0 {
		t.Error("what was saved was asked for again, or gives other data")
	}
}
