package stream

import (
	"fmt"
	"strings"
	"testing"
)

const chatText = `{"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}`

// TestFraming has streams with different framings, and input that is not a stream of events.
// knownFormats is the detail of the fault for a stream in an unknown format.
const knownFormats = "one of openai-chat, openai-completions, openai-responses, anthropic, gemini, ollama, cohere, " +
	"tgi, llama.cpp, workers-ai, bedrock, cohere-v1, watsonx, dashscope, replicate, text"

func TestFraming(t *testing.T) {
	hi := []string{`0 answer Hi`, `0 finish stop`}
	text := func(s string) []string { return []string{`0 answer ` + s} }
	checkFixtures(t, []fixture{
		{name: "CRLF", as: OpenAIChat, input: "data: " + chatText + "\r\n\r\ndata: [DONE]\r\n\r\n", want: hi},
		{name: "lone CR", as: OpenAIChat, input: "data: " + chatText + "\r\rdata: [DONE]\r\r", want: hi},
		{name: "a byte order mark", as: OpenAIChat, input: "\uFEFFdata: " + chatText + "\n\n", want: hi},
		{name: "no space behind the colon", as: OpenAIChat, input: "data:" + chatText + "\n\ndata:[DONE]\n\n", want: hi},
		{name: "event, id and retry", as: OpenAIChat, input: "retry: 5\nid: 1\nevent: x\ndata: " + chatText + "\n\n", want: hi},
		{name: "a payload on several lines", as: OpenAIChat, input: "data: {\"choices\":[{\"index\":0,\ndata: \"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}\n\n", want: hi},
		{name: "a comment to fill a proxy's buffer", as: OpenAIChat, input: ":" + strings.Repeat(" ", 2048) + "\n\ndata: " + chatText + "\n\n", want: hi},
		{name: "such a comment behind a byte order mark", as: OpenAIChat, input: "\uFEFF:" + strings.Repeat(" ", 2048) + "\n\ndata: " + chatText + "\n\n", want: hi},
		{name: "text that begins as a comment does", as: Text, input: ": so", want: text(": so")},
		{name: "blank lines first", as: OpenAIChat, input: "\n\r\n\ndata: " + chatText + "\n\n", want: hi},
		{name: "an empty payload first", as: OpenAIChat, input: "data:\n\ndata: " + chatText + "\n\n", want: hi},
		{name: "a space before the first field, whose event is lost", as: OpenAIChat, input: " data: " + chatText + "\n\ndata: " + chatText + "\n\n", want: hi},
		{name: "NDJSON", as: OpenAIChat, input: chatText + "\r\n", want: hi},
		{name: "NDJSON with a byte order mark", as: OpenAIChat, input: "\uFEFF" + chatText + "\n{", want: append(hi[:2:2], faultAt(InvalidJSON, 3+len(chatText)+2, "a key"))},
		{name: "NDJSON with an end marker", as: OpenAIChat, input: chatText + "\n[DONE]\n" + chatText, want: hi},
		{name: "an array", as: OpenAIChat, input: " [ " + chatText + " , {\"choices\":[]} ] ", want: hi},
		{name: "only the end marker", as: Auto, input: "data: [DONE]\n\n"},
		{name: "nothing", as: Auto, input: "", want: []string{faultAt(Truncated, 0, "the stream's end marker")}},
		{name: "comments and nothing else", as: Auto, input: ": ping\n\n: ping\n\n", want: []string{faultAt(Truncated, 16, "the stream's end marker")}},
		{
			name: "an HTML page", as: Auto, input: "\n<!DOCTYPE html>\n<html><body>502 Bad Gateway: data: {}</body></html>",
			want: []string{faultAt(NotAStream, 0, "a stream of events, not a document")},
		},
		{
			name: "an XML error", as: Auto, input: "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>",
			want: []string{faultAt(NotAStream, 0, "a stream of events, not a document")},
		},
		{
			name: "a page where a format was given", as: OpenAIChat, o: Options{Format: OpenAIChat}, input: "<html>",
			want: []string{faultAt(NotAStream, 0, "a stream of events, not a document")},
		},
		{
			name: "a JSON error", as: Auto, input: `{"error":{"message":"Incorrect API key","type":"invalid_request_error"}}`,
			want: []string{faultAt(ProviderError, 0, "Incorrect API key"), `0 finish failed`},
		},
		{
			name: "a JSON error in other words", as: Auto, input: `{"detail":"Not Found"}`,
			want: []string{faultAt(ProviderError, 0, "Not Found"), `0 finish failed`},
		},
		{
			name: "an error event and nothing else", as: Auto, input: "event: error\ndata: Internal Server Error\n\n",
			want: []string{faultAt(ProviderError, 19, "Internal Server Error"), `0 finish failed`},
		},
		{
			name: "JSON of no known format", as: Auto, input: sse(`{"this":1}`, `{"that":2}`),
			want: []string{faultAt(UnknownFormat, 6, knownFormats)},
		},
		{
			name: "unknown events before known ones", as: OpenAIChat, input: sse(`{"hello":1}`, `{"hello":2}`, chatText),
			want: append([]string{faultAt(UnknownFormat, 6, knownFormats)}, hi...),
		},
		{
			name: "nothing but broken JSON", as: Auto, input: sse(`{"id":}`),
			want: []string{faultAt(InvalidJSON, 12, "a value"), faultAt(UnknownFormat, 15, knownFormats)},
		},
		{
			name: "broken JSON in mid-stream", as: OpenAIChat, input: sse(`{"id":}`, chatText, `{"id":}]}`, doneMarker),
			want: []string{faultAt(InvalidJSON, 12, "a value"), `0 answer Hi`, `0 finish stop`,
				faultAt(InvalidJSON, after(sse(`{"id":}`, chatText))+6, "a value")},
		},
		{
			name: "two values in one event", as: OpenAIChat, input: sse(chatText+chatText, chatText),
			want: append([]string{faultAt(InvalidJSON, 6+len(chatText), "the end of the input")}, hi...),
		},
		{
			name: "text", as: Text, input: "The answer is 42.\n\nSo it is é😀.", want: text("The answer is 42.\n\nSo it is é😀."),
		},
		{name: "text with a byte order mark", as: Text, input: "\uFEFFHello", want: text("Hello")},
		{name: "text that begins as JSON does", as: Text, input: "{x} [1] data", want: text("{x} [1] data")},
		{name: "text that begins as an array does", as: Text, input: "[1] a source", want: text("[1] a source")},
		{name: "text that begins as a field does", as: Text, input: "data: so it is called", want: text("data: so it is called")},
		{name: "text that is a field's name", as: Text, input: "data", want: text("data")},
		{name: "text that begins as a document does", as: Text, input: "<think>hm</think>", want: text("<think>hm</think>")},
		{name: "text of white space", as: Text, input: " \n ", want: text(" \n ")},
		{name: "text over the length that decides", as: Text, input: strings.Repeat(" ", 2*maxHead) + "x", want: text(strings.Repeat(" ", 2*maxHead) + "x")},
		{name: "text that was said to be", as: Text, o: Options{Format: Text}, input: `data: {"choices":[]}`, want: text(`data: {"choices":[]}`)},
		{name: "text that was said to be, empty", as: Text, o: Options{Format: Text}, input: ""},
		{name: "text that was said to be, a part of a mark", as: Text, o: Options{Format: Text}, input: "\xEF\xBB", want: []string{faultAt(InvalidUTF8, 0, "UTF-8"), "0 answer \uFFFD"}},
		{
			name: "text that is no UTF-8", as: Text, input: "ab\xE2\x82c\xFF\xF0\x9F\x98",
			want: []string{`0 answer ab`, faultAt(InvalidUTF8, 2, "UTF-8"), "0 answer \uFFFDc\uFFFD\uFFFD"},
		},
		{
			name: "text that ends within a character", as: Text, input: "\uFEFFab\xE2\x82",
			want: []string{`0 answer ab`, faultAt(InvalidUTF8, 5, "UTF-8"), "0 answer \uFFFD"},
		},
		{
			name: "a format that was given, where there is text", as: Ollama, o: Options{Format: Ollama}, input: "upstream error\n",
			want: []string{faultAt(Truncated, 15, "the stream's end marker")},
		},
	})
}

