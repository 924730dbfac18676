package gateway_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
)

const (
	restartNote = "\n\n(Again.)\n\n"
	doubtful    = "So far right.\n\nHm Hm Hm Hm Hm Hm Hm Hm wrong.\n\nNo" // the second paragraph is low
	better      = "It is 42 \U0001F600."
)

// doubts are the tokens of doubtful, with their log-probabilities.
func doubts(event func(text string, logprob float64) string) (all string) {
	for _, text := range []string{"So ", "far ", `right.\n\n`} {
		all += event(text, sure)
	}
	for _, text := range append(slices.Repeat([]string{"Hm "}, 8), `wrong.\n\n`, "No") {
		all += event(text, hesitant)
	}
	return all
}

// restarts is a surface on which an answer is replaced while its text is out.
type restarts struct {
	name, path, ask string
	weak, strong    string                                         // what each model streams
	read            func(testing.TB, string) (text, finish string) // checks the grammar, too
	usage           string                                         // the sum, where the client gets it
	model           bool                                           // a confidence model is asked
}

func (c *restarts) serve(data string, cut int) http.HandlerFunc {
	if strings.HasPrefix(c.path, "/api/") {
		return lines(data, cut)
	}
	return replay([]byte(data), bytewise(cut))
}

func restartSurfaces() []restarts {
	chatToken := func(text string, logprob float64) string { return tokensOf(0, logprob, text) }
	legacyToken := func(text string, logprob float64) string { return legacy(logprob, text) }
	var deltas []string
	doubts(func(text string, logprob float64) string {
		deltas = append(deltas, outputDelta(text, logprob))
		return ""
	})
	message := func(text string) string {
		return `event: content_block_delta` + "\n" + `data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"` + text + `"}}` + "\n\n"
	}
	begins := `event: message_start` + "\n" + `data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"weak","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":10,"output_tokens":1}}}` + "\n\n" +
		`event: content_block_start` + "\n" + `data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}` + "\n\n"
	ends := `event: content_block_stop` + "\n" + `data: {"type":"content_block_stop","index":0}` + "\n\n" +
		`event: message_delta` + "\n" + `data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":5}}` + "\n\n" +
		`event: message_stop` + "\n" + `data: {"type":"message_stop"}` + "\n\n"
	usage := `data: {"object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}` + "\n\n"
	return []restarts{
		{"chat", "/v1/chat/completions", `{"model":"weak","messages":[{"role":"user","content":"?"}],"stream":true,"stream_options":{"include_usage":true}}`,
			doubts(chatToken), `data: {"id":"x","object":"chat.completion.chunk","model":"strong","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}` + "\n\n" + tokensOf(0, sure, "It ", "is ", "42 ", "\U0001F600.") + finish(0) + usage + ended,
			chatContent, `"usage":{"prompt_tokens":10,"completion_tokens":17,"total_tokens":27}`, false},
		{"completions", "/v1/completions", `{"model":"weak","prompt":"?","stream":true}`,
			doubts(legacyToken), legacy(sure, "It ", "is ", "42 ", "\U0001F600.") + legacyEnd, legacyContent, "", false},
		{"messages", "/v1/messages", askMessages,
			begins + doubts(func(text string, _ float64) string { return message(text) }), begins + message("It is ") + message("42 \U0001F600.") + ends,
			func(t testing.TB, stream string) (string, string) { return grammar(t, stream) }, `"usage":{"input_tokens":20,"output_tokens":`, true},
		{"responses", "/v1/responses", `{"model":"weak","input":"?","stream":true}`,
			numbered(append([]string{created, messageItem, contentPart}, deltas...)...), numbered(responseEvents(sure, "It ", "is ", "42 ", "\U0001F600.")...),
			func(t testing.TB, stream string) (string, string) {
				a := readResponse(t, stream)
				return a.Deltas, a.Last
			}, `"usage":{"input_tokens":11,"output_tokens":54,"total_tokens":65,`, false},
		{"ollama chat", "/api/chat", `{"model":"weak","messages":[{"role":"user","content":"?"}]}`,
			doubts(ollamaToken), ollamaTokens("It ", "is ", "42 ", "\U0001F600.") + ollamaEnd, ollamaContent, `"prompt_eval_count":10,"eval_count":17`, false},
		{"ollama generate", "/api/generate", `{"model":"weak","prompt":"?"}`,
			generated(doubts(ollamaToken)), generated(ollamaTokens("It ", "is ", "42 ", "\U0001F600.") + ollamaEnd), ollamaContent, `"prompt_eval_count":10,"eval_count":17`, false},
	}
}

