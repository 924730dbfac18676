//go:build clients

package serve

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/finece/finece/host/gateway"
)

// The answers of the clients' upstream.
const (
	clearText  = "The first part is long enough."
	wholeText  = clearText + "\n\nThe secret part is longer still."
	jsonAnswer = `{"city":"Paris","people":2100000}`
	arguments  = `{"city":"Paris"}`
)

// shown is what a client shows of an answer: a line that clients.py or clients.ts prints.
type shown struct {
	Client, Version, Surface, Policy, Case string

	Text      *string
	Finish    string
	Parsed    json.RawMessage
	Tool      string
	Arguments json.RawMessage
	Error     string
}

// finishes has the reasons that a client shows for the end of an answer: one that was sent
// whole, and one that withhold ended. LiteLLM and the AI SDK use the words of chat for
// Messages, and the AI SDK also for Responses.
var finishes = map[string][2]string{
	"chat": {"stop", "content_filter"}, "completions": {"stop", "content_filter"},
	"responses": {"completed", "content_filter"}, "messages": {"end_turn", "refusal"},
	"ollama": {"stop", "content_filter"}, "ollama-generate": {"stop", "content_filter"},
}

// TestClients uses stock clients with `finece serve`; make test-clients runs it.
func TestClients(t *testing.T) {
	python, node := os.Getenv("FINECE_CLIENTS_PYTHON"), os.Getenv("FINECE_CLIENTS_JS")
	if python == "" || node == "" {
		t.Fatal("make test-clients sets FINECE_CLIENTS_PYTHON and FINECE_CLIENTS_JS")
	}
	upstream := httptest.NewServer(http.HandlerFunc(answerClient))
	defer upstream.Close()
	confidences := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		score := "0.9"
		if bytes.Contains(body, []byte("secret")) {
			score = "0.1"
		}
		fmt.Fprintf(w, `{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":%q},"finish_reason":"stop"}]}`, score)
	}))
	defer confidences.Close()
	common := []string{"--upstream", upstream.URL + "/v1", "--estimator", confidences.URL + "/v1", "--settle", hung.String(), "--max-delay", hung.String()}
	annotate := serve(t, nil, common...)
	withhold := serve(t, nil, append(common, "--policy", "withhold", "--withhold-below", "0.5", "--failure", "closed", "--uncalibrated", "allow")...)
	for path := range clientAnswers {
		resp, err := http.Post(annotate.url+path, "application/json", strings.NewReader(`{"stream":true}`))
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if !bytes.Contains(body, []byte(`"finece":`)) {
			t.Errorf("%s has no records for the clients to read past: %s", path, body)
		}
	}
	var table []string
	for _, command := range [][]string{{python, "testdata/clients/clients.py"}, {"node", node}} {
		lines := 0
		for _, s := range runClients(t, append(command, annotate.url, withhold.url)) {
			s.check(t)
			lines++
			table = append(table, s.row())
		}
		if lines == 0 {
			t.Errorf("%s said nothing", command)
		}
	}
	t.Logf("client | API | policy | case | shows\n%s", strings.Join(table, "\n"))
	annotate.stop(syscall.SIGTERM)
	withhold.stop(syscall.SIGTERM)
}

// runClients runs a program with clients, and returns what it shows.
func runClients(t *testing.T, command []string) (all []shown) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var s shown
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			t.Errorf("%v: %s", err, lines.Text())
			continue
		}
		all = append(all, s)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%s: %v", command, err)
	}
	return all
}

func (s *shown) row() string {
	shows := s.Error
	switch {
	case s.Error != "":
	case s.Text != nil:
		shows = fmt.Sprintf("%q %s", *s.Text, s.Finish)
	default:
		shows = string(s.Parsed) + s.Tool + string(s.Arguments)
	}
	return fmt.Sprintf("%s %s | %s | %s | %s | %s", s.Client, s.Version, s.Surface, s.Policy, s.Case, shows)
}

