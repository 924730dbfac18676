package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/stream/fixture"
)

// positionsIn are the positions among the records that finece positions prints.
func positionsIn(t *testing.T, out string) (list []*record.Position) {
	t.Helper()
	for i, line := range linesOf(out) {
		r, err := record.Read([]byte(line))
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if _, ok := r.(*record.Start); ok != (i == 0) {
			t.Fatalf("line %d is %s", i+1, line)
		}
		if p, ok := r.(*record.Position); ok {
			list = append(list, p)
		}
	}
	return list
}

func kinds(list []*record.Position) string {
	var names []string
	for _, p := range list {
		names = append(names, p.Kinds.String())
	}
	return strings.Join(names, " ")
}

// TestOffsetsAreOfTheText compares positions with the text that finece text prints.
func TestOffsetsAreOfTheText(t *testing.T) {
	text := finece(t, "", "text", demoStream)
	text.wants(t, 0)
	list := positionsIn(t, finece(t, "", "positions", "--strategy", "paragraph+periodic", "--every", "20", demoStream).out)
	if len(list) < 10 {
		t.Fatalf("%d positions", len(list))
	}
	total := list[len(list)-1].Token
	for i, p := range list {
		if p.Index != i || p.Byte > int64(len(text.out)) || !utf8.ValidString(text.out[:p.Byte]) {
			t.Fatalf("position %d: %+v", i, p)
		}
		if units := len(utf16.Encode([]rune(text.out[:p.Byte]))); int64(units) != p.UTF16 {
			t.Errorf("position %d: utf16 %d, but there are %d code units before byte %d", i, p.UTF16, units, p.Byte)
		}
		if want := float64(p.Token) / float64(total); !(math.Abs(p.Ratio-want) <= 1e-12) {
			t.Errorf("position %d: ratio %v, want %v", i, p.Ratio, want)
		}
		if p.Kinds&position.Paragraph != 0 && !strings.HasPrefix(text.out[p.Byte:], "\n") && !strings.HasSuffix(text.out[:p.Byte], "\n") {
			t.Errorf("position %d: no paragraph ends at %q", i, text.out[max(p.Byte-10, 0):p.Byte])
		}
	}
	if last := list[len(list)-1]; last.Byte != int64(len(text.out)) {
		t.Errorf("the end is at byte %d of %d", last.Byte, len(text.out))
	}
}

// tokenEvent is an event of a chat completion with a token of probability p[0]
// and its alternatives.
func tokenEvent(token string, p ...float64) string {
	var top []string
	for i, p := range p {
		top = append(top, fmt.Sprintf(`{"token":%q,"logprob":%g}`, token+strings.Repeat("'", i), math.Log(p)))
	}
	return fmt.Sprintf(`data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":%q},"logprobs":{"content":[{"token":%q,"logprob":%g,"top_logprobs":[%s]}]},"finish_reason":null}]}`+"\n\n",
		token, token, math.Log(p[0]), strings.Join(top, ","))
}

