package stream

import (
	"fmt"
	"strings"
	"testing"
)

func TestOpenAIResponses(t *testing.T) {
	const (
		created   = `{"type":"response.created","response":{"object":"response","status":"in_progress","error":null,"incomplete_details":null,"output":[],"usage":null}}`
		completed = `{"type":"response.completed","response":{"object":"response","status":"completed","error":null,"output":[{"type":"reasoning","summary":[{"type":"summary_text","text":"hm"}]},{"type":"message","content":[{"type":"output_text","text":"Hi","logprobs":[]}]}],"usage":{"input_tokens":1,"output_tokens":3,"output_tokens_details":{"reasoning_tokens":2}}}}`
		usage     = `usage 1 3 2`
	)
	checkFixtures(t, []fixture{
		{
			name: "text in deltas is not repeated by what sums it up", as: OpenAIResponses,
			input: sse(created,
				`{"type":"response.output_item.added","item":{"type":"message","content":[]}}`,
				`{"type":"response.reasoning_summary_text.delta","delta":"hm"}`,
				`{"type":"response.reasoning_summary_text.done","text":"hm"}`,
				`{"type":"response.output_text.delta","delta":"H","logprobs":[]}`,
				`{"type":"response.output_text.delta","delta":"i","logprobs":[]}`,
				`{"type":"response.output_text.done","text":"Hi","logprobs":[]}`,
				`{"type":"response.content_part.done","part":{"type":"output_text","text":"Hi"}}`,
				`{"type":"response.output_item.done","item":{"type":"message","content":[{"type":"output_text","text":"Hi"}]}}`,
				completed),
			want: []string{`0 reasoning hm`, `0 answer Hi`, `0 finish stop`, usage},
		},
		{
			name: "text that comes when a part is done, and with the response", as: OpenAIResponses,
			input: sse(created, `{"type":"response.output_text.done","text":"Hi","logprobs":[]}`, completed),
			want:  []string{`0 answer Hi`, `0 reasoning hm`, `0 finish stop`, usage},
		},
		{
			name: "a whole response", as: OpenAIResponses,
			input: `{"object":"response","status":"completed","text":{"format":{"type":"text"}},"output":[{"type":"message","content":[{"type":"output_text","text":"Hi","logprobs":[{"token":"Hi","logprob":-1,"top_logprobs":[{"token":"Hi","logprob":-1}]}]}]}],"usage":{"input_tokens":1,"output_tokens":3}}`,
			want:  []string{`0 answer -1 [-1] true "Hi"`, `0 finish stop`, `usage 1 3 -1`},
		},
		{
			name: "log-probabilities come with deltas, once", as: OpenAIResponses,
			input: sse(`{"type":"response.output_text.delta","delta":"Hi","logprobs":[{"token":"Hi","logprob":-1,"top_logprobs":[]}]}`,
				`{"type":"response.output_text.done","text":"Hi","logprobs":[{"token":"Hi","logprob":-1}]}`,
				`{"type":"response.completed","response":{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"Hi","logprobs":[{"token":"Hi","logprob":-1}]}]}]}}`),
			want: []string{`0 answer -1 "Hi"`, `0 finish stop`},
		},
		{
			name: "a refusal", as: OpenAIResponses,
			input: sse(`{"type":"response.refusal.delta","delta":"No"}`, `{"type":"response.refusal.done","refusal":"No"}`,
				`{"type":"response.completed","response":{"status":"completed","output":[{"type":"message","content":[{"type":"refusal","refusal":"No"}]}]}}`),
			want: []string{`0 refusal No`, `0 finish refused`},
		},
		{
			name: "a tool call", as: OpenAIResponses,
			input: sse(created, `{"type":"response.function_call_arguments.delta","delta":"{\"a\""}`, `{"type":"response.function_call_arguments.delta","delta":"}"}`,
				`{"type":"response.function_call_arguments.done","arguments":"{}"}`,
				`{"type":"response.completed","response":{"status":"completed","output":[{"type":"function_call","arguments":"{}"}]}}`),
			want: []string{`0 answer tool ""`, `0 answer tool ""`, `0 finish tool_calls`},
		},
		{
			name: "a tool call whose arguments come at once", as: OpenAIResponses,
			input: sse(created, `{"type":"response.function_call_arguments.done","arguments":"{}"}`,
				`{"type":"response.completed","response":{"status":"completed","output":[{"type":"function_call","arguments":"{}"}]}}`),
			want: []string{`0 answer tool ""`, `0 finish tool_calls`},
		},
		{
			name: "a tool call in a whole response", as: OpenAIResponses,
			input: `{"object":"response","status":"completed","output":[{"type":"function_call","arguments":"{}"}]}`,
			want:  []string{`0 answer tool ""`, `0 finish tool_calls`},
		},
		{
			name: "reasoning as text", as: OpenAIResponses,
			input: sse(`{"type":"response.reasoning_text.delta","delta":"h"}`, `{"type":"response.output_text.delta","delta":"Hi"}`,
				`{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}}`),
			want: []string{`0 reasoning h`, `0 answer Hi`, `0 finish length`},
		},
		{
			name: "a response that failed", as: OpenAIResponses,
			input: sse(created, `{"type":"response.output_text.delta","delta":"Hi"}`, `{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"sorry"}}}`),
			want: []string{`0 answer Hi`,
				faultAt(ProviderError, after(sse(created, `{"type":"response.output_text.delta","delta":"Hi"}`)), "sorry"), `0 finish failed`},
		},
		{
			name: "an error event", as: OpenAIResponses,
			input: sse(created, `{"type":"error","code":"rate_limit","message":null,"param":null}`),
			want:  []string{faultAt(ProviderError, after(sse(created)), "rate_limit"), `0 finish failed`},
		},
		{
			name: "cancelled", as: OpenAIResponses,
			input: sse(created, `{"type":"response.cancelled","response":{"status":"cancelled"}}`),
			want:  []string{`0 finish cancelled`},
		},
		{
			name: "cut off", as: OpenAIResponses,
			input: sse(created, `{"type":"response.output_text.delta","delta":"Hi"}`),
			want:  []string{`0 answer Hi`, faultAt(Truncated, len(sse(created, `{"type":"response.output_text.delta","delta":"Hi"}`)), "the stream's end marker")},
		},
	})
}

