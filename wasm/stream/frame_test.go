package stream

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	corpus "github.com/finece/finece/wasm/stream/fixture"
)

// framer is a recorder that keeps frames separate from other calls.
type framer struct {
	*recorder
	frames []Frame
	shown  []string
	all    []Said
	said   int // of all: those before the next frame
}

func (f *framer) Said(s *Said) { f.all = append(f.all, *s) }

func (f *framer) Frame(frame *Frame) {
	f.frames = append(f.frames, *frame)
	f.shown = append(f.shown, show(frame, f.all[f.said:]))
	f.said = len(f.all)
}

// show writes a frame as its bits and the Said of each choice.
func show(f *Frame, said []Said) string {
	var words []string
	for i, name := range []string{"chunk", "empty", "comment", "usage", "unread", "done", "bare", "message"} {
		if f.Is>>i&1 != 0 {
			words = append(words, name)
		}
	}
	if f.Brace >= 0 {
		words = append(words, "object")
	}
	for _, s := range said {
		w := fmt.Sprint(s.Choice)
		for _, is := range []struct {
			name string
			set  bool
		}{{"text", s.Text}, {"other", s.Other}, {"finished", s.Finished}, {"logprobs", s.Logprobs < s.LogprobsEnd}} {
			if is.set {
				w += "+" + is.name
			}
		}
		words = append(words, w)
	}
	return strings.Join(words, " ")
}

func frames(t testing.TB, o Options, input string, next func() int) *framer {
	t.Helper()
	d, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	f := &framer{recorder: newRecorder(t)}
	f.merge = true
	for rest := []byte(input); len(rest) > 0; {
		n := min(next(), len(rest))
		d.Write(rest[:n], f)
		rest = rest[n:]
	}
	d.End(f)
	return f
}

// TestFrames compares the kinds and the ends of the events of a stream.
func TestFrames(t *testing.T) {
	choice := func(members string) string { return `{"choices":[{"index":0,` + members + `}]}` }
	for _, c := range []struct {
		event, want string
	}{
		{": ping\n\n", "comment"},
		{"\n", "comment"},
		{"id: 7\nretry: 5\n\n", "comment"},
		{"  : ping\n\n", "comment"},
		{"event: secret\n\n", ""},
		{"secret\n\n", ""},
		{"secret: 5\n\n", ""},
		{"data: secret\n\n", ""},
		{"data: [DONE]\n\n", "done"},
		{"data: {\"id\":7}\n\n", "object"},
		{"data: {\"choices\":[]}\r\n\r", "empty object"},
		{"data: {\"choices\":[]}\r\n\r\n", "empty object"},
		{"data: {\"choices\":[],\"usage\":{\"total_tokens\":1,\"prompt_tokens\":1}}\r\r", "empty usage object"},
		{"data: {\"choices\":\"secret\"}\n\n", "object"},
		{"data: {\"choices\":[\"secret\"]}\n\n", "object"},
		{"data: {\"choices\":[{\"index\":99,\"delta\":{\"content\":\"secret\"}}]}\n\n", "chunk unread object"},
		{"id: {\ndata: " + choice(`"delta":{"role":"assistant","content":""}`) + " \nid: }\n\n", "chunk object 0"},
		{"data: " + choice(`"delta":{"content":"x"},"logprobs":{"content":[]},"finish_reason":null`) + "\n\n", "chunk object 0+text+logprobs"},
		{"data: " + choice(`"delta":{},"logprobs":null,"finish_reason":"stop"`) + "\n\n", "chunk object 0+finished"},
		{"data: " + choice(`"delta":{"tool_calls":[{"index":0}]}`) + "\n\n", "chunk object 0+other"},
		{"data: " + choice(`"delta":{"annotations":[]},"seed":7,"stop_reason":"###"`) + "\n\n", "chunk object 0"},
		{"data: " + choice(`"delta":{"annotations":[1]}`) + "\n\n", "chunk object 0+other"},
		{"data: " + choice(`"delta":{},"output":"secret"`) + "\n\n", "chunk object 0+other"},
		{"data: " + choice(`"delta":{"content":""},"message":{"content":"secret"}`) + "\n\n", "chunk object 0+text"},
		{"data: " + choice(`"delta":"secret"`) + "\n\n", "chunk object 0+other"},
		{"data: " + choice(`"delta":{"content":[{"type":"image"}]}`) + "\n\n", "chunk object 0+text"},
		{"data: {\"choices\":\ndata: [{\"delta\":{\"content\":\"x\"}}]}\n\n", "chunk 0+text"},
		{"event: x\ndata: " + choice(`"delta":{"content":"x"}`) + "\n\n", "chunk 0+text"},
		{"event: message\ndata: " + choice(`"delta":{"content":"x"}`) + "\n\n", "chunk object 0+text"},
	} {
		before, after := "data: "+choice(`"delta":{"content":"a"}`)+"\n\n", "data: "+choice(`"delta":{"content":"b"}`)+"\n\n"
		for _, next := range []func() int{whole, every(1), every(7)} {
			f := frames(t, Options{Frames: true}, before+c.event+after, next)
			if len(f.shown) < 2 || f.shown[1] != c.want {
				t.Errorf("%q: frames %q, want %q as the second", c.event, f.shown, c.want)
				break
			}
			frame := f.frames[1]
			if frame.End != int64(len(before+c.event)) {
				t.Errorf("%q ends at %d, want %d", c.event, frame.End, len(before+c.event))
			}
			if object := strings.Contains(c.want, "object"); object != (frame.Brace >= 0) {
				t.Errorf("%q: brace at %d", c.event, frame.Brace)
			} else if object {
				from, to := int(frame.Data)-len(before), int(frame.Brace)-len(before)
				if c.event[from] != '{' || strings.Trim(c.event[to:], " \r\n") != "}" && !strings.HasPrefix(c.event[to:], "} \nid") {
					t.Errorf("%q: the object is %q", c.event, c.event[from:to+1])
				}
			}
		}
	}
}

