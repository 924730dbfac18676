package gateway_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
)

var cuttings = map[string]func([]byte) (int, time.Duration){"burst": burst, "ones": bytewise(1), "sevens": bytewise(7), "events": paced(0)}

// TestAStreamOfMessagesIsTheUpstreamsByteForByte, without what the gateway adds to its
// events. No event is added.
func TestAStreamOfMessagesIsTheUpstreamsByteForByte(t *testing.T) {
	for name, data := range messagesStreams(t) {
		for how, cut := range cuttings {
			if how != "burst" && len(data) > 40e3 {
				continue
			}
			u := newUpstream(t, replay(data, cut))
			for carrier, set := range map[gateway.Carrier]func(*gateway.Config){
				gateway.Field:   func(c *gateway.Config) { c.CarrierDelay = 0 },
				gateway.Comment: func(c *gateway.Config) { c.Carrier = gateway.Comment },
			} {
				for estimator, estimate := range map[string]func(*gateway.Config){"built in": func(*gateway.Config) {}, "model": modelSaying(t)} {
					t.Run(fmt.Sprint(name, "/", how, "/", carrier, "/", estimator), func(t *testing.T) {
						resp := message(t, u, both(set, estimate), askMessages)
						status(t, resp, "checking")
						got := read(t, resp)
						all, rest := told(t, got)
						if rest != string(data) {
							t.Fatalf("other bytes than the upstream's:\n%s", difference(rest, string(data)))
						}
						if carrier == gateway.Comment && strings.Contains(got, `"finece":`) {
							t.Error("an event was changed")
						}
						broken := strings.Contains(name, "cut") || strings.Contains(name, "error")
						last := latest(all, 0)[len(latest(all, 0))-1]
						switch {
						case broken:
						case endOf(all) == nil || last.Kinds&position.End == 0:
							t.Errorf("told %v", all)
						case estimator == "built in" && (last.State != session.Unavailable || last.Reason != session.NoLogprobs) && last.Reason != session.Refusal:
							t.Errorf("without log-probabilities, p(z) is %+v", last)
						}
					})
				}
			}
		}
	}
}

// TestTheEndOfMessagesCarriesTheLastRecords: message_delta waits for them.
func TestTheEndOfMessagesCarriesTheLastRecords(t *testing.T) {
	u := newUpstream(t, replay([]byte(messagesFixture(t, "anthropic/messages.sse")), burst))
	got := read(t, message(t, u, modelSaying(t), askMessages))
	_, end, _ := strings.Cut(got, `{"type":"message_delta"`)
	if end, _, _ = strings.Cut(end, "\n"); !strings.Contains(end, `"finece":{"version":1,"id":"msg_1","generator":"m","events":[`) || !strings.Contains(end, `"state":"final"`) {
		t.Errorf("the end of the answer is %s", end)
	}
	if grammar(t, got); !strings.HasSuffix(got, `data: {"type":"message_stop"}`+"\n\n") {
		t.Errorf("the stream ends with %q", got[len(got)-100:])
	}
}

// TestLowTextOfMessagesDoesNotGoOut in any event, and the answer ends as the API's answers
// do.
func TestLowTextOfMessagesDoesNotGoOut(t *testing.T) {
	low := modelSaying(t, [2]string{"", "0.1"})
	for name, data := range messagesStreams(t) {
		if strings.Contains(name, "refusal") || len(data) > 40e3 {
			continue // a refusal is neither right nor wrong
		}
		for how, cut := range cuttings {
			u := newUpstream(t, replay(data, cut))
			for _, carrier := range []gateway.Carrier{gateway.Field, gateway.Comment} {
				set := both(low, withhold(0.5, gateway.Closed), func(c *gateway.Config) { c.Carrier = carrier })
				got := read(t, message(t, u, set, askMessages))
				broken := strings.Contains(name, "cut") || strings.Contains(name, "error")
				for _, secret := range []string{"Half", "is 24", "halve", "France", "partial_json", "total"} {
					if all, rest := told(t, got); strings.Contains(rest, secret) {
						t.Fatalf("%s, %s, %s: %q in %s\n%v", name, how, carrier, secret, rest, all)
					}
				}
				if broken {
					continue
				}
				text, stop := grammar(t, got)
				if all, _ := told(t, got); text != "" || stop != "refusal" || decided(all).Action != record.ActionEnd {
					t.Errorf("%s, %s, %s: %q %q\n%s", name, how, carrier, text, stop, got)
				}
			}
		}
	}
}