func chatContent(t testing.TB, stream string) (text, finish string) {
	t.Helper()
	text, all := content(t, stream)
	return text, strings.Join(all, " ")
}

// legacyContent is the text and the finish_reason of a stream of completions.
func legacyContent(t testing.TB, stream string) (text, finish string) {
	t.Helper()
	for event := range strings.SplitSeq(stream, "\n\n") {
		data, ok := strings.CutPrefix(event, "data: {")
		if !ok {
			continue
		}
		var e struct {
			Choices []struct {
				Text   string
				Finish string `json:"finish_reason"`
			}
		}
		if err := json.Unmarshal([]byte("{"+data), &e); err != nil {
			t.Fatalf("%v: %s", err, event)
		}
		for _, c := range e.Choices {
			text += c.Text
			finish += c.Finish
		}
	}
	if !strings.HasSuffix(stream, ended) {
		t.Errorf("no [DONE] in %s", stream)
	}
	return text, finish
}

func restartAt(below float64, failure gateway.Failure) func(*gateway.Config) {
	return func(c *gateway.Config) {
		c.Policy, c.EscalateBelow, c.EscalateModel, c.EscalateShare, c.Failure = gateway.Escalate, below, "strong", 1, failure
		c.EscalateMode, c.RestartText, c.StopAfter = gateway.Restart, restartNote, 1
		c.CarrierDelay = hung
		paragraphsOnly(c)
	}
}

// models is an upstream that answers by the model that is asked for.
func models(t testing.TB, weak, strong http.HandlerFunc) *upstream {
	return newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ Model string }
		json.NewDecoder(r.Body).Decode(&asked)
		if asked.Model == "strong" {
			strong(w, r)
		} else {
			weak(w, r)
		}
	})
}

// TestAnAnswerIsReplacedWhileItsTextIsOut: the client reads one well-formed stream, and the
// first request is cancelled, however the streams are cut.
func TestAnAnswerIsReplacedWhileItsTextIsOut(t *testing.T) {
	for _, c := range restartSurfaces() {
		for _, carrier := range []gateway.Carrier{gateway.Field, gateway.Comment} {
			first := ""
			for _, cut := range []int{1 << 20, 1, 3, 50, 333} {
				left := make(chan struct{})
				u := models(t, func(w http.ResponseWriter, r *http.Request) {
					c.serve(c.weak, cut)(w, r)
					<-r.Context().Done()
					close(left)
				}, c.serve(c.strong, cut))
				set := restartAt(0.5, gateway.Open)
				if c.model {
					set = both(modelSaying(t, [2]string{"wrong", "0.1"}), set)
				}
				s := newGateway(t, u, both(set, func(g *gateway.Config) { g.Carrier = carrier }))
				got := read(t, postTo(t, s, c.path, c.ask))
				<-left
				all, rest := told(t, got)
				rest = stamp.ReplaceAllString(rest, `"created_at":"2026-01-01T00:00:00Z"`)
				if first == "" {
					first = rest
				}
				text, finish := c.read(t, rest)
				if want := doubtful + restartNote + better; text != want || !slices.Contains([]string{"stop", "end_turn", "response.completed"}, finish) || rest != first {
					t.Fatalf("%s, %s, in pieces of %d: %q ended with %q\n%s", c.name, carrier, cut, text, finish, difference(rest, first))
				}
				if !strings.Contains(rest, c.usage) {
					t.Errorf("%s: no %s in %s", c.name, c.usage, rest)
				}
				d, whole := decided(all), lastOf(all)
				if d.Action != record.ActionReplace || d.Reason != "low" || d.Byte != int64(len(doubtful)) || d.Index != 2 || d.Policy != "escalate" {
					t.Errorf("%s: %+v", c.name, d)
				}
				if whole == nil || whole.Byte != int64(len(text)) || whole.UTF16 != int64(len(text))-2 || whole.Index <= d.Index || c.name != "responses" && !(whole.Fused > 0.8) {
					t.Errorf("%s: p(z) is %+v", c.name, whole)
				}
				if e := endOf(all); e == nil || !c.model && e.Tokens != 12+4 {
					t.Errorf("%s: %+v", c.name, e)
				}
			}
		}
	}
}

