package experiment_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/baseline"
	"github.com/finece/finece/host/experiment"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/openai"
	"github.com/finece/finece/wasm/estimate"
)

// said starts a server and returns its address. The generator writes three paragraphs; a
// partial answer has the first of them. The confidence model replies 0.5, or no number if the
// text contains the word "mute".
func said(t *testing.T, rest string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			Model    string
			N        int
			Messages []struct{ Role, Content string }
		}
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			t.Error(err)
		}
		last := q.Messages[len(q.Messages)-1]
		text := "We add.\n\n" + rest
		switch {
		case q.Model == "confidence" && strings.Contains(last.Content, "mute"):
			text = "who knows"
		case q.Model == "confidence":
			text = "0.5"
		case last.Role == "assistant":
			text = "\n\n" + rest
		}
		type choice map[string]any
		var choices []choice
		for i := range max(q.N, 1) {
			choices = append(choices, choice{"index": i, "message": map[string]string{"role": "assistant", "content": text}, "finish_reason": "stop"})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"choices": choices})
	}))
	t.Cleanup(s.Close)
	return s.URL + "/v1"
}

// replies is a store that only one caller at a time may use.
type replies map[string][]byte

func (r replies) Load(key string) ([]byte, error) { return r[key], nil }

func (r replies) Save(key string, value []byte) error {
	r[key] = value
	return nil
}

// The answer that is judged is not one of the samples that the baselines compare it with: it
// has another seed, although the request is the same.
func TestSamplesAreNotTheAnswer(t *testing.T) {
	var mu sync.Mutex
	asked := map[string]map[int64]int{} // messages, seed
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			N           int
			Temperature float64
			Seed        int64
			Messages    json.RawMessage
		}
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			t.Error(err)
		}
		if q.Temperature > 0 {
			mu.Lock()
			if asked[string(q.Messages)] == nil {
				asked[string(q.Messages)] = map[int64]int{}
			}
			asked[string(q.Messages)][q.Seed]++
			mu.Unlock()
		}
		var choices []map[string]any
		for i := range max(q.N, 1) {
			choices = append(choices, map[string]any{"index": i, "message": map[string]string{"content": "#### 42"}, "finish_reason": "stop"})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"choices": choices})
	}))
	defer s.Close()
	g, err := openai.NewGenerator(openai.GeneratorConfig{Server: model.DefaultConfig(s.URL + "/v1"), Model: "generator", Temperature: 1})
	if err != nil {
		t.Fatal(err)
	}
	b := baseline.DefaultConfig()
	b.Generator, b.Equivalence = g, nil
	c := experiment.DefaultConfig()
	c.Engine, c.Generator, c.Grader, c.Baselines = host.Native(), g, grade.NumberGrader{}, []baseline.Estimator{baseline.CoCoA{Cosine: true}}
	b.Seed = c.Seed
	if c.Collector, err = baseline.NewCollector(b); err != nil {
		t.Fatal(err)
	}
	err = experiment.Collect(t.Context(), c, []*grade.Question{{ID: "a", Text: "What is 17 + 25?", Gold: []string{"42"}}}, func(*experiment.Record) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	most := 0
	for messages, seeds := range asked {
		most = max(most, len(seeds))
		for seed, n := range seeds {
			if n > 1 {
				t.Errorf("%s is asked %d times with seed %d", messages, n, seed)
			}
		}
	}
	if most != 3 { // seeds of the question: of the answer, of its label's continuations, of the samples
		t.Errorf("%d seeds, want 3: %v", most, asked)
	}
}

