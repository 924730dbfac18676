package host_test

import (
	"bytes"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/wazero"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// A session's memory must not depend on how long its stream is.
func TestALongStreamNeedsNoMoreMemory(t *testing.T) {
	data, err := os.ReadFile(demo)
	if err != nil {
		t.Fatal(err)
	}
	data = bytes.TrimSuffix(data, []byte("data: [DONE]\n\n"))
	engine := newWazero(t)
	s, _, err := engine.Open(everything())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 300 { // 30 MB
		if _, err := s.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if size := wazero.MemorySize(s); size > 256<<10 {
		t.Errorf("the instance has %d KiB, want at most 256", size>>10)
	}
}

// Nor on what its events are. The core frees nothing, so that whatever an event
// allocates beside the buffers' growth stays.
func TestALongStreamOfAnyEventsNeedsNoMoreMemory(t *testing.T) {
	const text = `{"choices":[{"index":0,"delta":{"content":"Hi"}}]}`
	sse := func(payload string) string { return "data: " + payload + "\n\n" }
	engine := newWazero(t)
	for name, c := range map[string]struct{ first, again string }{
		"unknown":                {sse(text), sse(`{}`)},
		"of unknown format":      {"", sse(`{"a":1}`)},
		"invalid":                {sse(text), sse(`{"choices":[{`)},
		"too large":              {sse(text), sse(`{"a":"` + strings.Repeat("x", 2<<10) + `"}`)},
		"too many choices":       {sse(text), sse(`{"choices":[{"index":15,"delta":{"content":"a"}},{"index":99}]}`)},
		"invalid UTF-8":          {sse(text), sse("{\"choices\":[{\"delta\":{\"content\":\"\\ud800\xff\"}}]}")},
		"lines that are no JSON": {`{"response":"a","done":false}` + "\n", "nonsense\n"},
		"fields and lines":       {sse(text), ": c\nid: 1\nevent: x\nretry: 7\ndata: {\"choices\":\ndata: [{\"delta\":{\"content\":\"\\n\\nab\"}}]}\n\n"},
		"reasoning and refusals": {"", sse(`{"choices":[{"delta":{"content":"a","reasoning":[{"text":"b"},{"text":"c"}],"refusal":"d"}}]}`)},
		"in tags":                {sse(`{"choices":[{"delta":{"content":"<think>"}}]}`), sse(`{"choices":[{"delta":{"content":"a</thin</"}}]}`)},
		"tool calls, usage":      {"", sse(`{"choices":[{"delta":{"tool_calls":[{"function":{}}]}}],"usage":{"prompt_tokens":9,"total_tokens":12}}`)},
		"several tokens":         {"", sse(`{"choices":[{"text":" a b\n\n","logprobs":{"tokens":[" a"," b\n\n"],"token_logprobs":[-1,-2],"top_logprobs":[{" a":-1,"x":-3},null]}}]}`)},
		"Responses":              {"", sse(`{"type":"response.output_text.delta","delta":"a","logprobs":[{"token":"a","logprob":-1}]}`) + sse(`{"type":"response.in_progress","response":{"status":"in_progress","output":[{"content":[{"text":"a"}]}]}}`)},
		"Anthropic":              {"", sse(`{"type":"content_block_delta","delta":{"type":"text_delta","text":"a"}}`) + sse(`{"type":"ping"}`)},
		"Gemini":                 {"", sse(`{"candidates":[{"content":{"parts":[{"text":"a"},{"text":"z","thought":true}]},"logprobsResult":{"chosenCandidates":[{"token":"a","logProbability":-1}]}}],"usageMetadata":{}}`)},
		"Ollama":                 {"", `{"message":{"content":"a","thinking":"x"},"done":false}` + "\n"},
		"Cohere":                 {"", sse(`{"type":"content-delta","delta":{"message":{"content":{"text":"a"}}},"logprobs":{"text":"a","logprobs":[-1]}}`)},
		"TGI":                    {"", sse(`{"token":{"text":"a","logprob":-1},"top_tokens":[{"text":"a","logprob":-1}]}`)},
		"llama.cpp":              {"", sse(`{"content":"a","stop":false,"completion_probabilities":[{"content":"a","probs":[{"tok_str":"a","prob":0.5}]}]}`)},
		"plain text":             {"Hi", "wo\xffrld é, and so on, and so on\n\n"},
	} {
		config := everything()
		config.MaxEvent = 1 << 10
		s, _, err := engine.Open(config)
		if err != nil {
			t.Fatal(err)
		}
		block := []byte(strings.Repeat(c.again, 1+512/len(c.again)))
		_, err = s.Write([]byte(c.first))
		for written := 0; written < 3<<20 && err == nil; written += len(block) {
			_, err = s.Write(block)
		}
		if size := wazero.MemorySize(s); err != nil || size > 256<<10 {
			t.Errorf("%s: the instance has %d KiB, want at most 256, %v", name, size>>10, err)
		}
		s.Close()
	}
}

// Nor on how many requests the confidence model has had.
func TestManyRequestsNeedNoMoreMemory(t *testing.T) {
	config := everything()
	config.Question = strings.Repeat("Is 1 < 2 &amp; 2 & 3? ", 50)
	config.Estimator = session.Model
	s, _, err := newWazero(t).Open(config)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var body []byte
	for range 2000 {
		if body, err = s.Request(body[:0], 0); err != nil {
			t.Fatal(err)
		}
	}
	bad := []byte(`{"choices":[{"message":{"content":"` + strings.Repeat(`\u0001`, 100) + `"}}]}`)
	events, err := s.Resolve(0, bad)
	if err != nil {
		t.Fatal(err)
	}
	if events[0].Kind != session.Fault || len(events[0].Fault.Detail) != stream.MaxDetail {
		t.Errorf("%+v", events[0])
	}
	if size := wazero.MemorySize(s); size > 256<<10 {
		t.Errorf("the instance has %d KiB, want at most 256", size>>10)
	}
}

// Opening and closing must leave nothing behind.
func TestAHundredThousandSessionsLeaveMemoryFlat(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	data, err := os.ReadFile(demo)
	if err != nil {
		t.Fatal(err)
	}
	data = data[:8<<10]
	engine := newWazero(t)
	round := func(n int) {
		for range n {
			s, _, err := engine.Open(host.DefaultConfig())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Write(data); err != nil {
				t.Fatal(err)
			}
			if _, err := s.End(); err != nil {
				t.Fatal(err)
			}
			s.Close()
		}
	}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	round(1000)
	before := heap()
	round(99_000)
	if after := heap(); after > before+4<<20 {
		t.Errorf("the heap grew from %d to %d KiB", before>>10, after>>10)
	}
}

func TestATokenAllocatesNothingNatively(t *testing.T) {
	data, err := os.ReadFile(demo)
	if err != nil {
		t.Fatal(err)
	}
	data = bytes.TrimSuffix(data, []byte("data: [DONE]\n\n"))
	s, _, err := host.Native().Open(everything())
	if err != nil {
		t.Fatal(err)
	}
	s.Write(data)
	tokens := float64(bytes.Count(data, []byte("\n\n")))
	if n := testing.AllocsPerRun(20, func() { s.Write(data) }) / tokens; n > 0 {
		t.Errorf("%v allocations a token", n)
	}
}