// big is a chunk of a payload of n bytes.
func big(n int) string {
	const frame = `{"choices":[{"index":0,"delta":{"content":""}}]}`
	return strings.Replace(frame, `""`, `"`+strings.Repeat("x", n-len(frame))+`"`, 1)
}

func TestLimitOnEvents(t *testing.T) {
	const limit = 1024
	o := Options{MaxEvent: limit}
	kept := `0 answer ` + strings.Repeat("x", limit-48)
	long := func(offset int) string { return faultAt(EventTooLarge, offset, "a shorter event") }
	checkFixtures(t, []fixture{
		{name: "as long as the limit", o: o, as: OpenAIChat, input: sse(big(limit), doneMarker), want: []string{kept}},
		{
			name: "one byte over", o: o, as: OpenAIChat, input: sse(big(limit), big(limit+1), chatText),
			want: []string{kept, long(after(sse(big(limit)))), `0 answer Hi`, `0 finish stop`},
		},
		{
			name: "far over, and the end is missing", o: o, as: OpenAIChat, input: sse(chatText) + "data: " + big(1<<20),
			want: []string{`0 answer Hi`, `0 finish stop`, long(after(sse(chatText)))},
		},
		{
			name: "nothing but one", o: o, as: Auto, input: sse(big(1 << 16)),
			want: []string{long(6), faultAt(UnknownFormat, 6+1<<16+2, knownFormats)},
		},
		{
			name: "NDJSON", o: o, as: OpenAIChat, input: lines(big(limit), big(limit+1), chatText),
			want: []string{kept, long(limit + 1), `0 answer Hi`, `0 finish stop`},
		},
		{
			name: "NDJSON without an end", o: o, as: OpenAIChat, input: lines(chatText) + big(1 << 20)[:1<<19],
			want: []string{`0 answer Hi`, `0 finish stop`, long(len(chatText) + 1)},
		},
	})
}