// TestMessagesEndWhereTheConfidenceIsLow: what comes before is sent, and its block closed.
func TestMessagesEndWhereTheConfidenceIsLow(t *testing.T) {
	const first, usage = "Half of 48 is 24", `"usage":{"output_tokens":`
	low := modelSaying(t, [2]string{"So the total", "0.1"})
	for name, want := range map[string]string{"anthropic/messages.sse": first, "anthropic/messages-tools.sse": first, "anthropic/messages-thinking.sse": "I halve it." + first} {
		u := newUpstream(t, replay([]byte(messagesFixture(t, name)), bytewise(50)))
		for finish, reason := range map[string]string{"content_filter": "refusal", "stop": "end_turn", "length": "max_tokens"} {
			got := read(t, message(t, u, both(low, withhold(0.5, gateway.Closed), func(c *gateway.Config) { c.FinishReason = finish }), askMessages))
			text, stop := grammar(t, got)
			if text != want || stop != reason || !strings.Contains(got, usage) {
				t.Errorf("%s: %q %q\n%s", name, text, stop, got)
			}
		}
	}
}

// TestToolCallsOfMessagesWait for the confidence of the whole answer.
func TestToolCallsOfMessagesWait(t *testing.T) {
	data := messagesFixture(t, "anthropic/messages-tools.sse")
	u := newUpstream(t, replay([]byte(data), bytewise(50)))
	for _, open := range []bool{false, true} {
		failure := gateway.Closed
		if open {
			failure = gateway.Open
		}
		got := read(t, message(t, u, both(modelSaying(t), withhold(0.5, failure)), askMessages))
		_, stop := grammar(t, got)
		_, rest := told(t, got)
		if open && rest != data {
			t.Errorf("open: %s", difference(rest, data))
		}
		if !open && rest != data && (strings.Contains(rest, "partial_json") || stop != "refusal") {
			t.Errorf("closed: %q %s", stop, got)
		}
	}
}

// TestWhatIsReadOfNoMessageIsWithheld.
func TestWhatIsReadOfNoMessageIsWithheld(t *testing.T) {
	data := messagesFixture(t, "anthropic/messages.sse")
	at := strings.Index(data, "event: content_block_stop")
	for name, event := range map[string]string{
		"an unknown event": "event: novel\ndata: {\"type\":\"novel\",\"secret\":1}\n\n",
		"several lines":    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\ndata: \"delta\":{\"type\":\"text_delta\",\"text\":\"secret\"}}\n\n",
		"a chunk":          `data: {"choices":[{"index":0,"delta":{"content":"secret"}}]}` + "\n\n",
		"no JSON":          "event: content_block_delta\ndata: {\"secret\n\n",
		"without a name":   `data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"secret"}}` + "\n\n",
	} {
		u := newUpstream(t, replay([]byte(data[:at]+event+data[at:]), burst))
		got := read(t, message(t, u, both(modelSaying(t, [2]string{"So the total", "0.1"}), withhold(0.5, gateway.Closed)), askMessages))
		if _, stop := grammar(t, got); strings.Contains(got, "secret") || stop != "refusal" {
			t.Errorf("%s: %q %s", name, stop, got)
		}
	}
	u := newUpstream(t, replay([]byte(`data: {"secret`+"\n\n"+data), burst))
	got := read(t, message(t, u, both(modelSaying(t), withhold(0.5, gateway.Closed)), askMessages))
	if _, stop := grammar(t, got); strings.Contains(got, "secret") || stop != "refusal" {
		t.Errorf("before the first event: %q %s", stop, got)
	}
}

