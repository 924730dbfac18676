package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/finece/finece/host/gateway"
)

// TestTheCostsOfScoringAreCounted for each client and for the observer: the tokens of the
// confidence model, and the bytes of log-probabilities that the client did not ask for; also
// those of answers that were not sent.
func TestTheCostsOfScoringAreCounted(t *testing.T) {
	const (
		logprobs = `{"content":[{"token":"It is 42.","logprob":-0.5,"top_logprobs":[]}]}`
		plain    = `{"id":"a","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"It is 42."},"logprobs":` + logprobs + `,"finish_reason":"stop"}]}`
		chunk    = `data: {"id":"a","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"It is 42."},"logprobs":` + logprobs + `,"finish_reason":"stop"}]}` + "\n\n" + ended
	)
	added := len(logprobs) - len("null")
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		kind, answer := "application/json", plain
		if body, _ := io.ReadAll(r.Body); strings.Contains(string(body), `"stream":true`) {
			kind, answer = "text/event-stream", chunk
		}
		w.Header().Set("Content-Type", kind)
		io.WriteString(w, answer)
	})
	for _, streamed := range []bool{true, false} {
		for _, c := range []struct {
			name     string
			set      func(*gateway.Config)
			model    bool
			logprobs bool // the client asks for them
			answers  int
		}{
			{"log-probabilities", paragraphsOnly, false, false, 1},
			{"the client's own", paragraphsOnly, false, true, 1},
			{"a model", paragraphsOnly, true, false, 1},
			{"best-of", bestOf(3), true, false, 3},
			{"best-of, log-probabilities", bestOf(2), false, false, 2},
			{"escalate", escalating(0.9, 1, gateway.Closed), true, false, 2},
		} {
			name := fmt.Sprintf("%s, streamed %v", c.name, streamed)
			told := make(chan *gateway.Exchange, 1)
			set := both(c.set, observing(told))
			var asked atomic.Int64
			if c.model {
				set = both(set, asking(confidenceModel(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
					asked.Add(1)
					io.WriteString(w, `{"choices":[{"index":0,"message":{"content":"0.5"}}],"usage":{"prompt_tokens":10,"completion_tokens":1,"total_tokens":11}}`)
				})))
			}
			s, meter, _ := limited(t, u, "", set)
			body := fmt.Sprintf(`{"model":"m","messages":[{"role":"user","content":"?"}],"stream":%v,"logprobs":%v}`, streamed, c.logprobs)
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+chatPath, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("X-Api-Key", clientsKey)
			resp, err := s.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			read(t, resp)
			resp.Body.Close()
			x := observed(t, told)
			idle(t, meter)
			bytes, calls := int64(0), int64(0)
			if !c.model && !c.logprobs {
				bytes = int64(added * c.answers)
			}
			if c.model {
				calls = int64(2 * c.answers) // p(0) and p(z)
			}
			if int64(x.ModelCalls) != calls || asked.Load() != calls || x.ModelErrors != 0 || x.ModelTokens != 11*calls || x.LogprobBytes != bytes {
				t.Errorf("%s: %d calls (%d came), %d errors, %d tokens, %d bytes; want %d calls and %d bytes", name, x.ModelCalls, asked.Load(), x.ModelErrors, x.ModelTokens, x.LogprobBytes, calls, bytes)
			}
			_, used := send(t, s, "GET", "/finece/usage", "X-Api-Key", clientsKey)
			if want := fmt.Sprintf(`"scoring":{"model_tokens":%d,"rollout_tokens":0,"logprob_bytes":%d},"limits"`, 11*calls, bytes); !strings.Contains(used, want) {
				t.Errorf("%s: %s, want %s", name, used, want)
			}
		}
	}
}
