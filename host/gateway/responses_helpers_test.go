package gateway_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/finece/finece/host/gateway"
)

const askResponses = `{"model":"m","instructions":"Be brief.","input":"How many loaves?","stream":true,"include":["message.output_text.logprobs"]}`

func respond(t testing.TB, u *upstream, set func(*gateway.Config), body string) *http.Response {
	t.Helper()
	return postTo(t, newGateway(t, u, set), "/v1/responses", body)
}

// numbered makes a stream of events, which get their names and numbers.
func numbered(events ...string) string {
	all := ""
	for i, event := range events {
		var e struct{ Type string }
		if err := json.Unmarshal([]byte(event), &e); err != nil {
			panic(err)
		}
		all += fmt.Sprintf("event: %s\ndata: %s,\"sequence_number\":%d}\n\n", e.Type, strings.TrimSuffix(event, "}"), i)
	}
	return all
}

const (
	echoes       = `"id":"resp_7","object":"response","created_at":7,"model":"gpt","instructions":"Be brief.","text":{"format":{"type":"text"}},"top_logprobs":0,"tools":[],"tool_choice":"auto","parallel_tool_calls":true,"metadata":{}`
	created      = `{"type":"response.created","response":{` + echoes + `,"status":"in_progress","output":[],"usage":null}}`
	messageItem  = `{"type":"response.output_item.added","output_index":0,"item":{"id":"msg_1","type":"message","status":"in_progress","content":[],"role":"assistant"}}`
	contentPart  = `{"type":"response.content_part.added","item_id":"msg_1","output_index":0,"content_index":0,"part":{"type":"output_text","annotations":[],"logprobs":[],"text":""}}`
	outputUsage  = `"usage":{"input_tokens":11,"output_tokens":42,"total_tokens":53}`
	responseItem = `{"id":"msg_1","type":"message","status":"completed","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"%s"}],"role":"assistant"}`
)

func outputDelta(text string, logprob float64) string {
	return fmt.Sprintf(`{"type":"response.output_text.delta","item_id":"msg_1","output_index":0,"content_index":0,"delta":"%s","logprobs":[{"token":"%[1]s","logprob":%[2]v,"top_logprobs":[{"token":"%[1]s","logprob":%[2]v},{"token":"b","logprob":-5}]}],"obfuscation":"pad"}`, text, logprob)
}

// responseEvents are the events of a message with some texts.
func responseEvents(logprob float64, texts ...string) []string {
	all := []string{created, messageItem, contentPart}
	for _, text := range texts {
		all = append(all, outputDelta(text, logprob))
	}
	text := strings.Join(texts, "")
	item := fmt.Sprintf(responseItem, text)
	return append(all,
		`{"type":"response.output_text.done","item_id":"msg_1","output_index":0,"content_index":0,"text":"`+text+`","logprobs":[]}`,
		`{"type":"response.content_part.done","item_id":"msg_1","output_index":0,"content_index":0,"part":{"type":"output_text","annotations":[],"logprobs":[{"token":"x","logprob":-1,"top_logprobs":[]}],"text":"`+text+`"}}`,
		`{"type":"response.output_item.done","output_index":0,"item":`+item+`}`,
		`{"type":"response.completed","response":{`+echoes+`,"status":"completed","output":[`+item+`],`+outputUsage+`}}`)
}

// answered is what a client reads of a stream of Responses.
type answered struct {
	Deltas   string // all text, as it came
	Last     string // the type of the last event
	Output   string // the texts of the last event's response, with | after each
	Reason   string // of its incomplete_details
	ID       string
	Ended    []string // the items that were done
	Sequence int
}

