package gateway_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
)

// TestAStreamOfResponsesIsTheUpstreams byte for byte, but for the records, which no event of
// the gateway's own carries.
func TestAStreamOfResponsesIsTheUpstreams(t *testing.T) {
	for name, data := range responsesStreams(t) {
		for how, cut := range map[string]func([]byte) (int, time.Duration){"burst": burst, "sevens": bytewise(7), "events": paced(0)} {
			if how != "burst" && len(data) > 40e3 {
				continue
			}
			for _, carrier := range []gateway.Carrier{gateway.Field, gateway.Comment} {
				for policy, set := range map[string]func(*gateway.Config){"annotate": nil, "stop": stop(0, 1), "withhold": withhold(0, gateway.Open), "best-of": bestOfOne} {
					u := newUpstream(t, replay(data, cut))
					resp := respond(t, u, func(c *gateway.Config) {
						if c.Carrier = carrier; set != nil {
							set(c)
						}
					}, askResponses)
					status(t, resp, "checking")
					got := read(t, resp)
					all, rest := told(t, got)
					if policy == "best-of" && strings.Contains(name, "error") || strings.Contains(name, "failed") {
						continue
					}
					if rest != string(data) {
						t.Fatalf("%s, %s, %s, %s: %s", name, how, carrier, policy, difference(rest, string(data)))
					}
					if endOf(all) == nil && !strings.Contains(name, "error") {
						t.Errorf("%s, %s, %s, %s: no end was told", name, how, carrier, policy)
					}
					if last := strings.LastIndex(got, "\ndata: "); !strings.Contains(name, "cut") && strings.Contains(got[last:], "\n: finece") {
						t.Errorf("%s, %s, %s, %s: a comment follows the end", name, how, carrier, policy)
					}
				}
			}
		}
	}
}

func bestOfOne(c *gateway.Config) { c.Policy, c.Answers = gateway.BestOf, 1 }

// TestRecordsOfResponses come with its own events, the last ones with response.completed.
func TestRecordsOfResponses(t *testing.T) {
	u := newUpstream(t, replay([]byte(numbered(responseEvents(sure, "It is", " 42.")...)), bytewise(50)))
	got := read(t, respond(t, u, paragraphsOnly, askResponses))
	all, _ := told(t, got)
	if c := latest(all, 0)[1]; c == nil || c.Fused < 0.98 {
		t.Errorf("told %+v", all)
	}
	if !strings.Contains(got, `"sequence_number":8,"finece":{"version":1,"id":"resp_7","generator":"gpt","events":[`) {
		t.Error(got)
	}
}

var (
	tokenList      = regexp.MustCompile(`"logprobs":\[\{.*?\]\}\]`)
	alternativesOf = regexp.MustCompile(`"top_logprobs":\[.*?\]`)
)

// TestLogprobsOfResponses are asked for, and what the client did not ask for is removed.
func TestLogprobsOfResponses(t *testing.T) {
	data := numbered(responseEvents(sure, "It is", " 42.")...)
	u := newUpstream(t, replay([]byte(data), bytewise(100)))
	none := tokenList.ReplaceAllString(data, `"logprobs":[]`)
	for _, c := range []struct {
		asks, sent string // members of the client's request, and of the upstream's
		entropy    bool
		want       string
	}{
		{``, `,"include":["message.output_text.logprobs"]`, false, none},
		{`,"include":null`, `,"include":["message.output_text.logprobs"]`, false, none},
		{`,"include":[]`, `,"include":["message.output_text.logprobs"]`, false, none},
		{`,"include":["reasoning.encrypted_content"]`, `,"include":["reasoning.encrypted_content","message.output_text.logprobs"]`, true, none},
		{`,"include":["message.output_text.logprobs"]`, `,"include":["message.output_text.logprobs"]`, false, data},
		{`,"include":["message.output_text.logprobs"],"top_logprobs":3`, `,"include":["message.output_text.logprobs"],"top_logprobs":3`, true, data},
		{`,"include":["message.output_text.logprobs"]`, `,"include":["message.output_text.logprobs"],"top_logprobs":5`, true, strings.ReplaceAll(alternativesOf.ReplaceAllString(data, `"top_logprobs":[]`), `,]`, `]`)},
	} {
		n := len(u.bodies)
		got := read(t, respond(t, u, func(g *gateway.Config) {
			if paragraphsOnly(g); c.entropy {
				g.Session.Positions.Strategy |= position.Entropy
			}
		}, `{"model":"m","input":"How many?","stream":true`+c.asks+`}`))
		if !strings.Contains(u.body(n), c.sent) {
			t.Errorf("%s: the upstream was sent %s, want %s", c.asks, u.body(n), c.sent)
		}
		all, rest := told(t, got)
		if latest(all, 0)[1] == nil || rest != c.want {
			t.Errorf("%s: %s", c.asks, difference(rest, c.want))
		}
	}
}

