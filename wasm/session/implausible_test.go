package session

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/stream/fixture"
)

// speculative returns a stream of n tokens in the form of llama.cpp with a draft model: each
// log-probability is 0, and no alternative is listed.
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

// drawnTokens returns a stream with one token for each log-probability, which are in JSON.
func drawnTokens(logprobs ...string) string {
	var b strings.Builder
	for i, lp := range logprobs {
		text := quote(fmt.Sprint(" ", i))
		fmt.Fprintf(&b, `data: {"choices":[{"index":0,"delta":{"content":%s},"logprobs":{"content":[{"token":%s,"logprob":%s}]}}]}`+"\n\n", text, text, lp)
	}
	return b.String()
}

func TestTooManyImplausibleLogprobsAreNoConfidence(t *testing.T) {
	fill := func(n int, of string, every int, other string) []string {
		list := slices.Repeat([]string{other}, n)
		for i := 0; i < n; i += every {
			list[i] = of
		}
		return list
	}
	for _, c := range []struct {
		name     string
		logprobs []string
		limit    float64
		want     Reason
	}{
		{"a third at -120", fill(30, "-120", 3, "-0.01"), 0.2, ImplausibleLogprobs},
		{"all at -120", fill(30, "-120", 1, ""), 0.2, ImplausibleLogprobs},
		{"a third at 3.5", fill(30, "3.5", 3, "-0.1"), 0.2, ImplausibleLogprobs},
		{"a third undisclosed", fill(30, "-9999", 3, "-0.01"), 0.2, NoLogprobs},
		{"a third null", fill(30, "null", 3, "-0.01"), 0.2, NoLogprobs},
		{"a fifth at -120", fill(30, "-120", 5, "-0.01"), 0.2, NoReason},
		{"a fifth at -120, and none may be", fill(30, "-120", 5, "-0.01"), 0, ImplausibleLogprobs},
		{"a third at -120, and all may be", fill(30, "-120", 3, "-0.01"), 1, NoReason},
		{"slightly over 0", fill(30, "0.0009", 3, "-0.01"), 0.2, NoReason},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := DefaultConfig()
			config.MaxMissing = c.limit
			r := scoreCuts(t, config, drawnTokens(c.logprobs...)+finish(0, "stop")+doneMarker)
			if end := r.endOf(0); end.Reason != c.want || (end.State == Final) != (c.want == NoReason) {
				t.Errorf("p(z) is %s %v: %q, want %q", end.State, end.Raw, end.Reason, c.want)
			}
		})
	}
}

// The share is computed over the tokens that the estimate reads: the tokens of the position's
// segment before the position.
func TestOnlyTheTokensBeforeAPositionCount(t *testing.T) {
	config := DefaultConfig()
	config.Positions.Strategy, config.Positions.Every = position.Periodic, 5
	list := slices.Concat(slices.Repeat([]string{"-0.1"}, 5), slices.Repeat([]string{"-120"}, 5), slices.Repeat([]string{"-0.1"}, 40))
	r := scoreCuts(t, config, chunk(0, "reasoning_content", "Hm", token{text: "Hm", logprob: -500})+drawnTokens(list...)+finish(0, "stop")+doneMarker)
	var got []Reason
	for _, e := range r.last(0) {
		got = append(got, e.Reason)
	}
	i := ImplausibleLogprobs
	want := []Reason{NoText, NoReason, i, i, i, NoReason, NoReason, NoReason, NoReason, NoReason, NoReason}
	if !slices.Equal(got, want) {
		t.Errorf("reasons %v, want %v", got, want)
	}
}

// If a character takes several tokens, llama.cpp lists only the last one: 15 entries for 33
// tokens here.
func TestACharactersUnlistedTokensAreMissing(t *testing.T) {
	i := slices.IndexFunc(fixture.All(), func(f fixture.Fixture) bool { return f.Name == "llama.cpp/chat-unicode.sse" })
	recorded := string(fixture.All()[i].Data)
	config := DefaultConfig()
	config.Positions.Strategy, config.Positions.Every = position.Periodic, 5
	r := scoreCuts(t, config, recorded)
	for _, e := range r.last(0)[1:] {
		if e.State != Unavailable || e.Reason != NoLogprobs {
			t.Errorf("position %d is %s %v: %q", e.Position.Index, e.State, e.Raw, e.Reason)
		}
	}

	// Without alternatives, only usage shows that. Three positions are final by then.
	plain := regexp.MustCompile(`"top_logprobs":\[.*?\]\}\]`).ReplaceAllString(recorded, `"top_logprobs":[]}]`)
	r = scoreCuts(t, config, plain)
	last := r.last(0)
	for _, e := range last[1 : len(last)-1] {
		if e.State != Final {
			t.Errorf("position %d is %s: %q", e.Position.Index, e.State, e.Reason)
		}
	}
	if end := r.endOf(0); end.State != Unavailable || end.Reason != NoLogprobs {
		t.Errorf("p(z) is %s %v: %q", end.State, end.Raw, end.Reason)
	}
	faults := r.of(Fault, 0)
	if len(faults) != 1 || FaultName(faults[0].Fault.Code) != "unlisted-tokens" ||
		string(faults[0].Fault.Detail) != "usage counts 33 tokens, and 15 came with a log-probability" {
		t.Errorf("faults %v", faults)
	}
}

func TestUsageIsComparedWithWhatWasListed(t *testing.T) {
	usage := func(completion, reasoning int) string {
		return fmt.Sprintf(`data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":%d,"completion_tokens_details":{"reasoning_tokens":%d}}}`+"\n\n", completion, reasoning)
	}
	ten := drawnTokens(slices.Repeat([]string{"-0.1"}, 10)...) + finish(0, "stop")
	for _, c := range []struct {
		name, input string
		lacking     bool
	}{
		{"the same", ten + usage(10, 0), false},
		{"an end token", ten + usage(11, 0), false},
		{"some special tokens", ten + usage(18, 0), false},
		{"twice as many", ten + usage(20, 0), true},
		{"hidden reasoning", ten + usage(510, 500), false},
		{"fewer", ten + usage(3, 0), false},
		{"two choices", ten + content(1, "a", -1) + finish(1, "stop") + usage(13, 0), false},
		{"text without log-probabilities", ten + chunk(0, "content", " and more") + usage(40, 0), false},
		{"unknown", ten, false},
	} {
		r := scoreCuts(t, DefaultConfig(), c.input+doneMarker)
		if got := slices.Contains(r.faults(), FaultUnlisted); got != c.lacking {
			t.Errorf("%s: reported %v, want %v", c.name, got, c.lacking)
		}
	}
}