const stopEvent = `data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n"

func TestEntropyPositions(t *testing.T) {
	in := tokenEvent("a", 0.99, 0.01) + tokenEvent("b", 0.5, 0.5) + tokenEvent("c", 0.9, 0.1) + tokenEvent("d", 0.5, 0.25, 0.25) + tokenEvent("e", 1) + stopEvent
	r := finece(t, in, "positions", "--entropy-threshold", "0.5", "--min-gap", "1", "-")
	r.wants(t, 0)
	list := positionsIn(t, r.out)
	if got := kinds(list); got != "question entropy entropy end" {
		t.Fatal(got)
	}
	for i, want := range []float64{math.Ln2, 1.5 * math.Ln2} {
		if p := list[i+1]; p.Token != int64(2*(i+1)) || !(math.Abs(p.Entropy.Lower-want) <= 1e-12) {
			t.Errorf("%+v, want the entropy %v at token %d", p, want, 2*(i+1))
		}
	}

	r = finece(t, "a text has no log-probabilities", "positions", "--strategy", "entropy", "-")
	r.wants(t, exit.Unavailable, "top_logprobs")
	if got := kinds(positionsIn(t, r.out)); got != "question end" {
		t.Errorf("%s, want those that there are", got)
	}
	finece(t, "one\n\ntwo", "positions", "--strategy", "entropy+paragraph", "-").wants(t, 0, "top_logprobs")
}

// TestRecordedStreams reads the fixtures, which were recorded from many servers or made by
// hand: the last position is at the end of the text, and faults are reported. For some of
// them it compares both engines. It also reads others' recordings, if they are there.
func TestRecordedStreams(t *testing.T) {
	folder := t.TempDir()
	number := 0
	// These differ from the fixture. llama.cpp lists one token for each character while its
	// usage counts more, which is a fault, but not of the format. And the commands read
	// larger events than a session does by default.
	others := map[string]bool{
		"llama.cpp-chat-unicode.sse": true, "litellm-chat-unicode.sse": true, "litellm-vllm-unicode.sse": true, "faults-event-too-large.sse": false,
	}
	for _, fx := range fixture.All() {
		path := filepath.Join(folder, strings.ReplaceAll(fx.Name, "/", "-"))
		faulty, ok := others[filepath.Base(path)]
		if !ok {
			faulty = len(fx.Want.Faults) > 0
		}
		if err := os.WriteFile(path, fx.Data, 0o600); err != nil {
			t.Fatal(err)
		}
		checkRecorded(t, path, faulty, number%7 == 0)
		number++
	}
	if number < 50 {
		t.Errorf("%d fixtures", number)
	}
	entries, err := os.ReadDir(streams)
	if err != nil {
		t.Logf("not run: the extra corpus is not here: %v", err)
	}
	faulty := []string{
		"openai-chat-invalid-json-midstream.sse", "openai-responses-error.chunks.jsonl", "vertex-invalid-json.sse", "vertex-quotes-escaped.sse",
	}
	for i, e := range entries {
		if filepath.Ext(e.Name()) != ".md" {
			checkRecorded(t, filepath.Join(streams, e.Name()), slices.Contains(faulty, e.Name()), i%7 == 0)
		}
	}
}

// checkRecorded reads one stream, which has faults if faulty; with compare, it also compares
// both engines.
func checkRecorded(t *testing.T, path string, faulty, compare bool) {
	name := filepath.Base(path)
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		want := 0
		if faulty {
			want = exit.Faults
		}
		r := finece(t, "", "positions", "--strategy", "line+periodic", "--engine", "native", path)
		if r.code != want || want != 0 && !strings.Contains(r.err, name+": ") {
			t.Errorf("exit code %d, want %d: %s", r.code, want, r.err)
		}
		if compare {
			if w := finece(t, "", "positions", "--strategy", "line+periodic", path); w != r {
				t.Errorf("wazero says\n%+v\nnative\n%+v", w, r)
			}
		}
		text := finece(t, "", "text", "--engine", "native", path)
		for _, p := range positionsIn(t, r.out) {
			if p.Kinds&position.End != 0 && p.Choice == 0 && p.Segment == position.Answer && p.Byte != int64(len(text.out)) {
				t.Errorf("the end is at byte %d, the text has %d", p.Byte, len(text.out))
			}
		}
		if !utf8.ValidString(text.out) {
			t.Error("the text is not UTF-8")
		}
	})
}

// TestTextIsWhatTheChunksSay decodes the demo's chunks another way.
func TestTextIsWhatTheChunksSay(t *testing.T) {
	stream, err := os.ReadFile(demoStream)
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for _, line := range linesOf(string(stream)) {
		payload, ok := strings.CutPrefix(line, "data: ")
		if !ok || payload == "[DONE]" {
			continue
		}
		var chunk struct {
			Choices []struct{ Delta struct{ Content string } }
		}
		if err := json.Unmarshal([]byte(payload), &chunk); err != nil {
			t.Fatal(err)
		}
		for _, c := range chunk.Choices {
			want.WriteString(c.Delta.Content)
		}
	}
	r := finece(t, "", "text", demoStream)
	r.wants(t, 0)
	if r.out != want.String() || len(r.out) < 500 {
		t.Errorf("%q\nwant %q", r.out, want.String())
	}
}
