package gateway_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/position"
)

// legacy is an event of /v1/completions for each of the texts, with log-probabilities as
// that API has them.
func legacy(logprob float64, texts ...string) string {
	all := ""
	for _, text := range texts {
		all += fmt.Sprintf(`data: {"id":"cmpl-1","object":"text_completion","created":1,"model":"m","choices":[{"text":"%s","index":0,"logprobs":{"tokens":["%[1]s"],"token_logprobs":[%[2]v],"top_logprobs":[{"%[1]s":%[2]v,"b":-5,"c":-6}],"text_offset":[0]},"finish_reason":null}]}`+"\n\n", text, logprob)
	}
	return all
}

const legacyEnd = `data: {"id":"cmpl-1","object":"text_completion","created":1,"model":"m","choices":[{"text":"","index":0,"logprobs":null,"finish_reason":"stop"}]}` + "\n\n" + ended

func complete(t testing.TB, u *upstream, set func(*gateway.Config), body string) *http.Response {
	t.Helper()
	return postTo(t, newGateway(t, u, set), "/v1/completions", body)
}

// TestACompletionIsScored, with log-probabilities that the client did not ask for and does
// not see.
func TestACompletionIsScored(t *testing.T) {
	data := legacy(sure, "It", " is", " 42.") + legacyEnd
	u := newUpstream(t, replay([]byte(data), bytewise(50)))
	for _, c := range []struct {
		asks, sent string // members of the client's request, and of the upstream's
		sees       string // of the first token's log-probabilities
		entropy    bool
	}{
		{``, `"logprobs":1`, `null`, false},
		{`,"logprobs":null`, `"logprobs":1`, `null`, false},
		{`,"logprobs":0`, `"logprobs":0`, `{"tokens":["It"],"token_logprobs":[-0.01],"top_logprobs":[{"It":-0.01,"b":-5,"c":-6}],"text_offset":[0]}`, false},
		{`,"logprobs":1`, `"logprobs":5`, `{"tokens":["It"],"token_logprobs":[-0.01],"top_logprobs":[{"It":-0.01}],"text_offset":[0]}`, true},
		{`,"logprobs":4`, `"logprobs":4`, `{"tokens":["It"],"token_logprobs":[-0.01],"top_logprobs":[{"It":-0.01,"b":-5,"c":-6}],"text_offset":[0]}`, true},
	} {
		n := len(u.bodies)
		resp := complete(t, u, func(g *gateway.Config) {
			if paragraphsOnly(g); c.entropy {
				g.Session.Positions.Strategy |= position.Entropy
			}
		}, `{"model":"m","prompt":"What is it?","stream":true`+c.asks+`}`)
		status(t, resp, "checking")
		all, rest := told(t, read(t, resp))
		if whole := latest(all, 0)[1]; whole == nil || whole.Fused < 0.98 {
			t.Errorf("%q: no confidence for the whole: %v", c.asks, all)
		}
		if !strings.Contains(u.body(n), c.sent) {
			t.Errorf("%q: the upstream was sent %s", c.asks, u.body(n))
		}
		if got := string(chunksOf(t, rest)[0].Choices[0].Logprobs); got != c.sees {
			t.Errorf("%q: the client sees %s", c.asks, got)
		}
	}
}

// TestPoliciesSpeakTheGrammarOfCompletions, streamed or not.
func TestPoliciesSpeakTheGrammarOfCompletions(t *testing.T) {
	stream := legacy(hesitant, "It", " is", ` 42.\n\n`, "So", ".") + legacyEnd
	plain := `{"id":"cmpl-1","object":"text_completion","model":"m","choices":[{"text":"It is 42.","index":0,"logprobs":{"tokens":["It is 42."],"token_logprobs":[-4]},"finish_reason":"stop"}]}`
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ Stream bool }
		if json.NewDecoder(r.Body).Decode(&asked); asked.Stream {
			replay([]byte(stream), burst)(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, plain)
	})
	text := func(c *gateway.Config) { c.WarnText = " Check \"it\"." }
	for name, c := range map[string]struct {
		set                   func(*gateway.Config)
		streamed, ends, plain string
		finish                string // of the plain answer
	}{
		"annotate": {paragraphsOnly, "It is 42.\n\nSo.", "stop", "It is 42.", "stop"},
		"warn":     {both(paragraphsOnly, warn(0.5), text), "It is 42.\n\nSo. Check \"it\".", "stop", "It is 42. Check \"it\".", "stop"},
		"withhold": {both(paragraphsOnly, withhold(0.5, gateway.Closed)), "", "content_filter", "", "content_filter"},
		"stop":     {both(paragraphsOnly, stop(0.5, 1)), "It is 42.\n\nSo", "content_filter", "It is 42.", "stop"},
	} {
		got := read(t, complete(t, u, c.set, `{"model":"m","prompt":"What is it?","stream":true,"logprobs":1}`))
		text, ends := "", ""
		for _, chunk := range chunksOf(t, got) {
			if chunk.Object != "text_completion" {
				t.Errorf("%s: a chunk of type %q", name, chunk.Object)
			}
			for _, choice := range chunk.Choices {
				text, ends = text+choice.Text, ends+choice.Finish
			}
		}
		if text != c.streamed || ends != c.ends {
			t.Errorf("%s: %q %q\n%s", name, text, ends, got)
		}
		var whole chunk
		got = read(t, complete(t, u, c.set, `{"model":"m","prompt":["What is it?"],"logprobs":1}`))
		if err := json.Unmarshal([]byte(got), &whole); err != nil || len(whole.Choices) != 1 {
			t.Fatalf("%s: %v: %s", name, err, got)
		}
		if w := whole.Choices[0]; w.Text != c.plain || w.Finish != c.finish {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestCompletionsThatCannotBeScored pass or not, as the failure policy says.
func TestCompletionsThatCannotBeScored(t *testing.T) {
	u := newUpstream(t, replay([]byte(legacy(sure, "It")+legacyEnd), burst))
	for body, why := range map[string]string{
		`{"prompt":["One?","Two?"],"stream":true}`:           "prompts",
		`{"prompt":[1,2,3],"stream":true}`:                   "prompts",
		`{"prompt":"What is it?","echo":true,"stream":true}`: "echo",
	} {
		n := len(u.bodies)
		resp := complete(t, u, nil, body)
		if got := read(t, resp); resp.Header.Get("X-FineCE-Reason") != why || !strings.Contains(got, `"text":"It"`) || u.body(n) != body {
			t.Errorf("%s: %v %s", body, resp.Header, got)
		}
		resp = complete(t, u, withhold(0.5, gateway.Closed), body)
		if got := read(t, resp); resp.StatusCode != http.StatusBadRequest || !strings.Contains(got, "finece-"+why) {
			t.Errorf("%s: %d %s", body, resp.StatusCode, got)
		}
	}
}
