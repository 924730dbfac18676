package stream

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	corpus "github.com/finece/finece/wasm/stream/fixture"
)

// decodeMemberByMember decodes without comparing chunks with earlier ones.
func decodeMemberByMember(t testing.TB, o Options, input []byte) *recorder {
	t.Helper()
	d, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	d.compareNone = true
	r := newRecorder(t)
	r.merge = true
	run(d, r, input, whole)
	if d.Format() == Text {
		r.pieces = nil
	}
	return r
}

func checkMemberByMember(t testing.TB, o Options, input []byte) {
	t.Helper()
	got, want := decode(t, o, input, whole), decodeMemberByMember(t, o, input)
	if !slices.Equal(got.calls, want.calls) || !slices.Equal(got.pieces, want.pieces) {
		t.Fatalf("%s\ngives\n%s\n%q\nand member by member\n%s\n%q", input, strings.Join(got.calls, "\n"), got.pieces, strings.Join(want.calls, "\n"), want.pieces)
	}
}

// likeChunks makes streams of chunks. Most chunks are like the previous one. The others have
// another valid member or value in some place.
func likeChunks(seed uint64, n int) (streams []string) {
	pick := rand.New(rand.NewPCG(seed, 2))
	one := func(choices ...string) string { return choices[pick.IntN(len(choices))] }
	now := func(usual string, others ...string) string {
		if pick.IntN(12) > 0 {
			return usual
		}
		return one(others...)
	}
	text := func() string {
		return now(one(`" the"`, `"a"`, `"caf\u00e9"`, `"é"`, `"\n\n"`, `"2 "`), `""`, `null`, "\"\xff\"", `["x"]`, `[{"type":"text","text":"part"}]`, `3`, `"open`, `{"text":"x"}`)
	}
	token := func() string {
		return now(`{"token":`+one(`" the"`, `"a"`, `"é"`)+`,"logprob":`+one("-0.5", "-1.25", "0", "-9999.0")+`,"bytes":[97],"top_logprobs":[`+
			one("", `{"token":"a","logprob":-0.5,"bytes":[97]}`, `{"token":"a","logprob":-0.5,"bytes":[97]},{"token":"b","logprob":-2}`)+`]}`,
			`{}`, `{"token":"a","logprob":null}`, `3`, `{"logprob":`, `{"token":"a","logprob":-1,"x":`+strings.Repeat("[", 507)+strings.Repeat("]", 507)+`}`)
	}
	list := func() string {
		return now("["+token()+"]", "[]", "null", "["+token()+","+token()+"]", `"x"`)
	}
	for range n {
		padded, scored, reasons := pick.IntN(2) == 0, pick.IntN(4) > 0, pick.IntN(4) == 0
		var payloads []string
		for range 1 + pick.IntN(12) {
			content := `"content":` + text()
			if reasons {
				content = now(one(`"reasoning_content":`, `"reasoning":`)+text()+now("", `,"content":null`, `,"content":`+text(), `,"reasoning":"again"`), content, `"refusal":`+text())
			}
			delta := now(`"delta":{`+now("", `"role":"assistant",`)+content+now("", `,"tool_calls":[{"index":0}]`, `,"refusal":null`, `,"refusal":"no"`, `,"audio":{"transcript":"said"}`)+`}`,
				`"delta":{}`, `"message":{"content":"told"}`, `"text":`+text(), `"message":{"content":"told"},"delta":{"refusal":"no"}`)
			logprobs := `"logprobs":null`
			if scored {
				logprobs = `"logprobs":` + now(`{"content":`+list()+now("", `,"refusal":null`, `,"refusal":`+list())+`}`, list(), "null", `{"reasoning_content":`+list()+`}`)
			}
			members := []string{`"index":` + now("0", "1", "99", "null"), delta, logprobs, `"finish_reason":` + now("null", `"stop"`, `"length"`)}
			if pick.IntN(12) == 0 {
				pick.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
			}
			choice := "{" + strings.Join(members, ",") + "}"
			payload := `{"id":"1","object":` + now(`"chat.completion.chunk"`, `"error"`) + `,"choices":[` + now(choice, choice+","+choice, "") + `]` +
				now("", `,"usage":{"prompt_tokens":1}`, `,"usage":null`, `,"error":{"message":"x"}`, `,"message":"m"`)
			if padded {
				payload += `,"obfuscation":` + now(`"`+strings.Repeat("x", pick.IntN(9))+`"`, "null", `"\u0041"`, "\"\xff\"", `"open`)
			}
			payloads = append(payloads, payload+now("}", "", "} ", "}}"))
		}
		streams = append(streams, sse(append(payloads, doneMarker)...))
	}
	return streams
}

// TestAChunkThatIsLikeThePatternMeansTheSame decodes streams twice: with the comparison of chunks,
// and without it.
func TestAChunkThatIsLikeThePatternMeansTheSame(t *testing.T) {
	for _, f := range corpus.All() {
		checkMemberByMember(t, Options{}, f.Data)
	}
	for _, s := range likeChunks(1, 8_000) {
		checkMemberByMember(t, Options{Format: OpenAIChat}, []byte(s))
	}
}

// TestChunksAreAlike checks that ordinary chunks of several servers are like the pattern. If a
// change made all of them unlike, decoding would only become slower, and no other test fails.
func TestChunksAreAlike(t *testing.T) {
	for _, name := range []string{
		"openai/chat.sse", "openai/chat-no-logprobs.sse", "openai/chat-no-alternatives.sse", "azure/chat.sse", "deepseek/chat.sse",
		"deepseek/chat-reasoning-logprobs.sse", "groq/chat.sse", "llama.cpp/chat.sse", "llama-cpp-python/chat.sse", "vllm/chat.sse", "tgi/chat.sse",
		"litellm/chat.sse", "host-lm/chat.sse",
	} {
		d, err := New(Options{})
		if err != nil {
			t.Fatal(err)
		}
		data := corpus.Get(name).Data
		run(d, newRecorder(t), data, whole)
		if chunks := bytes.Count(data, []byte("data:")); d.reader.likes*2 < chunks {
			t.Errorf("%s: %d of %d chunks are like the one before", name, d.reader.likes, chunks)
		}
	}
}