// TestFramesOfMessages compares the kinds of the events of Messages. Members that may have text
// but are not read are reported; members that never have text are not.
func TestFramesOfMessages(t *testing.T) {
	event := func(data string) string {
		name, _, _ := strings.Cut(strings.TrimPrefix(data, `{"type":"`), `"`)
		return "event: " + name + "\ndata: " + data + "\n\n"
	}
	before := event(`{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"usage":{"input_tokens":1}}}`)
	for data, want := range map[string]string{
		`{"type":"ping"}`: "message object 0",
		`{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"","citations":null}}`:              "message object 0",
		`{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"x"}}`:                              "message object 0+text",
		`{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}`:      "message object 0+other",
		`{"type":"content_block_start","index":0,"content_block":{"type":"redacted_thinking","data":"secret"}}`:            "message object 0+other",
		`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"x"}}`:                                "message object 0+text",
		`{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"x"}}`:                        "message object 0+text",
		`{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2ln"}}`:                   "message object 0",
		`{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{"}}`:                  "message object 0+other",
		`{"type":"content_block_delta","index":0,"delta":{"type":"citations_delta","citation":{"cited_text":"x"}}}`:        "message object 0+other",
		`{"type":"content_block_delta","index":0,"delta":"secret"}`:                                                        "message object 0+other",
		`{"type":"content_block_stop","index":0}`:                                                                          "message object 0",
		`{"type":"message_delta","delta":{"stop_reason":"stop_sequence","stop_sequence":"#"},"usage":{"output_tokens":1}}`: "usage message object 0+finished",
		`{"type":"message_stop"}`:                                      "done message object 0",
		`{"type":"message","content":"secret"}`:                        "message object 0+other",
		`{"type":"message","content":[["secret"]]}`:                    "message object 0+other",
		`{"type":"message_start","message":["secret"]}`:                "message object 0+other",
		`{"type":"unknown","secret":7}`:                                "message object 0+other",
		`{"choices":[{"index":0,"delta":{"content":"secret"}}]}`:       "message object 0+other",
		`{"type":"error","error":{"type":"overloaded","message":"x"}}`: "message object 0",
	} {
		for _, next := range []func() int{whole, every(1), every(7)} {
			f := frames(t, Options{Frames: true}, before+event(data), next)
			if len(f.shown) != 2 || f.shown[0] != "usage message object 0" || f.shown[1] != want {
				t.Errorf("%s: frames %q, want %q as the second", data, f.shown, want)
				break
			}
			if from, to := f.frames[1].Data, f.frames[1].Brace; (before + event(data))[from:to+1] != data {
				t.Errorf("%s: the object is at %d to %d", data, from, to)
			}
		}
	}
	lines := "event: ping\ndata: {\ndata: \"type\":\"ping\"}\n\n"
	if f := frames(t, Options{Frames: true}, before+lines, whole); f.shown[1] != "message 0" {
		t.Errorf("an object in several lines: %q", f.shown)
	}
}