// TestWhatAReplacementNeeds: a budget, an answer of the other model, and a stream that text may
// follow. Where it has none, the failure policy decides, or the answer is held.
func TestWhatAReplacementNeeds(t *testing.T) {
	chat := restartSurfaces()[0]
	whole := chat.weak + finish(0) + ended
	strong := replay([]byte(chat.strong), burst)
	fails := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }
	plain := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{}`)
	}
	unbudgeted := func(c *gateway.Config) { c.EscalateShare = 0.4 }
	short := doubts(func(text string, _ float64) string { return tokensOf(0, hesitant, strings.Trim(text, `\n`)) }) // one paragraph: p(z) alone is low
	shortText := strings.ReplaceAll(doubtful, "\n\n", "")
	oneChunk := strings.Replace(tokensOf(0, hesitant, "No."), `"finish_reason":null`, `"finish_reason":"stop"`, 1) + ended
	for _, c := range []struct {
		name           string
		weak           string
		strong         http.HandlerFunc
		set            func(*gateway.Config)
		ask            string // members of the request
		text, finish   string
		action, reason string
	}{
		{"sure enough", whole, strong, restartAt(0.01, gateway.Open), "", doubtful, "stop", "", ""},
		{"p(z)", short + finish(0) + ended, strong, restartAt(0.5, gateway.Open), "", shortText + restartNote + better, "stop", "replace", "low"},
		{"several positions in a row", whole, strong, both(restartAt(0.5, gateway.Open), func(c *gateway.Config) { c.StopAfter = 2 }), "", doubtful + restartNote + better, "stop", "replace", "low"},
		{"over its share", whole, strong, both(restartAt(0.5, gateway.Closed), unbudgeted), "", doubtful, "stop", "release", "over-share"},
		{"the other fails, open", whole, fails, restartAt(0.5, gateway.Open), "", doubtful, "stop", "release", "second-failed"},
		{"the other fails, closed", whole, fails, restartAt(0.5, gateway.Closed), "", doubtful, "content_filter", "end", "second-failed"},
		{"p(z), the other fails, closed", short + finish(0) + ended, fails, restartAt(0.5, gateway.Closed), "", shortText, "content_filter", "end", "second-failed"},
		{"the other is no stream", whole, plain, restartAt(0.5, gateway.Open), "", doubtful, "stop", "release", "second-failed"},
		{"the end is out", oneChunk, strong, restartAt(0.5, gateway.Open), "", "No.", "stop", "release", "too-late"},
		{"no confidence, closed", strings.ReplaceAll(short, "-4", "-9999") + finish(0) + ended, strong, restartAt(0.5, gateway.Closed), "", shortText, "content_filter", "end", "not-scored"},
		{"no confidence, open", strings.ReplaceAll(short, "-4", "-9999") + finish(0) + ended, strong, restartAt(0.5, gateway.Open), "", shortText, "stop", "release", "not-scored"},
		{"tools", whole, strong, restartAt(0.5, gateway.Open), `,"tools":[{"type":"function","function":{"name":"f"}}]`, better, "stop", "ask", "low"},
		{"JSON", whole, strong, restartAt(0.5, gateway.Open), `,"response_format":{"type":"json_object"}`, better, "stop", "ask", "low"},
		{"log-probabilities", whole, strong, restartAt(0.5, gateway.Open), `,"logprobs":true`, better, "stop", "ask", "low"},
	} {
		u := models(t, replay([]byte(c.weak), burst), c.strong)
		got := read(t, post(t, newGateway(t, u, c.set), `{"model":"weak","messages":[{"role":"user","content":"?"}],"stream":true`+c.ask+`}`))
		all, rest := told(t, got)
		text, finish := chatContent(t, rest)
		if d := decided(all); text != c.text || finish != c.finish || d.Action != c.action || d.Reason != c.reason || !strings.HasSuffix(got, ended) {
			t.Errorf("%s: %q ended with %q, %+v\n%s", c.name, text, finish, d, got)
		}
	}
}

// TestTheGateDecidesOnceAboutAReplacement, by the p(0) of the first answer.
func TestTheGateDecidesOnceAboutAReplacement(t *testing.T) {
	chat := restartSurfaces()[0]
	u := models(t, func(w http.ResponseWriter, r *http.Request) {
		replay([]byte(chat.weak), burst)(w, r)
		<-r.Context().Done()
	}, replay([]byte(chat.strong), burst))
	s := newGateway(t, u, both(modelSaying(t, [2]string{"wrong", "0.1"}), restartAt(0.5, gateway.Open), func(c *gateway.Config) { c.SkipAbove = 0.95 }))
	all, rest := told(t, read(t, post(t, s, chat.ask)))
	if text, _ := content(t, rest); text != doubtful+restartNote+better {
		t.Errorf("%q", text)
	}
	if whole := lastOf(all); whole == nil || whole.Fused != 0.9 {
		t.Errorf("p(z) is %+v", whole)
	}
}

// TestTheObserverIsToldOfAReplacement, while the confidence model is asked about the answer that
// is replaced: the other answer's positions come after all of the first one's, without a gap.
func TestTheObserverIsToldOfAReplacement(t *testing.T) {
	chat := restartSurfaces()[0]
	u := models(t, func(w http.ResponseWriter, r *http.Request) {
		replay([]byte(chat.weak+tokensOf(0, hesitant, "way", `.\n\n`, "Or", `.\n\n`, "But")), burst)(w, r)
		<-r.Context().Done()
	}, replay([]byte(chat.strong), burst))
	later := make(chan struct{})
	m := confidenceModel(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		body, _ := io.ReadAll(r.Body)
		switch text := string(body); {
		case strings.Contains(text, "Or."):
			close(later)
			<-r.Context().Done()
		case strings.Contains(text, "Noway"):
			<-r.Context().Done()
		case strings.Contains(text, "wrong"):
			<-later
			says(w, "0.1")
		default:
			says(w, "0.9")
		}
	})
	seen := make(chan *gateway.Exchange, 1)
	s := newGateway(t, u, both(asking(m), both(restartAt(0.5, gateway.Open), observing(seen))))
	all, rest := told(t, read(t, post(t, s, chat.ask)))
	if text, _ := content(t, rest); text != doubtful+"way.\n\nOr.\n\nBut"+restartNote+better {
		t.Errorf("%q", text)
	}
	x, d := observed(t, seen), decided(all)
	if len(x.Decisions) != 1 || x.Decisions[0].Action != d.Action || d.Action != record.ActionReplace || x.Generator != "strong" {
		t.Errorf("told of %q, %v; the client of %+v", x.Generator, x.Decisions, d)
	}
	var kinds []string
	for _, p := range x.Answers[0].Places {
		kinds = append(kinds, p.Kinds.String())
	}
	places := x.Answers[0].Places
	if want := []string{"question", "paragraph", "paragraph", "paragraph", "paragraph", "end"}; !slices.Equal(kinds, want) || places[4].State != session.Unavailable || places[5].Fused != 0.9 {
		t.Errorf("places %q, %+v; want %q", kinds, places, want)
	}
}

// TestAReplacementThatBreaksOff breaks the client's stream off, too.
func TestAReplacementThatBreaksOff(t *testing.T) {
	chat := restartSurfaces()[0]
	for name, strong := range map[string]string{
		"no end":     tokensOf(0, sure, "It "),
		"an error":   tokensOf(0, sure, "It ") + `data: {"error":{"message":"busy"}}` + "\n\n",
		"unreadable": tokensOf(0, sure, "It ") + "data: {\n\n" + finish(0) + ended,
		"too large":  tokensOf(0, sure, "It ", strings.Repeat("x", 3<<20)) + finish(0) + ended,
	} {
		u := models(t, replay([]byte(chat.weak), burst), replay([]byte(strong), burst))
		resp := post(t, newGateway(t, u, restartAt(0.5, gateway.Open)), chat.ask)
		body, err := io.ReadAll(resp.Body)
		if err == nil || !strings.Contains(string(body), `(Again.)`) || strings.Contains(string(body), "[DONE]") {
			t.Errorf("%s: %v after %s", name, err, fmt.Sprintf("%.2000s", body))
		}
	}
}
