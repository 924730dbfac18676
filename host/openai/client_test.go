package openai_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/openai"
)

// server is an OpenAI-compatible server whose completions say which seed and choice
// they are of.
type server struct {
	*httptest.Server
	most    int  // choices a request gets at most; 0 is any
	refuses bool // n > 1, with HTTP 400

	mu     sync.Mutex
	bodies []map[string]any
	paths  []string
}

func newServer(t testing.TB) *server {
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.mu.Lock()
	s.bodies, s.paths = append(s.bodies, body), append(s.paths, r.URL.Path)
	s.mu.Unlock()
	n := 1
	if v, ok := body["n"].(float64); ok {
		n = int(v)
	}
	if n > 1 && s.refuses {
		http.Error(w, `{"error":{"message":"n must be 1"}}`, http.StatusBadRequest)
		return
	}
	if s.most > 0 {
		n = min(n, s.most)
	}
	var choices []any
	for i := range n {
		text := fmt.Sprintf("seed %v choice %d", body["seed"], i)
		choices = append(choices, map[string]any{"index": i, "text": text, "message": map[string]any{"content": text}, "finish_reason": "stop"})
	}
	slices.Reverse(choices) // their order is said by index
	json.NewEncoder(w).Encode(map[string]any{"model": "served", "choices": choices, "usage": map[string]int{"prompt_tokens": 3, "completion_tokens": n}})
}

func (s *server) config() model.Config {
	return config(s.URL+"/v1", func(c *model.Config) { c.Retries = 0 })
}

func generator(t testing.TB, c openai.GeneratorConfig) *openai.Generator {
	t.Helper()
	g, err := openai.NewGenerator(c)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// memory is a store.
type memory struct {
	mu     sync.Mutex
	values map[string][]byte
	err    error // of every Save
}

func (m *memory) Load(key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.values[key], nil
}

func (m *memory) Save(key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.values == nil {
		m.values = map[string][]byte{}
	}
	m.values[key] = value
	return m.err
}

func texts(s *openai.Sampled) (all []string) {
	for _, c := range s.Completions {
		all = append(all, c.Text)
	}
	return all
}

var stem = openai.Stem{ID: "q", Question: "Why?", At: "1.1", Partial: "Because"}

// TestACompletionIsAskedForAsTheAPIHasIt.
func TestACompletionIsAskedForAsTheAPIHasIt(t *testing.T) {
	for _, c := range []struct {
		api  openai.API
		path string
		want string // of what differs
	}{
		{openai.ContinueFinal, "/v1/chat/completions", `{"add_generation_prompt":false,"continue_final_message":true,"logprobs":true,"messages":[{"content":"Be brief.","role":"system"},{"content":"Q: Why?","role":"user"},{"content":"Because","role":"assistant"}],"top_logprobs":4}`},
		{openai.Prefix, "/v1/chat/completions", `{"logprobs":true,"messages":[{"content":"Be brief.","role":"system"},{"content":"Q: Why?","role":"user"},{"content":"Because","prefix":true,"role":"assistant"}],"top_logprobs":4}`},
		{openai.Trailing, "/v1/chat/completions", `{"logprobs":true,"messages":[{"content":"Be brief.","role":"system"},{"content":"Q: Why?","role":"user"},{"content":"Because","role":"assistant"}],"top_logprobs":4}`},
		{openai.Completions, "/v1/completions", `{"logprobs":4,"prompt":"Q: Why?Because"}`},
	} {
		s := newServer(t)
		g := generator(t, openai.GeneratorConfig{
			Server: s.config(), Model: "m", API: c.api, System: "Be brief.", Prompt: "Q: {question}",
			Temperature: 0.5, TopP: 0.9, MaxTokens: 50, Stop: []string{"END"}, Logprobs: true, TopLogprobs: 4,
			Extra: map[string]json.RawMessage{"top_k": json.RawMessage("40")},
		})
		if _, err := openai.NewSampler(g, 1, nil, 2).Sample(t.Context(), stem, 2); err != nil {
			t.Fatal(err)
		}
		body := s.bodies[0]
		for key, want := range map[string]any{"temperature": 0.5, "top_p": 0.9, "max_tokens": 50.0, "n": 2.0, "model": "m", "top_k": 40.0} {
			if body[key] != want {
				t.Errorf("%v: %s is %v, want %v", c.api, key, body[key], want)
			}
			delete(body, key)
		}
		delete(body, "seed")
		delete(body, "stop")
		if got, _ := json.Marshal(body); string(got) != c.want || s.paths[0] != c.path {
			t.Errorf("%v: %s\n got %s\nwant %s", c.api, s.paths[0], got, c.want)
		}
	}
}

// TestAServerMayGiveFewer choices than it is asked for, or refuse to give several:
// all are had, each once, and what was learnt saves requests.
func TestAServerMayGiveFewer(t *testing.T) {
	for name, c := range map[string]struct {
		most     int
		refuses  bool
		requests int
	}{
		"all at once":     {0, false, 1},
		"three at a time": {3, false, 3},
		"one at a time":   {0, true, 8 + 1},
	} {
		s := newServer(t)
		s.most, s.refuses = c.most, c.refuses
		g := generator(t, openai.GeneratorConfig{Server: s.config()})
		got, err := openai.NewSampler(g, 1, nil, 1).Sample(t.Context(), stem, 8)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.bodies) != c.requests || got.Requests != c.requests || got.Served != "served" || got.CompletionTokens != 8 {
			t.Errorf("%s: %d requests, want %d: %+v", name, len(s.bodies), c.requests, got)
		}
		distinct := slices.Compact(slices.Sorted(slices.Values(texts(got))))
		if len(distinct) != 8 || distinct[0] == "" {
			t.Errorf("%s: %q", name, texts(got))
		}
	}
}