func TestAnthropic(t *testing.T) {
	const start = `{"type":"message_start","message":{"type":"message","role":"assistant","content":[],"stop_reason":null,"usage":{"input_tokens":9,"output_tokens":1}}}`
	named := func(name, payload string) string { return "event: " + name + "\ndata: " + payload + "\n\n" }
	checkFixtures(t, []fixture{
		{
			name: "thinking, text and usage", as: Anthropic,
			input: named("message_start", start) + named("ping", `{"type":"ping"}`) +
				named("content_block_start", `{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}`) +
				named("content_block_delta", `{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}`) +
				named("content_block_delta", `{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2ln"}}`) +
				named("content_block_stop", `{"type":"content_block_stop","index":0}`) +
				named("content_block_delta", `{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Hi"}}`) +
				named("message_delta", `{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":12}}`) +
				named("message_stop", `{"type":"message_stop"}`),
			want: []string{`0 reasoning hm`, `0 answer Hi`, `0 finish stop`, `usage 9 12 -1`},
		},
		{
			name: "a tool call", as: Anthropic,
			input: sse(start, `{"type":"content_block_start","content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}`,
				`{"type":"content_block_delta","delta":{"type":"input_json_delta","partial_json":"{\"text\":\"x\"}"}}`,
				`{"type":"message_delta","delta":{"stop_reason":"tool_use"}}`, `{"type":"message_stop"}`),
			want: []string{`0 answer tool ""`, `0 answer tool ""`, `0 finish tool_calls`, `usage 9 1 -1`},
		},
		{
			name: "a refusal", as: Anthropic,
			input: sse(start, `{"type":"message_delta","delta":{"stop_reason":"refusal"}}`, `{"type":"message_stop"}`),
			want:  []string{`0 finish refused`, `usage 9 1 -1`},
		},
		{
			name: "an error in mid-stream", as: Anthropic,
			input: named("message_start", start) + named("error", `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`),
			want: []string{faultAt(ProviderError, len(named("message_start", start))+len("event: error\ndata: "), "Overloaded"),
				`0 finish failed`, `usage 9 1 -1`},
		},
		{
			name: "a whole message", as: Anthropic,
			input: `{"type":"message","role":"assistant","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"Hi"}],"stop_reason":"max_tokens","usage":{"input_tokens":1,"output_tokens":2}}`,
			want:  []string{`0 reasoning hm`, `0 answer Hi`, `0 finish length`, `usage 1 2 -1`},
		},
	})
}