// TestWhatIsWithheldOfResponses: nothing of a text that is low goes out in any event, and what
// was sent is ended, and repeated by the end.
func TestWhatIsWithheldOfResponses(t *testing.T) {
	const first = "The first part is long enough."
	stream := numbered(responseEvents(sure, first, `\n\n`, "The secret", " part.", `\n\n`, "Bye.")...)
	u := newUpstream(t, replay([]byte(stream), bytewise(90)))
	low := both(modelSaying(t, [2]string{"secret", "0.1"}), withhold(0.5, gateway.Closed))
	for finish, want := range map[string]string{"content_filter": "response.incomplete content_filter", "stop": "response.completed ", "length": "response.incomplete max_output_tokens"} {
		for _, carrier := range []gateway.Carrier{gateway.Field, gateway.Comment} {
			got := read(t, respond(t, u, both(low, func(c *gateway.Config) { c.FinishReason, c.Carrier = finish, carrier }), askResponses))
			a := readResponse(t, got)
			if a.Deltas != first || a.Output != first+"|" || a.Last+" "+a.Reason != want || a.ID != "resp_7" || strings.Contains(got, "secret") || !strings.Contains(got, `"instructions":"Be brief."`) {
				t.Errorf("%s, %s: %+v\n%s", finish, carrier, a, got)
			}
			all, _ := told(t, got)
			if d := decided(all); d.Action != record.ActionEnd || d.Reason != "low" || d.Byte != int64(len(first)) || (carrier == gateway.Field) != strings.Contains(got, `"finece":`) {
				t.Errorf("%s, %s: %+v\n%s", finish, carrier, d, got)
			}
		}
	}
}

