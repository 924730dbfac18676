package gateway_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/wasm/contract/record"
)

// TestOpenAIsClientWorksAsIfTheGatewayWereNotThere: its streaming loop, its
// accumulator, and what it keeps of fields that it does not know.
func TestOpenAIsClientWorksAsIfTheGatewayWereNotThere(t *testing.T) {
	data := demo(t)
	whole, _ := content(t, string(data))
	u := newUpstream(t, replay(data, bytewise(3000)))
	params := openai.ChatCompletionNewParams{
		Model:         "demo",
		Messages:      []openai.ChatCompletionMessageParamUnion{openai.UserMessage("How many loaves?")},
		StreamOptions: openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)},
	}
	for _, c := range []struct {
		name   string
		set    func(*gateway.Config)
		text   string
		finish string
		tokens int64 // of the usage; 0 where it is unknown
		told   bool
	}{
		{"annotate", func(*gateway.Config) {}, whole, "stop", 155, true},
		{"comments", func(c *gateway.Config) { c.Carrier = gateway.Comment }, whole, "stop", 155, false},
		{"extra chunks", func(c *gateway.Config) { c.CarrierDelay = 1 }, whole, "stop", 155, true},
		{"passes", withhold(0.8, gateway.Closed), whole, "stop", 155, true},
		{"withheld", withhold(0.9, gateway.Closed), whole[:188], "content_filter", 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newGateway(t, u, c.set)
			client := openai.NewClient(option.WithBaseURL(s.URL+"/v1"), option.WithAPIKey("k"), option.WithMaxRetries(0))
			stream := client.Chat.Completions.NewStreaming(t.Context(), params)
			defer stream.Close()
			var all openai.ChatCompletionAccumulator
			text, told := "", 0
			for stream.Next() {
				chunk := stream.Current()
				if !all.AddChunk(chunk) {
					t.Errorf("the accumulator refuses %s", chunk.RawJSON())
				}
				if len(chunk.Choices) > 0 {
					text += chunk.Choices[0].Delta.Content
				}
				if raw := chunk.JSON.ExtraFields["finece"]; raw.Raw() != "" {
					var e record.Envelope
					if err := json.Unmarshal([]byte(raw.Raw()), &e); err != nil {
						t.Error(err)
					}
					told += len(e.Events)
				}
			}
			if err := stream.Err(); err != nil {
				t.Fatal(err)
			}
			if text != c.text || all.Choices[0].Message.Content != c.text || all.Choices[0].FinishReason != c.finish {
				t.Errorf("%q ended with %q", all.Choices[0].Message.Content, all.Choices[0].FinishReason)
			}
			if all.Usage.CompletionTokens != c.tokens || all.ID != "chatcmpl-demo" {
				t.Errorf("usage %+v of %s", all.Usage, all.ID)
			}
			if (told > 0) != c.told {
				t.Errorf("%d records among the extra fields", told)
			}
		})
	}
}

// TestOpenAIsClientReadsTheGatewaysErrors as it reads OpenAI's.
func TestOpenAIsClientReadsTheGatewaysErrors(t *testing.T) {
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<p>hello")
	})
	s := newGateway(t, u, withhold(0.8, gateway.Closed))
	client := openai.NewClient(option.WithBaseURL(s.URL+"/v1"), option.WithAPIKey("k"), option.WithMaxRetries(0))
	_, err := client.Chat.Completions.New(t.Context(), openai.ChatCompletionNewParams{Model: "demo"})
	var e *openai.Error
	if !errors.As(err, &e) || e.Code != "finece-unchecked" || !strings.Contains(e.Message, "content-type") {
		t.Errorf("error %v", err)
	}
}
