package guardrail

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/wasm/session"
)

// judge is a confidence model that says 0.2 of what has "wrong" in it, and else 0.9.
type judge struct {
	*httptest.Server
	asked atomic.Int32
	fails atomic.Bool
}

func newJudge(t *testing.T) *judge {
	t.Helper()
	j := &judge{}
	j.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		j.asked.Add(1)
		says := "0.9"
		switch {
		case j.fails.Load():
			http.Error(w, "no", http.StatusBadRequest)
			return
		case bytes.Contains(body, []byte("wrong")):
			says = "0.2"
		case !bytes.Contains(body, []byte("What is the capital of France?")):
			says = "0.01" // it was not asked with the question
		}
		fmt.Fprintf(w, `{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":%q},"finish_reason":"stop"}]}`, says)
	}))
	t.Cleanup(j.Close)
	return j
}

// guard is a handler that asks the judge, with a card that makes its numbers probabilities.
func guard(t *testing.T, j *judge, set func(*Config)) (*Handler, *[]Verdict) {
	t.Helper()
	client, err := model.New(model.DefaultConfig(j.URL + "/v1"))
	if err != nil {
		t.Fatal(err)
	}
	s := host.DefaultConfig()
	s.Estimator, s.Card, s.Fusion.Depth = session.Model, &calibrate.Card{Labels: 100, High: 1}, 0
	told := &[]Verdict{}
	c := Config{
		Follower: &follow.Follower{Engine: host.Native(), Client: client, Limits: model.DefaultLimits()}, Session: s,
		Below: 0.5, SkipAbove: 1, Failure: gateway.Closed, Uncalibrated: gateway.Refuse, Texts: Whole, Timeout: 2 * time.Minute, MaxRequest: 1 << 20,
		Tell: func(v Verdict) { *told = append(*told, v) },
	}
	if set != nil {
		set(&c)
	}
	h, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return h, told
}

