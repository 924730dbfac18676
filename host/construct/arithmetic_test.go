package construct_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/openai"
)

// The generator of the tests is a random program that adds up numbers, with one paragraph for
// each number. A right total becomes wrong with a probability that depends on the number. A
// wrong total becomes right again with another probability. So the true Conf of every prefix
// can be computed.

const recovers = 0.2

func errs(number int) float64 { return 0.03 + 0.04*float64(number%9) }

func question(start int, add ...int) *grade.Question {
	total := start
	text := fmt.Sprintf("Start with %d.", start)
	for _, a := range add {
		text += fmt.Sprintf(" Add %d.", a)
		total += a
	}
	return &grade.Question{ID: fmt.Sprintf("q%d-%v", start, add), Text: text + " What is the result?", Gold: []string{strconv.Itoa(total)}}
}

// questions returns n questions, each with the given number of numbers.
func questions(n, steps int) (all []*grade.Question) {
	r := rand.New(rand.NewPCG(1, uint64(steps)))
	for i := range n {
		add := make([]int, steps)
		for j := range add {
			add[j] = 1 + r.IntN(30)
		}
		all = append(all, question(100+i, add...))
	}
	return all
}

var (
	numbers = regexp.MustCompile(`\d+`)
	result  = regexp.MustCompile(`= (\d+)\.`)
)

func parse(text string) (start int, add []int) {
	for i, s := range numbers.FindAllString(text, -1) {
		n, _ := strconv.Atoi(s)
		if i == 0 {
			start = n
		} else {
			add = append(add, n)
		}
	}
	return start, add
}

// progress returns how many numbers a partial answer has added, its total, and the right
// total.
func progress(start int, add []int, partial string) (done, total, right int) {
	total, right = start, start
	for _, m := range result.FindAllStringSubmatch(partial, -1) {
		total, _ = strconv.Atoi(m[1])
		right += add[done]
		done++
	}
	return done, total, right
}

// conf returns the true Conf of a question with a partial answer.
func conf(q *grade.Question, partial string) float64 {
	start, add := parse(q.Text)
	done, total, right := progress(start, add, partial)
	ok, wrong := 1.0, 0.0 // Conf at the end of the answer
	for i := len(add) - 1; i >= done; i-- {
		ok, wrong = (1-errs(add[i]))*ok+errs(add[i])*wrong, recovers*ok+(1-recovers)*wrong
	}
	if total == right {
		return ok
	}
	return wrong
}

// write continues a partial answer to the end.
func write(r *rand.Rand, question, partial string) string {
	start, add := parse(question)
	done, total, right := progress(start, add, partial)
	var b strings.Builder
	if partial != "" {
		b.WriteString("\n\n")
	}
	for _, a := range add[done:] {
		before := total
		wrong := total != right
		right += a
		total += a
		switch {
		case wrong && r.Float64() < recovers:
			b.WriteString("Wait, that was off. ")
			before, total = right-a, right
		case !wrong && r.Float64() < errs(a):
			total += 1 + r.IntN(3)
		}
		fmt.Fprintf(&b, "Adding %d: %d + %d = %d.\n\n", a, before, a, total)
	}
	fmt.Fprintf(&b, "#### %d", total)
	return b.String()
}

// llm is an OpenAI-compatible server of the program.
type llm struct {
	*httptest.Server
	mostN       int                                               // choices a request gets at most; 0 is any
	rejectN     bool                                              // answer 400 to n > 1
	intercept   func(w http.ResponseWriter, r *http.Request) bool // answers itself
	requests    atomic.Int64
	completions atomic.Int64

	mu       sync.Mutex
	prefixes []string // of the requests, in the order in which they came
	bodies   []map[string]any
}

func newLLM(t testing.TB) *llm {
	m := &llm{}
	m.Server = httptest.NewServer(http.HandlerFunc(m.serve))
	t.Cleanup(m.Close)
	return m
}

// says makes the server write the result of text. Its arguments are a partial answer ("" for a
// question) and the number of the choice.
func (m *llm) says(t *testing.T, text func(partial string, choice int) string) {
	m.intercept = func(w http.ResponseWriter, r *http.Request) bool {
		var request struct {
			Messages []struct{ Role, Content string }
			N        int
		}
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			t.Error(err)
		}
		partial := ""
		if last := request.Messages[len(request.Messages)-1]; last.Role == "assistant" {
			partial = last.Content
		}
		var choices []any
		for i := range request.N {
			choices = append(choices, map[string]any{"index": i, "message": map[string]string{"content": text(partial, i)}})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"choices": choices})
		return true
	}
}

