package main

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
)

// scoredLine is a line of finece score.
type scoredLine struct {
	ID         any
	Choice     int
	Question   string
	Answer     string
	Confidence *float64
	Finece     struct {
		Version        int
		Calibrated     bool
		Source         record.Source
		Reason         string
		Finish         string
		Positions      []*record.Confidence
		Hash, Settings string
	}
}

func scores(t *testing.T, out string) (list []scoredLine) {
	t.Helper()
	for _, line := range linesOf(out) {
		var s scoredLine
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		list = append(list, s)
	}
	return list
}

// states are the states or reasons of a line's positions.
func (s scoredLine) states() string {
	var all []string
	for _, p := range s.Finece.Positions {
		if p.Reason != session.NoReason {
			all = append(all, p.Reason.String())
		} else {
			all = append(all, p.State.String())
		}
	}
	return strings.Join(all, ", ")
}

// TestScoreFusesWhatFuseFuses scores a stream, and gives the raw values to finece fuse.
func TestScoreFusesWhatFuseFuses(t *testing.T) {
	fusion := []string{"--alpha", "0.3", "--depth", "3"}
	r := finece(t, "", append([]string{"score", demoStream}, fusion...)...)
	r.wants(t, 0)
	list := scores(t, r.out)
	if len(list) != 1 || list[0].ID != "demo.sse" || list[0].Confidence == nil || list[0].Finece.Finish != "stop" {
		t.Fatal(r.out)
	}
	var raw, fused []any
	for _, p := range list[0].Finece.Positions[1:] { // the question has no text of its own
		if p.State != session.Final || !p.HasValue() {
			t.Fatalf("%+v", p)
		}
		raw, fused = append(raw, p.Raw), append(fused, p.Fused)
	}
	in, _ := json.Marshal(raw)
	want, _ := json.Marshal(fused)
	if got := finece(t, string(in), append([]string{"fuse", "--width", "1"}, fusion...)...); strings.TrimSpace(got.out) != string(want) {
		t.Errorf("score says\n%s\nfuse says\n%s", want, got.out)
	}
	if native := finece(t, "", append([]string{"score", "--engine", "native", demoStream}, fusion...)...); native != r {
		t.Errorf("the native engine says\n%+v", native)
	}
}

func TestScoreAnswers(t *testing.T) {
	in := `{"id":"numbers","question":"q","answer":"one two","logprobs":[-0.5,-0.1]}
{"id":7,"answer":"ab","logprobs":{"content":[{"token":"a","logprob":-0.2},{"token":"b","logprob":-0.4}]}}

{"answer":"no id","logprobs":[0]}
`
	r := finece(t, in, "score", "-")
	r.wants(t, 0)
	list := scores(t, r.out)
	if len(list) != 3 {
		t.Fatal(r.out)
	}
	for i, want := range []struct {
		id         any
		confidence float64
	}{{"numbers", math.Exp(-0.3)}, {7.0, math.Exp(-0.3)}, {nil, 1}} {
		if s := list[i]; s.ID != want.id || s.Confidence == nil || math.Abs(*s.Confidence-want.confidence) > 1e-9 {
			t.Errorf("%+v, want %+v", s, want)
		}
	}
}

// TestScoreBadLines: a bad line is reported, and the others are scored.
func TestScoreBadLines(t *testing.T) {
	in := `{"id":1,"answer":"a","logprobs":[-1]}
{"id":2,"answer":
{"id":3}
{"id":4,"answer":"a","logprobs":["very sure"]}
{"id":5,"answer":5}
{"id":6,"deep":` + strings.Repeat("[", 100_000) + `
{"id":7,"answer":"` + strings.Repeat("x", 17<<20) + `"}
` + "{\"id\":8,\"answer\":\"\xff\xfe\"}" + `
{"id":9,"answer":"a","logprobs":[NaN]}
["an array"]
{"id":11,"answer":"z","logprobs":[-1]}`
	r := finece(t, in, "score", "-")
	r.wants(t, exit.Faults,
		"standard input: line 2 (id 2): not JSON at byte", `line 3 (id 3): no "answer"`, `line 4 (id 4): logprobs[0] is "very sure", want a number`,
		"line 5 (id 5): answer is a JSON number, want a string", "line 6 (id 6): not JSON", "line 7: longer than 16777216 bytes",
		"line 9 (id 9): not JSON", "line 10: want a JSON object, not a JSON array", "8 answers could not be scored")
	var ids []any
	for _, s := range scores(t, r.out) {
		ids = append(ids, s.ID)
	}
	if fmt.Sprint(ids) != "[1 8 11]" {
		t.Errorf("scored: %v", ids)
	}
}

// TestScoreAsksAModel checks the prompts: p(0) has the question, and each later position also
// the answer up to there.
func TestScoreAsksAModel(t *testing.T) {
	m := newConfidenceModel(t, sure)
	in := `{"id":1,"question":"How many?","answer":"First step.\n\nSecond step."}`
	r := finece(t, in, append([]string{"score", "-"}, m.flags()...)...)
	r.wants(t, 0)
	if got := scores(t, r.out)[0]; got.states() != "final, final, final" || *got.Confidence != 0.8 || got.Finece.Positions[0].Source.Basis != "parsed" || got.Finece.Source.Model != "finece" {
		t.Error(r.out)
	}
	prompts := m.prompts(t)
	if len(prompts) != 3 {
		t.Fatalf("%d requests, want 3", len(prompts))
	}
	first, second := 0, 0
	for _, p := range prompts {
		if !strings.Contains(p, "How many?") || !strings.Contains(p, "between 0 and 1") {
			t.Errorf("a prompt without the question or the instruction:\n%s", p)
		}
		first += strings.Count(p, "First step.")
		second += strings.Count(p, "Second step.")
	}
	if first != 2 || second != 1 {
		t.Errorf("the first step is in %d prompts, the second in %d; want 2 and 1", first, second)
	}
}

