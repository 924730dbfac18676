package construct_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/host/openai"
	"github.com/finece/finece/metrics"
)

// TestLabelsCoverTheTruth samples the program and compares each label's interval with the true
// Conf. The probability that a Wilson interval covers p is known exactly for each p, so the
// expected number of covering intervals is known.
func TestLabelsCoverTheTruth(t *testing.T) {
	m := newLLM(t)
	c := m.config(t, nil)
	c.Plan = construct.Plan{K: 30, T: 2, M: 3}
	c.Seed = 7
	all := questions(150, 4)
	covered, want, variance, off := 0, 0.0, 0.0, 0.0
	states := 0
	for _, r := range build(t, c, all) {
		for _, s := range r.States {
			if s.Position == "p(z)" {
				if truth := conf(r.Question, s.Text); s.Confidence != truth || s.N != 1 {
					t.Fatalf("%q is labelled %v, want %v", s.Text, s.Confidence, truth)
				}
				continue
			}
			truth := conf(r.Question, s.Text)
			if s.Interval[0] <= truth && truth <= s.Interval[1] {
				covered++
			}
			chance := coverage(truth, s.N)
			want += chance
			variance += chance * (1 - chance)
			off += s.Confidence - truth
			states++
		}
	}
	if got := math.Abs(float64(covered) - want); got > 4*math.Sqrt(variance) {
		t.Errorf("%d of %d intervals cover the truth, want %.1f +- %.1f", covered, states, want, 4*math.Sqrt(variance))
	}
	if mean := off / float64(states); math.Abs(mean) > 4*0.5/math.Sqrt(30*float64(states)) {
		t.Errorf("labels are off by %.4f on average", mean)
	}
	t.Logf("%d of %d intervals cover the truth (%.4f), want %.1f", covered, states, float64(covered)/float64(states), want)
}

// coverage returns the probability that the 95% Wilson interval of k of n covers p.
func coverage(p float64, n int) float64 {
	sum := 0.0
	for k := range n + 1 {
		iv, _ := metrics.WilsonInterval(uint64(k), uint64(n), 0.95)
		if iv.Low <= p && p <= iv.High {
			a, _ := math.Lgamma(float64(n + 1))
			b, _ := math.Lgamma(float64(k + 1))
			c, _ := math.Lgamma(float64(n - k + 1))
			sum += math.Exp(a-b-c) * math.Pow(p, float64(k)) * math.Pow(1-p, float64(n-k))
		}
	}
	return sum
}

func TestTheNumberOfCompletions(t *testing.T) {
	for _, c := range []struct {
		name  string
		plan  construct.Plan
		steps int
		exact bool
	}{
		{"long enough", construct.Plan{K: 30, T: 2, M: 2}, 5, true},
		{"no partial answers", construct.Plan{K: 5}, 5, true},
		{"answers shorter than T", construct.Plan{K: 12, T: 4, M: 2}, 2, false},
		{"answers of one fragment", construct.Plan{K: 12, T: 2, M: 3}, 0, false},
		{"fewer clusters than M", construct.Plan{K: 12, T: 1, M: 12}, 3, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newLLM(t)
			conf := m.config(t, nil)
			conf.Plan = c.plan
			conf.ClusterDistance = 0.2
			var seen, skipped atomic.Int64
			conf.Observe = func(n, notAsked int) { seen.Add(int64(n)); skipped.Add(int64(notAsked)) }
			all := questions(5, c.steps)
			var sum construct.Tally
			for _, r := range build(t, conf, all) {
				one := r.Tally
				if got := one.Completions + one.NotClustered + one.NotContinued; got != c.plan.Completions() {
					t.Errorf("%+v adds up to %d, want %d", one, got, c.plan.Completions())
				}
				sum.Add(one)
			}
			planned := 5 * c.plan.K * (1 + c.plan.M*c.plan.T)
			if int(m.completions.Load()) != sum.Completions || int(seen.Load()) != sum.Completions || int(seen.Load()+skipped.Load()) != planned {
				t.Errorf("the server gave %d, the tally says %d, observed were %d and %d", m.completions.Load(), sum.Completions, seen.Load(), skipped.Load())
			}
			if exact := sum.Completions == planned; exact != c.exact {
				t.Errorf("%d completions of %d planned: %+v", sum.Completions, planned, sum)
			}
			if sum.Restarted > sum.Completions/20 {
				t.Errorf("%d of %d seem to begin anew", sum.Restarted, sum.Completions)
			}
			if sum.CompletionTokens != sum.Completions {
				t.Errorf("%d tokens counted", sum.CompletionTokens)
			}
		})
	}
}