func (m *llm) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	m.requests.Add(1)
	if m.intercept != nil && m.intercept(w, r) {
		return
	}
	var request struct {
		Messages []struct{ Role, Content string }
		Prompt   string
		N        int
		Seed     uint64
	}
	var all map[string]any
	if json.Unmarshal(body, &request) != nil || json.Unmarshal(body, &all) != nil {
		http.Error(w, "bad request", 400)
		return
	}
	if r.URL.Path == "/v1/embeddings" {
		embed(w, all)
		return
	}
	question, partial := request.Prompt, ""
	if i := strings.Index(question, "?"); i >= 0 {
		question, partial = question[:i], question[i+1:]
	}
	for _, message := range request.Messages {
		if message.Role == "user" {
			question = message.Content
		} else if message.Role == "assistant" {
			partial = message.Content
		}
	}
	m.mu.Lock()
	m.prefixes = append(m.prefixes, question+"|"+partial)
	m.bodies = append(m.bodies, all)
	m.mu.Unlock()
	n := max(request.N, 1)
	if n > 1 && m.rejectN {
		http.Error(w, `{"error":{"message":"n must be 1"}}`, 400)
		return
	}
	if m.mostN > 0 {
		n = min(n, m.mostN)
	}
	m.completions.Add(int64(n))
	var choices []any
	for i := range n {
		h := fnv.New64()
		fmt.Fprint(h, question, "|", partial, i)
		text := write(rand.New(rand.NewPCG(request.Seed, h.Sum64())), question, partial)
		choices = append(choices, map[string]any{
			"index": i, "finish_reason": "stop", "text": text, "message": map[string]any{"role": "assistant", "content": text},
		})
	}
	slices.Reverse(choices) // their order is said by index
	json.NewEncoder(w).Encode(map[string]any{"model": "sums-1", "choices": choices, "usage": map[string]int{"completion_tokens": n, "prompt_tokens": 1}})
}

// embed makes similar vectors for texts with the same result.
func embed(w http.ResponseWriter, request map[string]any) {
	var data []any
	inputs, _ := request["input"].([]any)
	for i, in := range inputs {
		vector := make([]float64, 8)
		for _, m := range result.FindAllStringSubmatch(fmt.Sprint(in), -1) {
			n, _ := strconv.Atoi(m[1])
			vector[n%8] = 1
		}
		data = append(data, map[string]any{"index": i, "embedding": vector})
	}
	json.NewEncoder(w).Encode(map[string]any{"data": data})
}

func (m *llm) server() model.Config { return model.DefaultConfig(m.URL + "/v1") }

// config returns the configuration of a run with the server.
func (m *llm) config(t testing.TB, change func(*openai.GeneratorConfig)) construct.Config {
	t.Helper()
	g := openai.GeneratorConfig{Server: m.server(), Model: "sums", Temperature: 1}
	if change != nil {
		change(&g)
	}
	made, err := openai.NewGenerator(g)
	if err != nil {
		t.Fatal(err)
	}
	c := construct.DefaultConfig()
	c.Generator, c.Grader = made, grade.NumberGrader{}
	return c
}

// build runs to the end; no question may fail.
func build(t testing.TB, c construct.Config, all []*grade.Question) (results []*construct.Result) {
	t.Helper()
	err := construct.Run(t.Context(), c, all, func(r *construct.Result) error {
		results = append(results, r)
		return r.Err
	})
	if err != nil {
		t.Fatal(err)
	}
	return results
}

// memory is a store.
type memory struct {
	mu     sync.Mutex
	values map[string][]byte
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
	if m.values[key] != nil {
		return fmt.Errorf("%s was saved before", key)
	}
	m.values[key] = value
	return nil
}

// saved is a reply of the generator.
type saved struct {
	ID, At, Partial, Kind string
	Completions           []openai.Completion
}

// completions returns the saved replies of the generator.
func (m *memory) completions(t *testing.T) (all []saved) {
	t.Helper()
	for _, raw := range m.values {
		var v saved
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatal(err)
		}
		if v.Kind == "completions" {
			all = append(all, v)
		}
	}
	return all
}
