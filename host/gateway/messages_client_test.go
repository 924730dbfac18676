package gateway_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/wasm/contract/record"
)

func anthropicClient(url string) anthropic.Client {
	return anthropic.NewClient(option.WithBaseURL(url), option.WithAPIKey("k"), option.WithMaxRetries(0))
}

var halve = anthropic.MessageNewParams{
	Model: "m", MaxTokens: 100,
	Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("What is half of 48?"))},
}

// TestAnthropicsClientWorksAsIfTheGatewayWereNotThere: its streaming loop, its
// accumulator, and what it keeps of fields that it does not know.
func TestAnthropicsClientWorksAsIfTheGatewayWereNotThere(t *testing.T) {
	const first, rest, note = "Half of 48 is 24", ".\n\nSo the total is 24 — so \"24\".", " Check it."
	comments := func(c *gateway.Config) { c.Carrier = gateway.Comment }
	text := func(c *gateway.Config) { c.WarnText = note }
	low := func(t *testing.T) func(*gateway.Config) { return modelSaying(t, [2]string{"So the total", "0.1"}) }
	for _, c := range []struct {
		name, fixture string
		set           func(*gateway.Config)
		text          string
		stop          anthropic.StopReason
		tokens        int64
		told          bool
	}{
		{"annotate", "messages", both(), first + rest, "end_turn", 12, true},
		{"comments", "messages", comments, first + rest, "end_turn", 12, false},
		{"thinking", "messages-thinking", both(), first + rest, "end_turn", 12, true},
		{"tools", "messages-tools", both(), first + rest, "tool_use", 12, true},
		{"passes", "messages", both(modelSaying(t), withhold(0.5, gateway.Closed)), first + rest, "end_turn", 12, true},
		{"withheld", "messages", both(low(t), withhold(0.5, gateway.Closed)), first, "refusal", 0, true},
		{"withheld, thinking", "messages-thinking", both(low(t), withhold(0.5, gateway.Closed)), first, "refusal", 0, true},
		{"nothing passes", "messages", both(modelSaying(t, [2]string{"", "0.1"}), withhold(0.5, gateway.Closed)), "", "refusal", 0, true},
		{"warned", "messages", both(low(t), warn(0.5), text), first + rest + note, "end_turn", 12, true},
		{"warned, tools", "messages-tools", both(low(t), warn(0.5), text), first + rest + note, "tool_use", 12, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := newUpstream(t, replay([]byte(messagesFixture(t, "anthropic/"+c.fixture+".sse")), bytewise(100)))
			client := anthropicClient(newGateway(t, u, c.set).URL)
			stream := client.Messages.NewStreaming(t.Context(), halve)
			defer stream.Close()
			var all anthropic.Message
			told, ended := 0, false
			for stream.Next() {
				event := stream.Current()
				if err := all.Accumulate(event); err != nil {
					t.Errorf("%v: %s", err, event.RawJSON())
				}
				ended = event.Type == "message_stop"
				var extra struct{ Finece *json.RawMessage }
				if json.Unmarshal([]byte(event.RawJSON()), &extra); extra.Finece != nil {
					e, err := record.ReadEnvelope(*extra.Finece)
					if err != nil {
						t.Error(err)
					}
					told += len(e.Events)
				}
			}
			if err := stream.Err(); err != nil || !ended {
				t.Fatal(err, ended)
			}
			got := ""
			for _, block := range all.Content {
				got += block.Text
			}
			if got != c.text || all.StopReason != c.stop || all.ID != "msg_1" || (told > 0) != c.told {
				t.Errorf("%q ended with %q, %d records", got, all.StopReason, told)
			}
			if c.tokens > 0 && (all.Usage.OutputTokens != c.tokens || all.Usage.InputTokens != 11) {
				t.Errorf("usage %+v", all.Usage)
			}
		})
	}
}

// TestAnthropicsClientReadsPlainAnswersAndErrors as it reads Anthropic's.
func TestAnthropicsClientReadsPlainAnswersAndErrors(t *testing.T) {
	kind, body := "application/json", `{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"It is 24."}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":11,"output_tokens":12}}`
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", kind)
		io.WriteString(w, body)
	})
	client := anthropicClient(newGateway(t, u, both(modelSaying(t, [2]string{"", "0.1"}), withhold(0.5, gateway.Closed))).URL)
	m, err := client.Messages.New(t.Context(), halve)
	if err != nil || len(m.Content) != 1 || m.Content[0].Text != "" || m.StopReason != anthropic.StopReasonRefusal || !strings.Contains(m.RawJSON(), `"finece":`) {
		t.Errorf("%v, %v", m, err)
	}
	kind, body = "text/html", "<p>hello"
	_, err = client.Messages.New(t.Context(), halve)
	var e *anthropic.Error
	if !errors.As(err, &e) || e.StatusCode != http.StatusBadGateway || !strings.Contains(e.RawJSON(), "finece-unchecked") || e.Type() != anthropic.ErrorTypeAPIError {
		t.Errorf("error %v", err)
	}
}