// TestWhatIsInTheStoreIsNotAskedForAgain, whatever part of it is there.
func TestWhatIsInTheStoreIsNotAskedForAgain(t *testing.T) {
	s := newServer(t)
	g := generator(t, openai.GeneratorConfig{Server: s.config(), PerRequest: 2})
	observed := 0
	sample := func(store openai.Store) ([]string, int) {
		before := len(s.bodies)
		sampler := openai.NewSampler(g, 7, store, 1)
		sampler.Observe = func(n int) { observed += n }
		got, err := sampler.Sample(t.Context(), stem, 6)
		if err != nil {
			t.Fatal(err)
		}
		return texts(got), len(s.bodies) - before
	}
	full := &memory{}
	sampler := openai.NewSampler(g, 7, full, 1)
	if saved, err := sampler.Saved(stem, 6); saved || err != nil {
		t.Errorf("an empty store has it: %v, %v", saved, err)
	}
	want, requests := sample(full)
	if requests != 3 || observed != 6 {
		t.Errorf("%d requests, %d observed", requests, observed)
	}
	if saved, err := sampler.Saved(stem, 6); !saved || err != nil {
		t.Errorf("what was saved is not there: %v", err)
	}
	if got, again := sample(full); again != 0 || !slices.Equal(got, want) {
		t.Errorf("%d requests again, %q", again, got)
	}
	for key := range full.values {
		delete(full.values, key)
		break
	}
	if got, again := sample(full); again != 1 || !slices.Equal(got, want) {
		t.Errorf("%d requests for what is missing, %q, want %q", again, got, want)
	}
	other := stem
	other.At = "1.2"
	got, err := openai.NewSampler(g, 7, full, 1).Sample(t.Context(), other, 6)
	if err != nil || slices.Equal(texts(got), want) {
		t.Errorf("another place has the same completions, %v", err)
	}
	none := &memory{err: errors.New("disk full")}
	if _, err := openai.NewSampler(g, 7, none, 1).Sample(t.Context(), stem, 6); !errors.Is(err, openai.ErrStore) {
		t.Errorf("a store that fails: %v", err)
	}
}

