package stream

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// sse makes an event stream of payloads.
func sse(payloads ...string) string {
	return "data: " + strings.Join(payloads, "\n\ndata: ") + "\n\n"
}

// lines makes NDJSON of payloads.
func lines(payloads ...string) string { return strings.Join(payloads, "\n") + "\n" }

const doneMarker = "[DONE]"

// fixture is a stream and the expected calls, in the notation of the recorder.
type fixture struct {
	name  string
	o     Options
	input string
	want  []string
	as    Format // the format that is recognised, or given
}

// faultAt is a call that reports a fault.
func faultAt(code FaultCode, offset int, detail string) string {
	return fmt.Sprintf("fault %s at %d: %s", code, offset, detail)
}

// after returns the offset of the payload after a stream's beginning.
func after(beginning string) int { return len(beginning) + len("data: ") }

// checkFixtures decodes each fixture, cut in many ways.
func checkFixtures(t *testing.T, fixtures []fixture) {
	t.Helper()
	for _, f := range fixtures {
		t.Run(f.name, func(t *testing.T) {
			r := checkCuts(t, f.o, []byte(f.input))
			if !slices.Equal(r.calls, f.want) {
				t.Errorf("calls:\n%s\nwant:\n%s", strings.Join(r.calls, "\n"), strings.Join(f.want, "\n"))
			}
			d, err := New(f.o)
			if err != nil {
				t.Fatal(err)
			}
			run(d, newRecorder(t), []byte(f.input), whole)
			if d.Format() != f.as {
				t.Errorf("the format is %s, want %s", d.Format(), f.as)
			}
		})
	}
}

