package gateway_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/wasm/contract/record"
)

// candidate is an answer that an upstream may give.
type candidate struct {
	text    string
	logprob float64
	fails   int // the HTTP status instead of it
	hangs   bool
}

// several answers the nth request with the nth candidate, streamed or plain as it was asked.
func several(t testing.TB, all []candidate) (u *upstream, cancelled *atomic.Int32) {
	var n atomic.Int32
	cancelled = new(atomic.Int32)
	hanging := make(chan struct{}) // closed when the one that hangs has been asked for
	if !slices.ContainsFunc(all, func(c candidate) bool { return c.hangs }) {
		close(hanging)
	}
	return newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			Stream bool
			Model  string
		}
		json.NewDecoder(r.Body).Decode(&asked)
		c := all[int(n.Add(1)-1)%len(all)]
		token := fmt.Sprintf(`"logprobs":{"content":[{"token":"%s","logprob":%v,"top_logprobs":[]}]}`, c.text, c.logprob)
		usage := `"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}`
		if c.hangs {
			close(hanging)
		}
		<-hanging
		switch {
		case c.hangs:
			w.Header().Set("Content-Type", "text/event-stream")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			cancelled.Add(1)
		case c.fails > 0:
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(c.fails)
			fmt.Fprint(w, `{"error":{"message":"busy"}}`)
		case asked.Stream:
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprintf(w, `data: {"id":"a","object":"chat.completion.chunk","model":"%s","choices":[{"index":0,"delta":{"content":"%s"},%s,"finish_reason":null}]}`+"\n\n", asked.Model, c.text, token)
			fmt.Fprintf(w, finished+`data: {"id":"a","object":"chat.completion.chunk","model":"%s","choices":[],%s}`+"\n\n"+ended, asked.Model, usage)
		default:
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"id":"a","object":"chat.completion","model":"%s","choices":[{"index":0,"message":{"role":"assistant","content":"%s"},%s,"finish_reason":"stop"}],%s}`, asked.Model, c.text, token, usage)
		}
	}), cancelled
}

func bestOf(n int) func(*gateway.Config) {
	return func(c *gateway.Config) { c.Policy, c.Answers = gateway.BestOf, n; paragraphsOnly(c) }
}

func voting(n int) func(*gateway.Config) {
	return func(c *gateway.Config) {
		c.Policy, c.Answers = gateway.Vote, n
		c.Final = func(_, answer string) (string, bool) {
			_, final, ok := strings.Cut(answer, "#")
			return final, ok
		}
		paragraphsOnly(c)
	}
}

func escalating(below, share float64, failure gateway.Failure) func(*gateway.Config) {
	return func(c *gateway.Config) {
		c.Policy, c.EscalateBelow, c.EscalateModel, c.EscalateShare, c.Failure = gateway.Escalate, below, "strong", share, failure
		paragraphsOnly(c)
	}
}

// TestPoliciesThatAskForSeveralAnswersSendOne, well formed, streamed and not, with the
// tokens of all in its usage.
func TestPoliciesThatAskForSeveralAnswersSendOne(t *testing.T) {
	for _, c := range []struct {
		name           string
		set            func(*gateway.Config)
		all            []candidate
		text           string
		action, reason string // of the decision; "": there is none
		answers        int    // that were asked for
		total          int64  // tokens in the usage
		status         int
	}{
		{"the most confident", bestOf(3), []candidate{{text: "A", logprob: -2}, {text: "B", logprob: -1}, {text: "C", logprob: -3}}, "B", "release", "highest", 3, 45, 200},
		{"one fails", bestOf(2), []candidate{{fails: 500}, {text: "B", logprob: -1}}, "B", "release", "highest", 2, 15, 200},
		{"all fail", bestOf(2), []candidate{{fails: 503}}, "", "", "", 2, 0, 503},
		{"without confidences", bestOf(2), []candidate{{text: "A", logprob: -9999}}, "A", "release", "highest", 2, 30, 200},
		{"two against one", voting(3), []candidate{{text: "So #1", logprob: -1}, {text: "Sure #2", logprob: -0.5}, {text: "Or #1", logprob: -1.1}}, "So #1", "release", "majority", 3, 45, 200},
		{"one sure against two", voting(3), []candidate{{text: "So #1", logprob: -2}, {text: "Sure #2", logprob: -0.1}, {text: "Or #1", logprob: -2}}, "Sure #2", "release", "majority", 3, 45, 200},
		{"nothing to compare", voting(2), []candidate{{text: "A", logprob: -2}, {text: "B", logprob: -1}}, "B", "release", "highest", 2, 30, 200},
		{"sure enough", escalating(0.5, 1, gateway.Closed), []candidate{{text: "A", logprob: -0.1}, {text: "B", logprob: -3}}, "A", "", "", 1, 15, 200},
		{"asks the other model", escalating(0.5, 1, gateway.Closed), []candidate{{text: "A", logprob: -2}, {text: "B", logprob: -3}}, "B", "ask", "low", 2, 30, 200},
		{"over its share", escalating(0.5, 0.4, gateway.Closed), []candidate{{text: "A", logprob: -2}, {text: "B", logprob: -3}}, "A", "release", "over-share", 1, 15, 200},
		{"the other fails, open", escalating(0.5, 1, gateway.Open), []candidate{{text: "A", logprob: -2}, {fails: 500}}, "A", "release", "second-failed", 2, 15, 200},
		{"the other fails, closed", escalating(0.5, 1, gateway.Closed), []candidate{{text: "A", logprob: -2}, {fails: 500}}, "", "", "", 2, 0, 502},
		{"no confidence, closed", escalating(0.5, 1, gateway.Closed), []candidate{{text: "A", logprob: -9999}}, "", "", "", 1, 0, 502},
	} {
		for _, streamed := range []bool{true, false} {
			name := fmt.Sprintf("%s, streamed %v", c.name, streamed)
			u, _ := several(t, c.all)
			s := newGateway(t, u, c.set)
			resp := post(t, s, fmt.Sprintf(`{"model":"weak","messages":[{"role":"user","content":"?"}],"stream":%v,"logprobs":true,"stream_options":{"include_usage":true}}`, streamed))
			got := read(t, resp)
			if resp.StatusCode != c.status {
				t.Errorf("%s: HTTP %d %s", name, resp.StatusCode, got)
			}
			if len(u.requests) != c.answers {
				t.Errorf("%s: %d requests", name, len(u.requests))
			}
			if c.status != 200 {
				if strings.Contains(got, `"A"`) {
					t.Errorf("%s: %s", name, got)
				}
				continue
			}
			if resp.Header.Get("X-FineCE-Answers") != fmt.Sprint(c.answers) {
				t.Errorf("%s: %v", name, resp.Header)
			}
			if text := textOf(t, got); text != c.text {
				t.Errorf("%s: %q\n%s", name, text, got)
			}
			if !strings.Contains(got, fmt.Sprintf(`"total_tokens":%d}`, c.total)) {
				t.Errorf("%s: the usage is not %d: %s", name, c.total, got)
			}
			all, _ := told(t, strings.TrimSpace(got)+"\n")
			if d := decided(all); d.Action != c.action || d.Reason != c.reason {
				t.Errorf("%s: %+v", name, d)
			}
			if c.action == record.ActionAsk && !strings.Contains(got, `"model":"strong"`) {
				t.Errorf("%s: %s", name, got)
			}
		}
	}
}

// textOf is the text of an answer's first choice, streamed or not.
func textOf(t testing.TB, answer string) string {
	t.Helper()
	if strings.HasPrefix(answer, "data: ") {
		text, _ := content(t, answer)
		return text
	}
	var plain struct {
		Choices []struct{ Message struct{ Content string } }
	}
	if err := json.Unmarshal([]byte(answer), &plain); err != nil || len(plain.Choices) != 1 {
		t.Fatalf("%v: %s", err, answer)
	}
	return plain.Choices[0].Message.Content
}

// TestAVoteThatIsDecidedCancelsTheRest: two sure answers of three agree, so the third,
// which never ends, cannot change the result.
func TestAVoteThatIsDecidedCancelsTheRest(t *testing.T) {
	u, cancelled := several(t, []candidate{{text: "So #1", logprob: -0.1}, {text: "Sure #1", logprob: -0.1}, {hangs: true}})
	s := newGateway(t, u, voting(3))
	if got := read(t, post(t, s, ask)); !strings.Contains(got, "#1") {
		t.Error(got)
	}
	u.Close() // waits for its handlers
	if cancelled.Load() != 1 {
		t.Error("the third request was not cancelled")
	}
}

// TestTheSumStandsWhereTheUsageIs: servers write it before or after the choices.
func TestTheSumStandsWhereTheUsageIs(t *testing.T) {
	u := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"id":"a","usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15},"choices":[{"index":0,"message":{"role":"assistant","content":"A"},"logprobs":{"content":[{"token":"A","logprob":-1,"top_logprobs":[]}]},"finish_reason":"stop"}]}`)
	})
	got := read(t, post(t, newGateway(t, u, bestOf(2)), `{"model":"m","messages":[{"role":"user","content":"?"}]}`))
	want := `{"id":"a","usage":{"prompt_tokens":20,"completion_tokens":10,"total_tokens":30},"choices":[{"index":0,"message":{"role":"assistant","content":"A"},"logprobs":null,"finish_reason":"stop"}],"finece":`
	if !strings.HasPrefix(got, want) || !json.Valid([]byte(got)) {
		t.Errorf("%s", got)
	}
}