func TestAGeneratorIsSampledOtherwise(t *testing.T) {
	s := newServer(t)
	g := generator(t, openai.GeneratorConfig{Server: s.config(), Temperature: 1, NoSeed: true})
	cold, err := g.With(func(c *openai.GeneratorConfig) { c.Temperature, c.API = 0, openai.Completions })
	if err != nil {
		t.Fatal(err)
	}
	if c := cold.Config(); c.Temperature != 0 || c.API != g.Config().API {
		t.Errorf("%+v", c)
	}
	if _, err := g.With(func(c *openai.GeneratorConfig) { c.Temperature = 3 }); err == nil {
		t.Error("a temperature of 3 is allowed")
	}
	if _, err := openai.NewSampler(cold, 1, nil, 1).Sample(t.Context(), openai.Stem{Question: "Why?"}, 1); err != nil {
		t.Fatal(err)
	}
	if _, there := s.bodies[0]["seed"]; there || s.bodies[0]["temperature"] != 0.0 {
		t.Errorf("%v", s.bodies[0])
	}
}

func TestConfigurationsOfAGenerator(t *testing.T) {
	fine := openai.GeneratorConfig{Server: model.DefaultConfig("http://127.0.0.1:1/v1")}
	generator(t, fine)
	for name, change := range map[string]func(*openai.GeneratorConfig){
		"API":         func(c *openai.GeneratorConfig) { c.API = 99 },
		"temperature": func(c *openai.GeneratorConfig) { c.Temperature = -1 },
		"top_p":       func(c *openai.GeneratorConfig) { c.TopP = 1.5 },
		"MaxTokens":   func(c *openai.GeneratorConfig) { c.MaxTokens = -1 },
		"{question}":  func(c *openai.GeneratorConfig) { c.Prompt = "What?" },
		"base URL":    func(c *openai.GeneratorConfig) { c.Server.BaseURL = "127.0.0.1" },
	} {
		c := fine
		change(&c)
		if _, err := openai.NewGenerator(c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i, name := range openai.APIs() {
		if api, err := openai.ParseAPI(name); err != nil || int(api) != i || api.String() != name {
			t.Errorf("%s is read as %v, %v", name, api, err)
		}
	}
	if _, err := openai.ParseAPI("soap"); err == nil || openai.API(99).String() != "api(99)" {
		t.Error("an unknown API has a name")
	}
}

func TestFailuresSayWhatIsWrong(t *testing.T) {
	reply := ""
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if reply == "" {
			http.Error(w, "model is gone", http.StatusNotFound)
			return
		}
		fmt.Fprint(w, reply)
	}))
	defer s.Close()
	g := generator(t, openai.GeneratorConfig{Server: config(s.URL+"/v1", func(c *model.Config) { c.Retries = 0 }), Logprobs: true})
	for _, c := range []struct {
		reply, says string
		status      int
	}{
		{"", "HTTP 404 Not Found: model is gone", 404},
		{"<html>", "the reply: invalid character", 0},
		{`{"choices":[]}`, "has no choices", 0},
		{`{"choices":[{"message":{"content":[1]}}]}`, "not a string", 0},
		{`{"choices":[{"message":{"content":"a"},"logprobs":{"tokens":["a"]}}]}`, "token_logprobs", 0},
	} {
		reply = c.reply
		_, err := openai.NewSampler(g, 1, nil, 1).Sample(t.Context(), stem, 1)
		var failed *openai.ServerError
		if !errors.As(err, &failed) || failed.Status != c.status || failed.Role != "generator" || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "generator at "+s.URL) {
			t.Errorf("%.30q: %v, want an error that says %q", c.reply, err, c.says)
		}
		if openai.Refused(err) {
			t.Errorf("%.30q is taken for a refusal", c.reply)
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := openai.NewSampler(g, 1, nil, 1).Sample(cancelled, stem, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	reply = `{"choices":[{"message":{"content":null}}]}`
	if got, err := openai.NewSampler(g, 1, nil, 1).Sample(t.Context(), stem, 1); err != nil || got.Completions[0].Text != "" {
		t.Errorf("a refusal is no text: %+v, %v", got, err)
	}
}

func TestEmbeddings(t *testing.T) {
	asked := 0
	bad := ""
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Model      string
			Input      []string
			Dimensions int
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || body.Model != "e" || body.Dimensions != 2 || r.URL.Path != "/v1/embeddings" {
			t.Errorf("%s %+v, %v", r.URL.Path, body, err)
		}
		asked += len(body.Input)
		if bad != "" {
			fmt.Fprint(w, bad)
			return
		}
		var data []any
		for i, text := range body.Input {
			data = append(data, map[string]any{"index": i, "embedding": []float64{float64(len(text)), 1}})
		}
		slices.Reverse(data)
		json.NewEncoder(w).Encode(map[string]any{"data": data})
	}))
	defer s.Close()
	e, err := openai.NewEmbeddings(config(s.URL+"/v1", func(c *model.Config) { c.Retries = 0 }), "e", map[string]json.RawMessage{"dimensions": json.RawMessage("2")})
	if err != nil || e.Name() != "e" {
		t.Fatal(err)
	}
	var many []string
	for i := range 600 {
		many = append(many, strings.Repeat("x", i%300))
	}
	vectors, err := e.Vectors(t.Context(), many)
	if err != nil || asked != 300 {
		t.Fatalf("%d texts asked for, %v", asked, err)
	}
	for i, v := range vectors {
		if v[0] != float64(i%300) {
			t.Errorf("text %d has the vector %v", i, v)
		}
	}
	for _, bad = range []string{`{"data":[]}`, `{"data":[{"index":5,"embedding":[1]}]}`, `{"data":[{"index":0,"embedding":[]}]}`} {
		if _, err := e.Vectors(t.Context(), []string{"a"}); err == nil || !strings.Contains(err.Error(), "embedding") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if _, err := openai.NewEmbeddings(model.Config{}, "e", nil); err == nil {
		t.Error("a server without an address")
	}
}

