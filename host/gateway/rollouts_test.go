package gateway_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/wasm/session"
)

// rolling is an upstream that streams an answer of two paragraphs, and continues an answer
// when it is asked to. finishes are the finish reasons of the continuations, in turn; status is
// that of the replies to such requests.
type rolling struct {
	*upstream
	status   int
	finishes []string
	plain    atomic.Int32 // requests for continuations
}

var rolledStream = chunkOf(`"delta":{"content":"One.\n\n"},"finish_reason":null`) + chunkOf(`"delta":{"content":"Two."},"finish_reason":null`) + chunkOf(`"delta":{},"finish_reason":"stop"`) + ended

func newRolling(t *testing.T, finishes ...string) *rolling {
	u := &rolling{status: http.StatusOK, finishes: finishes}
	u.upstream = newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			Stream   bool
			N        int
			Messages []struct{ Role, Content string }
		}
		body, _ := io.ReadAll(r.Body)
		if json.Unmarshal(body, &asked); asked.Stream {
			replay([]byte(rolledStream), burst)(w, r)
			return
		}
		n := int(u.plain.Add(1))
		if u.status != http.StatusOK {
			w.WriteHeader(u.status)
			return
		}
		var choices []string
		for i := range max(asked.N, 1) {
			finish := u.finishes[(n-1+i)%len(u.finishes)]
			choices = append(choices, fmt.Sprintf(`{"index":%d,"message":{"role":"assistant","content":"Other %d."},"finish_reason":"%s"}`, i, i, finish))
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"id":"r","object":"chat.completion","choices":[%s],"usage":{"prompt_tokens":5,"completion_tokens":%d}}`, strings.Join(choices, ","), 10*len(choices))
	})
	return u
}

// wide is a gateway with a fusion width, whose confidence model says 0.8, and 0.4 of a text
// with Other.
func wide(t *testing.T, width int) func(*gateway.Config) {
	return both(modelSaying(t, [2]string{"Two.", "0.8"}, [2]string{"Other", "0.4"}), func(c *gateway.Config) {
		c.Session.Fusion.Depth, c.Session.Fusion.Width, c.Session.Fusion.Alpha = 1, width, 0.5
		c.Continue, c.Settle = gateway.ContinueFinal, hung
	})
}

func checkFused(t *testing.T, what, got string, want ...float64) {
	t.Helper()
	all, _ := told(t, got)
	last := latest(all, 0)
	if len(last) != len(want) {
		t.Fatalf("%s: %d positions, want %d: %s", what, len(last), len(want), got)
	}
	for i, c := range last {
		if math.Abs(c.Fused-want[i]) > 1e-9 || c.State != session.Final {
			t.Errorf("%s: position %d is %v %v, want final %v", what, i, c.State, c.Fused, want[i])
		}
	}
}

func TestContinuationsAreSampledAndFused(t *testing.T) {
	u := newRolling(t, "stop")
	exchanges := make(chan *gateway.Exchange, 1)
	got := read(t, post(t, newGateway(t, u.upstream, both(wide(t, 3), observing(exchanges))), askStream))
	// p(0) and the paragraph: 0.9 each, with the next position and two continuations.
	checkFused(t, "width 3", got, 0.5*0.9+0.5*(0.9+0.4+0.4)/3, 0.5*0.9+0.5*(0.8+0.4+0.4)/3, 0.8)
	if x := observed(t, exchanges); u.plain.Load() != 2 || x.RolloutTokens != 50 {
		t.Errorf("%d requests for continuations, %d tokens", u.plain.Load(), x.RolloutTokens)
	}
	var bodies []string
	for i := range u.count() {
		if body := u.body(i); strings.Contains(body, `"stream":false`) {
			bodies = append(bodies, body)
		}
	}
	slices.SortFunc(bodies, func(a, b string) int { return len(a) - len(b) })
	want := []string{
		`{"model":"m","messages":[{"role":"user","content":"?"}],"stream":false,"n":2,"temperature":1,"max_tokens":512}`,
		`{"model":"m","messages":[{"role":"user","content":"?"},{"role":"assistant","content":"One."}],"continue_final_message":true,"add_generation_prompt":false,"stream":false,"n":2,"temperature":1,"max_tokens":512}`,
	}
	if !slices.Equal(bodies, want) {
		t.Errorf("%s", strings.Join(bodies, "\n"))
	}
	if text := textOf(t, got); text != "One.\n\nTwo." {
		t.Errorf("the text is %q", text)
	}
}

const askStream = `{"model":"m","stream":true,"messages":[{"role":"user","content":"?"}]}`

// TestContinuationsThatAreMissing: the fusion uses the continuations that have come.
func TestContinuationsThatAreMissing(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*rolling)
		set    func(*gateway.Config)
		asked  int
		want   []float64
	}{
		{"one does not end", func(u *rolling) { u.finishes = []string{"stop", "length"} }, nil, 2, []float64{0.5*0.9 + 0.5*(0.9+0.4)/2, 0.5*0.9 + 0.5*(0.8+0.4)/2, 0.8}},
		{"the upstream fails", func(u *rolling) { u.status = http.StatusInternalServerError }, nil, -1, []float64{0.9, 0.85, 0.8}},
		{"it refuses them", func(u *rolling) { u.status = http.StatusBadRequest }, nil, -1, []float64{0.9, 0.85, 0.8}},
		{"the budget is for none", nil, func(c *gateway.Config) { c.RolloutBudget = 511 }, 0, []float64{0.9, 0.85, 0.8}},
		{"width 1", nil, func(c *gateway.Config) { c.Session.Fusion.Width = 1 }, 0, []float64{0.9, 0.85, 0.8}},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := newRolling(t, "stop")
			if c.change != nil {
				c.change(u)
			}
			set := wide(t, 3)
			if c.set != nil {
				set = both(set, c.set)
			}
			checkFused(t, c.name, read(t, post(t, newGateway(t, u.upstream, set), askStream)), c.want...)
			if n := int(u.plain.Load()); c.asked >= 0 && n != c.asked {
				t.Errorf("%d requests, want %d", n, c.asked)
			}
		})
	}
}

// TestTheBudgetEnds after the first continuations: 10 tokens are used of the 40 that one may
// have, and 50 are not enough for 2 more.
func TestTheBudgetEnds(t *testing.T) {
	u := newRolling(t, "stop")
	got := read(t, post(t, newGateway(t, u.upstream, both(wide(t, 2), func(c *gateway.Config) { c.RolloutTokens, c.RolloutBudget = 40, 45 })), askStream))
	all, _ := told(t, got)
	last, sampled := latest(all, 0), 0
	for i, plain := range []float64{0.9, 0.85} {
		if last[i].State != session.Final {
			t.Errorf("position %d is %v", i, last[i].State)
		}
		if math.Abs(last[i].Fused-plain) > 1e-9 {
			sampled++
		}
	}
	if sampled != 1 || u.plain.Load() != 1 {
		t.Errorf("%d positions have continuations, after %d requests, want 1: %s", sampled, u.plain.Load(), got)
	}
}

// TestAnEndDoesNotWaitForContinuations beyond Settle, and that is no failure of the confidence
// model.
func TestAnEndDoesNotWaitForContinuations(t *testing.T) {
	release := make(chan struct{})
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); strings.Contains(string(body), `"stream":true`) {
			replay([]byte(rolledStream), burst)(w, r)
			return
		}
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	c := config(u.URL+"/v1", core(t))
	wide(t, 3)(&c)
	c.Settle = 300 * time.Millisecond
	h, err := gateway.New(c)
	if err != nil {
		t.Fatal(err)
	}
	s := serverOf(t, h)
	for range 5 {
		all, _ := told(t, read(t, post(t, s, askStream)))
		last := latest(all, 0)
		if last[2] == nil || last[2].State != session.Final {
			t.Fatalf("p(z) is not final")
		}
	}
	if b := h.Breaker(); b != gateway.BreakerClosed {
		t.Errorf("the breaker is %s", b)
	}
}

// TestWhatContinues: requests in each API that can.
func TestWhatContinues(t *testing.T) {
	for _, c := range []struct {
		path, body string
		how        gateway.Continuing
		want       string // "": nothing is asked
	}{
		{gateway.PathChat, `{"messages":[{"role":"user","content":"?"}],"stream":true,"stream_options":{"include_usage":true},"seed":3,"top_p":0.5}`, gateway.Trailing,
			`{"messages":[{"role":"user","content":"?"},{"role":"assistant","content":"A\"b"}],"top_p":0.5,"stream":false,"n":2,"temperature":1,"max_tokens":9}`},
		{gateway.PathChat, `{"messages":[{"role":"user","content":"?"}]}`, gateway.Prefix,
			`{"messages":[{"role":"user","content":"?"},{"role":"assistant","content":"A\"b","prefix":true}],"stream":false,"n":2,"temperature":1,"max_tokens":9}`},
		{gateway.PathChat, `{"messages":[{"role":"user","content":"?"},{"role":"assistant","content":"So"}]}`, gateway.Prefix, ""},
		{gateway.PathChat, `{"messages":[{"role":"user","content":"?"}]}`, gateway.NotContinued, ""},
		{gateway.PathChat, `{"messages":[{"role":"user","content":"?"}],"tools":[{}]}`, gateway.Prefix, ""},
		{gateway.PathCompletions, `{"prompt":"1, 2"}`, gateway.Trailing, `{"prompt":"1, 2A\"b","stream":false,"n":2,"temperature":1,"max_tokens":9}`},
		{gateway.PathCompletions, `{"prompt":["1, 2"]}`, gateway.Trailing, ""},
		{gateway.PathMessages, `{"max_tokens":100,"messages":[{"role":"user","content":"?"}]}`, gateway.Trailing,
			`{"messages":[{"role":"user","content":"?"},{"role":"assistant","content":"A\"b"}],"stream":false,"temperature":1,"max_tokens":9}`},
		{gateway.PathOllamaChat, `{"messages":[{"role":"user","content":"?"}]}`, gateway.Trailing,
			`{"messages":[{"role":"user","content":"?"},{"role":"assistant","content":"A\"b"}],"stream":false,"options":{"temperature":1,"num_predict":9}}`},
		{gateway.PathResponses, `{"input":"?"}`, gateway.Trailing, ""},
		{gateway.PathOllamaGenerate, `{"prompt":"?"}`, gateway.Trailing, ""},
	} {
		if got := gateway.Sampling(c.path, c.body, `A"b`, c.how, 2, 9); got != c.want {
			t.Errorf("%s %s by %s:\n%s\nwant\n%s", c.path, c.body, c.how, got, c.want)
		}
	}
}

func TestWidthNeedsAModelAndAnUpstream(t *testing.T) {
	for says, set := range map[string]func(*gateway.Config){
		"a confidence model":             func(c *gateway.Config) { c.Session.Fusion.Width, c.Continue = 2, gateway.Trailing },
		"an upstream that continues":     both(wide(t, 2), func(c *gateway.Config) { c.Continue = gateway.NotContinued }),
		"continue_by \"somehow\": want":  func(c *gateway.Config) { c.Continue = "somehow" },
		"rollout_tokens is 0: want at l": func(c *gateway.Config) { c.RolloutTokens = 0 },
	} {
		c := config("http://127.0.0.1", core(t))
		set(&c)
		if _, err := gateway.New(c); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}
