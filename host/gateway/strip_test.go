package gateway_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/finece/finece/host"
	"github.com/finece/finece/position"
)

func withStrategy(t testing.TB, strategy string) host.Config {
	t.Helper()
	c := host.DefaultConfig()
	kind, err := position.ParseStrategy(strategy)
	if err != nil {
		t.Fatal(err)
	}
	c.Positions.Strategy, c.Positions.EntropyThreshold = kind, 0.5
	return c
}

var (
	logprobs = regexp.MustCompile(`"logprobs":\{"content":\[.*?\],"refusal":null\}`)
	tops     = regexp.MustCompile(`"top_logprobs":\[(.*?\]\})\]`)
)

// stripped is the demo stream with that many alternatives a token, or without
// log-probabilities if that is -1, done the simple way.
func stripped(t testing.TB, data []byte, alternatives int) string {
	t.Helper()
	if alternatives < 0 {
		return logprobs.ReplaceAllString(string(data), `"logprobs":null`)
	}
	return tops.ReplaceAllStringFunc(string(data), func(array string) string {
		inner := strings.TrimSuffix(strings.TrimPrefix(array, `"top_logprobs":[`), "]")
		parts := strings.SplitAfter(inner, "]}")
		parts = parts[:min(alternatives, len(parts)-1)]
		return `"top_logprobs":[` + strings.Join(parts, "") + "]"
	})
}