// ask sends a call and returns the action.
func ask(t *testing.T, h *Handler, body string) string {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", Path, strings.NewReader(body)))
	var says struct {
		Action string
		Reason string `json:"blocked_reason"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &says); err != nil || w.Code != 200 || (says.Action == "BLOCKED") == (says.Reason == "") {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return says.Action
}

const question = `{"input_type":"request","litellm_call_id":"c1","texts":["Be brief.","What is the capital of France?"],"structured_messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"What is the capital of France?"}]}`

func response(texts ...string) string {
	list, _ := json.Marshal(texts)
	return `{"input_type":"response","litellm_call_id":"c1","structured_messages":null,"tool_calls":null,"model":"m","texts":` + string(list) + `}`
}

// TestTheGate lets an answer pass whose question is sure enough: the model is asked about the
// question alone, once for calls that repeat the text.
func TestTheGate(t *testing.T) {
	for _, texts := range []Texts{Whole, Growing} {
		for _, c := range []struct {
			above   float64
			action  string
			skipped bool
		}{{0.8, "NONE", true}, {0.9, "BLOCKED", false}, {1, "BLOCKED", false}} {
			j := newJudge(t)
			h, told := guard(t, j, func(g *Config) { g.SkipAbove, g.Texts = c.above, texts })
			ask(t, h, question)
			for range 2 {
				if got := ask(t, h, response("This paragraph is wrong and long enough.\n\nThis one is fine, too.\n\nBye.")); got != c.action {
					t.Errorf("%s, above %v: %s", texts, c.above, got)
				}
			}
			v := (*told)[0]
			if v.Skipped != c.skipped || c.skipped && (v.Confidence != 0.9 || j.asked.Load() != 1) {
				t.Errorf("%s, above %v: %+v, the model was asked %d times", texts, c.above, v, j.asked.Load())
			}
		}
	}
}

// TestTheGateWithoutItsModel: nothing is skipped, and the failure policy decides.
func TestTheGateWithoutItsModel(t *testing.T) {
	j := newJudge(t)
	j.fails.Store(true)
	h, told := guard(t, j, func(g *Config) { g.SkipAbove = 0 })
	ask(t, h, question)
	if got := ask(t, h, response("Paris.")); got != "BLOCKED" || (*told)[0].Skipped {
		t.Errorf("%s %+v", got, (*told)[0])
	}
}

// TestRecordedCalls are those of a real LiteLLM proxy, of a streamed answer.
func TestRecordedCalls(t *testing.T) {
	recorded, err := os.ReadFile("testdata/litellm-1.108.7.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	j := newJudge(t)
	for _, below := range []float64{0.5, 0.95} {
		h, told := guard(t, j, func(c *Config) { c.Below = below })
		var got []string
		for line := range strings.Lines(string(recorded)) {
			got = append(got, ask(t, h, line))
		}
		want := "[NONE NONE NONE]"
		if below > 0.9 {
			want = "[NONE BLOCKED BLOCKED]"
		}
		if fmt.Sprint(got) != want || len(*told) != 2 || (*told)[1].Confidence != 0.9 {
			t.Errorf("below %v: %v, want %s; %+v", below, got, want, *told)
		}
	}
}

func TestVerdicts(t *testing.T) {
	j := newJudge(t)
	for _, c := range []struct {
		name   string
		set    func(*Config)
		calls  []string
		action string
		reason string
	}{
		{"right", nil, []string{question, response("Paris.")}, "NONE", ""},
		{"wrong", nil, []string{question, response("A wrong city.")}, "BLOCKED", "low"},
		{"one of two choices", nil, []string{question, response("Paris.", "A wrong city.")}, "BLOCKED", "low"},
		{"without the question", nil, []string{response("Paris.")}, "BLOCKED", "no-question"},
		{"without the question, open", func(c *Config) { c.Failure = gateway.Open }, []string{response("Paris.")}, "NONE", "no-question"},
		{"the question of another call", nil, []string{strings.Replace(question, `"c1"`, `"c2"`, 1), response("Paris.")}, "BLOCKED", "no-question"},
		{"the question as texts alone", nil, []string{strings.Replace(question, "structured_messages", "x", 1), response("Paris.")}, "NONE", ""},
		{"a tool call", nil, []string{question, strings.Replace(response(), `"tool_calls":null`, `"tool_calls":[{"id":"1"}]`, 1)}, "BLOCKED", "no-text"},
		{"nothing yet", nil, []string{question, response()}, "NONE", ""},
		{"no card", func(c *Config) { c.Session.Card = nil }, []string{question, response("Paris.")}, "BLOCKED", "not-calibrated"},
		{"no card, allowed", func(c *Config) { c.Session.Card, c.Uncalibrated = nil, gateway.Allow }, []string{question, response("Paris.")}, "NONE", ""},
		{"drifted", func(c *Config) { c.Drifted = func() bool { return true } }, []string{question, response("Paris.")}, "BLOCKED", "not-calibrated"},
		{"a client's own threshold", nil, []string{question, strings.Replace(response("A wrong city."), `"model"`, `"additional_provider_specific_params":{"withhold_below":0,"threshold":0},"model"`, 1)}, "BLOCKED", "low"},
		{"growing", growing, []string{question, response("It is Paris.\n\nA wrong ci")}, "NONE", ""},
		{"growing on", growing, []string{question, response("It is Paris.\n\nA wrong ci"), response("It is Paris.\n\nA wrong city.\n\nSo")}, "BLOCKED", "low"},
	} {
		h, told := guard(t, j, c.set)
		action := ""
		for _, call := range c.calls {
			action = ask(t, h, call)
		}
		last := (*told)[len(*told)-1]
		if action != c.action || last.Reason != c.reason || last.Blocked != (action == "BLOCKED") {
			t.Errorf("%s: %s, %+v; want %s %q", c.name, action, last, c.action, c.reason)
		}
	}
}

func growing(c *Config) { c.Texts = Growing }

// TestTextIsJudgedOnce, although a stream's calls repeat it; failures are asked again.
func TestTextIsJudgedOnce(t *testing.T) {
	j := newJudge(t)
	h, _ := guard(t, j, growing)
	text := ""
	ask(t, h, question)
	for i := range 10 {
		text += fmt.Sprintf("Line %d.\n\nAnd", i)
		ask(t, h, response(text))
		ask(t, h, response(text))
	}
	if n := j.asked.Load(); n != 11 {
		t.Errorf("%d questions about p(0) and ten paragraphs", n)
	}
	j.fails.Store(true)
	h, told := guard(t, j, func(c *Config) { c.Failure = gateway.Open })
	ask(t, h, question)
	if action := ask(t, h, response("Paris.")); action != "NONE" || (*told)[0].Reason != "endpoint-error" {
		t.Errorf("the model fails: %s, %+v", action, *told)
	}
	j.fails.Store(false)
	if ask(t, h, response("Paris.")); (*told)[1].Reason != "" {
		t.Errorf("afterwards: %+v", *told)
	}
}

func TestTheQuestionsAreBounded(t *testing.T) {
	h, _ := guard(t, newJudge(t), nil)
	for i := range maxAsked + 10 {
		h.keep(callKey{"a", fmt.Sprint(i)}, &call{Texts: []string{"q"}})
		h.keep(callKey{"a", fmt.Sprint(i)}, &call{Texts: []string{"q"}})
	}
	if h.asked.Len() != maxAsked || h.asked.Contains(callKey{"a", "9"}) || !h.asked.Contains(callKey{"a", "10"}) {
		t.Errorf("%d questions", h.asked.Len())
	}
}

func TestOtherRequests(t *testing.T) {
	h, _ := guard(t, newJudge(t), func(c *Config) { c.MaxRequest = 1000 })
	for _, c := range []struct {
		method, body string
		status       int
	}{{"GET", "", 405}, {"POST", "no", 400}, {"POST", "{}", 400}, {"POST", question + strings.Repeat(" ", 1000), 400}} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), c.method, Path, strings.NewReader(c.body)))
		if w.Code != c.status || !strings.Contains(w.Body.String(), "finece-") {
			t.Errorf("%s %.20s: %d %s", c.method, c.body, w.Code, w.Body)
		}
	}
	if _, err := New(Config{Texts: Whole}); err == nil || !strings.Contains(err.Error(), "confidence model") {
		t.Errorf("without a model: %v", err)
	}
	s := host.DefaultConfig()
	s.Estimator = session.Model
	if _, err := New(Config{Texts: "half", Session: s}); err == nil {
		t.Error("other texts")
	}
}