// TestFramesOfResponses compares the content of the events of Responses, also of those that the
// decoder does not read.
func TestFramesOfResponses(t *testing.T) {
	const before = `{"type":"response.created","sequence_number":0,"response":{"id":"r","model":"m","instructions":"i","text":{"format":{"type":"text"}},"output":[]}}`
	event := func(data string) string { return "event: x\ndata: " + data + "\n\n" }
	for data, want := range map[string]string{
		before: "message object 0",
		`{"type":"response.created","response":{"output":[{"type":"message","content":[{"type":"output_text","text":"secret"}]}]}}`:                                               "message object 0+text+other",
		`{"type":"response.output_item.added","output_index":0,"item":{"id":"i","type":"message","status":"in_progress","content":[],"role":"assistant","phase":"final_answer"}}`: "message object 0",
		`{"type":"response.output_item.added","output_index":0,"item":{"id":"i","type":"reasoning","summary":[],"encrypted_content":"x"}}`:                                        "message object 0",
		`{"type":"response.output_item.added","output_index":0,"item":{"id":"i","type":"function_call","call_id":"c","name":"f","arguments":""}}`:                                 "message object 0+other",
		`{"type":"response.content_part.added","item_id":"i","part":{"type":"output_text","annotations":[],"logprobs":[],"text":""}}`:                                             "message object 0",
		`{"delta":"x","item_id":"i","logprobs":[],"obfuscation":"o","type":"response.output_text.delta"}`:                                                                         "message object 0+text",
		`{"type":"response.reasoning_summary_text.delta","delta":"x"}`:                                                                                                            "message object 0+text",
		`{"type":"response.refusal.delta","delta":"x"}`:                                                                                                                           "message object 0+text",
		`{"type":"response.output_text.delta","delta":["secret"]}`:                                                                                                                "message object 0+text",
		`{"type":"response.function_call_arguments.delta","delta":"{"}`:                                                                                                           "message object 0+other",
		`{"type":"response.function_call_arguments.done","arguments":"{}"}`:                                                                                                       "message object 0+other",
		`{"type":"response.audio.transcript.delta","delta":"secret"}`:                                                                                                             "message object 0+other",
		`{"type":"response.output_text.annotation.added","annotation":{"title":"x"}}`:                                                                                             "message object 0+other",
		`{"type":"response.output_text.done","text":"x","logprobs":[]}`:                                                                                                           "message object 0+text",
		`{"type":"response.output_text.done","text":"","logprobs":[{"token":"secret"}]}`:                                                                                          "message object 0+text",
		`{"type":"response.content_part.done","part":{"type":"output_text","text":"x"}}`:                                                                                          "message object 0+text",
		`{"type":"response.output_item.done","item":{"type":"message","content":[{"type":"output_text","text":"x"}]}}`:                                                            "message object 0+text",
		`{"type":"response.output_item.done","item":{"type":"message","content":[{"type":"new","new":"x"}]}}`:                                                                     "message object 0+other",
		`{"type":"response.output_item.done","item":{"type":"message","content":"secret"}}`:                                                                                       "message object 0+other",
		`{"type":"response.output_item.done","item":["secret"]}`:                                                                                                                  "message object 0+other",
		`{"type":"response.output_item.done","item":{"type":"reasoning","summary":[{"type":"summary_text","text":"x"}]}}`:                                                         "message object 0+text",
		`{"type":"response.new","part":{"type":"output_text","text":"secret"}}`:                                                                                                   "message object 0+text+other",
		`{"type":"new","text":"secret"}`:                                               "message object 0+other",
		`{"type":"response.web_search_call.searching","output_index":0,"item_id":"i"}`: "message object 0",
		`{"type":"response.completed","response":{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"x"}]}],"usage":{"input_tokens":1,"output_tokens":2}}}`: "usage done message object 0+text+finished",
		`{"type":"response.completed","response":{"status":"completed","output":[],"output_text":"secret"}}`:                                                                                       "done message object 0+other+finished",
		`{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[]}}`:                                                        "done message object 0+finished",
		`{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"x"},"output":[]}}`:                                                                      "message object 0+finished",
		`{"type":"error","code":"server_error","message":"x","param":"p","sequence_number":3}`:                                                                                                     "message object 0+finished",
		`{"id":"r","object":"response","status":"completed","instructions":"i","text":{"format":{}},"output":[{"content":[{"type":"output_text","text":"x"}]}]}`:                                   "done message object 0+text+finished",
		`{"choices":[{"delta":{"content":"secret"}}]}`: "",
	} {
		for _, next := range []func() int{whole, every(1), every(7)} {
			f := frames(t, Options{Frames: true}, event(before)+event(data), next)
			if len(f.shown) != 2 || f.shown[0] != "message object 0" || f.shown[1] != want {
				t.Errorf("%s: frames %q, want %q as the second", data, f.shown, want)
				break
			}
			if from, to := f.frames[1].Data, f.frames[1].Brace; to >= 0 && (event(before) + event(data))[from:to+1] != data {
				t.Errorf("%s: the object is at %d to %d", data, from, to)
			}
		}
	}
}

