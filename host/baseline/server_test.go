package baseline_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/finece/finece/host/baseline"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/openai"
)

// script is a server that writes answers of two paragraphs and a number. Its tokens are
// colons, and words with the white space before them. The log-probability of a token is minus
// a tenth of its length.
type script struct {
	*httptest.Server
	noLogprobs, noEcho, prose, down atomic.Bool
	mostN                           int

	mu       sync.Mutex
	requests map[string]int // number of requests by purpose
	bodies   []map[string]any
}

func newScript(t testing.TB) *script {
	s := &script{requests: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

// total returns the number of requests, the sum over their kinds.
func (s *script) total() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.requests {
		n += v
	}
	return n
}

func (s *script) count(kind string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[kind]
}

var words = regexp.MustCompile(`\s*[^\s:]+|:`)

func logprobOf(token string) float64 { return -float64(len(token)) / 10 }

type request struct {
	Messages       []struct{ Role, Content string }
	Prompt         string
	Temperature    float64
	MaxTokens      int `json:"max_tokens"`
	N, Seed        int
	Echo           bool
	Logprobs       any
	PromptLogprobs *int            `json:"prompt_logprobs"`
	Top            int             `json:"top_logprobs"`
	Input          json.RawMessage `json:"input"`
}

func (s *script) serve(w http.ResponseWriter, r *http.Request) {
	var q request
	var raw map[string]any
	body := json.NewDecoder(r.Body)
	var whole json.RawMessage
	if body.Decode(&whole) != nil || json.Unmarshal(whole, &q) != nil || json.Unmarshal(whole, &raw) != nil {
		http.Error(w, "bad request", 400)
		return
	}
	kind := ""
	reply := map[string]any{"model": "script", "usage": map[string]int{"prompt_tokens": 100, "completion_tokens": 700}}
	last := ""
	if n := len(q.Messages); n > 0 {
		last = q.Messages[n-1].Content
	}
	switch {
	case s.down.Load():
		http.Error(w, "out of order", http.StatusTeapot)
		return
	case strings.HasSuffix(r.URL.Path, "/pooling"):
		kind = "head"
		reply["data"] = []any{map[string]any{"data": []float64{0.25}}}
	case q.Echo:
		kind = "echo"
		if s.noEcho.Load() {
			http.Error(w, "no such thing", 404)
			return
		}
		reply["choices"] = []any{map[string]any{"text": q.Prompt, "logprobs": arrays(q.Prompt)}}
	case q.PromptLogprobs != nil:
		kind = "prompt-logprobs"
		list := []any{nil}
		for i, token := range words.FindAllString("user: "+q.Messages[0].Content+" assistant:"+last, -1) {
			list = append(list, map[string]any{fmt.Sprint(i): map[string]any{"logprob": logprobOf(token), "rank": 1, "decoded_token": token}})
		}
		reply["prompt_logprobs"] = list
	case strings.Contains(last, "between 0 and 1"):
		kind = "verbal"
		says := fmt.Sprintf("0.%d", 9-strings.Count(q.Messages[len(q.Messages)-2].Content, "\n\n"))
		if q.Messages[len(q.Messages)-2].Role != "assistant" {
			kind, says = "verbal of the question", "45%"
		}
		if s.prose.Load() {
			says = "I am quite sure."
		}
		reply["choices"] = []any{map[string]any{"message": map[string]any{"content": says}, "finish_reason": "stop"}}
	default:
		kind = s.complete(&q, reply)
	}
	s.mu.Lock()
	s.requests[kind]++
	s.bodies = append(s.bodies, raw)
	s.mu.Unlock()
	json.NewEncoder(w).Encode(reply)
}

func (s *script) complete(q *request, reply map[string]any) (kind string) {
	partial := ""
	if m := q.Messages[len(q.Messages)-1]; m.Role == "assistant" {
		partial = m.Content
	}
	n := max(q.N, 1)
	if s.mostN > 0 {
		n = min(n, s.mostN)
	}
	var choices []any
	for i := range n {
		text := ""
		for step := len(paragraphs(partial)) + 1; step <= 2; step++ {
			text += fmt.Sprintf("\n\nStep %d is done.", step)
		}
		// At temperature 0 it is 42; of samples, three in five are.
		number := 42
		if x := (q.Seed + i*7919) % 5; q.Temperature > 0 && x > 2 {
			number = x
		}
		text += fmt.Sprintf("\n\n#### %d", number)
		if partial == "" {
			text = strings.TrimLeft(text, "\n")
		}
		tokens := words.FindAllString(text, -1)
		if q.MaxTokens > 0 && q.MaxTokens < len(tokens) {
			tokens = tokens[:q.MaxTokens]
			text = strings.Join(tokens, "")
		}
		c := map[string]any{"index": i, "message": map[string]any{"content": text}, "finish_reason": "stop"}
		if q.Logprobs == true && !s.noLogprobs.Load() {
			var list []any
			for _, token := range tokens {
				top := []any{}
				for j := range q.Top {
					top = append(top, map[string]any{"token": fmt.Sprint(j), "logprob": logprobOf(token) - float64(j)})
				}
				list = append(list, map[string]any{"token": token, "logprob": logprobOf(token), "top_logprobs": top})
			}
			c["logprobs"] = map[string]any{"content": list}
		}
		choices = append(choices, c)
	}
	reply["choices"] = choices
	switch {
	case q.Temperature > 0:
		return "samples"
	case q.MaxTokens == 1:
		return "first"
	}
	return "greedy"
}

// paragraphs returns the paragraphs of a text.
func paragraphs(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n\n")
}

// arrays returns the logprobs of a reply of completions.
func arrays(text string) map[string]any {
	var tokens []string
	var numbers []any
	var top []any
	var offsets []int
	at := 0
	for i, token := range words.FindAllString(text, -1) {
		tokens, offsets = append(tokens, token), append(offsets, at)
		at += len([]rune(token))
		if i == 0 {
			numbers, top = append(numbers, nil), append(top, nil)
			continue
		}
		lp := logprobOf(token)
		numbers, top = append(numbers, lp), append(top, map[string]float64{token: lp, "a": -9, "b": -9, "c": -9, "d": -9})
	}
	return map[string]any{"tokens": tokens, "token_logprobs": numbers, "top_logprobs": top, "text_offset": offsets}
}

func (s *script) server() model.Config {
	return config(s.URL+"/v1", func(c *model.Config) { c.Retries = 0 })
}

// prompt is a chat template.
const prompt = "user: {question} assistant:"

// config returns the configuration of a collection from the script.
func (s *script) config(t testing.TB) baseline.Config {
	t.Helper()
	g, err := openai.NewGenerator(openai.GeneratorConfig{Server: s.server(), Model: "m", System: "Add.", Temperature: 1, MaxTokens: 100})
	if err != nil {
		t.Fatal(err)
	}
	c := baseline.DefaultConfig()
	c.Generator, c.Seed = g, 3
	c.Equivalence = grade.ByFinal{Reader: grade.NumberGrader{}}
	c.Scoring = baseline.Scoring{Method: baseline.Echo, Prompt: prompt}
	return c
}

func collector(t testing.TB, c baseline.Config) *baseline.Collector {
	t.Helper()
	made, err := baseline.NewCollector(c)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// geometric returns e to the mean log-probability of a text's tokens.
func geometric(text string) float64 {
	sum, n := 0.0, 0
	for _, token := range words.FindAllString(text, -1) {
		sum += logprobOf(token)
		n++
	}
	return math.Exp(sum / float64(n))
}

// formatted returns values in one line.
func formatted(values ...any) string { return fmt.Sprint(values...) }