// The store tells two models with the same name apart by their servers, and two ways to ask a
// model by their adapters.
func TestConfidencesAreKeptApart(t *testing.T) {
	says := func(reply string) model.Config {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte(reply))
		}))
		t.Cleanup(s.Close)
		return model.DefaultConfig(s.URL + "/v1")
	}
	store := replies{}
	for _, c := range []struct {
		where   string
		server  model.Config
		adapter estimate.Adapter
		want    float64
	}{
		{"", says(`{"choices":[{"message":{"content":"0.9"}}]}`), estimate.Chat, 0.9},
		{"elsewhere", says(`{"choices":[{"message":{"content":"0.1"}}]}`), estimate.Chat, 0.1},
		{"", says(`{"data":[{"data":[0.25]}]}`), estimate.Pooling, 0.25},
		{"", says(`{"data":[{"probs":[0.75]}]}`), estimate.Classify, 0.75},
		{"", says("no reply is asked for twice"), estimate.Chat, 0.9},
		{"no JSON", says("no JSON"), estimate.Chat, -1},
	} {
		m := estimate.DefaultModel()
		m.Name, m.Adapter, m.Class = "m", c.adapter, 0
		asker, err := experiment.NewAsker(c.server, m, c.where, store)
		if err != nil {
			t.Fatal(err)
		}
		got := -1.0
		body, err := asker.Post(t.Context(), "a", m.AppendRequest(nil, estimate.Partial, []byte("What is 17 + 25?"), []byte("We add.")))
		if err == nil {
			reading, err := m.ReadReply(body)
			if err != nil {
				t.Fatal(err)
			}
			got = reading.Confidence
		}
		if got != c.want {
			t.Errorf("%q, %s: %v, %v, want %v", c.where, c.adapter, got, err, c.want)
		}
	}
}

// Points without a reply of the confidence model have no confidence. The others have one.
func TestCollectWithoutSomeConfidences(t *testing.T) {
	for _, c := range []struct {
		rest          string
		with, without int // points of paragraphs
		tree          int // nodes
		correct       bool
	}{
		{rest: "It is 42.\n\n#### 42", with: 4, tree: 7, correct: true},
		{rest: "It is mute.\n\n#### 41", with: 2, without: 2},
	} {
		server := model.DefaultConfig(said(t, c.rest))
		g, err := openai.NewGenerator(openai.GeneratorConfig{Server: server, Model: "generator", Temperature: 1})
		if err != nil {
			t.Fatal(err)
		}
		m := estimate.DefaultModel()
		m.Name = "confidence"
		asker, err := experiment.NewAsker(server, m, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		config := experiment.DefaultConfig()
		config.Engine, config.Generator, config.Grader, config.Answers, config.Width = host.Native(), g, grade.NumberGrader{}, 1, 2
		config.Subjects = []experiment.Subject{{Name: experiment.FineCE, Asker: asker, Main: true}}
		var records []*experiment.Record
		err = experiment.Collect(context.Background(), config, []*grade.Question{{ID: "a", Text: "What is 17 + 25?", Gold: []string{"42"}}}, func(r *experiment.Record) error {
			records = append(records, r)
			return nil
		})
		if err != nil || len(records) != 1 {
			t.Fatalf("%d records, %v", len(records), err)
		}
		with, without, nodes, labels := 0, 0, 0, 0
		for _, p := range records[0].Points {
			if p.Strategy != experiment.ByParagraph {
				continue
			}
			if v, ok := p.Confidence[experiment.FineCE]; ok && v == 0.5 {
				with++
			} else {
				without++
			}
			if p.Tree != nil {
				nodes = len(p.Tree.Confidence)
			}
			if p.Label != nil {
				labels++
				if p.Label.N != config.Labels || p.Label.K != map[bool]int{true: config.Labels}[c.correct] {
					t.Errorf("%q: p(%d) has the label %+v", c.rest, p.Index, p.Label)
				}
			}
		}
		if with != c.with || without != c.without || nodes != c.tree || records[0].Correct != c.correct {
			t.Errorf("%q: %d with, %d without a confidence, %d nodes, correct %v", c.rest, with, without, nodes, records[0].Correct)
		}
		if labels != 3 { // p(0), p(1) and p(z-1)
			t.Errorf("%q: %d labels", c.rest, labels)
		}
	}
}
