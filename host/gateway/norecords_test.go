package gateway_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/finece/finece/host/gateway"
)

// TestARequestMayHaveNoRecords while the policy stays: the answer is the upstream's byte for
// byte, or what the policy makes of it, and the observer is told as ever.
func TestARequestMayHaveNoRecords(t *testing.T) {
	const message = `{"id":"m","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"It is 42."}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":4}}`
	response := `{"id":"r","object":"response","model":"m","status":"completed","output":[` + fmt.Sprintf(responseItem, "It is 42.") + `],` + outputUsage + `}`
	for path, c := range map[string]struct{ ask, stream, plain string }{
		"/v1/chat/completions": {ask, tokensOf(0, sure, "It", " is", " 42.") + finish(0) + ended, strings.TrimSuffix(plainAnswer, "}") + `,"usage":{"prompt_tokens":1,"completion_tokens":4}}`},
		"/v1/completions":      {`{"model":"m","stream":true,"logprobs":4,"prompt":"?"}`, legacy(sure, "It", " is", " 42.") + legacyEnd, `{"id":"c","object":"text_completion","choices":[{"index":0,"text":"It is 42.","finish_reason":"stop"}]}`},
		"/v1/messages":         {askMessages, strings.ReplaceAll(messagesFixture(t, "anthropic/messages.sse"), " 24", " 42"), message},
		"/v1/responses":        {askResponses, numbered(responseEvents(sure, "It", " is", " 42.")...), response},
	} {
		u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
			if body, _ := io.ReadAll(r.Body); strings.Contains(string(body), `"stream":true`) {
				replay([]byte(c.stream), bytewise(300))(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, c.plain)
		})
		for name, set := range map[string]func(*gateway.Config){"annotate": func(*gateway.Config) {}, "withhold": withhold(0.99, gateway.Closed), "best-of": bestOfOne} {
			for _, carrier := range []gateway.Carrier{gateway.Field, gateway.Comment} {
				for _, streamed := range []bool{true, false} {
					told := make(chan *gateway.Exchange, 1)
					s := newGateway(t, u, both(asking(confidenceModel(t, func(w http.ResponseWriter, _ *http.Request, _ int) { says(w, "0.5") })), set, observing(told), func(g *gateway.Config) {
						g.Carrier, g.CarrierDelay, g.AllowPolicy = carrier, 0, []gateway.Policy{gateway.NoRecords}
					}))
					body, whole := c.ask, c.stream
					if !streamed {
						body, whole = strings.Replace(body, `"stream":true`, `"stream":false`, 1), c.plain
					}
					got := read(t, postTo(t, s, path, strings.TrimSuffix(body, "}")+`,"finece":{"policy":"no-records"}}`))
					x := observed(t, told)
					name := fmt.Sprintf("%s, %s, %s, streamed %v", path, name, carrier, streamed)
					if strings.Contains(got, `"events":[`) || strings.Contains(got, ": finece") || string(x.Policy) != strings.Split(name, ", ")[1] || x.Generator == "" || len(x.Answers) != 1 {
						t.Errorf("%s: %+v\n%s", name, x, got)
					}
					switch withheld := x.Policy == gateway.Withhold; {
					case withheld == strings.Contains(got, " 42") || withheld && (len(x.Decisions) != 1 || x.Decisions[0].Action != "end"):
						t.Errorf("%s: %+v\n%s", name, x.Decisions, got)
					case !streamed && !json.Valid([]byte(got)):
						t.Errorf("%s: no JSON: %s", name, got)
					case x.Policy == gateway.Annotate && got != whole:
						t.Errorf("%s: %s", name, difference(got, whole))
					}
				}
			}
		}
	}
	if _, err := gateway.New(func() gateway.Config {
		c := config("http://127.0.0.1:1/v1", core(t))
		c.AllowPolicy = []gateway.Policy{gateway.NoRecords}
		return c
	}()); err != nil {
		t.Error(err)
	}
}