// TestStopEndsMessages, in the open block, and cancels the upstream.
func TestStopEndsMessages(t *testing.T) {
	data := messagesFixture(t, "anthropic/messages.sse")
	at := strings.Index(data, `" is"`) + 20
	at += strings.Index(data[at:], `" is"`)
	at += strings.Index(data[at:], "\n\n") + 2
	cancelled := make(chan struct{})
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		replay([]byte(data[:at]), burst)(w, r)
		<-r.Context().Done()
		close(cancelled)
	})
	got := read(t, message(t, u, both(modelSaying(t, [2]string{"Half", "0.1"}), stop(0.5, 1)), askMessages))
	<-cancelled
	text, reason := grammar(t, got)
	if all, rest := told(t, got); text != "Half of 48 is 24.\n\nSo the total is" || reason != "refusal" || decided(all).Action != record.ActionCancel || !strings.HasPrefix(rest, data[:at]) {
		t.Errorf("%q %q\n%s", text, reason, got)
	}
}

// TestStopEndsAToolCallOfMessages so that no client runs it, although none of its input came.
func TestStopEndsAToolCallOfMessages(t *testing.T) {
	const text, call = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":%q}}\n\n", `{"type":"tool_use","id":"t","name":"f","input":{}}`
	start := "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"c\",\"content\":[],\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}}\n\n" +
		"event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n" +
		fmt.Sprintf(text, "Half of it.") + fmt.Sprintf(text, "\n\n") + fmt.Sprintf(text, "More.") +
		"event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n" +
		"event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":" + call + "}\n\n"
	input := `{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":%q}`
	for sent, want := range map[string]string{"": fmt.Sprintf(input, "{"), `{"a":1`: fmt.Sprintf(input, `{"a":1`)} {
		data := start
		if sent != "" {
			data += "event: content_block_delta\ndata: " + want + "}\n\n"
		}
		came := make(chan struct{})
		u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
			replay([]byte(data), burst)(w, r)
			<-r.Context().Done()
		})
		low := confidenceModel(t, func(w http.ResponseWriter, r *http.Request, _ int) {
			<-came // nothing is stopped before all events have come
			says(w, "0.1")
		})
		resp := message(t, u, both(asking(low), stop(0.5, 1)), askMessages)
		got := readUntil(t, resp, func(got string) bool { return strings.Count(got, "\n\n") >= strings.Count(data, "\n\n") })
		close(came)
		got += read(t, resp)
		if _, reason := grammar(t, got); reason != "refusal" || strings.Count(got, "input_json_delta") != 1 || !strings.Contains(got, want) {
			t.Errorf("%q: %s", sent, got)
		}
	}
}

// TestMessagesAreWarnedOf in the block of text that is open last, or in a block of its own.
func TestMessagesAreWarnedOf(t *testing.T) {
	const answer = "Half of 48 is 24.\n\nSo the total is 24 — so \"24\"."
	text := func(c *gateway.Config) { c.WarnText = "\n\nCheck \"it\"." }
	for name, c := range map[string]struct {
		index int
		want  string
	}{
		"anthropic/messages.sse":          {0, answer},
		"anthropic/messages-thinking.sse": {1, "I halve it." + answer},
		"anthropic/messages-tools.sse":    {2, answer},
	} {
		data := messagesFixture(t, name)
		u := newUpstream(t, replay([]byte(data), bytewise(50)))
		for _, carrier := range []gateway.Carrier{gateway.Field, gateway.Comment} {
			set := both(warn(0.5), text, func(c *gateway.Config) { c.Carrier = carrier })
			got := read(t, message(t, u, both(modelSaying(t, [2]string{"So the total", "0.1"}), set), askMessages))
			said, stop := grammar(t, got)
			delta := fmt.Sprintf(`{"type":"content_block_delta","index":%d,"delta":{"type":"text_delta","text":"\n\nCheck \"it\"."}}`, c.index)
			if said != c.want+"\n\nCheck \"it\"." || !strings.Contains(got, delta) || stop == "" {
				t.Errorf("%s, %s: %q %q\n%s", name, carrier, said, stop, got)
			}
			if _, rest := told(t, read(t, message(t, u, both(modelSaying(t), set), askMessages))); rest != data {
				t.Errorf("%s, %s: above the threshold: %s", name, carrier, difference(rest, data))
			}
		}
		structured := strings.Replace(askMessages, `"stream"`, `"output_config":{"format":{"type":"json_schema","schema":{}}},"stream"`, 1)
		got := read(t, message(t, u, both(modelSaying(t, [2]string{"So the total", "0.1"}), warn(0.5), text), structured))
		if strings.Contains(got, "Check") {
			t.Errorf("%s: a warning in JSON: %s", name, got)
		}
	}
}