func TestGemini(t *testing.T) {
	checkFixtures(t, []fixture{
		{
			name: "thoughts, text, CRLF", as: Gemini,
			input: "data: {\"candidates\": [{\"content\": {\"parts\": [{\"thought\": true,\"text\": \"hm\"},{\"text\": \"Hi\"}],\"role\": \"model\"}}],\"usageMetadata\": {\"promptTokenCount\": 4,\"candidatesTokenCount\": 2,\"thoughtsTokenCount\": 3}}\r\n\r\n" +
				"data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"!\"}]},\"finishReason\": \"STOP\",\"index\": 0}]}\r\n\r\n",
			want: []string{`0 reasoning hm`, `0 answer Hi!`, `0 finish stop`, `usage 4 5 3`},
		},
		{
			name: "log-probabilities", as: Gemini,
			input: sse(`{"candidates":[{"content":{"parts":[{"text":"ab"}]},"finishReason":"STOP","logprobsResult":{"topCandidates":[{"candidates":[{"token":"a","logProbability":-0.5},{"token":"x","logProbability":-2}]},{"candidates":[{"token":"y","logProbability":-1}]}],"chosenCandidates":[{"token":"a","logProbability":-0.5},{"token":"b","logProbability":-3}]}}]}`),
			want:  []string{`0 answer -0.5 [-0.5 -2] true "a"`, `0 answer -3 [-1] false "b"`, `0 finish stop`},
		},
		{
			name: "a blocked prompt", as: Gemini,
			input: sse(`{"promptFeedback":{"blockReason":"SAFETY"}}`), want: []string{`0 finish content_filter`},
		},
		{
			name: "a filter in mid-stream", as: Gemini,
			input: sse(`{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"FINISH_REASON_UNSPECIFIED"}]}`, `{"candidates":[{"finishReason":"SAFETY","safetyRatings":[]}]}`),
			want:  []string{`0 answer a`, `0 finish content_filter`},
		},
		{
			name: "a function call, two candidates", as: Gemini,
			input: sse(`{"candidates":[{"index":1,"content":{"parts":[{"functionCall":{"name":"f","args":{"text":"x"}}}]},"finishReason":"STOP"},{"index":0,"content":{"parts":[{"text":"a"}]},"finishReason":"MAX_TOKENS"}]}`),
			want:  []string{`1 answer tool ""`, `1 finish stop`, `0 answer a`, `0 finish length`},
		},
		{
			name: "an array instead of events, pretty-printed", as: Gemini,
			input: "[{\n  \"candidates\": [\n    {\"content\": {\"parts\": [{\"text\": \"a\"}]}}\n  ]\n}\n,\r\n{\n  \"candidates\": [\n    {\"content\": {\"parts\": [{\"text\": \"b\"}]},\"finishReason\": \"STOP\"}\n  ]\n}\n]\n",
			want:  []string{`0 answer ab`, `0 finish stop`},
		},
		{
			name: "an error", as: Auto,
			input: `[{"error":{"code":429,"message":"Resource exhausted","status":"RESOURCE_EXHAUSTED"}}]`,
			want:  []string{faultAt(ProviderError, 1, "Resource exhausted"), `0 finish failed`},
		},
	})
}