// check compares what a client shows with what the upstream has answered.
func (s *shown) check(t *testing.T) {
	t.Helper()
	if why := raising[s.Client+" "+s.Surface+" "+s.Policy+" "+s.Case]; why != "" {
		if !strings.Contains(s.Error, why) {
			t.Error(s.row())
		}
		return
	}
	ok := s.Error == ""
	switch s.Case {
	case "parse":
		ok = ok && sameJSON(s.Parsed, jsonAnswer)
	case "tool", "tool_stream":
		ok = ok && s.Tool == "weather" && sameJSON(s.Arguments, arguments)
	default:
		ended := s.Policy == "withhold"
		text, surface := wholeText, s.Surface
		if ended {
			if text = clearText; s.Case == "plain" {
				text = ""
			}
		}
		if strings.HasPrefix(s.Client, "litellm") && surface == "messages" || strings.HasPrefix(s.Client, "@ai-sdk/") {
			surface = "chat"
		}
		finish := finishes[surface][0]
		if ended {
			finish = finishes[surface][1]
		}
		got := ""
		if s.Text != nil {
			got = *s.Text
		}
		ok = ok && got == text && (s.Finish == finish || s.Finish == "" && strings.HasPrefix(s.Client, "openai-agents") || s.Finish == strings.ReplaceAll(finish, "_", "-"))
	}
	if !ok {
		t.Error(s.row())
	}
}

// raising has the clients that raise an error when withhold ends an answer, and the error. They
// do the same when OpenAI's own filter ends one.
var raising = map[string]string{
	"openai (Python) chat withhold helper":             "ContentFilterFinishReasonError",
	"openai-agents (Python) chat withhold plain":       "ModelRefusalError",
	"openai-agents (Python) responses withhold stream": "response.incomplete",
	"openai-agents (Python) responses withhold plain":  "response.incomplete",
}

func sameJSON(got json.RawMessage, want string) bool {
	var a, b any
	return json.Unmarshal(got, &a) == nil && json.Unmarshal([]byte(want), &b) == nil && fmt.Sprint(a) == fmt.Sprint(b)
}

// clientAnswers make a whole answer and the events of a streamed one. Both have a text, or a
// call of a tool with the text as its arguments.
var clientAnswers = map[string]func(text string, tool bool) (plain string, events []string){
	gateway.PathChat: chatAnswer, gateway.PathCompletions: completionsAnswer, gateway.PathResponses: responsesAnswer, gateway.PathMessages: messagesAnswer,
	gateway.PathOllamaChat: ollamaAnswer(false), gateway.PathOllamaGenerate: ollamaAnswer(true),
}

// answerClient answers in the format of the requested API. The question says what to answer.
func answerClient(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var asked struct {
		Stream  bool
		Options struct {
			Usage bool `json:"include_usage"`
		} `json:"stream_options"`
	}
	asked.Stream = strings.HasPrefix(r.URL.Path, "/api/")
	json.Unmarshal(body, &asked)
	text, tool := wholeText, false
	switch {
	case bytes.Contains(body, []byte("as JSON.")):
		text = jsonAnswer
	case bytes.Contains(body, []byte("Call the tool.")):
		text, tool = arguments, true
	}
	answer := clientAnswers[r.URL.Path]
	if answer == nil {
		http.Error(w, "not found: "+r.URL.Path, http.StatusNotFound)
		return
	}
	plain, events := answer(text, tool)
	if !asked.Stream {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, plain)
		return
	}
	stream := ""
	for _, e := range events {
		if strings.HasPrefix(r.URL.Path, "/api/") {
			stream += e + "\n"
			continue
		}
		if strings.Contains(e, `"choices":[],`) && !asked.Options.Usage {
			continue
		}
		var named struct{ Type string }
		if json.Unmarshal([]byte(e), &named); named.Type != "" { // the events of Responses and Messages have names
			stream += "event: " + named.Type + "\n"
		}
		stream += "data: " + e + "\n\n"
	}
	if strings.HasPrefix(r.URL.Path, "/api/") {
		w.Header().Set("Content-Type", "application/x-ndjson")
	}
	inPieces(w, stream, 100)
}

