package stream

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/finece/finece/position"
)

// recorded is an extra corpus that others recorded. Not every machine has it.
const recorded = "../../../shared/data/streams"

// facts has figures of a recording that its index does not have, or has only for chat completions.
type facts struct {
	format    Format
	finish    string // the reason of every choice; "" means that no choice finishes
	faults    []FaultCode
	reasoning bool
	tools     bool // in formats whose tool calls the index does not count
}

var recordings = map[string]facts{
	"anthropic-messages-dup-start.chunks.jsonl": {format: Anthropic, finish: "stop"},
	"anthropic-messages-refusal.chunks.jsonl":   {format: Anthropic, finish: "refused"},
	"anthropic-messages-text.chunks.jsonl":      {format: Anthropic, finish: "stop"},
	"anthropic-messages-thinking.sse":           {format: Anthropic, finish: "stop", reasoning: true},
	"azure-responses-text.chunks.jsonl":         {format: OpenAIResponses, finish: "stop"},
	"cohere-v2-text.chunks.jsonl":               {format: Cohere, finish: "stop"},
	"gemini-basic-long.sse":                     {format: Gemini, finish: "stop"},
	"gemini-crlf-thinking.sse":                  {format: Gemini, finish: "stop", reasoning: true},
	"gemini-text.chunks.jsonl":                  {format: Gemini, finish: "stop"},
	"groq-chat-reasoning-long.sse":              {format: OpenAIChat, finish: "stop"}, // it is inline, in <think>
	"lmstudio-responses-logprobs.chunks.jsonl":  {format: OpenAIResponses, finish: "tool_calls", reasoning: true, tools: true},
	"mistral-chat-reasoning.chunks.jsonl":       {format: OpenAIChat, finish: "stop", reasoning: true},
	"ollama-chat-ndjson.ndjson":                 {format: Ollama, finish: "stop"},
	"openai-completions-text.chunks.jsonl":      {format: OpenAICompletions, finish: "length"},
	"openai-chat-invalid-json-midstream.sse":    {format: OpenAIChat, faults: []FaultCode{InvalidJSON}},
	"openai-responses-background.sse":           {format: OpenAIResponses, finish: "stop"},
	"openai-responses-error.chunks.jsonl":       {format: OpenAIResponses, finish: "failed", faults: []FaultCode{ProviderError}},
	"openai-responses-logprobs-short.sse":       {format: OpenAIResponses, finish: "stop"},
	"openai-responses-long-nologprobs.sse":      {format: OpenAIResponses, finish: "stop"},
	"openai-responses-moderation.sse":           {format: OpenAIResponses, finish: "stop"},
	"openai-responses-websearch.chunks.jsonl":   {format: OpenAIResponses, finish: "stop"},
	"openrouter-chat-comments-reasoning.sse":    {format: OpenAIChat, finish: "stop"}, // it is encrypted
	"openrouter-responses-comments-rawcot.sse":  {format: OpenAIResponses, finish: "stop", reasoning: true},
	"vertex-invalid-json.sse":                   {format: Auto, faults: []FaultCode{UnknownFormat}},
	"vertex-prompt-blocked.sse":                 {format: Gemini, finish: "content_filter"},
	"vertex-quotes-escaped.sse":                 {format: Gemini, faults: []FaultCode{Truncated}}, // as recorded: no finishReason
	"vertex-safety-block.sse":                   {format: Gemini, finish: "content_filter"},
	"vertex-utf8.sse":                           {format: Gemini, finish: "stop"},
}

// TestRecordedStreams decodes every recording of the extra corpus and compares the result with the
// corpus's index. Its figures were counted by an independent parser.
func TestRecordedStreams(t *testing.T) {
	index, err := os.ReadFile(filepath.Join(recorded, "INDEX.md"))
	if err != nil {
		t.Skip(recorded + " is absent: the extra recordings were not run; TestFixtures has our own")
	}
	row := regexp.MustCompile(`(?m)^\| (\S+\.(?:sse|jsonl|ndjson)) \|.*$`)
	n := 0
	for _, m := range row.FindAllStringSubmatch(string(index), -1) {
		n++
		t.Run(m[1], func(t *testing.T) { checkRecording(t, m[1], strings.Split(m[0], " | ")) })
	}
	if n < 50 {
		t.Errorf("only %d recordings are in the index", n)
	}
}

func checkRecording(t *testing.T, name string, cells []string) {
	input, err := os.ReadFile(filepath.Join(recorded, name))
	if err != nil {
		t.Fatal(err)
	}
	flags := cells[8]
	flag := func(name string) string {
		if m := regexp.MustCompile(`\b` + name + `=(\w+)`).FindStringSubmatch(flags); m != nil {
			return m[1]
		}
		return ""
	}
	count := func(name string) int { n, _ := strconv.Atoi(flag(name)); return n }

	want, special := recordings[name]
	if !special {
		want = facts{format: OpenAIChat, finish: flag("fin"), reasoning: count("rsn") > 0}
	}
	chat := want.format == OpenAIChat
	r := checkCuts(t, Options{}, input)

	longest := 0
	for choice := range r.text {
		longest = max(longest, utf8.RuneCountInString(r.answer(choice)))
	}
	if want, _ := strconv.Atoi(cells[5]); longest != want {
		t.Errorf("the answer has %d characters, want %d", longest, want)
	}
	if got := strconv.Itoa(r.scored) + "/" + strconv.Itoa(r.listed); got != cells[7] {
		t.Errorf("tokens with log-probabilities and with alternatives: %s, want %s", got, cells[7])
	}
	if want := max(count("n"), min(1, len(r.text))); len(r.text) != want {
		t.Errorf("%d choices, want %d", len(r.text), want)
	}

	d, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	run(d, newRecorder(t), input, whole)
	if d.Format() != want.format {
		t.Errorf("the format is %s, want %s", d.Format(), want.format)
	}
	finished := ""
	for choice, reasons := range r.ends {
		finished = reasons[0].String()
		if finished != want.finish {
			t.Errorf("choice %d finished with %q, want %q", choice, finished, want.finish)
		}
	}
	if want.finish != "" && len(r.ends) != max(1, count("n")) {
		t.Errorf("%d choices finished, want %d", len(r.ends), max(1, count("n")))
	}
	if f := flag("fin"); f != "" && f != finished {
		t.Errorf("finished with %q, and the index says %q", finished, f)
	}
	if !slices.Equal(r.codes(), want.faults) {
		t.Errorf("faults %v, want %v", r.codes(), want.faults)
	}
	if got := slices.Contains(r.codes(), ProviderError); got != (count("err") > 0) {
		t.Errorf("a provider's error: %v, and the index counts %d", got, count("err"))
	}
	if got := slices.Contains(r.codes(), InvalidJSON); got != (count("bad") > 0) {
		t.Errorf("invalid JSON: %v, and the index counts %d", got, count("bad"))
	}

	// The index counts tool calls and reasoning_content by chunk.
	switch {
	case chat && r.tools != count("tool"):
		t.Errorf("%d chunks of tool calls, want %d", r.tools, count("tool"))
	case !chat && (r.tools > 0) != want.tools:
		t.Errorf("%d tokens of tool calls, want some: %v", r.tools, want.tools)
	}
	if n := count("rsn"); n > 0 && r.thinks != n {
		t.Errorf("%d chunks of reasoning, want %d", r.thinks, n)
	}
	if got := r.segment(0, position.Reasoning) != ""; got != want.reasoning {
		t.Errorf("there is reasoning: %v, want %v", got, want.reasoning)
	}
}