func asJSON(t *testing.T, results []*construct.Result) string {
	t.Helper()
	var b strings.Builder
	for _, r := range results {
		for _, s := range r.States {
			line, err := json.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			b.Write(append(line, '\n'))
		}
	}
	return b.String()
}

// TestTheSameDataWhateverTheConcurrency runs with one request at once, with many, with servers
// that limit n, and again from the saved replies.
func TestTheSameDataWhateverTheConcurrency(t *testing.T) {
	all := questions(12, 3)
	plan := construct.Plan{K: 9, T: 2, M: 2}
	run := func(m *llm, requests, perRequest int, store openai.Store) string {
		c := m.config(t, func(g *openai.GeneratorConfig) { g.PerRequest = perRequest; g.Server.Concurrency = requests })
		c.Plan, c.Requests, c.Store, c.Seed = plan, requests, store, 3
		return asJSON(t, build(t, c, all))
	}
	m := newLLM(t)
	saved := &memory{}
	want := run(m, 1, 0, nil)
	if got := run(m, 16, 0, saved); got != want {
		t.Error("16 requests at once give other data")
	}
	before := m.requests.Load()
	if got := run(m, 5, 2, saved); got != want {
		t.Error("what was saved gives other data")
	}
	if n := m.requests.Load() - before; n != 0 {
		t.Errorf("%d requests for what was saved", n)
	}
	for _, limit := range []int{1, 4} {
		for _, most := range []int{0, 6} { // asked for
			one, many := newLLM(t), newLLM(t)
			one.mostN, many.mostN = limit, limit
			if run(one, 1, most, nil) != run(many, 16, most, nil) {
				t.Errorf("a server that gives %d at most, of %d: the concurrency changes the data", limit, most)
			}
		}
	}
	one, many := newLLM(t), newLLM(t)
	one.rejectN, many.mostN = true, 1
	if run(one, 4, 0, nil) != run(many, 16, 1, nil) {
		t.Error("a server that rejects n gives other data than one that is asked for one at a time")
	}
	if extra := one.requests.Load() - one.completions.Load(); extra < 1 || extra > 8 {
		t.Errorf("%d requests were rejected, want no more than were in flight", extra)
	}
}

// TestHalfOfThemSaved resumes a killed run with any part of its replies.
func TestHalfOfThemSaved(t *testing.T) {
	all := questions(4, 3)
	m := newLLM(t)
	run := func(store openai.Store) string {
		c := m.config(t, func(g *openai.GeneratorConfig) { g.PerRequest = 2 })
		c.Plan, c.Store = construct.Plan{K: 7, T: 2, M: 2}, store
		return asJSON(t, build(t, c, all))
	}
	full := &memory{}
	want := run(full)
	total := m.requests.Load()
	part := &memory{values: map[string][]byte{}}
	i := 0
	for k, v := range full.values {
		if i++; i%2 == 0 {
			part.values[k] = v
		}
	}
	kept := int64(len(part.values))
	if got := run(part); got != want {
		t.Error("resuming gives other data")
	}
	if again := m.requests.Load() - total; again != total-kept {
		t.Errorf("%d requests again, want %d", again, total-kept)
	}
}

func TestPrefixesStayTogether(t *testing.T) {
	m := newLLM(t)
	c := m.config(t, func(g *openai.GeneratorConfig) { g.PerRequest = 1; g.Server.Concurrency = 1 })
	c.Plan, c.Requests, c.Questions = construct.Plan{K: 6, T: 2, M: 2}, 1, 8
	all := questions(6, 3)
	build(t, c, all)
	last := map[string]int{} // request for a question
	seeds := map[any]bool{}
	for i, p := range m.prefixes {
		text, _, _ := strings.Cut(p, "|")
		last[text] = i
		seeds[m.bodies[i]["seed"]] = true
	}
	if last[all[0].Text] > last[all[5].Text] {
		t.Error("the last question was done before the first")
	}
	if len(seeds) != len(m.bodies) {
		t.Errorf("%d requests have %d seeds", len(m.bodies), len(seeds))
	}
	runs := slices.Compact(slices.Clone(m.prefixes))
	distinct := slices.Compact(slices.Sorted(slices.Values(m.prefixes)))
	if len(runs) != len(distinct) {
		t.Errorf("%d prefixes came in %d pieces", len(distinct), len(runs))
	}
}