// TestPlainMessages, under each policy.
func TestPlainMessages(t *testing.T) {
	const plain = `{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"thinking","thinking":"I halve it.","signature":"s"},{"type":"text","text":"It is 24."}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":11,"output_tokens":12}}`
	request := strings.Replace(askMessages, `,"stream":true`, "", 1)
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, plain+"\n")
	})
	low := modelSaying(t, [2]string{"", "0.1"})
	for name, c := range map[string]struct {
		set  func(*gateway.Config)
		want string
	}{
		"annotate": {low, plain},
		"passes":   {both(modelSaying(t), withhold(0.5, gateway.Closed)), plain},
		"withhold": {both(low, withhold(0.5, gateway.Closed)), `{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":""}],"stop_reason":"refusal","stop_sequence":null,"usage":{"input_tokens":11,"output_tokens":12}}`},
		"warn":     {both(low, warn(0.5), func(c *gateway.Config) { c.WarnText = " Check it." }), strings.Replace(plain, "It is 24.", "It is 24. Check it.", 1)},
		"best-of":  {both(modelSaying(t), contest(gateway.BestOf, 3)), strings.Replace(plain, `{"input_tokens":11,"output_tokens":12}`, `{"input_tokens":33,"output_tokens":36}`, 1)},
	} {
		resp := message(t, u, c.set, request)
		status(t, resp, "checked")
		if all, rest := told(t, read(t, resp)); rest != c.want+"\n" || len(latest(all, 0)) == 0 {
			t.Errorf("%s: %s", name, rest)
		}
	}
	resp := message(t, u, nil, request)
	status(t, resp, "unavailable")
	if all, rest := told(t, read(t, resp)); rest != plain+"\n" || latest(all, 0)[1].Reason != session.NoLogprobs {
		t.Errorf("built in: %v %s", all, rest)
	}
}

func contest(policy gateway.Policy, answers int) func(*gateway.Config) {
	return func(c *gateway.Config) { c.Policy, c.Answers = policy, answers }
}

// TestSeveralAnswersOfMessages are asked for, and their tokens added up.
func TestSeveralAnswersOfMessages(t *testing.T) {
	data := messagesFixture(t, "anthropic/messages.sse")
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ Model string }
		json.NewDecoder(r.Body).Decode(&asked)
		replay([]byte(strings.ReplaceAll(data, "Half", asked.Model)), burst)(w, r)
	})
	escalate := func(c *gateway.Config) {
		c.Policy, c.EscalateBelow, c.EscalateModel, c.EscalateShare = gateway.Escalate, 0.5, "strong", 1
	}
	got := read(t, message(t, u, both(modelSaying(t, [2]string{"m of 48", "0.1"}), escalate), askMessages))
	if text, stop := grammar(t, got); !strings.HasPrefix(text, "strong of 48") || stop != "end_turn" || !strings.Contains(got, `"usage":{"output_tokens":24,"input_tokens":22}`) {
		t.Errorf("escalate: %q %q %s", text, stop, got)
	}
	got = read(t, message(t, u, both(modelSaying(t), contest(gateway.BestOf, 2)), askMessages))
	if text, _ := grammar(t, got); !strings.HasPrefix(text, "m of 48") || !strings.Contains(got, `"usage":{"output_tokens":24,"input_tokens":22}`) {
		t.Errorf("best-of: %s", got)
	}
}