// readResponse reads a stream. It checks that the numbers have no gaps, that what is done was
// begun and repeats its text, and that the last response repeats all text.
func readResponse(t testing.TB, stream string) (a answered) {
	t.Helper()
	items, parts, texts, called := map[int]bool{}, map[string]bool{}, map[string]string{}, map[string]bool{}
	whole := ""
	for event := range strings.SplitSeq(strings.TrimSuffix(commentLine.ReplaceAllString(stream, ""), "\n\n"), "\n\n") {
		name, data, _ := strings.Cut(strings.TrimPrefix(event, "event: "), "\ndata: ")
		type content struct{ Type, Text, Refusal string }
		type item struct {
			ID, Type, Status, Arguments, Input string
			Content, Summary                   []content
		}
		var e struct {
			Type, Delta, Text, Refusal string
			Arguments, Input           string
			Number                     int    `json:"sequence_number"`
			ItemID                     string `json:"item_id"`
			Output                     int    `json:"output_index"`
			Content                    int    `json:"content_index"`
			Summary                    int    `json:"summary_index"`
			Item                       item
			Part                       content
			Response                   struct {
				ID, Status string
				Output     []item
				Details    struct{ Reason string } `json:"incomplete_details"`
			}
		}
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			t.Fatalf("%v: %q in\n%s", err, event, stream)
		}
		key := fmt.Sprint(e.Output, " ", e.Content, " ", e.Summary)
		wrong := name != e.Type || e.Number != a.Sequence || a.Sequence == 0 && name != "response.created" && name != "error"
		a.Sequence++
		a.Last = name
		switch name {
		case "response.created", "response.in_progress":
			a.ID = e.Response.ID
			wrong = wrong || e.Response.Status != "in_progress"
		case "response.output_item.added":
			wrong = wrong || items[e.Output] || e.Item.ID == ""
			items[e.Output] = true
		case "response.content_part.added", "response.reasoning_summary_part.added":
			wrong = wrong || !items[e.Output] || parts[key]
			parts[key] = true
		case "response.output_text.delta", "response.refusal.delta", "response.reasoning_summary_text.delta":
			wrong = wrong || !parts[key]
			texts[key] += e.Delta
			a.Deltas += e.Delta
		case "response.output_text.done", "response.refusal.done", "response.reasoning_summary_text.done":
			wrong = wrong || !parts[key] || e.Text+e.Refusal != texts[key]
		case "response.content_part.done", "response.reasoning_summary_part.done":
			wrong = wrong || !parts[key] || e.Part.Text+e.Part.Refusal != texts[key]
			delete(parts, key)
		case "response.function_call_arguments.delta", "response.custom_tool_call_input.delta":
			wrong = wrong || !items[e.Output]
			texts[key] += e.Delta
		case "response.function_call_arguments.done", "response.custom_tool_call_input.done":
			wrong = wrong || !items[e.Output] || e.Arguments+e.Input != texts[key]
			called[key] = true
		case "response.output_item.done":
			text := e.Item.Arguments + e.Item.Input
			for _, c := range append(e.Item.Summary, e.Item.Content...) {
				text += c.Text + c.Refusal
			}
			wrong = wrong || !items[e.Output] || e.Item.Status == "in_progress" || e.Item.Type != "reasoning" && text != texts[fmt.Sprint(e.Output, " 0 0")] ||
				(e.Item.Arguments+e.Item.Input != "" && !called[key])
			_, item, _ := strings.Cut(data, `"item":`)
			a.Ended = append(a.Ended, item)
			delete(items, e.Output)
		case "response.completed", "response.incomplete":
			a.Reason = e.Response.Details.Reason
			for _, i := range e.Response.Output {
				for _, c := range append(i.Summary, i.Content...) {
					a.Output += c.Text + c.Refusal + "|"
					whole += c.Text + c.Refusal
				}
			}
			wrong = wrong || len(items)+len(parts) > 0 || whole != a.Deltas || "response."+e.Response.Status != name
		}
		if wrong {
			t.Fatalf("%q does not fit in\n%s", event, stream)
		}
	}
	return a
}

func responsesStreams(t testing.TB) map[string][]byte {
	t.Helper()
	return streamsOf(t, "openai-responses", "-responses-", "")
}
