package stream

import (
	"slices"
	"strings"
	"testing"
)

// TestFieldsBeforeTheTextCount has chunks with other fields before content. The first chunk of a
// stream has only the role. The next one needs more room in the reader, so it is read twice.
func TestFieldsBeforeTheTextCount(t *testing.T) {
	const role = `{"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant"}}]}`
	chunk := func(members string) string {
		return `{"object":"chat.completion.chunk","choices":[{"index":0,` + members + `}]}`
	}
	for _, c := range []struct {
		name, members string
		want          []string
	}{
		{"logprobs before delta", `"logprobs":{"content":[{"token":"Hi","logprob":-0.5}]},"delta":{"content":"Hi"}`, []string{`0 answer -0.5 "Hi"`}},
		{"logprobs with alternatives before delta", `"logprobs":{"content":[{"token":"Hi","logprob":-0.5,"bytes":[72,105],"top_logprobs":[{"token":"Hi","logprob":-0.5,"bytes":[72,105]},{"token":"Ho","logprob":-2,"bytes":[72,111]}]}]},"delta":{"content":"Hi"}`, []string{`0 answer -0.5 [-0.5 -2] true "Hi"`}},
		{"reasoning before content", `"delta":{"reasoning_content":"Hm","content":"Hi"}`, []string{`0 reasoning Hm`, `0 answer Hi`}},
		{"a refusal before content", `"delta":{"refusal":"No","content":"Hi"}`, []string{`0 refusal No`, `0 answer Hi`}},
		{"a tool call before content", `"delta":{"tool_calls":[{"index":0}],"content":"Hi"}`, []string{`0 answer Hi`, `0 answer tool ""`}},
		{"the finish before delta", `"finish_reason":"length","delta":{"content":"Hi"}`, []string{`0 answer Hi`, `0 finish length`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, before := range [][]string{nil, {role}, {role, role}} {
				r := checkCuts(t, Options{Format: OpenAIChat}, []byte(sse(append(before, chunk(c.members), doneMarker)...)))
				if !slices.Equal(r.calls, c.want) {
					t.Errorf("after %d chunks with the role alone: calls\n%s\nwant\n%s", len(before), strings.Join(r.calls, "\n"), strings.Join(c.want, "\n"))
				}
			}
		})
	}
}
