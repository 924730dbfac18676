package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/wasm/contract/record"
)

const (
	finished = `data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\n"
	ended    = "data: [DONE]\n\n"
)

// chunkOf is an event with one choice.
func chunkOf(members string) string {
	return `data: {"object":"chat.completion.chunk","choices":[{"index":0,` + members + `}]}` + "\n\n"
}

// probable is a choice's members for a text that is one token.
func probable(member, text string) string {
	return fmt.Sprintf(`"delta":{"%s":"%s"},"logprobs":{"content":[{"token":"%[2]s","logprob":-0.001,"top_logprobs":[]}]},"finish_reason":null`, member, text)
}

func unsure(t testing.TB) func(*gateway.Config) {
	return asking(confidenceModel(t, func(w http.ResponseWriter, _ *http.Request, _ int) { says(w, "0.1") }))
}

// TestTextIsWithheldWhereverItStands.
func TestTextIsWithheldWhereverItStands(t *testing.T) {
	for name, stream := range map[string]string{
		"a message":             chunkOf(`"message":{"role":"assistant","content":"secret text"},"finish_reason":"stop"`) + ended,
		"a message, no end":     chunkOf(`"message":{"role":"assistant","content":"secret text"},"finish_reason":null`) + finished + ended,
		"beside an empty delta": chunkOf(`"delta":{"content":""},"message":{"content":"secret text"},"finish_reason":null`) + finished + ended,
		"a text":                chunkOf(`"text":"secret text","finish_reason":null`) + finished + ended,
		"a delta that is text":  chunkOf(`"delta":"secret text"`) + chunkOf(`"delta":{"content":"x"}`) + finished + ended,
		"an unknown member":     chunkOf(`"delta":{},"output":[{"text":"secret text"}]`) + chunkOf(`"delta":{"content":"x"}`) + finished + ended,
		"a choice in an array":  `data: {"object":"chat.completion.chunk","choices":[["secret text"]]}` + "\n\n" + finished + ended,
		"lines of JSON":         strings.ReplaceAll(strings.ReplaceAll(chunkOf(`"delta":{"content":"secret text"}`)+finished, "data: ", ""), "\n\n", "\n \n\n"),
		"beside usage":          chunkOf(`"delta":{"content":"x"}`) + `data: {"usage":{"total_tokens":1},"output_text":"secret text"}` + "\n\n" + finished + ended,
		"with an error":         `data: {"error":{"message":"x"},"choices":[{"index":0,"delta":{"content":"secret text"}}]}` + "\n\n",
	} {
		u := newUpstream(t, replay([]byte(stream), burst))
		got := read(t, post(t, newGateway(t, u, both(withhold(0.5, gateway.Closed), unsure(t))), ask))
		if strings.Contains(got, "secret") || !strings.Contains(got, `"finish_reason":"content_filter"`) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestWhatIsNoTextHoldsNothing: members that providers are known to send.
func TestWhatIsNoTextHoldsNothing(t *testing.T) {
	const extras = `,"native_finish_reason":"stop","stop_reason":"###","matched_stop":"###","content_filter_results":{"hate":{"filtered":false}},"seed":7,"token_ids":null,"error":null,"usage":{"prompt_tokens":1}`
	stream := chunkOf(probable("content", "One paragraph, which is long enough.")+extras) +
		chunkOf(probable("content", "\\n\\nAnd another one, which goes on.")+extras)
	goesOutBeforeTheEnd(t, stream, "One paragraph")
}

// goesOutBeforeTheEnd wants a text of a stream that goes on without an end.
func goesOutBeforeTheEnd(t *testing.T, stream, text string) {
	t.Helper()
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		replay([]byte(stream), burst)(w, r)
		<-r.Context().Done()
	})
	resp := post(t, newGateway(t, u, withhold(0.5, gateway.Closed)), ask)
	readUntil(t, resp, func(s string) bool { return strings.Contains(s, text) })
}

// TestReasoningIsHeldFromPositionToPosition, whatever it is called.
func TestReasoningIsHeldFromPositionToPosition(t *testing.T) {
	for _, member := range []string{"reasoning_content", "reasoning", "thinking"} {
		stream := chunkOf(probable(member, "Let me think about this at some length.\\n\\n")) +
			chunkOf(probable(member, "Then some more thoughts come here.\\n\\n")) + chunkOf(probable("content", "The answer is forty-two."))
		goesOutBeforeTheEnd(t, stream, "Let me think")
	}
}

// TestWhatTheSessionCannotReadIsUnchecked: what comes before it passes, and
// the rest as the failure policy says.
func TestWhatTheSessionCannotReadIsUnchecked(t *testing.T) {
	before := chunkOf(probable("content", "One paragraph, which is long enough.")) + chunkOf(probable("content", "\\n\\nAnd another one."))
	after := chunkOf(probable("content", "Good bye.")) + finished + ended
	huge := func(n int) string { return chunkOf(`"delta":{"content":"` + strings.Repeat("secret ", n/7) + `"}`) }
	limits := func(c *gateway.Config) { c.MaxEvent, c.MaxHeld, c.MaxDelay = 300<<10, 4<<20, time.Minute }
	for name, event := range map[string]string{
		"no JSON":        `data: {"choices":[{"index":0,"delta":{"content":"secret"}}]` + "\n\n",
		"over MaxEvent":  huge(400 << 10),
		"just over it":   huge(300<<10 - 80),
		"no JSON at all": "data: secret\n\n",
	} {
		u := newUpstream(t, replay([]byte(before+event+after), burst))
		got := read(t, post(t, newGateway(t, u, both(withhold(0.5, gateway.Closed), limits)), ask))
		if all, _ := told(t, got); strings.Contains(got, "secret") || !strings.Contains(got, "One paragraph") || decided(all).Action != record.ActionEnd {
			t.Errorf("%s, closed: %.2000s", name, got)
		}
		got = read(t, post(t, newGateway(t, u, both(withhold(0.5, gateway.Open), limits)), ask))
		if _, rest := told(t, got); rest != before+event+after || !strings.Contains(got, `"action":"release","reason":"not-scored"`) {
			t.Errorf("%s, open: %.2000s", name, got)
		}
	}
	torn := `data: {"choices":[{"index":0,"delta":{"content":"secret"`
	u := newUpstream(t, replay([]byte(before+finished+torn), burst))
	if got := read(t, post(t, newGateway(t, u, withhold(0.5, gateway.Closed)), ask)); strings.Contains(got, "secret") {
		t.Errorf("a torn event at the end: %s", got)
	}
}

// TestALargeEventIsScored, up to the gateway's own limit.
func TestALargeEventIsScored(t *testing.T) {
	stream := chunkOf(`"delta":{"content":"`+strings.Repeat("secret ", 60_000)+`"}`) + finished + ended
	u := newUpstream(t, replay([]byte(stream), burst))
	got := read(t, post(t, newGateway(t, u, both(withhold(0.5, gateway.Closed), unsure(t))), ask))
	if all, _ := told(t, got); strings.Contains(got, "secret") || decided(all).Action != record.ActionEnd {
		t.Errorf("%.2000s", got)
	}
	got = read(t, post(t, newGateway(t, u, func(c *gateway.Config) { c.CarrierDelay = 0 }), ask))
	if all, _ := told(t, got); endOf(all) == nil || endOf(all).Tokens == 0 {
		t.Error("annotate: the answer has no tokens")
	}
}

// TestTheCarrierCommentHoldsToTheEnd.
func TestTheCarrierCommentHoldsToTheEnd(t *testing.T) {
	u := newUpstream(t, replay(demo(t), burst))
	comments := func(c *gateway.Config) { c.Carrier = gateway.Comment }
	for _, threshold := range []float64{0.9, 0.999} { // the latter before anything has gone out
		got := read(t, post(t, newGateway(t, u, both(withhold(threshold, gateway.Closed), comments)), ask))
		if strings.Contains(got, `"finece":`) || !strings.Contains(got, `"action":"end"`) {
			t.Errorf("%v: %s", threshold, got)
		}
	}
}