func TestOpenAIChat(t *testing.T) {
	const (
		text = `{"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}`
		stop = `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`
	)
	checkFixtures(t, []fixture{
		{
			name: "text, usage in a chunk without choices", as: OpenAIChat,
			input: sse(
				`{"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}`,
				text, stop,
				`{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":12,"completion_tokens_details":{"reasoning_tokens":5}}}`,
				doneMarker),
			want: []string{`0 answer Hi`, `0 finish stop`, `usage 9 12 5`},
		},
		{
			name: "xAI's usage, whose completion leaves the reasoning out", as: OpenAIChat,
			input: sse(text, stop,
				`{"choices":[],"usage":{"prompt_tokens":119,"completion_tokens":9,"total_tokens":226,"completion_tokens_details":{"reasoning_tokens":98}}}`,
				doneMarker),
			want: []string{`0 answer Hi`, `0 finish stop`, `usage 119 107 98`},
		},
		{
			name: "usage whose completion has the reasoning", as: OpenAIChat,
			input: sse(text, stop,
				`{"choices":[],"usage":{"total_tokens":226,"completion_tokens_details":{"reasoning_tokens":98},"completion_tokens":107,"prompt_tokens":119}}`,
				doneMarker),
			want: []string{`0 answer Hi`, `0 finish stop`, `usage 119 107 98`},
		},
		{
			name: "two choices, in separate chunks and in one", as: OpenAIChat,
			input: sse(
				`{"choices":[{"index":1,"delta":{"content":"Zwei"}}]}`,
				`{"choices":[{"index":0,"delta":{"content":"One"}}]}`,
				`{"choices":[{"index":0,"delta":{"content":"!"},"finish_reason":"length"},{"index":1,"delta":{},"finish_reason":"stop"}]}`,
				doneMarker),
			want: []string{`1 answer Zwei`, `0 answer One!`, `0 finish length`, `1 finish stop`},
		},
		{
			name: "log-probabilities and alternatives", as: OpenAIChat,
			input: sse(
				`{"choices":[{"index":0,"delta":{"content":"A"},"logprobs":{"content":[{"token":"A","logprob":-0.5,"bytes":[65],"top_logprobs":[{"token":"A","logprob":-0.5,"bytes":[65]},{"token":"B","logprob":-1.5,"bytes":[66]}]}],"refusal":null}}]}`,
				`{"choices":[{"index":0,"delta":{"content":"C"},"logprobs":{"content":[{"token":"C","logprob":-9,"top_logprobs":[{"token":"D","logprob":-0.25}]}]}}]}`,
				`{"choices":[{"index":0,"delta":{"content":"E"},"logprobs":{"content":[{"top_logprobs":[{"token":"F","logprob":-2},{"token":"E","logprob":-1}],"token":"E","logprob":-1}]}}]}`,
				`{"choices":[{"index":0,"delta":{"content":"G"},"logprobs":{"content":[{"token":"G","logprob":-1,"top_logprobs":[]}]}}]}`,
				`{"choices":[{"index":0,"delta":{"content":"H"},"logprobs":{"content":[{"token":"H","logprob":null}]}}]}`,
				`{"choices":[{"index":0,"delta":{"content":"I"},"logprobs":{"content":[{"token":"I","logprob":-9999.0}]}}]}`,
				stop, doneMarker),
			want: []string{
				`0 answer -0.5 [-0.5 -1.5] true "A"`, `0 answer -9 [-0.25] false "C"`, `0 answer -1 [-2 -1] true "E"`,
				`0 answer -1 "G"`, `0 answer NaN "H"`, `0 answer NaN "I"`, `0 finish stop`,
			},
		},
		{
			name: "an alternative that equals the token in value only", as: OpenAIChat,
			input: sse(`{"choices":[{"index":0,"delta":{"content":"A"},"logprobs":{"content":[{"token":"A","logprob":-1,"top_logprobs":[{"token":"B","logprob":-1}]}]},"finish_reason":"stop"}]}`),
			want:  []string{`0 answer -1 [-1] false "A"`, `0 finish stop`},
		},
		{
			name: "several tokens in a chunk divide its text", as: OpenAIChat,
			input: sse(`{"choices":[{"index":0,"delta":{"content":"ab cd\n"},"logprobs":{"content":[{"token":"ab","logprob":-1},{"token":" cd","logprob":-2},{"token":"\n","logprob":-3}]},"finish_reason":"stop"}]}`),
			want:  []string{`0 answer -1 "ab"`, `0 answer -2 " cd"`, `0 answer -3 "\n"`, `0 finish stop`},
		},
		{
			name: "tokens that are parts of a character, by their bytes", as: OpenAIChat,
			input: sse(`{"choices":[{"index":0,"delta":{"content":"x é😀"},"logprobs":{"content":[` +
				`{"token":"x","logprob":-1,"bytes":[120]},{"token":" \\xc3","logprob":-2,"bytes":[32,195]},{"token":"\\xa9","logprob":-3,"bytes":[169]},` +
				`{"token":"\\xf0\\x9f","logprob":-4,"bytes":[240,159]},{"token":"\\x98\\x80","logprob":-5,"bytes":[152,128]}]},"finish_reason":"stop"}]}`),
			want: []string{`0 answer -1 "x"`, `0 answer -2 " "`, `0 answer -3 "é"`, `0 answer -4 ""`, `0 answer -5 "😀"`, `0 finish stop`},
		},
		{
			name: "tokens without text in chunks of their own", as: OpenAIChat,
			input: sse(
				`{"choices":[{"index":0,"delta":{"content":""},"logprobs":{"content":[{"token":"\\xf0\\x9f","logprob":-4,"bytes":[240,159]}]}}]}`,
				`{"choices":[{"index":0,"delta":{"content":"😀"},"logprobs":{"content":[{"token":"\\x98\\x80","logprob":-5,"bytes":[152,128]}]},"finish_reason":"stop"}]}`),
			want: []string{`0 answer -4 ""`, `0 answer -5 "😀"`, `0 finish stop`},
		},
		{
			name: "text that is none of its tokens' goes with the last", as: OpenAIChat,
			input: sse(`{"choices":[{"index":0,"delta":{"content":"ab"},"logprobs":{"content":[{"token":"x","logprob":-1},{"token":"y","logprob":-2}]},"finish_reason":"stop"}]}`),
			want:  []string{`0 answer -1 ""`, `0 answer -2 "ab"`, `0 finish stop`},
		},
		{
			name: "log-probabilities that repeat those before", as: OpenAIChat,
			input: sse(
				`{"choices":[{"index":0,"delta":{"content":"a"},"logprobs":{"content":[{"token":"a","logprob":-1}]}}]}`,
				`{"choices":[{"index":0,"delta":{"content":"b"},"logprobs":{"content":[{"token":"a","logprob":-1},{"token":"b","logprob":-2}]}}]}`,
				`{"choices":[{"index":0,"delta":{"content":"c"},"logprobs":{"content":[{"token":"a","logprob":-1},{"token":"b","logprob":-2},{"token":"c","logprob":-3}]},"finish_reason":"stop"}]}`),
			want: []string{`0 answer -1 "a"`, faultAt(BadLogprobs, 115, "log-probabilities of this chunk's tokens alone"), `0 answer bc`, `0 finish stop`},
		},
		{
			name: "a refusal with its log-probabilities", as: OpenAIChat,
			input: sse(
				`{"choices":[{"index":0,"delta":{"content":null,"refusal":"No"},"logprobs":{"content":null,"refusal":[{"token":"No","logprob":-0.1,"top_logprobs":[]}]}}]}`,
				`{"choices":[{"index":0,"delta":{"refusal":"."}}]}`, stop, doneMarker),
			want: []string{`0 refusal -0.1 "No"`, `0 refusal .`, `0 finish stop`},
		},
		{
			name: "tool calls", as: OpenAIChat,
			input: sse(
				`{"choices":[{"index":0,"delta":{"content":null,"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":""}}]}}]}`,
				`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"text\":\"no text\"}"}}]}}]}`,
				`{"choices":[{"index":0,"delta":{"function_call":{"arguments":"{}"}}}]}`,
				`{"choices":[{"index":0,"delta":{"content":"t","tool_calls":[],"function_call":null}}]}`,
				`{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}`, doneMarker),
			want: []string{`0 answer tool ""`, `0 answer tool ""`, `0 answer tool ""`, `0 answer t`, `0 finish tool_calls`},
		},
		{
			name: "log-probabilities of a tool call", as: OpenAIChat,
			input: sse(`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{"}}]},"logprobs":{"content":[{"token":"{","logprob":-1}]},"finish_reason":"tool_calls"}]}`),
			want:  []string{`0 answer -1 ""`, `0 answer tool ""`, `0 finish tool_calls`},
		},
		{
			name: "reasoning under each of its names, once where there are two", as: OpenAIChat,
			input: sse(
				`{"choices":[{"index":0,"delta":{"content":"","reasoning_content":"a"}}]}`,
				`{"choices":[{"index":0,"delta":{"reasoning":"b","reasoning_details":[{"type":"reasoning.text","text":"b"}]}}]}`,
				`{"choices":[{"index":0,"delta":{"reasoning":"c","reasoning_content":"c"}}]}`,
				`{"choices":[{"index":0,"delta":{"reasoning":null,"reasoning_content":"d"}}]}`,
				`{"choices":[{"index":0,"delta":{"content":"f","reasoning_content":"e"}}]}`, stop, doneMarker),
			want: []string{`0 reasoning abcde`, `0 answer f`, `0 finish stop`},
		},
		{
			name: "content in parts, thinking among them", as: OpenAIChat,
			input: sse(
				`{"choices":[{"index":0,"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"yes"}]}}]}`,
				`{"choices":[{"index":0,"delta":{"content":[{"type":"thinking","thinking":"mm"},{"type":"refusal","refusal":"no"}]}}]}`, stop),
			want: []string{`0 reasoning hm`, `0 answer yes`, `0 reasoning mm`, `0 refusal no`, `0 finish stop`},
		},
		{
			name: "parts keep their order, fields do not", as: OpenAIChat,
			input: sse(
				`{"choices":[{"index":0,"delta":{"content":[{"type":"text","text":"a"},{"type":"thinking","thinking":"b"},{"type":"text","text":"c"}]}}]}`,
				`{"choices":[{"index":0,"delta":{"content":[{"type":"text","text":"d"},{"type":"text","text":"e"}],"refusal":"f","reasoning":[{"text":"g"},{"text":"h"}]}}]}`, stop),
			want: []string{`0 answer a`, `0 reasoning b`, `0 answer c`, `0 reasoning gh`, `0 answer de`, `0 refusal f`, `0 finish stop`},
		},
		{
			name: "comments before and between", as: OpenAIChat,
			input: ": OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n" + sse(text) + ":\n\n" + sse(stop, doneMarker),
			want:  []string{`0 answer Hi`, `0 finish stop`},
		},
		{
			name: "Azure's first chunk, of no choices and no object", as: OpenAIChat,
			input: sse(`{"choices":[],"created":0,"object":"","prompt_filter_results":[{"prompt_index":0}]}`, text,
				`{"choices":[{"index":0,"delta":{},"content_filter_results":{"hate":{"filtered":true}},"finish_reason":"content_filter"}]}`, doneMarker),
			want: []string{`0 answer Hi`, `0 finish content_filter`},
		},
		{
			name: "an error in mid-stream ends every choice", as: OpenAIChat,
			input: sse(text, `{"choices":[{"index":1,"delta":{"content":"x"},"finish_reason":"stop"}]}`,
				`{"error":{"message":"The server\nis overloaded","type":"server_error","code":null}}`, text),
			want: []string{`0 answer Hi`, `1 answer x`, `1 finish stop`, faultAt(ProviderError, 198, "The server is overloaded"), `0 finish failed`},
		},
		{
			name: "an error that is null is none", as: OpenAIChat,
			input: sse(`{"error":null,"choices":[{"index":0,"delta":{"content":"Hi"}}]}`, `{"choices":[{"index":0,"delta":{},"finish_reason":"stop","error":null}],"error":""}`),
			want:  []string{`0 answer Hi`, `0 finish stop`},
		},
		{
			name: "errors in other forms", as: OpenAIChat,
			input: sse(text, `{"object":"error","message":"out of memory","code":500}`),
			want:  []string{`0 answer Hi`, faultAt(ProviderError, after(sse(text)), "out of memory"), `0 finish failed`},
		},
		{
			name: "an error event of one word", as: OpenAIChat,
			input: sse(text) + "event: error\ndata: {\"message\":\"quota\"}\n\n",
			want:  []string{`0 answer Hi`, faultAt(ProviderError, after(sse(text)+"event: error\n"), "quota"), `0 finish failed`},
		},
		{
			name: "an error event that is no JSON", as: OpenAIChat,
			input: sse(text) + "event: error\ndata: upstream closed\n\n" + sse(text),
			want:  []string{`0 answer Hi`, faultAt(ProviderError, after(sse(text)+"event: error\n"), "upstream closed"), `0 finish failed`},
		},
		{
			name: "an error without words", as: OpenAIChat,
			input: sse(text, `{"error":{}}`),
			want:  []string{`0 answer Hi`, faultAt(ProviderError, after(sse(text)), "no message"), `0 finish failed`},
		},
		{
			name: "Groq's extension", as: OpenAIChat,
			input: sse(text, `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"x_groq":{"id":"r","usage":{"prompt_tokens":1,"completion_tokens":2}}}`, doneMarker),
			want:  []string{`0 answer Hi`, `0 finish stop`, `usage 1 2 -1`},
		},
		{
			name: "a whole response", as: OpenAIChat,
			input: `{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hi","reasoning_content":"hm","refusal":null},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}`,
			want:  []string{`0 reasoning hm`, `0 answer Hi`, `0 finish stop`, `usage 1 2 -1`},
		},
		{
			name: "text behind the finish, and a second finish", as: OpenAIChat,
			input: sse(stop, text, `{"choices":[{"index":0,"delta":{},"finish_reason":"length"}]}`, doneMarker),
			want:  []string{`0 finish stop`, `0 answer Hi`},
		},
		{
			name: "what follows the end marker is ignored", as: OpenAIChat,
			input: sse(text, stop, doneMarker, text, "{"),
			want:  []string{`0 answer Hi`, `0 finish stop`},
		},
		{
			name: "no end marker, but a finish", as: OpenAIChat,
			input: sse(text, stop), want: []string{`0 answer Hi`, `0 finish stop`},
		},
		{
			name: "no end marker and no finish", as: OpenAIChat,
			input: sse(text), want: []string{`0 answer Hi`, faultAt(Truncated, len(sse(text)), "the stream's end marker")},
		},
		{
			name: "one of two choices is cut off", as: OpenAIChat,
			input: sse(`{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"},{"index":1,"delta":{"content":"b"}}]}`),
			want:  []string{`0 answer a`, `0 finish stop`, `1 answer b`, faultAt(Truncated, 116, "the stream's end marker")},
		},
		{
			name: "the last event lacks its blank line", as: OpenAIChat,
			input: sse(text) + "data: " + stop, want: []string{`0 answer Hi`, `0 finish stop`},
		},
		{
			name: "the last event is cut", as: OpenAIChat,
			input: sse(text) + "data: " + stop[:20],
			want: []string{`0 answer Hi`, faultAt(InvalidJSON, len(sse(text))+26, "a colon"),
				faultAt(Truncated, len(sse(text))+26, "the rest of an event")},
		},
		{
			name: "choices over the limit", as: OpenAIChat, o: Options{MaxChoices: 2},
			input: sse(`{"choices":[{"index":2,"delta":{"content":"x"}},{"index":1,"delta":{"content":"y"}},{"index":-1,"delta":{"content":"z"}},{"index":99999999999999999999,"delta":{"content":"0"}}]}`,
				`{"choices":[{"index":3,"delta":{"content":"x"}},{"index":1,"delta":{},"finish_reason":"stop"}]}`, doneMarker),
			want: []string{faultAt(TooManyChoices, 6, "a choice's number below MaxChoices"), `1 answer y`, `0 answer 0`, `1 finish stop`},
		},
		{
			name: "bytes in text that are no UTF-8", as: OpenAIChat,
			input: sse("{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\xff\xe2\x82b\"}}]}", "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\xc0\"}}]}", stop),
			want:  []string{faultAt(InvalidUTF8, 6, "UTF-8"), "0 answer a\uFFFD\uFFFDb\uFFFD", `0 finish stop`},
		},
		{
			name: "escapes", as: OpenAIChat,
			input: sse(`{"choices":[{"index":0,"delta":{"content":"\u00e9\ud83d\ude00\ud83d\n\/"}}]}`, stop),
			want:  []string{"0 answer é😀\uFFFD\n/", `0 finish stop`},
		},
		{
			name: "an event that the format does not have", as: OpenAIChat,
			input: sse(text, `{"ping":true}`, `{}`, stop),
			want:  []string{`0 answer Hi`, faultAt(UnknownEvent, after(sse(text)), "an event of the format openai-chat"), `0 finish stop`},
		},
		{
			name: "the format is given", as: OpenAIChat, o: Options{Format: OpenAIChat},
			input: sse(`{"ping":true}`, text, stop),
			want:  []string{faultAt(UnknownEvent, 6, "an event of the format openai-chat"), `0 answer Hi`, `0 finish stop`},
		},
	})
}

