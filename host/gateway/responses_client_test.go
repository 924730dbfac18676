package gateway_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	api "github.com/openai/openai-go/v3/responses"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/wasm/contract/record"
)

// TestOpenAIsClientReadsResponses as if the gateway were not there.
func TestOpenAIsClientReadsResponses(t *testing.T) {
	const first, whole = "The first part is long enough.", "The first part is long enough.\n\nThe secret part."
	events := responseEvents(sure, first, `\n\n`, "The secret", " part.")
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ Stream bool }
		if json.NewDecoder(r.Body).Decode(&asked); asked.Stream {
			replay([]byte(numbered(events...)), bytewise(100))(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, response, _ := strings.Cut(events[len(events)-1], `"response":`)
		io.WriteString(w, strings.TrimSuffix(response, "}"))
	})
	low := modelSaying(t, [2]string{"secret", "0.1"})
	text := func(c *gateway.Config) { c.WarnText = " Check it." }
	params := api.ResponseNewParams{Model: "m", Input: api.ResponseNewParamsInputUnion{OfString: openai.String("How many?")}}
	for _, c := range []struct {
		name            string
		set             func(*gateway.Config)
		streamed, plain string
		status          api.ResponseStatus
		told            bool
	}{
		{"annotate", low, whole, whole, "completed", true},
		{"comments", both(low, func(c *gateway.Config) { c.Carrier = gateway.Comment }), whole, whole, "completed", false},
		{"warn", both(low, warn(0.5), text), whole + " Check it.", whole + " Check it.", "completed", true},
		{"withheld", both(low, withhold(0.5, gateway.Closed)), first, "", "incomplete", true},
		{"passes", both(modelSaying(t), withhold(0.5, gateway.Closed)), whole, whole, "completed", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newGateway(t, u, c.set)
			client := openai.NewClient(option.WithBaseURL(s.URL+"/v1"), option.WithAPIKey("k"), option.WithMaxRetries(0))
			stream := client.Responses.NewStreaming(t.Context(), params)
			defer stream.Close()
			var last api.Response
			deltas, told := "", 0
			for stream.Next() {
				e := stream.Current()
				if e.Type == "response.output_text.delta" {
					deltas += e.Delta
				}
				if e.Type == "response.completed" || e.Type == "response.incomplete" {
					last = e.Response
				}
				var carried struct{ Finece record.Envelope }
				if err := json.Unmarshal([]byte(e.RawJSON()), &carried); err != nil {
					t.Error(err)
				}
				told += len(carried.Finece.Events)
			}
			if err := stream.Err(); err != nil {
				t.Fatal(err)
			}
			if deltas != c.streamed || last.OutputText() != c.streamed || last.Status != c.status || last.ID != "resp_7" {
				t.Errorf("%q, %q: %s", deltas, last.OutputText(), last.RawJSON())
			}
			if (told > 0) != c.told {
				t.Errorf("%d records", told)
			}
			answer, err := client.Responses.New(t.Context(), params)
			if err != nil {
				t.Fatal(err)
			}
			if answer.OutputText() != c.plain || answer.Status != c.status || answer.Usage.TotalTokens != 53 {
				t.Errorf("plain: %q: %s", answer.OutputText(), answer.RawJSON())
			}
		})
	}
}
