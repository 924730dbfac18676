package main

import (
	"strings"
	"testing"
)

// The pages have what the tables and comments of the code say. The page of the commands
// is left out, because it builds the command.
func TestPages(t *testing.T) {
	t.Chdir("../../../../..")
	for name, wants := range map[string][]string{
		"record.md":    {"## confidence {#confidence}", "| `fused` | number | known |", "- `provisional`"},
		"settings.md":  {"## Session", "| `withhold_below` | `0.8` |"},
		"metrics.md":   {"| `finece_breaker` | state |", "| `finece_drift_alarm` | scorer |"},
		"providers.md": {"| vLLM | `openai-chat` | yes |", "| continue-final | recorded |", "### llama-cpp-python\n\nVersion: 0.3.36.\n\n```sh\npip install 'llama-cpp-python[server]'\npython -m"},
		"abi.md":       {"## Calls", "## type Status {#Status}"},
		"http.md":      {"```text\nPOST /v1/chat/completions"},
		"faults.md":    {"| The upstream | Effect | Tests |"},
	} {
		text, err := pages[name]()
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q", name, want)
			}
		}
		if strings.Contains(strings.ReplaceAll(text, "`", ""), "{{") && name != "http.md" {
			t.Errorf("%s has {{, which the site's generator would take for its own", name)
		}
	}
	index, err := goIndex()
	if err != nil || strings.Count(index, "\n| [") != len(packages) {
		t.Errorf("the list of packages: %v\n%s", err, index)
	}
}

func TestCodeIsFenced(t *testing.T) {
	got := fenced([]byte("a\n\n\tx {{\n\n\t  y\n\nb\n"))
	if want := "a\n\n```text\nx {{\n\n  y\n```\n\nb\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