func TestOpenAICompletions(t *testing.T) {
	checkFixtures(t, []fixture{
		{
			name: "text", as: OpenAICompletions,
			input: sse(`{"object":"text_completion","choices":[{"text":"Hi","index":0,"logprobs":null,"finish_reason":null}]}`,
				`{"choices":[{"text":"","index":0,"finish_reason":"length"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}`, doneMarker),
			want: []string{`0 answer Hi`, `0 finish length`, `usage 1 2 -1`},
		},
		{
			name: "log-probabilities by position, alternatives by token", as: OpenAICompletions,
			input: sse(`{"choices":[{"text":"Hi you","index":0,"logprobs":{"tokens":["Hi"," you"],"token_logprobs":[-0.5,-1.5],"top_logprobs":[{"Hi":-0.5,"Ho":-2},{" all":-1}],"text_offset":[0,2]},"finish_reason":"stop"}]}`),
			want:  []string{`0 answer -0.5 [-0.5 -2] true "Hi"`, `0 answer -1.5 [-1] false " you"`, `0 finish stop`},
		},
		{
			name: "the alternatives first", as: OpenAICompletions,
			input: sse(`{"choices":[{"logprobs":{"top_logprobs":[{"Ho":-2,"Hi":-0.5}],"token_logprobs":[-0.5],"tokens":["Hi"]},"text":"Hi","index":0,"finish_reason":"stop"}]}`),
			want:  []string{`0 answer -0.5 [-2 -0.5] true "Hi"`, `0 finish stop`},
		},
		{
			name: "a first token without a log-probability", as: OpenAICompletions,
			input: sse(`{"choices":[{"text":"ab","index":0,"logprobs":{"tokens":["a","b"],"token_logprobs":[null,-1],"top_logprobs":null},"finish_reason":"stop"}]}`),
			want:  []string{`0 answer NaN "a"`, `0 answer -1 "b"`, `0 finish stop`},
		},
		{
			name: "a chunk without text is no sign", as: OpenAICompletions,
			input: sse(`{"choices":[{"index":0}]}`, `{"choices":[{"text":"Hi","index":0,"finish_reason":"stop"}]}`),
			want:  []string{`0 answer Hi`, `0 finish stop`},
		},
	})
}