// TestFramesOfOllama: each line is an event. Its LF belongs to the next event.
func TestFramesOfOllama(t *testing.T) {
	for line, want := range map[string]string{
		`{"message":{"role":"assistant","content":"x"},"done":false}`:                            "message object 0+text",
		`{"message":{"role":"assistant","content":"","thinking":"x"},"done":false}`:              "message object 0+text",
		`{"message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f"}}]}}`: "message object 0+other",
		`{"response":"x","done":false}`:                                                          "message object 0+text",
		`{"response":"","thinking":"x"}`:                                                         "message object 0+text",
		`{"response":"","done":false}`:                                                           "message object 0",
		`{"response":"","done":true,"done_reason":"stop","prompt_eval_count":1,"eval_count":2}`:  "usage done message object 0+finished",
		`{"error":"busy"}`: "message object 0",
		`{"unknown":7}`:    "object",
		`secret`:           "",
	} {
		before := `{"response":"a","done":false}` + "\n"
		for _, next := range []func() int{whole, every(1), every(7)} {
			f := frames(t, Options{Frames: true, Format: Ollama}, before+line+"\n", next)
			if len(f.shown) < 2 || f.shown[0] != "message object 0+text" || f.shown[1] != want || f.frames[0].End != int64(len(before))-1 {
				t.Errorf("%s: frames %q, want %q as the second, after one of %d bytes", line, f.shown, want, len(before)-1)
				break
			}
			if from, to := f.frames[1].Data, f.frames[1].Brace; to >= 0 && (before + line)[from:to+1] != line {
				t.Errorf("%s: the object is at %d to %d", line, from, to)
			}
		}
	}
}

// TestACommentIsFramedAtOnce: also a comment at the beginning of the stream.
func TestACommentIsFramedAtOnce(t *testing.T) {
	d, err := New(Options{Frames: true})
	if err != nil {
		t.Fatal(err)
	}
	f := &framer{recorder: newRecorder(t)}
	for range 2 {
		d.Write([]byte(": ping\n\n"), f)
	}
	if want := []string{"comment", "comment"}; !slices.Equal(f.shown, want) {
		t.Errorf("framed %q, want %q", f.shown, want)
	}
}

// TestLogprobsAreWhereTheFrameSays.
func TestLogprobsAreWhereTheFrameSays(t *testing.T) {
	const logprobs = `{"content":[{"token":"x","logprob":-1,"top_logprobs":[]}]}`
	input := ": c\n\n" + sse(`{"choices":[{"index":1,"logprobs": `+logprobs+` ,"delta":{"content":"x"}},{"index":0,"logprobs":null}]}`)
	for _, next := range []func() int{whole, every(1)} {
		all := frames(t, Options{Frames: true}, input, next).all
		if len(all) != 2 || all[1].Logprobs != all[1].LogprobsEnd {
			t.Fatalf("said %+v", all)
		}
		if got := input[all[0].Logprobs:all[0].LogprobsEnd]; got != logprobs {
			t.Errorf("log-probabilities %q, want %q", got, logprobs)
		}
	}
}

// TestFramesCoverTheStream: the frames cover each fixture, however it is cut, and all other
// calls stay the same.
func TestFramesCoverTheStream(t *testing.T) {
	for _, fixture := range corpus.All() {
		if fixture.Want.Format == "text" {
			continue // with Frames, it would be read as an event stream
		}
		input := string(fixture.Data)
		plain := frames(t, Options{}, input, whole)
		if len(plain.frames) > 0 {
			t.Fatalf("%s: frames that nobody asked for", fixture.Name)
		}
		want := frames(t, Options{Frames: true}, input, whole)
		for i, next := range []func() int{whole, every(1), every(7), randomly(1), randomly(2)} {
			got := frames(t, Options{Frames: true}, input, next)
			if !slices.Equal(got.frames, want.frames) || !slices.Equal(got.shown, want.shown) {
				t.Fatalf("%s: cutting %d gives other frames:\n%v\n%v", fixture.Name, i, got.frames, want.frames)
			}
			if !slices.Equal(got.calls, plain.calls) {
				t.Fatalf("%s: frames change other calls:\n%q\n%q", fixture.Name, got.calls, plain.calls)
			}
		}
		if named := fixture.Want.Format == "anthropic" || fixture.Want.Format == "openai-responses"; named && strings.HasSuffix(fixture.Name, ".sse") {
			for i, shown := range want.shown {
				if !strings.Contains(shown, "message object 0") || want.frames[i].Brace < 0 {
					t.Errorf("%s: event %d is %q", fixture.Name, i, shown)
				}
			}
		}
		end := int64(0)
		for _, f := range want.frames {
			if f.End <= end {
				t.Fatalf("%s: a frame from %d to %d", fixture.Name, end, f.End)
			}
			end = f.End
		}
		d, err := New(Options{})
		if err != nil {
			t.Fatal(err)
		}
		d.Write(fixture.Data, newRecorder(t))
		if end != int64(len(input)) && !d.Ended() {
			t.Errorf("%s: frames up to %d of %d bytes", fixture.Name, end, len(input))
		}
	}
}