// quoted is a text as JSON.
func quoted(text string) string {
	q, _ := json.Marshal(text)
	return string(q)
}

// pieces are a text in pieces, as tokens are.
func pieces(text string) []string { return token.FindAllString(text, -1) }

var token = regexp.MustCompile(` ?\S+|\s+`)

const chatUsage = `"usage":{"prompt_tokens":7,"completion_tokens":9,"total_tokens":16}`

func chatAnswer(text string, tool bool) (string, []string) {
	message, finish := `"content":`+quoted(text), "stop"
	if tool {
		message, finish = `"content":null,"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"weather","arguments":`+quoted(text)+`}}]`, "tool_calls"
	}
	plain := `{"id":"chatcmpl-7","object":"chat.completion","created":7,"model":"demo-1","choices":[{"index":0,"message":{"role":"assistant",` + message + `},"logprobs":null,"finish_reason":"` + finish + `"}],` + chatUsage + `}`
	chunk := func(delta, finish string) string {
		return `{"id":"chatcmpl-7","object":"chat.completion.chunk","created":7,"model":"demo-1","choices":[{"index":0,"delta":` + delta + `,"logprobs":null,"finish_reason":` + finish + `}]}`
	}
	events := []string{chunk(`{"role":"assistant","content":""}`, "null")}
	for i, p := range pieces(text) {
		delta := `{"content":` + quoted(p) + `}`
		if tool {
			delta = `{"tool_calls":[{"index":0,"function":{"arguments":` + quoted(p) + `}}]}`
			if i == 0 {
				delta = `{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"weather","arguments":` + quoted(p) + `}}]}`
			}
		}
		events = append(events, chunk(delta, "null"))
	}
	return plain, append(events, chunk("{}", `"`+finish+`"`), `{"id":"chatcmpl-7","object":"chat.completion.chunk","created":7,"model":"demo-1","choices":[],`+chatUsage+`}`, "[DONE]")
}

func ollamaAnswer(generate bool) func(text string, tool bool) (string, []string) {
	line := func(text, call, more string) string {
		if call != "" {
			call = `,"tool_calls":[{"function":{"name":"weather","arguments":` + call + `}}]`
		}
		said := `"message":{"role":"assistant","content":` + quoted(text) + call + `}`
		if generate {
			said = `"response":` + quoted(text)
		}
		return `{"model":"demo-1","created_at":"2026-01-01T00:00:00Z",` + said + `,"done":` + more + `}`
	}
	const done = `true,"done_reason":"stop","total_duration":7,"prompt_eval_count":7,"eval_count":9`
	return func(text string, tool bool) (string, []string) {
		if tool {
			return line("", text, done), []string{line("", text, "false"), line("", "", done)}
		}
		var events []string
		for _, p := range pieces(text) {
			events = append(events, line(p, "", "false"))
		}
		return line(text, "", done), append(events, line("", "", done))
	}
}

func completionsAnswer(text string, _ bool) (string, []string) {
	object := func(text, finish, more string) string {
		return `{"id":"cmpl-7","object":"text_completion","created":7,"model":"demo-1","choices":[{"index":0,"text":` + quoted(text) + `,"logprobs":null,"finish_reason":` + finish + `}]` + more + `}`
	}
	var events []string
	for _, p := range pieces(text) {
		events = append(events, object(p, "null", ""))
	}
	return object(text, `"stop"`, ","+chatUsage), append(events, object("", `"stop"`, ""), "[DONE]")
}