// TestRequestsOfAStemStayTogether: no other stem's requests come between them, and
// of stems that wait the lowest rank goes first.
func TestRequestsOfAStemStayTogether(t *testing.T) {
	s := newServer(t)
	g := generator(t, openai.GeneratorConfig{Server: s.config(), PerRequest: 1})
	sampler := openai.NewSampler(g, 1, nil, 1)
	var group sync.WaitGroup
	for rank := range 5 {
		group.Go(func() {
			if _, err := sampler.Sample(t.Context(), openai.Stem{ID: fmt.Sprint(rank), Question: fmt.Sprint(rank), Rank: rank}, 6); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	var asked []string
	for _, body := range s.bodies {
		asked = append(asked, fmt.Sprint(body["messages"]))
	}
	if got := len(slices.Compact(asked)); len(s.bodies) != 30 || got != 5 {
		t.Errorf("%d requests of 5 stems came in %d groups", len(s.bodies), got)
	}
}

func TestARequestThatFailsStopsThoseThatWait(t *testing.T) {
	var mu sync.Mutex
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked++
		mu.Unlock()
		http.Error(w, "no", http.StatusNotFound)
	}))
	defer s.Close()
	g := generator(t, openai.GeneratorConfig{Server: config(s.URL, func(c *model.Config) { c.Retries = 0 }), PerRequest: 1})
	_, err := openai.NewSampler(g, 1, nil, 2).Sample(t.Context(), stem, 30)
	var failed *openai.ServerError
	if !errors.As(err, &failed) || asked == 30 {
		t.Errorf("%d requests, %v", asked, err)
	}
}

// config is a configuration with changes.
func config(url string, change func(*model.Config)) model.Config {
	c := model.DefaultConfig(url)
	change(&c)
	return c
}
