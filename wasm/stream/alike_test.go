package stream

import (
	"fmt"
	"strings"
	"testing"
)

// TestChunksThatBeginAlike gives a decoder a chunk and then the same with one
// bit of its beginning changed, and compares with what that gives by itself.
func TestChunksThatBeginAlike(t *testing.T) {
	const (
		before = `{"id":"chatcmpl-0123456789","object":"chat.completion.chunk","created":1700000000,"model":"m","choices":[{"index":0,"delta":{`
		chunk  = before + `"content":"Hi"},"logprobs":null,"finish_reason":null}]}`
	)
	o := Options{Format: OpenAIChat}
	for at := range len(before) {
		for bit := range 7 {
			changed := []byte(chunk)
			changed[at] ^= 1 << bit
			if changed[at] == '\n' || changed[at] == '\r' {
				continue
			}
			d, err := New(o)
			if err != nil {
				t.Fatal(err)
			}
			both := newRecorder(t)
			run(d, both, []byte(sse(chunk, string(changed))), whole)
			alone := decode(t, o, []byte(sse(string(changed))), whole)
			if got, want := both.answer(0), "Hi"+alone.answer(0); got != want {
				t.Fatalf("byte %d, bit %d: %q, want %q: %s", at, bit, got, want, changed)
			}
			if got, want := both.faults, alone.faults; len(got) != len(want) {
				t.Fatalf("byte %d, bit %d: faults %v, want %v: %s", at, bit, both.codes(), alone.codes(), changed)
			}
		}
	}
}

// TestChunksThatEndAlike does so with the ending, of chunks with and without
// log-probabilities, and with endings that have something to say.
func TestChunksThatEndAlike(t *testing.T) {
	const (
		text   = `{"id":"chatcmpl-0123456789","choices":[{"index":0,"delta":{"content":"Hi"}`
		scored = text + `,"logprobs":{"content":[{"token":"Hi","logprob":-0.5,"bytes":[72,105],"top_logprobs":[{"token":"Hi","logprob":-0.5,"bytes":[72,105]}]}]`
	)
	for _, chunk := range []struct{ name, before, ending string }{
		{"text", text, `,"logprobs":null,"finish_reason":null}],"usage":null}`},
		{"log-probabilities", scored, `,"refusal":null},"finish_reason":null}],"usage":null}`},
		{"a finish", scored, `,"refusal":null},"finish_reason":"length"}],"usage":null}`},
		{"usage", scored, `,"refusal":null},"finish_reason":null}],"usage":{"prompt_tokens":7,"completion_tokens":5}}`},
		{"no error", scored, `,"refusal":null},"finish_reason":null}],"error":null}`},
		{"the index", scored, `,"refusal":null},"finish_reason":null,"index":1}],"usage":null}`},
		{"another choice", scored, `,"refusal":null},"finish_reason":null},{"index":1,"delta":{"content":"Ho"}}]}`},
		{"tokens of a refusal", scored, `,"refusal":[{"token":"No","logprob":-1}]},"finish_reason":null}],"usage":null}`},
	} {
		t.Run(chunk.name, func(t *testing.T) {
			for at := -1; at < len(chunk.ending); at++ {
				for bit := range 7 {
					changed := []byte(chunk.ending)
					if at >= 0 {
						if changed[at] ^= 1 << bit; changed[at] == '\n' || changed[at] == '\r' {
							continue
						}
					}
					first, second := chunk.before+chunk.ending, chunk.before+string(changed)
					both := callsOf(t, first, first, second)
					want := append(callsOf(t, first), callsOf(t, first)...)
					want = append(want, callsOf(t, second)...)
					if got, want := strings.Join(both, "\n"), strings.Join(want, "\n"); got != want {
						t.Fatalf("ending %s:\n%s\nwant\n%s", changed, got, want)
					}
				}
			}
		})
	}
}

// callsOf decodes chunks of a chat completion, and gives the calls but those
// that come once a stream.
func callsOf(t *testing.T, chunks ...string) (calls []string) {
	t.Helper()
	d, err := New(Options{Format: OpenAIChat})
	if err != nil {
		t.Fatal(err)
	}
	offset := 0
	for _, c := range chunks {
		r := newRecorder(t)
		d.Write([]byte(sse(c)), r)
		for _, call := range r.calls {
			if !strings.Contains(call, "finish") && !strings.Contains(call, "fault") {
				calls = append(calls, call)
			}
		}
		for _, f := range r.faults {
			calls = append(calls, fmt.Sprintf("%s at %d: %s", f.Code, int(f.Offset)-offset, f.Detail))
		}
		offset += len(sse(c))
		calls = append(calls, fmt.Sprint(d.reader.usage))
		for _, e := range d.reader.entries {
			calls = append(calls, fmt.Sprint(e.choice, e.finished, e.reason, e.tool))
		}
	}
	return calls
}