// TestEachAnswerHasItsOwnSeed, if the client has given one where the API has it.
func TestEachAnswerHasItsOwnSeed(t *testing.T) {
	for _, c := range []struct{ path, body string }{
		{gateway.PathChat, `{"model":"m","seed":%d,"messages":[{"role":"user","content":"?"}]}`},
		{gateway.PathOllamaChat, `{"model":"m","stream":false,"options":{"top_k":3,"seed":%d},"messages":[{"role":"user","content":"?"}]}`},
		{gateway.PathOllamaGenerate, `{"stream":false,"prompt":"?","options":{"seed":%d,"stop":["\n"]},"model":"m"}`},
	} {
		u, _ := several(t, []candidate{{text: "A", logprob: -1}})
		read(t, postTo(t, newGateway(t, u, both(bestOf(3), func(c *gateway.Config) { c.KeepRequest = true })), c.path, fmt.Sprintf(c.body, 7)))
		got := slices.Clone(u.bodies)
		slices.Sort(got)
		if want := []string{fmt.Sprintf(c.body, 7), fmt.Sprintf(c.body, 8), fmt.Sprintf(c.body, 9)}; !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", c.path, got, want)
		}
	}
}

// TestSeveralChoicesAreNotCompared: which of them would be the answer?
func TestSeveralChoicesAreNotCompared(t *testing.T) {
	u, _ := several(t, []candidate{{text: "A", logprob: -1}})
	const two = `{"model":"m","n":2,"messages":[{"role":"user","content":"?"}]}`
	resp := post(t, newGateway(t, u, bestOf(3)), two)
	if got := read(t, resp); resp.Header.Get("X-FineCE-Reason") != "choices" || !strings.Contains(got, `"A"`) {
		t.Errorf("%v %s", resp.Header, got)
	}
	resp = post(t, newGateway(t, u, both(bestOf(3), func(c *gateway.Config) { c.Failure = gateway.Closed })), two)
	if got := read(t, resp); resp.StatusCode != http.StatusBadRequest || !strings.Contains(got, "finece-choices") {
		t.Errorf("%d %s", resp.StatusCode, got)
	}
}

// TestAPanicEndsOneRequestAlone, although an answer of a contest is not scored by the
// server's own goroutine.
func TestAPanicEndsOneRequestAlone(t *testing.T) {
	u, _ := several(t, []candidate{{text: "A", logprob: -1}})
	s := newGateway(t, u, both(bestOf(2), func(c *gateway.Config) {
		c.RoundTrip = func(*http.Request) (*http.Response, error) { panic("secret") }
	}))
	resp := post(t, s, ask)
	if got := read(t, resp); resp.StatusCode != http.StatusBadGateway || strings.Contains(got, "secret") {
		t.Errorf("%d %s", resp.StatusCode, got)
	}
}