// TestScoreWithAModelThatFails: a position without an estimate says why, its answer still has
// a line, and the exit code reports the failure.
func TestScoreWithAModelThatFails(t *testing.T) {
	const in = `{"id":1,"question":"q","answer":"a"}`
	for _, c := range []struct {
		name   string
		answer func(w http.ResponseWriter, r *http.Request, n int)
		args   []string
		code   int
		states string
		says   []string
	}{
		{"very sure", func(w http.ResponseWriter, _ *http.Request, _ int) { says(w, "very sure") }, nil, exit.Faults, "bad-reply, bad-reply", []string{"very sure"}},
		{"over 1", func(w http.ResponseWriter, _ *http.Request, _ int) { says(w, "95") }, nil, exit.Faults, "bad-reply, bad-reply", []string{"bad-reply"}},
		{"NaN", func(w http.ResponseWriter, _ *http.Request, _ int) { says(w, "NaN") }, nil, exit.Faults, "bad-reply, bad-reply", []string{"bad-reply"}},
		{"no JSON", func(w http.ResponseWriter, _ *http.Request, _ int) { fmt.Fprint(w, "<html>") }, nil, exit.Faults, "bad-reply, bad-reply", []string{"bad-reply"}},
		{"400", func(w http.ResponseWriter, _ *http.Request, _ int) { http.Error(w, "no such model", 400) }, nil, exit.Faults, "endpoint-error, endpoint-error",
			[]string{"HTTP 400", "no such model", "2 requests to the confidence model failed"}},
		{"500 for longer than there is time", func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.Header().Set("Retry-After", "3600")
			http.Error(w, "out of memory", 500)
		}, []string{"--timeout", "10m"}, exit.Faults, "endpoint-error, endpoint-error",
			[]string{"HTTP 500", "out of memory", "see the server's log"}},
		{"429 for longer than there is time", func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(429)
		}, []string{"--timeout", "10m"}, exit.Faults, "endpoint-error, endpoint-error", []string{"HTTP 429", "retry after 3600"}},
		{"429 and then an answer", func(w http.ResponseWriter, _ *http.Request, n int) {
			if n > 1 {
				says(w, "0.8")
				return
			}
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(429)
		}, []string{"--timeout", "10m"}, 0, "final, final", nil},
		{"slow", func(w http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() }, []string{"--timeout", "300ms"}, exit.Faults, "timeout, timeout",
			[]string{"no reply within 300ms"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := newConfidenceModel(t, c.answer)
			r := finece(t, in, append([]string{"score", "--engine", "native", "-"}, m.flags(c.args...)...)...)
			r.wants(t, c.code, c.says...)
			list := scores(t, r.out)
			if len(list) != 1 || list[0].states() != c.states || (list[0].Confidence == nil) != (c.code != 0) {
				t.Errorf("%s\nwant the states %s", r.out, c.states)
			}
		})
	}
}

func TestScoreGivesADeadServerUp(t *testing.T) {
	m := newConfidenceModel(t, sure)
	m.Close()
	out := filepath.Join(t.TempDir(), "scores.jsonl")
	args := append([]string{"score", "-", "--engine", "native", "--jobs", "8", "--timeout", "10m", "-o", out}, m.flags()...)
	r := finece(t, answersFor(100), args...)
	r.wants(t, exit.IO, "gave up", "--retry-failed", "connection refused")
	before, err := os.ReadFile(out)
	if err != nil || len(linesOf(string(before))) != 8 {
		t.Errorf("%d lines of answers that could not be asked about, %v", len(linesOf(string(before))), err)
	}
}

// TestScoreRealAnswers scores answers of real models to GSM8K, whose steps are
// lines.
func TestScoreRealAnswers(t *testing.T) {
	solutions := readJSONLines[struct {
		Question string
		Small    struct{ Solution string } `json:"6b_finetuning"`
	}](t, needs(t, data+"/gsm8k/example_model_solutions.jsonl.gz"))
	var in strings.Builder
	for i, s := range solutions {
		line, _ := json.Marshal(map[string]any{"id": i, "question": s.Question, "answer": s.Small.Solution})
		in.Write(append(line, '\n'))
	}
	r := finece(t, in.String(), "score", "--strategy", "line", "-")
	r.wants(t, exit.Unavailable, fmt.Sprintf("%d answers have no confidence", len(solutions)))
	list := scores(t, r.out)
	if len(list) != len(solutions) || len(list) != 1319 {
		t.Fatalf("%d lines of %d answers", len(list), len(solutions))
	}
	for i, s := range list {
		steps := 0
		for _, line := range strings.Split(solutions[i].Small.Solution, "\n") {
			if strings.TrimSpace(line) != "" {
				steps++
			}
		}
		if s.ID != float64(i) || len(s.Finece.Positions) != steps+1 {
			t.Errorf("answer %d: id %v, %d positions for %d steps", i, s.ID, len(s.Finece.Positions), steps)
		}
	}
}