func TestOllama(t *testing.T) {
	checkFixtures(t, []fixture{
		{
			name: "chat", as: Ollama,
			input: lines(`{"model":"m","message":{"role":"assistant","content":"","thinking":"hm"},"done":false}`,
				`{"model":"m","message":{"role":"assistant","content":"Hi"},"done":false}`,
				`{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"length","prompt_eval_count":4,"eval_count":5}`),
			want: []string{`0 reasoning hm`, `0 answer Hi`, `0 finish length`, `usage 4 5 -1`},
		},
		{
			name: "thinking behind the response it came with", as: Ollama,
			input: lines(`{"response":"Hi","thinking":"hm","done":false}`, `{"response":"","done":true}`),
			want:  []string{`0 reasoning hm`, `0 answer Hi`, `0 finish stop`},
		},
		{
			name: "generate, with log-probabilities", as: Ollama,
			input: lines(`{"response":"Hi","done":false,"logprobs":[{"token":"Hi","logprob":-1,"bytes":[72,105],"top_logprobs":[{"token":"Hi","logprob":-1}]}]}`,
				`{"response":"","thinking":"","done":true}`),
			want: []string{`0 answer -1 [-1] true "Hi"`, `0 finish stop`},
		},
		{
			name: "a tool call", as: Ollama,
			input: lines(`{"message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{"content":"x"}}}]},"done":false}`, `{"message":{"content":""},"done":true}`),
			want:  []string{`0 answer tool ""`, `0 finish stop`},
		},
		{
			name: "an error in mid-stream", as: Ollama,
			input: lines(`{"message":{"content":"Hi"},"done":false}`, `{"error":"model runner has unexpectedly stopped"}`),
			want:  []string{`0 answer Hi`, faultAt(ProviderError, len(lines(`{"message":{"content":"Hi"},"done":false}`)), "model runner has unexpectedly stopped"), `0 finish failed`},
		},
		{
			name: "cut off in an object", as: Ollama,
			input: `{"message":{"content":"Hi"},"done":false}` + "\n" + `{"message":{"cont`,
			want:  []string{`0 answer Hi`, faultAt(InvalidJSON, 59, "the end of the string"), faultAt(Truncated, 59, "the rest of an event")},
		},
		{
			name: "several tokens on a line, thinking and answer", as: Ollama,
			input: lines(`{"message":{"content":"b","thinking":"a"},"done":false,"logprobs":[{"token":"a","logprob":-1},{"token":"b","logprob":-2}]}`, `{"message":{"content":""},"done":true}`),
			want:  []string{`0 reasoning -1 "a"`, `0 answer -2 "b"`, `0 finish stop`},
		},
		{
			name: "the last line has no end", as: Ollama,
			input: `{"message":{"content":"Hi"},"done":false}` + "\n" + `{"message":{"content":"!"},"done":true}`,
			want:  []string{`0 answer Hi!`, `0 finish stop`},
		},
		{
			name: "pretty-printed, and broken ones skipped", as: Ollama,
			input: "{\n \"message\": {\n  \"content\": \"a\"\n },\n \"done\": false\n}\n" +
				"{\"message\":{\"content\":\"lost\n" +
				"{\"message\":{\"content\":\"b\"},\"done\":false}\n" +
				"{\"message\":{\"content\":\"lost\"},\n\"done\"\n" +
				"{\"message\":{\"content\":\"c\"},\"done\":true}\n",
			want: []string{`0 answer a`, faultAt(InvalidJSON, 54+27, "the end of the string"), `0 answer b`,
				faultAt(InvalidJSON, 161, "a colon"), `0 answer c`, `0 finish stop`},
		},
		{
			name: "lines that are no objects", as: Ollama,
			input: "{\"message\":{\"content\":\"a\"},\"done\":false}\nnull\n\"{\" 5 {}\n{\"message\":{\"content\":\"b\"},\"done\":true}",
			want: []string{`0 answer a`, faultAt(InvalidJSON, 41, "a JSON object"), faultAt(InvalidJSON, 46, "a JSON object"),
				`0 answer b`, `0 finish stop`},
		},
	})
}

// again returns an event with reasoning in n fields of the same name, after other text.
var again = map[string]func(n int) string{
	"Ollama": func(n int) string {
		return `{"message":{"content":"a"}` + strings.Repeat(`,"thinking":"x"`, n) + `,"done":true}`
	},
	"OpenAI": func(n int) string {
		return `{"choices":[{"delta":{"content":"a"}` + strings.Repeat(`,"delta":{"reasoning":"x"}`, n) + `,"finish_reason":"stop"}]}`
	},
}

// Reasoning is moved before the other text of its event only once, not once for each field.
func TestFieldsThatComeAgain(t *testing.T) {
	const n = 60_000
	for name, event := range again {
		if got, want := string(textOf(t, event(n))), "xa"+strings.Repeat("x", n-1); got != want {
			t.Errorf("%s: %.100q, want %.100q", name, got, want)
		}
	}
}

