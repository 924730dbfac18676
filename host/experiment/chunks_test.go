package experiment

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/host/openai"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/stream"
)

// TestChunksCarryTheCompletion checks that the core reads the generator's text and tokens
// from the chunks.
func TestChunksCarryTheCompletion(t *testing.T) {
	tokens := func(texts ...string) (all []openai.Token) {
		for i, text := range texts {
			top := []openai.Alternative{{Text: text, Logprob: math.Log(0.5)}, {Text: "other", Logprob: math.Log(0.5)}}
			all = append(all, openai.Token{Text: text, Logprob: top[0].Logprob, Top: top})
			if i%3 == 2 {
				all[i].Logprob, all[i].Top = math.NaN(), nil
			}
		}
		return all
	}
	for name, c := range map[string]struct {
		completion openai.Completion
		tokens     int // 0: counted by an estimate
	}{
		"tokens":                    {openai.Completion{Text: "One.\n\nTwo \"2\".", Tokens: tokens("One", ".", "\n\n", "Two", " \"2\"", ".")}, 6},
		"characters in parts":       {openai.Completion{Text: "a😀é", Tokens: tokens("a", "\xf0\x9f", "\x98", "\x80\xc3", "\xa9")}, 5},
		"a token that ends it":      {openai.Completion{Text: "Hi", Tokens: tokens("Hi", "<|end|>")}, 2},
		"no tokens":                 {openai.Completion{Text: "One.\n\nTwo."}, 0},
		"cut off by a length limit": {openai.Completion{Text: "One", Finish: "length", Tokens: tokens("One")}, 1},
		"nothing":                   {openai.Completion{}, 0},
	} {
		data, err := chunks(&c.completion)
		if err != nil {
			t.Fatal(err)
		}
		config := (&strategy{Options: position.DefaultOptions()}).session("What?")
		config.Format = stream.OpenAIChat
		var text []byte
		var end *record.End
		f := follow.Follower{Engine: host.Native()}
		s, err := f.Open(t.Context(), config, follow.Handler{
			Text: func(_ int, _ position.Segment, p []byte) { text = append(text, p...) },
			Record: func(r record.Record) {
				switch r := r.(type) {
				case *record.End:
					end = r
				case *record.Fault:
					t.Errorf("%s: %s", name, r.AppendJSON(nil))
				}
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Copy(t.Context(), bytes.NewReader(data)); err != nil {
			t.Fatal(err)
		}
		finish := map[bool]string{true: "length", false: "stop"}[c.completion.Finish == "length"]
		if string(text) != c.completion.Text || c.tokens > 0 && end.Tokens != int64(c.tokens) || fmt.Sprint(end.Reason) != finish {
			t.Errorf("%s: text %q, %+v, want %q with %d tokens, %s", name, text, end, c.completion.Text, c.tokens, finish)
		}
		if end.Approximate != (c.tokens == 0 && c.completion.Text != "") {
			t.Errorf("%s: the count is approximate: %v", name, end.Approximate)
		}
	}
}
