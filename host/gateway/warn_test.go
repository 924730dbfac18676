package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/wasm/contract/record"
)

func warn(below float64) func(*gateway.Config) {
	return func(c *gateway.Config) { c.Policy, c.WarnBelow = gateway.Warn, below }
}

// said is the text of a stream's first choice, in the chunks before its finish_reason.
func said(t testing.TB, stream string) string {
	t.Helper()
	text := ""
	for line := range strings.Lines(stream) {
		_, after, found := strings.Cut(line, `"delta":{"content":"`)
		if part, _, _ := strings.Cut(after, `"}`); found {
			text += part
		}
		if strings.Contains(line, `"finish_reason":"stop"`) {
			return text
		}
	}
	t.Fatalf("no end in %s", stream)
	return ""
}

// TestAWarningIsTheLastOfAnAnswerBelowTheThreshold, whole and before its end.
func TestAWarningIsTheLastOfAnAnswerBelowTheThreshold(t *testing.T) {
	stream := chunkOf(probable("content", "It is 42.")) + finished + ended
	u := newUpstream(t, replay([]byte(stream), bytewise(50)))
	for _, carrier := range []gateway.Carrier{gateway.Field, gateway.Comment} {
		for _, c := range []struct {
			model, want string
			request     string
		}{
			{"0.4", `It is 42.\n\nDo check \"this\".`, ask},
			{"0.6", "It is 42.", ask},
			{"no number", "It is 42.", ask},
			{"0.4", "It is 42.", strings.Replace(ask, `"stream":true`, `"stream":true,"response_format":{"type":"json_object"}`, 1)},
		} {
			client := confidenceModel(t, func(w http.ResponseWriter, _ *http.Request, _ int) { says(w, c.model) })
			text := func(g *gateway.Config) {
				g.Carrier, g.WarnText = carrier, "\n\nDo check \"this\"."
				g.Settle = hung
			}
			got := read(t, post(t, newGateway(t, u, both(warn(0.5), asking(client), text)), c.request))
			if text := said(t, got); text != c.want {
				t.Errorf("%s, p(z) %s: the text is %q, want %q", carrier, c.model, text, c.want)
			}
			if !strings.HasSuffix(got, ended) {
				t.Errorf("the stream does not end: %s", got)
			}
			all, _ := told(t, got)
			d, warned := decided(all), strings.Contains(c.want, "check")
			if warned != (d.Policy == "warn" && d.Action == record.ActionRelease && d.Reason == "low" && d.Threshold == 0.5 && d.Byte == 9) {
				t.Errorf("%s, p(z) %s: decided %+v", carrier, c.model, d)
			}
		}
	}
}

// TestAPlainAnswerIsWarnedOf in its content.
func TestAPlainAnswerIsWarnedOf(t *testing.T) {
	const plain = `{"id":"x","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"It is 42."},"finish_reason":"stop"}]%s}`
	u := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, plain, "")
	})
	for number, want := range map[string]string{"0.4": `"content":"It is 42. Check it."`, "0.6": `"content":"It is 42."`} {
		client := confidenceModel(t, func(w http.ResponseWriter, _ *http.Request, _ int) { says(w, number) })
		text := func(g *gateway.Config) { g.WarnText, g.Settle = " Check it.", hung }
		got := read(t, post(t, newGateway(t, u, both(warn(0.5), asking(client), text)), `{"model":"m","messages":[]}`))
		if !strings.Contains(got, want) || !strings.HasSuffix(got, "]}}") && !strings.Contains(got, `"finece":`) {
			t.Errorf("p(z) %s: %s, want %s", number, got, want)
		}
	}
}