// TestTheQuestionOfMessages is the user's last text; the system's prompt and results of
// tools are none.
func TestTheQuestionOfMessages(t *testing.T) {
	asked := make(chan string, 64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked <- string(body)
		says(w, "0.9")
	}))
	defer s.Close()
	client, err := model.New(model.DefaultConfig(s.URL))
	if err != nil {
		t.Fatal(err)
	}
	u := newUpstream(t, replay([]byte(messagesFixture(t, "anthropic/messages.sse")), burst))
	read(t, message(t, u, asking(client), `{"system":"be brief","stream":true,"messages":[{"role":"user","content":"first"},{"role":"assistant","content":"x"},{"role":"user","content":[{"type":"text","text":"What is"},{"type":"text","text":"half?"}]},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"a result"}]}]}`))
	if got := <-asked; !strings.Contains(got, `What is\nhalf?`) || strings.Contains(got, "brief") || strings.Contains(got, "a result") {
		t.Errorf("asked %s", got)
	}
}

// TestMessagesGoOutWithTheOperatorsKey as X-Api-Key, and with the client's version.
func TestMessagesGoOutWithTheOperatorsKey(t *testing.T) {
	u := newUpstream(t, replay([]byte(messagesFixture(t, "anthropic/messages.sse")), burst))
	s := newGateway(t, u, func(c *gateway.Config) { c.Key, c.Access = "sk-operator", anyone })
	for path, own := range map[string]bool{"/v1/messages": true, "/v1//Messages/": true, "/v1/chat/completions": false} {
		r, _ := http.NewRequest("POST", s.URL+path, strings.NewReader(askMessages))
		r.Header.Set("Authorization", "Bearer client")
		r.Header.Set("X-Api-Key", "client")
		r.Header.Set("Anthropic-Version", "2023-06-01")
		resp, err := s.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		read(t, resp)
		resp.Body.Close()
		got := u.requests[len(u.requests)-1]
		key, bearer := got.Header.Get("X-Api-Key"), got.Header.Get("Authorization")
		if own && (key != "sk-operator" || bearer != "") || !own && (key != "" || bearer != "Bearer sk-operator") || got.Header.Get("Anthropic-Version") != "2023-06-01" {
			t.Errorf("%s: %v", path, got.Header)
		}
	}
}

// TestErrorsOfMessages have Anthropic's form.
func TestErrorsOfMessages(t *testing.T) {
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<p>hello")
	})
	gone := newUpstream(t, nil)
	gone.Close()
	keys, err := gateway.ParseKeys([]byte(gateway.KeyLine("laptop", "finece-key")))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		u          *upstream
		set        func(*gateway.Config)
		path, body string
		status     int
		kind, code string
	}{
		"unchecked": {u, withhold(0.5, gateway.Closed), "/v1/messages", askMessages, 502, "api_error", "finece-unchecked"},
		"no JSON":   {u, withhold(0.5, gateway.Closed), "/v1/messages", "{", 400, "invalid_request_error", "finece-request-not-json"},
		"upstream":  {gone, nil, "/v1/messages", askMessages, 502, "api_error", "finece-upstream"},
		"passed on": {gone, nil, "/v1/messages", "{", 502, "api_error", "finece-upstream"},
		"key":       {u, func(c *gateway.Config) { c.Access.Clients = keys }, "/v1/messages", askMessages, 401, "authentication_error", "finece-key"},
		"surface":   {u, func(c *gateway.Config) { c.Failure, c.RefuseUnchecked = gateway.Closed, true }, "/v1/messages/count_tokens", "{}", 403, "permission_error", "finece-surface"},
	} {
		resp := postTo(t, newGateway(t, c.u, c.set), c.path, c.body)
		got := read(t, resp)
		var e struct {
			Type  string
			Error struct{ Type, Message, Code string }
		}
		if err := json.Unmarshal([]byte(got), &e); err != nil || resp.StatusCode != c.status || e.Type != "error" || e.Error.Type != c.kind || e.Error.Code != c.code || e.Error.Message == "" {
			t.Errorf("%s: HTTP %d %v %s", name, resp.StatusCode, err, got)
		}
	}
}