// TestLimitOnWhatAnEventHolds has events with many small parts. Each part takes more memory than
// its JSON.
func TestLimitOnWhatAnEventHolds(t *testing.T) {
	const limit = 300 << 10
	fill := func(before, each, behind string) string {
		n := (limit - len(before) - len(behind)) / (len(each) + 1)
		return before + strings.Repeat(each+",", n-1) + each + behind
	}
	for name, payload := range map[string]string{
		"tokens":       fill(`{"choices":[{"index":0,"logprobs":{"token_logprobs":[`, `0`, `]}}]}`),
		"token lists":  fill(`{"choices":[{"index":0,"logprobs":{"content":[`, `0`, `]}}]}`),
		"alternatives": fill(`{"choices":[{"index":0,"logprobs":{"top_logprobs":[{`, `"":0`, `}]}}]}`),
		"choices":      fill(`{"object":"chat","choices":[`, `{}`, `]}`),
		"parts":        fill(`{"choices":[{"index":0,"delta":{"content":[`, `{"text":"x"}`, `]}}]}`),
		"mixed parts":  fill(`{"choices":[{"index":0,"delta":{"content":[`, `{"text":"x"},{"thinking":"y"}`, `]}}]}`),
	} {
		t.Run(name, func(t *testing.T) {
			for _, input := range []string{sse(payload, chatText, doneMarker), lines(payload, chatText)} {
				d, err := New(Options{MaxEvent: limit, Format: OpenAIChat})
				if err != nil {
					t.Fatal(err)
				}
				r := newRecorder(t)
				run(d, r, []byte(input), every(1000))
				if n := footprint(d); n > memoryBound(limit) {
					t.Errorf("the decoder has %d bytes, over %d", n, memoryBound(limit))
				}
				if got := r.answer(0); !strings.HasSuffix(got, "Hi") {
					t.Errorf("what follows is lost: %d bytes of text, faults %v", len(got), r.codes())
				}
			}
		})
	}
}

