package stream

import (
	"slices"
	"strings"
	"testing"
)

func TestValues(t *testing.T) {
	for _, c := range []struct {
		name, input string
		want        []string
	}{
		{"a line each", "{\"a\":1}\n{\"b\":[{}]}\r\n{}", []string{`{"a":1}`, `{"b":[{}]}`, `{}`}},
		{"one behind the other", `{"a":1}{"b":2} {}`, []string{`{"a":1}`, `{"b":2}`, `{}`}},
		{"an array", "[{\"a\":1},\n {\"b\":2}\n]\n", []string{`{"a":1}`, `{"b":2}`}},
		{"pretty-printed", "{\n  \"a\": [\n    {\n      \"b\": {}\n    }\n  ]\n}\n{}\n", []string{"{\n  \"a\": [\n    {\n      \"b\": {}\n    }\n  ]\n}", `{}`}},
		{"brackets and quotes in strings", `{"a":"}{\"]\\"}{"b":"[{"}`, []string{`{"a":"}{\"]\\"}`, `{"b":"[{"}`}},
		{"the end marker", "{}\n[DONE]\n{}", []string{`{}`, "done"}},
		{"no objects", "null\n{}\n\"x\" {}\n7\n{}", []string{"wrong", `{}`, "wrong", "wrong", `{}`}},
		{"cut", `{"a":{"b":1}`, []string{`{"a":{"b":1}`}},
		{"blank", " \r\n\t", nil},
	} {
		for _, next := range []func() int{whole, every(1), every(3)} {
			if got := split(0, []byte(c.input), next); !slices.Equal(got[:min(len(got), len(c.want))], c.want) || c.name != "the end marker" && len(got) != len(c.want) {
				t.Errorf("%s: %q, want %q", c.name, got, c.want)
			}
		}
	}
}

// TestABrokenLineCostsOneMoreAtMost cuts an object at any place and puts whole objects on the
// lines after it.
func TestABrokenLineCostsOneMoreAtMost(t *testing.T) {
	const (
		object = `{"a":"x\"}","b":[1,{"c":null}, true],"d":{"e":[]}}`
		first  = `{"first":1}`
		second = `{"second":2}`
	)
	for at := 1; at < len(object); at++ {
		for _, lineEnd := range []string{"\n", "\r\n", "\n\n"} {
			input := strings.Join([]string{object[:at], first, second, ""}, lineEnd)
			got := split(0, []byte(input), every(2))
			if !slices.Contains(got, second) {
				t.Errorf("%q: %q lacks the second object", input, got)
			}
			// After these characters an object may begin, so the line does not look broken.
			last := strings.TrimSpace(object[:at])
			if open := strings.ContainsAny(last[len(last)-1:], "{[:,"); !open && !slices.Contains(got, first) {
				t.Errorf("%q: %q lacks the first object", input, got)
			}
		}
	}
}
