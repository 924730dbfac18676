package session

import (
	"maps"
	"math"
	"strings"
	"testing"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/stream/fixture"
)

// miscounted lists the fixtures whose log-probabilities the decoder takes wrongly today; package
// stream's test says why. The test fails when one of them becomes right; then remove it.
var miscounted = map[string]bool{
	"litellm/vllm-unicode.sse": true, "vllm/chat.sse": true, "vllm/chat-unicode.sse": true,
	"tgi/generate-stream-special.sse": true, "tgi/generate.json": true,
}

// unlisted lists the fixtures whose server left out tokens of characters that take several.
var unlisted = map[string]bool{"llama.cpp/chat-unicode.sse": true, "litellm/chat-unicode.sse": true}

// TestTheEndIsTheMeanOfTheFixture compares p(z) of each fixture, by the default method, with the
// geometric mean of the token probabilities that an independent reader found.
func TestTheEndIsTheMeanOfTheFixture(t *testing.T) {
	n := 0
	marks := maps.Clone(miscounted)
	for _, f := range fixture.All() {
		if len(f.Want.Faults) > 0 {
			continue
		}
		for choice, c := range f.Want.Choices {
			plain := c.Reasoning == "" && c.Refusal == "" && !c.Tool && !strings.Contains(c.Answer, "<think>")
			if !plain || c.Logprobs == 0 || c.Logprobs != c.Tokens {
				continue
			}
			n++
			if unlisted[f.Name] {
				continue
			}
			want := math.Exp(c.Sum / float64(c.Logprobs))
			got, end := math.NaN(), -1
			for _, e := range score(t, DefaultConfig(), string(f.Data), whole).events {
				if e.Choice != choice {
					continue
				}
				if e.Kind == Positioned && e.Position.Kind&position.End != 0 {
					end = e.Position.Index
				}
				if e.Kind == Confidence && e.Position.Index == end {
					got = e.Raw
				}
			}
			right := math.Abs(got-want) <= 1e-9
			switch {
			case right && miscounted[f.Name]:
				t.Errorf("%s: p(z) is right now: remove it from miscounted", f.Name)
			case !right && !miscounted[f.Name]:
				t.Errorf("%s: p(z) of choice %d is %v, want %v", f.Name, choice, got, want)
			}
		}
		delete(marks, f.Name)
	}
	if n < 40 || len(marks) > 0 {
		t.Errorf("only %d choices were compared; not among the fixtures: %v", n, marks)
	}
}