func TestALargeWriteIsNotKept(t *testing.T) {
	for _, input := range []string{
		strings.Repeat(sse(`{"choices":[{"index":0,"delta":{"content":"x"}}]}`), 1<<15), strings.Repeat("text ", 1<<18),
		strings.Repeat(lines(`{"message":{"content":"x"},"done":false}`), 1<<15), strings.Repeat(" ", 1<<20),
	} {
		d, err := New(Options{MaxEvent: 1024})
		if err != nil {
			t.Fatal(err)
		}
		run(d, newRecorder(t), []byte(input), whole)
		if n := footprint(d); n > memoryBound(1024) {
			t.Errorf("%.20q...: the decoder has %d bytes, over %d", input, n, memoryBound(1024))
		}
	}
}

func TestDeepJSONIsAFault(t *testing.T) {
	for _, depth := range []int{100, 511, 513, 50000} {
		payload := `{"choices":[{"index":0,"delta":{"content":"Hi"},"x":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + `}]}`
		for _, input := range []string{sse(payload, chatText), lines(payload, chatText)} {
			r := checkCuts(t, Options{}, []byte(input))
			if got := r.answer(0); got != "HiHi" && (got != "Hi" || len(r.faults) != 1 || r.faults[0].Code != InvalidJSON) {
				t.Errorf("depth %d: %q, faults %v", depth, got, r.codes())
			} else if (got == "HiHi") != (depth < 510) {
				t.Errorf("depth %d: read as %q", depth, got)
			}
		}
	}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{}, ""},
		{Options{MaxEvent: 64, MaxChoices: 128, Format: Text}, ""},
		{Options{MaxEvent: 63}, "MaxEvent"},
		{Options{MaxEvent: -1}, "MaxEvent"},
		{Options{MaxChoices: 129}, "MaxChoices"},
		{Options{MaxChoices: -1}, "MaxChoices"},
		{Options{Format: Text + 1}, "Format"},
	} {
		if _, err := New(c.o); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want one about %q", c.o, err, c.want)
		}
	}
}

func TestFormatNames(t *testing.T) {
	for f := Auto; f <= Text; f++ {
		if got, err := ParseFormat(f.String()); err != nil || got != f {
			t.Errorf("%s is read as %s, %v", f, got, err)
		}
	}
	if _, err := ParseFormat("openai"); err == nil || !strings.Contains(err.Error(), "openai-chat") {
		t.Errorf("the error %v does not name the formats", err)
	}
}

// TestResetForgets gives a decoder streams of several formats in turn.
func TestResetForgets(t *testing.T) {
	d, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, input := range []string{
		sse(`{"choices":[{"index":3,"delta":{"content":"x`), "text \xE2", sse(chatText, doneMarker), lines(chatText) + "{", "data: {", "",
		sse(`{"type":"response.output_text.delta","delta":"Hi"}`), sse(`{"error":"x"}`), sse(`{"type":"response.output_text.done","text":"Hi"}`),
		"id: 7\nevent: error\ndata: {\"message\":\"x\"}", "<html>",
	} {
		for range 2 {
			got := newRecorder(t)
			got.merge = true
			run(d, got, []byte(input), every(5))
			d.Reset()
			want := decode(t, Options{}, []byte(input), every(5))
			if g, w := fmt.Sprint(got.calls), fmt.Sprint(want.calls); g != w {
				t.Errorf("stream %d after others:\n%s\nwant\n%s", i, g, w)
			}
		}
	}
}
