package session

import (
	"math"
	"strings"
	"testing"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/stream/fixture"
)

// unlisted lists the fixtures in which a character takes several tokens, and the server or a
// gateway in front of it left out some of them.
var unlisted = map[string]bool{"llama.cpp/chat-unicode.sse": true, "litellm/chat-unicode.sse": true, "litellm/vllm-unicode.sse": true}

// TestTheEndIsTheMeanOfTheFixture compares p(z) of each fixture, by the default method, with the
// geometric mean of the token probabilities that an independent reader found.
func TestTheEndIsTheMeanOfTheFixture(t *testing.T) {
	n := 0
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
			if !(math.Abs(got-want) <= 1e-9) { // NaN is wrong, too
				t.Errorf("%s: p(z) of choice %d is %v, want %v", f.Name, choice, got, want)
			}
		}
	}
	if n < 40 {
		t.Errorf("only %d choices were compared", n)
	}
}