// TestTextOfResponsesIsWithheldWhereverItStands.
func TestTextOfResponsesIsWithheldWhereverItStands(t *testing.T) {
	low := both(modelSaying(t, [2]string{"secret", "0.1"}), withhold(0.5, gateway.Closed))
	done := `{"type":"response.completed","response":{` + echoes + `,"status":"completed","output":[],` + outputUsage + `}}`
	streams := map[string]string{"after the end": numbered(responseEvents(sure, "Hello.")...) + numbered(outputDelta("secret", sure))}
	for name, events := range map[string][]string{
		"deltas":          responseEvents(sure, "The secret", " is out."),
		"a part":          {created, messageItem, strings.Replace(contentPart, `"text":""`, `"text":"secret"`, 1), done},
		"a part's end":    {created, messageItem, contentPart, `{"type":"response.content_part.done","output_index":0,"part":{"type":"output_text","text":"secret"}}`, done},
		"an item":         {created, fmt.Sprintf(`{"type":"response.output_item.done","item":`+responseItem+`}`, "secret"), done},
		"a text's end":    {created, messageItem, contentPart, `{"type":"response.output_text.done","text":"secret"}`, done},
		"the response":    {created, strings.Replace(done, `"output":[]`, `"output":[`+fmt.Sprintf(responseItem, "secret")+`]`, 1)},
		"output_text":     {created, strings.Replace(done, `"output":[]`, `"output":[],"output_text":"secret"`, 1)},
		"the beginning":   {strings.Replace(created, `"output":[]`, `"output":[`+fmt.Sprintf(responseItem, "secret")+`]`, 1), done},
		"a tool call":     {created, `{"type":"response.output_item.added","output_index":0,"item":{"id":"f","type":"function_call","name":"secret"}}`, done},
		"its arguments":   {created, `{"type":"response.function_call_arguments.delta","delta":"secret"}`, done},
		"an annotation":   {created, messageItem, contentPart, `{"type":"response.output_text.annotation.added","annotation":{"title":"secret"}}`, done},
		"what is unknown": {created, `{"type":"response.new","new":"secret"}`, done},
		"log-probability": {created, messageItem, contentPart, `{"type":"response.output_text.done","text":"","logprobs":[{"token":"secret","logprob":-1}]}`, done},
		"a failure":       {created, `{"type":"response.failed","response":{"status":"failed","error":{"code":"x","message":"x"},"output":[` + fmt.Sprintf(responseItem, "secret") + `]}}`},
	} {
		streams[name] = numbered(events...)
	}
	for name, stream := range streams {
		u := newUpstream(t, replay([]byte(stream), burst))
		got := read(t, respond(t, u, low, askResponses))
		if a := readResponse(t, got); strings.Contains(got, "secret") || a.Last != "response.incomplete" && name != "after the end" {
			t.Errorf("%s: %s", name, got)
		}
	}
	for name, data := range responsesStreams(t) {
		u := newUpstream(t, replay(data, burst))
		got := read(t, respond(t, u, both(modelSaying(t, [2]string{"", "0.1"}), withhold(0.5, gateway.Closed)), askResponses))
		for line := range strings.Lines(got) {
			if strings.Contains(line, `"delta":"`) && !strings.Contains(line, "refusal") || strings.Contains(line, `"arguments":"{`) {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
}

// TestARefusalInResponsesPasses, since it is neither right nor wrong.
func TestARefusalInResponsesPasses(t *testing.T) {
	for name, data := range responsesStreams(t) {
		if !strings.Contains(name, "responses-refusal") {
			continue
		}
		u := newUpstream(t, replay(data, burst))
		if _, rest := told(t, read(t, respond(t, u, both(modelSaying(t), withhold(0.5, gateway.Closed)), askResponses))); rest != string(data) {
			t.Errorf("%s: %s", name, difference(rest, string(data)))
		}
	}
}

// stopped are the events of a stream that is stopped after them, and how the item that is ended
// last begins in output_item.done.
type stopped struct {
	events []string
	item   string
}

// stoppedIn are streams that are stopped in each kind of item.
func stoppedIn() map[string]stopped {
	const secret = "The secret part is long enough."
	call := func(item string, events ...string) []string {
		added := `{"type":"response.output_item.added","output_index":1,"item":{"id":"c_1",` + item + `,"status":"in_progress"}}`
		return append(append(responseEvents(sure, secret, `\n\n`, "Then more.")[:6], added), events...)
	}
	return map[string]stopped{
		"a message": {responseEvents(sure, secret, `\n\n`, "Then more", " of it.", `\n\n`, "Bye.")[:8], `{"id":"msg_1","type":"message","status":"incomplete","role":"assistant","content":[{"type":"output_text","annotations":[],"text":"` + secret},
		"reasoning": {[]string{
			created, `{"type":"response.output_item.added","output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[]}}`,
			`{"type":"response.reasoning_summary_part.added","item_id":"rs_1","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}}`,
			`{"type":"response.reasoning_summary_text.delta","item_id":"rs_1","output_index":0,"summary_index":0,"delta":"The secret thought is long enough.\n\n"}`,
			`{"type":"response.reasoning_summary_text.delta","item_id":"rs_1","output_index":0,"summary_index":0,"delta":"And another thought follows it."}`,
		}, `{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"The secret`},
		"a tool call": {call(`"type":"function_call","name":"f","call_id":"c","arguments":""`,
			`{"type":"response.function_call_arguments.delta","item_id":"c_1","output_index":1,"delta":"{\"city\":\"Pa"}`),
			`{"id":"c_1","type":"function_call","name":"f","call_id":"c","status":"incomplete","arguments":"{\"city\":\"Pa"}`},
		"a tool call without arguments yet": {call(`"type":"function_call","name":"f","call_id":"c","arguments":""`),
			`{"id":"c_1","type":"function_call","name":"f","call_id":"c","status":"incomplete","arguments":"{"}`},
		"a custom tool call": {call(`"type":"custom_tool_call","name":"f","call_id":"c","input":""`,
			`{"type":"response.custom_tool_call_input.delta","item_id":"c_1","output_index":1,"delta":"ls"}`),
			`{"id":"c_1","type":"custom_tool_call","name":"f","call_id":"c","status":"incomplete","input":"ls"}`},
		"a search": {call(`"type":"web_search_call"`), `{"id":"c_1","type":"web_search_call","status":"failed"}`},
	}
}

// TestAResponseIsStopped in whatever item it is. Each item that was begun is ended, and the
// upstream is cancelled.
func TestAResponseIsStopped(t *testing.T) {
	for name, c := range stoppedIn() {
		for finish, ending := range map[string]string{"content_filter": "response.incomplete", "stop": "response.completed"} {
			cancelled, came := make(chan struct{}), make(chan struct{})
			u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
				replay([]byte(numbered(c.events...)), burst)(w, r)
				<-r.Context().Done()
				close(cancelled)
			})
			low := confidenceModel(t, func(w http.ResponseWriter, r *http.Request, _ int) {
				<-came // nothing is stopped before all events have come
				says(w, "0.1")
			})
			resp := respond(t, u, both(asking(low), stop(0.5, 1), func(c *gateway.Config) { c.FinishReason = finish }), askResponses)
			got := readUntil(t, resp, func(got string) bool {
				return strings.Count(got, "\n\n") >= len(c.events)
			})
			close(came)
			got += read(t, resp)
			<-cancelled
			a := readResponse(t, got)
			last := a.Ended[len(a.Ended)-1]
			if a.Last != ending || !strings.HasPrefix(a.Output, "The secret") || strings.Contains(a.Output, "c_1") || !strings.HasPrefix(last, c.item) && ending == "response.incomplete" {
				t.Errorf("%s, %s: %+v\n%s", name, finish, a, got)
			}
			if strings.Contains(last, "c_1") && (strings.Contains(last, `"completed"`) || strings.Count(got, "c_1") != strings.Count(got[:strings.Index(got, last)+len(last)], "c_1")) {
				t.Errorf("%s, %s: half a call is completed or in the output\n%s", name, finish, got)
			}
		}
	}
}

// TestAResponseIsWarnedOf in a message of its own, which response.completed repeats.
func TestAResponseIsWarnedOf(t *testing.T) {
	stream := numbered(responseEvents(sure, "A secret.")...)
	u := newUpstream(t, replay([]byte(stream), bytewise(60)))
	text := func(c *gateway.Config) { c.WarnText = "Check \"it\"." }
	for _, carrier := range []gateway.Carrier{gateway.Field, gateway.Comment} {
		for _, body := range []string{askResponses, `{"stream":true,"input":"How many?"}`} {
			got := read(t, respond(t, u, both(modelSaying(t, [2]string{"secret", "0.1"}), warn(0.5), text, func(c *gateway.Config) { c.Carrier = carrier }), body))
			a := readResponse(t, got)
			if all, _ := told(t, got); a.Output != "A secret.|Check \"it\".|" || a.Last != "response.completed" || a.Sequence != 14 || decided(all).Policy != "warn" {
				t.Errorf("%s: %+v\n%s", carrier, a, got)
			}
		}
	}
	for name, c := range map[string][2]string{
		"JSON":   {stream, `{"stream":true,"input":"How many?","text":{"format":{"type":"json_schema"}}}`},
		"no end": {strings.Replace(stream, "event: response.completed", ": no", 1)[:strings.Index(stream, "event: response.completed")], askResponses},
	} {
		u := newUpstream(t, replay([]byte(c[0]), burst))
		if got := read(t, respond(t, u, both(modelSaying(t, [2]string{"secret", "0.1"}), warn(0.5), text), c[1])); strings.Contains(got, "Check") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestAPlainResponse under each policy.
func TestAPlainResponse(t *testing.T) {
	plain := `{` + echoes + `,"status":"completed","incomplete_details":null,"output":[` + fmt.Sprintf(responseItem, "A secret.") + `],"output_messages":["secret"],` + outputUsage + `}`
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, plain)
	})
	low := modelSaying(t, [2]string{"secret", "0.1"})
	text := func(c *gateway.Config) { c.WarnText = " Check it." }
	for name, c := range map[string]struct {
		set            func(*gateway.Config)
		output, status string
	}{
		"annotate": {low, "A secret.|", "completed"},
		"stop":     {both(low, stop(0.5, 1)), "A secret.|", "completed"},
		"warn":     {both(low, warn(0.5), text), "A secret. Check it.|", "completed"},
		"withhold": {both(low, withhold(0.5, gateway.Closed)), "|", "incomplete"},
		"passes":   {both(modelSaying(t), withhold(0.5, gateway.Closed)), "A secret.|", "completed"},
	} {
		resp := respond(t, u, c.set, `{"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"What?"}]}]}`)
		status(t, resp, "checked")
		got := read(t, resp)
		var r struct {
			ID, Status, Instructions string
			Output                   []struct{ Content []struct{ Text string } }
			Usage                    struct {
				Total int `json:"total_tokens"`
			}
			Finece record.Envelope
		}
		if err := json.Unmarshal([]byte(got), &r); err != nil {
			t.Fatalf("%s: %v: %s", name, err, got)
		}
		output := ""
		for _, i := range r.Output {
			for _, p := range i.Content {
				output += p.Text + "|"
			}
		}
		if output != c.output || r.Status != c.status || r.ID != "resp_7" || r.Instructions == "" || r.Usage.Total != 53 || len(r.Finece.Events) == 0 {
			t.Errorf("%s: %s", name, got)
		}
		if _, rest := told(t, got+"\n"); c.output == "A secret.|" && rest != plain+"\n" {
			t.Errorf("%s: %s", name, difference(rest, plain))
		}
		if name == "withhold" && strings.Contains(got, "secret") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestTheQuestionOfAResponse is the user's last text; what came before it makes a conversation.
func TestTheQuestionOfAResponse(t *testing.T) {
	u := newUpstream(t, replay([]byte(numbered(responseEvents(sure, "It is 42.")...)), burst))
	asked := make(chan string, 16)
	m := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked <- string(body)
		says(w, "0.9")
	})
	for _, input := range []string{
		`"the question"`,
		`[{"role":"user","content":"the question"}]`,
		`[{"type":"message","role":"user","content":"first"},{"role":"assistant","content":"x"},{"role":"user","content":[{"type":"input_text","text":"the question"}]},{"type":"function_call","name":"f"},{"type":"function_call_output","output":"of a tool"}]`,
	} {
		read(t, respond(t, u, asking(modelAt(t, m.URL)), `{"stream":true,"n":3,"instructions":"not this","input":`+input+`}`))
		if got := <-asked; !strings.Contains(got, "the question") || strings.Contains(got, "not this") || strings.Contains(got, "of a tool") {
			t.Errorf("%s: asked %s", input, got)
		}
		for len(asked) > 0 {
			<-asked
		}
	}
	for body, want := range map[string]string{
		`{"background":true,"input":"x"}`: "background", `{"background":false,"stream":true,"input":"x"}`: "",
	} {
		if resp := respond(t, u, nil, body); resp.Header.Get("X-FineCE-Reason") != want {
			t.Errorf("%s: %v", body, resp.Header)
		}
	}
	if resp := respond(t, u, withhold(0.5, gateway.Closed), `{"background":true}`); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("background, closed: %d", resp.StatusCode)
	}
}

