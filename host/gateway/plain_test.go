package gateway_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/position"
)

// TestPlainAnswers.
func TestPlainAnswers(t *testing.T) {
	const (
		request = `{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"6 times 7?"}]}]}`
		before  = `{"id":"chatcmpl-1","object":"chat.completion","created":7,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"It is 42."},"logprobs":`
		tokens  = `{"content":[{"token":"It","logprob":-0.1,"top_logprobs":[]},{"token":" is","logprob":-0.2,"top_logprobs":[]},{"token":" 42.","logprob":-0.3,"top_logprobs":[]}]}`
		after   = `,"finish_reason":"stop"}],"usage":{"total_tokens":9}`
	)
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Etag", `"x"`)
		io.WriteString(w, before+tokens+after+"}\n")
	})
	resp := post(t, newGateway(t, u, nil), request)
	status(t, resp, "checked")
	got := read(t, resp)
	all, rest := told(t, got)
	if rest != before+"null"+after+"}\n" || resp.Header.Get("Etag") != "" || resp.ContentLength != int64(len(got)) {
		t.Errorf("%d %s", resp.ContentLength, got)
	}
	if end := latest(all, 0)[1]; end.Kinds&position.End == 0 || !(end.Raw > 0.81 && end.Raw < 0.82) {
		t.Errorf("told %+v", all)
	}

	resp = post(t, newGateway(t, u, withhold(0.9, gateway.Open)), request)
	got = read(t, resp)
	if strings.Contains(got, "42") || !strings.Contains(got, `{"id":"chatcmpl-1","object":"chat.completion","created":7,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":""},"logprobs":null,"finish_reason":"content_filter"}],"usage":{"total_tokens":9},"finece":{`) ||
		!strings.Contains(got, `{"type":"decision","choice":0,"index":1,"policy":"withhold","action":"end","threshold":0.9,"byte":0,"reason":"low"}`) || !json.Valid([]byte(got)) {
		t.Errorf("withheld: %s", got)
	}
	got = read(t, post(t, newGateway(t, u, withhold(0.5, gateway.Closed)), request))
	if !strings.Contains(got, "It is 42.") || strings.Contains(got, "decision") {
		t.Errorf("passed: %s", got)
	}

	slow := confidenceModel(t, func(w http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() })
	soon := func(c *gateway.Config) { c.Settle, c.MaxDelay = 30*time.Millisecond, 30*time.Millisecond }
	resp = post(t, newGateway(t, u, both(asking(slow), soon)), request)
	status(t, resp, "checked") // by the log-probabilities
	if got = read(t, resp); !strings.Contains(got, "It is 42.") || !strings.Contains(got, `"reason":"timeout"`) || !strings.Contains(got, "logprobs\":{") {
		t.Errorf("slow model: %s", got)
	}
	if got := u.body(3); got != request {
		t.Errorf("for a confidence model, the upstream was asked %s", got)
	}
	got = read(t, post(t, newGateway(t, u, both(withhold(0.5, gateway.Closed), asking(slow), soon)), request))
	if strings.Contains(got, "42") || !strings.Contains(got, `"action":"end","reason":"timeout"`) {
		t.Errorf("slow model, closed: %s", got)
	}
	short := func(c *gateway.Config) { c.MaxAnswer = 100 }
	resp = post(t, newGateway(t, u, short), request)
	status(t, resp, "unchecked")
	if got = read(t, resp); got != before+tokens+after+"}\n" {
		t.Errorf("too long an answer: %s", got)
	}
}

// TestTheQuestionIsTheLastOfTheUsersMessages.
func TestTheQuestionIsTheLastOfTheUsersMessages(t *testing.T) {
	asked := make(chan string, 16)
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), "<question>") {
			asked <- string(body)
			says(w, "0.9")
			return
		}
		replay(demo(t), burst)(w, r)
	})
	s := newGateway(t, u, asking(modelAt(t, u.URL+"/v1")))
	read(t, post(t, s, `{"stream":true,"messages":[{"role":"user","content":"first"},{"role":"assistant","content":"x"},{"content":"the \"last\" one","role":"user"},{"role":"system","content":"y"}]}`))
	if got := <-asked; !strings.Contains(got, `the \"last\" one`) {
		t.Errorf("asked %s", got)
	}
}

// TestPlainAnswersOfAnotherShapeAreUnchecked: nobody has read their text.
func TestPlainAnswersOfAnotherShapeAreUnchecked(t *testing.T) {
	for name, body := range map[string]string{
		"Ollama":        `{"model":"m","message":{"role":"assistant","content":"secret"},"done":true}`,
		"Anthropic":     `{"type":"message","role":"assistant","content":[{"type":"text","text":"secret"}]}`,
		"Gemini":        `{"candidates":[{"content":{"parts":[{"text":"secret"}]}}]}`,
		"output_text":   `{"output_text":"secret"}`,
		"no choices":    `{"choices":[]}`,
		"no object":     `{"choices":[["secret"]]}`,
		"one no object": `{"choices":[{"index":0,"message":{"content":""},"finish_reason":"stop"},["secret"]]}`,
	} {
		u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, body)
		})
		resp := post(t, newGateway(t, u, withhold(0.5, gateway.Open)), `{}`)
		status(t, resp, "unchecked")
		if got := read(t, resp); got != body || resp.Header.Get("X-FineCE-Reason") != "no-choices" {
			t.Errorf("%s, open: %q %s", name, resp.Header.Get("X-FineCE-Reason"), got)
		}
		resp = post(t, newGateway(t, u, withhold(0.5, gateway.Closed)), `{}`)
		status(t, resp, "unchecked")
		if got := read(t, resp); resp.StatusCode != http.StatusBadGateway || strings.Contains(got, "secret") || !strings.Contains(got, "finece-unchecked") {
			t.Errorf("%s, closed: %d %s", name, resp.StatusCode, got)
		}
	}
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"choices":[{"index":0,"message":{"content":""},"output":"secret","finish_reason":"stop"}]}`)
	})
	if got := read(t, post(t, newGateway(t, u, withhold(0.5, gateway.Closed)), `{}`)); strings.Contains(got, "secret") {
		t.Errorf("an unknown member: %s", got)
	}
}