// BenchmarkFieldsThatComeAgain shows that the time for a field does not grow with the number of
// fields.
func BenchmarkFieldsThatComeAgain(b *testing.B) {
	for name, event := range again {
		for _, n := range []int{1_000, 10_000, 60_000} {
			b.Run(fmt.Sprint(name, "/", n), func(b *testing.B) {
				input := event(n)
				for b.Loop() {
					textOf(b, input)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/field")
			})
		}
	}
}

// textOf decodes one large event.
func textOf(t testing.TB, input string) (got texts) {
	d, err := New(Options{MaxEvent: 2 << 20})
	if err != nil {
		t.Fatal(err)
	}
	d.Write([]byte(input), &got)
	d.End(&got)
	return got
}

// texts returns the texts of all tokens.
type texts []byte

func (t *texts) Token(token *Token) { *t = append(*t, token.Text...) }
func (t *texts) Finish(int, Reason) {}
func (t *texts) Fault(*Fault)       {}
func (t *texts) Usage(*Usage)       {}
func (t *texts) Said(*Said)         {}
func (t *texts) Frame(*Frame)       {}

func TestCohere(t *testing.T) {
	checkFixtures(t, []fixture{
		{
			name: "text, a plan, a tool call and log-probabilities", as: Cohere,
			input: sse(`{"type":"message-start","delta":{"message":{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}}`,
				`{"type":"tool-plan-delta","delta":{"message":{"tool_plan":"hm"}}}`,
				`{"type":"content-start","index":0,"delta":{"message":{"content":{"type":"text","text":""}}}}`,
				`{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"Hi"}}},"logprobs":{"text":"Hi","token_ids":[1],"logprobs":[-0.5]}}`,
				`{"type":"content-delta","index":0,"delta":{"message":{"content":{"thinking":"mm"}}}}`,
				`{"type":"tool-call-start","index":0,"delta":{"message":{"tool_calls":{"id":"c","function":{"name":"f","arguments":""}}}}}`,
				`{"type":"content-end","index":0}`,
				`{"type":"message-end","delta":{"finish_reason":"COMPLETE","usage":{"billed_units":{"input_tokens":3},"tokens":{"input_tokens":7.0,"output_tokens":8}}}}`),
			want: []string{`0 reasoning hm`, `0 answer -0.5 "Hi"`, `0 reasoning mm`, `0 answer tool ""`, `0 finish stop`, `usage 7 8 -1`},
		},
		{
			name: "a whole response", as: Cohere,
			input: `{"id":"r","finish_reason":"MAX_TOKENS","message":{"role":"assistant","content":[{"type":"text","text":"Hi"}]},"usage":{"tokens":{"input_tokens":7,"output_tokens":8}}}`,
			want:  []string{`0 answer Hi`, `0 finish length`, `usage 7 8 -1`},
		},
		{
			name: "log-probabilities of a whole response", as: Cohere,
			input: `{"id":"r","finish_reason":"COMPLETE","message":{"role":"assistant","content":[{"type":"text","text":"Hi there."}]},"logprobs":[` +
				`{"token_ids":[1],"text":"Hi","logprobs":[-0.5]},{"logprobs":[-1,-2],"token_ids":[2,3],"text":" there."},{"token_ids":[],"text":"","logprobs":[]}]}`,
			want: []string{`0 answer -0.5 "Hi"`, `0 answer -1 ""`, `0 answer -2 " there."`, `0 finish stop`},
		},
		{
			name: "a whole response with tool calls", as: Cohere,
			input: `{"id":"r","finish_reason":"TOOL_CALL","message":{"role":"assistant","tool_plan":"hm","tool_calls":[{"id":"c","function":{"name":"f"}}]}}`,
			want:  []string{`0 reasoning hm`, `0 answer tool ""`, `0 finish tool_calls`},
		},
		{
			name: "an error in words", as: Cohere, o: Options{Format: Cohere},
			input: `{"id":"r","message":"invalid api token"}`,
			want:  []string{faultAt(ProviderError, 0, "invalid api token"), `0 finish failed`},
		},
		{
			name: "an error at the end", as: Cohere,
			input: sse(`{"type":"content-delta","delta":{"message":{"content":{"text":"Hi"}}}}`, `{"type":"message-end","delta":{"error":"internal","finish_reason":"ERROR"}}`),
			want: []string{`0 answer Hi`, `0 finish failed`,
				faultAt(ProviderError, after(sse(`{"type":"content-delta","delta":{"message":{"content":{"text":"Hi"}}}}`)), "internal")},
		},
	})
}

func TestTGI(t *testing.T) {
	checkFixtures(t, []fixture{
		{
			name: "tokens, a special one, alternatives", as: TGI,
			input: "data:{\"index\":1,\"token\":{\"id\":5,\"text\":\"Hi\",\"logprob\":-0.5,\"special\":false},\"top_tokens\":[{\"id\":5,\"text\":\"Hi\",\"logprob\":-0.5,\"special\":false},{\"text\":\"Ho\",\"logprob\":-1}],\"generated_text\":null,\"details\":null}\n\n" +
				"data:{\"index\":2,\"token\":{\"id\":2,\"text\":\"</s>\",\"logprob\":-0.1,\"special\":true},\"generated_text\":\"Hi\",\"details\":{\"finish_reason\":\"eos_token\",\"generated_tokens\":2}}\n\n",
			want: []string{`0 answer -0.5 [-0.5 -1] true "Hi"`, `0 finish stop`, `usage -1 2 -1`},
		},
		{
			name: "an error", as: TGI,
			input: "data:{\"token\":{\"text\":\"Hi\",\"logprob\":-0.5}}\n\ndata:{\"error\":\"Request failed during generation\",\"error_type\":\"generation\"}\n\n",
			want:  []string{`0 answer -0.5 "Hi"`, faultAt(ProviderError, 50, "Request failed during generation"), `0 finish failed`},
		},
		{
			name: "a whole response", as: TGI,
			input: `[{"generated_text":"Hi","details":{"finish_reason":"length","generated_tokens":1,"tokens":[{"text":"Hi","logprob":-1}]}}]`,
			want:  []string{`0 answer -1 "Hi"`, `0 finish length`, `usage -1 1 -1`},
		},
	})
}

func TestLlamaCPP(t *testing.T) {
	checkFixtures(t, []fixture{
		{
			name: "log-probabilities, timings", as: LlamaCPP,
			input: sse(`{"index":0,"content":"Hi","tokens":[1],"stop":false,"completion_probabilities":[{"id":1,"token":"Hi","bytes":[72,105],"logprob":-0.5,"top_logprobs":[{"token":"Hi","logprob":-0.5},{"token":"Ho","logprob":-2}]}]}`,
				`{"index":0,"content":"","stop":true,"stop_type":"limit","tokens_predicted":1,"tokens_evaluated":4,"timings":{"predicted_n":1}}`),
			want: []string{`0 answer -0.5 [-0.5 -2] true "Hi"`, `0 finish length`, `usage 4 1 -1`},
		},
		{
			name: "probabilities, as older servers have them", as: LlamaCPP,
			input: sse(`{"content":"Hi","stop":false,"completion_probabilities":[{"content":"Hi","probs":[{"tok_str":"Ho","prob":0.5},{"tok_str":"Hi","prob":0.25},{"tok_str":"x","prob":0}]}]}`,
				`{"content":"","stop":true,"stopped_limit":false}`),
			want: []string{`0 answer -1.3862943611198906 [-0.6931471805599453 -1.3862943611198906] true "Hi"`, `0 finish stop`},
		},
		{
			name: "two prompts in one stream", as: LlamaCPP,
			input: sse(`{"index":0,"content":"a","stop":false}`, `{"index":1,"content":"b","stop":false}`,
				`{"index":1,"content":"","stop":true,"stop_type":"eos"}`, `{"index":0,"content":"c","stop":true,"stop_type":"eos"}`),
			want: []string{`0 answer a`, `1 answer b`, `1 finish stop`, `0 answer c`, `0 finish stop`},
		},
		{
			name: "an error", as: LlamaCPP,
			input: sse(`{"content":"a","stop":false}`) + "data: {\"error\":{\"code\":500,\"message\":\"slot lost\"}}\n\n",
			want:  []string{`0 answer a`, faultAt(ProviderError, after(sse(`{"content":"a","stop":false}`)), "slot lost"), `0 finish failed`},
		},
	})
}
