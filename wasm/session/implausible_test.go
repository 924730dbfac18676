package session

import (
	"fmt"
	"strings"
	"testing"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/estimate"
)

// speculative is a stream of n tokens as llama.cpp sends it with a draft model:
// each log-probability is 0 and no alternative is listed.
func speculative(field string, n int) string {
	var b strings.Builder
	for i := range n {
		text := fmt.Sprint(" ", i)
		b.WriteString(chunk(0, field, text, token{text: text}))
	}
	return b.String()
}

func TestLogprobsThatAreAllZeroAreNoConfidence(t *testing.T) {
	sure := token{text: "So", top: []float64{0, -17.5}}
	for _, c := range []struct {
		name, input string
		want        Reason
	}{
		{"seven tokens", speculative("content", 7), NoReason},
		{"eight tokens", speculative("content", 8), ImplausibleLogprobs},
		{"a hundred tokens", speculative("content", 100), ImplausibleLogprobs},
		{"with an alternative", speculative("content", 100) + chunk(0, "content", "So", sure), NoReason},
		{"with one real log-probability", content(0, "So", -0.25) + speculative("content", 100), NoReason},
		{"a short answer after real reasoning", chunk(0, "reasoning_content", "Hm", token{text: "Hm", logprob: -1}) + speculative("content", 20), NoReason},
		{"a short answer after reasoning of zeros", speculative("reasoning_content", 8) + speculative("content", 2), ImplausibleLogprobs},
		{"reasoning in tags", content(0, "<think>", 0) + speculative("content", 5) + content(0, "</think>", 0) + speculative("content", 1), ImplausibleLogprobs},
		{"text without log-probabilities", speculative("content", 8) + chunk(0, "content", "So"), NoLogprobs},
	} {
		t.Run(c.name, func(t *testing.T) {
			for method := range estimate.LECO + 1 {
				config := DefaultConfig()
				config.Method = method
				r := scoreCuts(t, config, c.input+finish(0, "stop")+doneMarker)
				if end := r.endOf(0); end.Reason != c.want || (end.State == Final) != (c.want == NoReason) {
					t.Errorf("%s: p(z) is %s: %q, want %q", method, end.State, end.Reason, c.want)
				}
			}
		})
	}
}

func TestEveryPositionOfImplausibleLogprobsIsUnavailable(t *testing.T) {
	config := DefaultConfig()
	config.Positions.Strategy, config.Positions.Every = position.Periodic, 10
	r := scoreCuts(t, config, speculative("content", 50)+finish(0, "stop")+doneMarker)
	last := r.last(0)
	if len(last) < 6 {
		t.Fatalf("%d positions only", len(last))
	}
	for _, e := range last[1:] {
		if e.State != Unavailable || e.Reason != ImplausibleLogprobs {
			t.Errorf("position %d is %s: %q", e.Position.Index, e.State, e.Reason)
		}
	}
}

// A confidence model does not read the stream's log-probabilities.
func TestAConfidenceModelJudgesImplausibleLogprobs(t *testing.T) {
	r := open(t, asking())
	r.write(speculative("content", 50) + finish(0, "stop") + doneMarker)
	r.end()
	for _, ask := range r.of(Ask, 0) {
		r.add(r.Resolve(ask.ID, reply("0.5")))
	}
	if end := r.endOf(0); end.State != Final {
		t.Errorf("p(z) is %s: %q", end.State, end.Reason)
	}
}
