package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/session"
)

// TestARepeatedBeginningIsNotScored checks that the text of an answer that the client has begun
// has no positions, whether a plain reply repeats it, as that of llama.cpp's server does, or
// not. The client gets the reply as it was, and places count in its text.
func TestARepeatedBeginningIsNotScored(t *testing.T) {
	const (
		ask    = `{"model":"m","logprobs":true,"messages":[{"role":"user","content":"6 times 7?"},{"role":"assistant","content":%s}]}`
		reply  = `{"object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":%s},"logprobs":{"content":%s},"finish_reason":"stop"}]`
		tokens = `[{"token":" is","logprob":-0.1,"top_logprobs":[]},{"token":" 42.\n\n","logprob":-0.2,"top_logprobs":[]},{"token":"Yes.","logprob":-2,"top_logprobs":[]}]`
	)
	for what, c := range map[string]struct {
		begun, content, tokens string
		byte, utf16            int64 // after the first paragraph that is scored
	}{
		"repeated":        {`"So.\n\n\"It\" é 😀"`, `"So.\n\n\"It\" é 😀 is 42.\n\nYes."`, tokens, 17 + 7, 14 + 7},
		"repeated, \\u":   {`"So.\n\n\"It\" é 😀"`, `"So.\u000a\n\u0022It\u0022 \u00e9 \ud83d\ude00 is 42.\n\nYes."`, tokens, 17 + 7, 14 + 7},
		"not repeated":    {`"So.\n\nIt"`, `" is 42.\n\nYes."`, tokens, 7, 7},
		"another text":    {`"So it seems"`, `" is 42.\n\nYes."`, tokens, 7, 7},
		"the same tokens": {`" is"`, `" is 42.\n\nYes."`, tokens, 7, 7},
	} {
		sent := fmt.Sprintf(reply, c.content, c.tokens)
		u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, sent+"}\n")
		})
		all, rest := told(t, read(t, post(t, newGateway(t, u, nil), fmt.Sprintf(ask, c.begun))))
		if rest != sent+"}\n" {
			t.Errorf("%s: the client gets\n%s, want\n%s", what, rest, sent)
		}
		places := latest(all, 0)
		if len(places) != 3 {
			t.Errorf("%s: %d positions: %+v", what, len(places), places)
			continue
		}
		first, whole := places[1], places[2]
		if first.Kinds&position.Paragraph == 0 || first.State != session.Final || first.Byte != c.byte || first.UTF16 != c.utf16 || first.Token != 2 {
			t.Errorf("%s: p(1) is %+v", what, first)
		}
		if whole.Kinds&position.End == 0 || whole.Token != 3 || whole.Raw >= first.Raw {
			t.Errorf("%s: p(z) is %+v", what, whole)
		}
		// A confidence model judges all of the text.
		model := confidenceModel(t, func(w http.ResponseWriter, r *http.Request, _ int) { says(w, "0.7") })
		got := read(t, post(t, newGateway(t, u, both(asking(model), func(g *gateway.Config) { g.Session.Fallback = false })), fmt.Sprintf(ask, c.begun)))
		all, rest = told(t, got)
		if last := lastOf(all); rest != sent+"}\n" || last == nil || last.Fused != 0.7 {
			t.Errorf("%s, judged by a model: %s", what, got)
		}
	}
}

// TestABeginningInInvalidJSON checks that a reply that is no JSON passes as it is.
func TestABeginningInInvalidJSON(t *testing.T) {
	for _, content := range []string{`"\u00`, `"\ud83d\u`, `"\`, `"So \ud83d"`, `"So \x"`, `7`, `null`} {
		sent := `{"object":"chat.completion","choices":[{"index":0,"message":{"content":` + content
		u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, sent)
		})
		for _, begun := range []string{`\u0000`, `So `, `😀`} {
			if got := read(t, post(t, newGateway(t, u, nil), `{"messages":[{"role":"assistant","content":"`+begun+`"}]}`)); got != sent {
				t.Errorf("%s: the client gets %s", content, got)
			}
		}
	}
}