// TestAResponseThatCannotBeChecked is ended with all that a response has.
func TestAResponseThatCannotBeChecked(t *testing.T) {
	for name, stream := range map[string]string{
		"from the beginning": "data: {\n\n" + numbered(responseEvents(sure, "secret")...),
		"in a message":       numbered(responseEvents(sure, "secret")[:3]...) + "data: {\n\n" + numbered(responseEvents(sure, "secret")...),
	} {
		u := newUpstream(t, replay([]byte(stream), burst))
		got := read(t, respond(t, u, both(modelSaying(t), withhold(0.5, gateway.Closed)), askResponses))
		if a := readResponse(t, got); a.Last != "response.incomplete" || strings.Contains(got, "secret") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestAnswersOfResponsesContend: the usage is the sum of all answers'.
func TestAnswersOfResponsesContend(t *testing.T) {
	u := newUpstream(t, replay([]byte(numbered(responseEvents(sure, "It is 42.")...)), burst))
	got := read(t, respond(t, u, func(c *gateway.Config) { c.Policy, c.Answers = gateway.BestOf, 2 }, askResponses))
	if a := readResponse(t, got); a.Output != "It is 42.|" || !strings.Contains(got, `"usage":{"input_tokens":22,"output_tokens":84,"total_tokens":106}`) {
		t.Error(got)
	}
}
