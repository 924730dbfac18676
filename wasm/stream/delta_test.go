package stream

import (
	"slices"
	"strings"
	"testing"
)

// TestADeltaAloneCounts has chunks with text outside the delta, in the shapes that the providers
// document. It puts the members of each choice in every order.
func TestADeltaAloneCounts(t *testing.T) {
	choice := func(members ...string) []string { return append([]string{`"index":0`}, members...) }
	for _, c := range []struct {
		name   string
		chunks [][]string // the members of each chunk's choice
		want   []string
	}{
		{
			"Together: the delta's text again in text",
			[][]string{
				choice(`"delta":{"token_id":39,"role":"assistant","content":"H","tool_calls":null}`, `"text":"H"`, `"logprobs":{"tokens":["H"],"token_logprobs":[-0.5]}`),
				choice(`"delta":{"token_id":78,"role":"assistant","content":"i","tool_calls":null}`, `"text":"i"`, `"logprobs":{"tokens":["i"],"token_logprobs":[-1]}`),
				choice(`"delta":{"token_id":2,"role":"assistant","content":"","tool_calls":null}`, `"text":""`, `"finish_reason":"stop"`),
			},
			[]string{`0 answer -0.5 "H"`, `0 answer -1 "i"`, `0 finish stop`},
		},
		{
			"Together: a reasoning model",
			[][]string{
				choice(`"delta":{"role":"assistant","reasoning":"Hm","content":""}`, `"text":""`),
				choice(`"delta":{"role":"assistant","content":"Hi"}`, `"text":"Hi"`, `"finish_reason":"length"`),
			},
			[]string{`0 reasoning Hm`, `0 answer Hi`, `0 finish length`},
		},
		{
			"Writer: the delta's text again in message",
			[][]string{
				choice(`"delta":{"role":"assistant","content":"H"}`, `"message":{"role":"assistant","content":"H","refusal":null,"tool_calls":null}`),
				choice(`"delta":{"role":"assistant","content":"i"}`, `"message":{"role":"assistant","content":"i","refusal":null,"tool_calls":null}`),
				choice(`"delta":{"role":"assistant","content":""}`, `"message":{"role":"assistant","content":"","refusal":null,"tool_calls":null}`, `"finish_reason":"stop"`),
			},
			[]string{`0 answer Hi`, `0 finish stop`},
		},
		{
			"Perplexity: all text so far in message",
			[][]string{
				choice(`"delta":{"role":"assistant","content":"H"}`, `"message":{"role":"assistant","content":"H"}`),
				choice(`"delta":{"role":"assistant","content":"i"}`, `"message":{"role":"assistant","content":"Hi"}`),
				choice(`"delta":{"role":"assistant","content":""}`, `"message":{"role":"assistant","content":"Hi"}`, `"finish_reason":"stop"`),
			},
			[]string{`0 answer Hi`, `0 finish stop`},
		},
		{
			"an empty delta beside text and message",
			[][]string{choice(`"delta":{}`, `"text":"Hi"`, `"message":{"content":"Hi","tool_calls":[{"index":0}]}`, `"finish_reason":"stop"`)},
			[]string{`0 finish stop`},
		},
		{
			"a tool call in delta and message is one",
			[][]string{choice(`"delta":{"tool_calls":[{"index":0}]}`, `"message":{"tool_calls":[{"index":0}]}`, `"finish_reason":"tool_calls"`)},
			[]string{`0 answer tool ""`, `0 finish tool_calls`},
		},
		{
			"no delta but null, as in a response that is not streamed",
			[][]string{choice(`"delta":null`, `"message":{"role":"assistant","content":"Hi"}`, `"finish_reason":"stop"`)},
			[]string{`0 answer Hi`, `0 finish stop`},
		},
		{
			"a second choice without a delta",
			[][]string{
				choice(`"delta":{"content":"H"}`, `"text":"H"`, `"finish_reason":"stop"`),
				{`"index":1`, `"message":{"content":"i"}`, `"finish_reason":"stop"`},
			},
			[]string{`0 answer H`, `0 finish stop`, `1 answer i`, `1 finish stop`},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			for order := range permutations(len(c.chunks[0])) {
				var payloads, choices []string
				for _, members := range c.chunks {
					choice := "{" + strings.Join(permuted(members, order), ",") + "}"
					choices = append(choices, choice)
					payloads = append(payloads, `{"object":"chat.completion.chunk","choices":[`+choice+`]}`)
				}
				if r := checkCuts(t, Options{}, []byte(sse(append(payloads, doneMarker)...))); !slices.Equal(r.calls, c.want) {
					t.Errorf("%s\ncalls:\n%s\nwant:\n%s", payloads[0], strings.Join(r.calls, "\n"), strings.Join(c.want, "\n"))
				}
				if !strings.HasPrefix(c.name, "a second") {
					continue
				}
				chunk := `{"object":"chat.completion.chunk","choices":[` + strings.Join(choices, ",") + `]}`
				if r := checkCuts(t, Options{}, []byte(sse(chunk, doneMarker))); !slices.Equal(r.calls, c.want) {
					t.Errorf("%s\ncalls:\n%s\nwant:\n%s", chunk, strings.Join(r.calls, "\n"), strings.Join(c.want, "\n"))
				}
			}
		})
	}
}

// permutations is the number of orders of n members.
func permutations(n int) int {
	orders := 1
	for i := 2; i <= n; i++ {
		orders *= i
	}
	return orders
}

// permuted returns the members in the order of that number.
func permuted(members []string, order int) []string {
	rest := slices.Clone(members)
	var out []string
	for n := len(rest); n > 0; n-- {
		i := order % n
		order /= n
		out = append(out, rest[i])
		rest = slices.Delete(rest, i, i+1)
	}
	return out
}