func responsesAnswer(text string, tool bool) (string, []string) {
	const echo = `"id":"resp_7","object":"response","created_at":7,"model":"demo-1","error":null,"instructions":null,"metadata":{},"parallel_tool_calls":true,"temperature":1,"tool_choice":"auto","tools":[],"top_p":1,"text":{"format":{"type":"text"}},"incomplete_details":null,`
	part := func(text string) string {
		return `{"type":"output_text","annotations":[],"logprobs":[],"text":` + quoted(text) + `}`
	}
	item := func(status, text string, begun bool) string {
		if tool {
			return `{"id":"fc_1","type":"function_call","status":"` + status + `","name":"weather","call_id":"call_1","arguments":` + quoted(text) + `}`
		}
		content := part(text)
		if begun {
			content = ""
		}
		return `{"id":"msg_1","type":"message","status":"` + status + `","role":"assistant","content":[` + content + `]}`
	}
	done := item("completed", text, false)
	plain := `{` + echo + `"status":"completed","output":[` + done + `],"usage":{"input_tokens":7,"input_tokens_details":{"cached_tokens":0},"output_tokens":9,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":16}}`
	events := []string{
		`{"type":"response.created","response":{` + echo + `"status":"in_progress","output":[],"usage":null}}`,
		`{"type":"response.in_progress","response":{` + echo + `"status":"in_progress","output":[],"usage":null}}`,
		`{"type":"response.output_item.added","output_index":0,"item":` + item("in_progress", "", true) + `}`,
	}
	place := `"item_id":"msg_1","output_index":0,"content_index":0`
	if !tool {
		events = append(events, `{"type":"response.content_part.added",`+place+`,"part":`+part("")+`}`)
	}
	for _, p := range pieces(text) {
		if tool {
			events = append(events, `{"type":"response.function_call_arguments.delta","item_id":"fc_1","output_index":0,"delta":`+quoted(p)+`}`)
		} else {
			events = append(events, `{"type":"response.output_text.delta",`+place+`,"delta":`+quoted(p)+`,"logprobs":[]}`)
		}
	}
	if tool {
		events = append(events, `{"type":"response.function_call_arguments.done","item_id":"fc_1","output_index":0,"name":"weather","arguments":`+quoted(text)+`}`)
	} else {
		events = append(events, `{"type":"response.output_text.done",`+place+`,"text":`+quoted(text)+`,"logprobs":[]}`, `{"type":"response.content_part.done",`+place+`,"part":`+part(text)+`}`)
	}
	events = append(events, `{"type":"response.output_item.done","output_index":0,"item":`+done+`}`, `{"type":"response.completed","response":`+plain+`}`)
	for i, e := range events {
		events[i] = strings.TrimSuffix(e, "}") + fmt.Sprintf(`,"sequence_number":%d}`, i)
	}
	return plain, events
}

func messagesAnswer(text string, tool bool) (string, []string) {
	block, begun, delta, stop := `{"type":"text","text":`+quoted(text)+`}`, `{"type":"text","text":""}`, `{"type":"text_delta","text":%s}`, "end_turn"
	if tool {
		block, begun = `{"type":"tool_use","id":"toolu_1","name":"weather","input":`+text+`}`, `{"type":"tool_use","id":"toolu_1","name":"weather","input":{}}`
		delta, stop = `{"type":"input_json_delta","partial_json":%s}`, "tool_use"
	}
	message := func(content, stop string) string {
		return `{"id":"msg_7","type":"message","role":"assistant","model":"demo-1","content":[` + content + `],"stop_reason":` + stop + `,"stop_sequence":null,"usage":{"input_tokens":7,"output_tokens":9}}`
	}
	events := []string{`{"type":"message_start","message":` + message("", "null") + `}`, `{"type":"content_block_start","index":0,"content_block":` + begun + `}`}
	for _, p := range pieces(text) {
		events = append(events, `{"type":"content_block_delta","index":0,"delta":`+fmt.Sprintf(delta, quoted(p))+`}`)
	}
	return message(block, `"`+stop+`"`), append(events, `{"type":"content_block_stop","index":0}`,
		`{"type":"message_delta","delta":{"stop_reason":"`+stop+`","stop_sequence":null},"usage":{"output_tokens":9}}`, `{"type":"message_stop"}`)
}