func TestAPIs(t *testing.T) {
	q := questions(1, 3)
	for _, api := range []openai.API{openai.ContinueFinal, openai.Prefix, openai.Trailing, openai.Completions} {
		m := newLLM(t)
		c := m.config(t, func(g *openai.GeneratorConfig) {
			g.API, g.System, g.TopP, g.MaxTokens, g.Stop = api, "Add.", 0.9, 50, []string{"END"}
			g.Extra = map[string]json.RawMessage{"top_k": json.RawMessage("40")}
			if api == openai.Completions {
				g.Prompt = "{question}"
			}
		})
		c.Plan = construct.Plan{K: 4, T: 1, M: 1}
		states := build(t, c, q)[0].States
		body := m.bodies[len(m.bodies)-1]
		partial := states[1].Text
		if partial == "" || states[1].Position != "p(1)" || conf(q[0], partial) == 0 && states[1].K > 0 {
			t.Errorf("%v: %+v", api, states[1])
		}
		for key, want := range map[string]any{"top_p": 0.9, "max_tokens": 50.0, "n": 4.0, "model": "sums", "top_k": 40.0} {
			if body[key] != want {
				t.Errorf("%v: %s is %v", api, key, body[key])
			}
		}
		if api == openai.Completions {
			if body["prompt"] != q[0].Text+partial {
				t.Errorf("%q", body["prompt"])
			}
			continue
		}
		messages := body["messages"].([]any)
		last := messages[2].(map[string]any)
		if len(messages) != 3 || last["role"] != "assistant" || last["content"] != partial {
			t.Errorf("%v: %v", api, messages)
		}
		if got := body["continue_final_message"] == true && body["add_generation_prompt"] == false; got != (api == openai.ContinueFinal) {
			t.Errorf("%v: %v", api, body)
		}
		if got := last["prefix"] == true; got != (api == openai.Prefix) {
			t.Errorf("%v: %v", api, last)
		}
	}
}

func TestEmbeddings(t *testing.T) {
	m := newLLM(t)
	e, err := openai.NewEmbeddings(m.server(), "e", nil)
	if err != nil {
		t.Fatal(err)
	}
	c := m.config(t, nil)
	c.Plan, c.Vectorizer = construct.Plan{K: 30, T: 2, M: 4}, e
	store := &memory{}
	c.Store = store
	all := questions(10, 3)
	want := build(t, c, all)
	for _, r := range want {
		// Texts with the same result are one cluster, so no two are chosen.
		seen := map[string]bool{}
		for _, s := range r.States {
			if s.Position != "p(1)" {
				continue
			}
			got := result.FindStringSubmatch(s.Text)[1]
			if seen[got] || s.Count == 0 {
				t.Errorf("%+v: a second one with %s", s, got)
			}
			seen[got] = true
		}
	}
	before := m.requests.Load()
	if asJSON(t, build(t, c, all)) != asJSON(t, want) || m.requests.Load() != before {
		t.Error("what was saved gives other data, or was asked for again")
	}
}

// byResult gives texts with the same result equal vectors, and other texts orthogonal ones. The
// semantic centroid is then a text with the most common result.
type byResult struct{}

func (byResult) Name() string { return "result" }
func (byResult) Vectors(_ context.Context, texts []string) ([][]float64, error) {
	vectors := make([][]float64, len(texts))
	for i, text := range texts {
		vectors[i] = make([]float64, 1000)
		n, err := strconv.Atoi(result.FindStringSubmatch(text)[1])
		if err != nil {
			return nil, err
		}
		vectors[i][n] = 1
	}
	return vectors, nil
}

func TestTheNextPartialAnswerIsTheCentroid(t *testing.T) {
	m := newLLM(t)
	c := m.config(t, nil)
	store := &memory{}
	c.Plan, c.Vectorizer, c.Store = construct.Plan{K: 21, T: 3, M: 2}, byResult{}, store
	all := questions(8, 5)
	texts := map[string]string{} // partial answers, by question and place
	for _, r := range build(t, c, all) {
		for _, s := range r.States {
			if s.Branch > 0 {
				texts[fmt.Sprintf("%s %d.%d", s.ID, s.Branch, s.Fragments)] = s.Text
			}
		}
	}
	checked := 0
	for _, v := range store.completions(t) {
		var branch, fragments int
		if _, err := fmt.Sscanf(v.At, "%d.%d", &branch, &fragments); err != nil || fragments == 3 {
			continue
		}
		if v.Partial != texts[v.ID+" "+v.At] {
			t.Errorf("%s %s completes %q", v.ID, v.At, v.Partial)
		}
		counts, most := map[string]int{}, 0
		for _, done := range v.Completions {
			n := result.FindStringSubmatch(done.Text)[1]
			counts[n]++
			most = max(most, counts[n])
		}
		next := texts[fmt.Sprintf("%s %d.%d", v.ID, branch, fragments+1)]
		added, found := strings.CutPrefix(next, v.Partial)
		if !found || strings.Count(added, "=") != 1 || counts[result.FindStringSubmatch(added)[1]] != most {
			t.Errorf("%q continues as %q, of %v", v.Partial, added, counts)
		}
		checked++
	}
	if checked < 16 {
		t.Errorf("%d were checked", checked)
	}
}
