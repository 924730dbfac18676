package position

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/finece/finece/wasm/stream/fixture"
)

// streams is an extra corpus. Not every machine has it.
const streams = "../../shared/data/streams"

// recorded are the English answers of that corpus with a known token count. The count is
// from the usage at the end of the stream, or from one log-probability for each token.
var recorded = []struct {
	file      string
	tokens    int64
	reasoning bool // tokens includes the reasoning
}{
	{"alibaba-chat-reasoning.chunks.jsonl", 1355, true},
	{"alibaba-chat-text-long.chunks.jsonl", 779, false},
	{"anthropic-messages-thinking.sse", 282, true},
	{"deepseek-chat-beta-long.sse", 324, false},
	{"deepseek-chat-reasoning.chunks.jsonl", 219, true},
	{"deepseek-chat-text-long.chunks.jsonl", 400, false},
	{"gemini-basic-long.sse", 1996, false},
	{"gemini-crlf-thinking.sse", 469, false},
	{"groq-chat-reasoning-long.sse", 988, true},
	{"groq-chat-text-long.chunks.jsonl", 662, false},
	{"mistral-chat-text-long.sse", 128, false},
	{"openai-chat-long-nologprobs.sse", 712, false},
	{"openai-chat-text.chunks.jsonl", 300, false},
	{"openai-chat-toplogprobs-long-a.sse", 829, false},
	{"openai-responses-background.sse", 329, false},
	{"openai-responses-long-nologprobs.sse", 330, false},
	{"tgi-chat-logprobs-nospace.sse", 100, false},
	{"xai-chat-reasoning.chunks.jsonl", 342, true},
}

// event has the text fields of the providers' chunks.
type event struct {
	Choices []struct {
		Delta struct {
			Content          json.RawMessage `json:"content"`
			ReasoningContent string          `json:"reasoning_content"`
			Reasoning        string          `json:"reasoning"`
		} `json:"delta"`
	} `json:"choices"`
	Type  string          `json:"type"`
	Delta json.RawMessage `json:"delta"`

	Candidates []struct {
		Content struct {
			Parts []struct {
				Text    string `json:"text"`
				Thought bool   `json:"thought"`
			} `json:"parts"`
		} `json:"content"`
	} `json:"candidates"`
}

// texts reads the answer and the reasoning of a recorded stream.
func texts(t *testing.T, file string) (answer, reasoning string) {
	b, err := os.ReadFile(filepath.Join(streams, file))
	if err != nil {
		t.Skip(streams, " is absent: only the answers in the repository were counted")
	}
	for l := range bytes.Lines(b) {
		l = bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimSpace(l), []byte("data:")))
		var e event
		if !bytes.HasPrefix(l, []byte("{")) || json.Unmarshal(l, &e) != nil {
			continue
		}
		for _, c := range e.Choices {
			var s string
			if json.Unmarshal(c.Delta.Content, &s) == nil {
				answer += s
			}
			reasoning += c.Delta.ReasoningContent + c.Delta.Reasoning
		}
		for _, c := range e.Candidates {
			for _, p := range c.Content.Parts {
				if p.Thought {
					reasoning += p.Text
				} else {
					answer += p.Text
				}
			}
		}
		switch e.Type {
		case "response.output_text.delta":
			var s string
			if json.Unmarshal(e.Delta, &s) == nil {
				answer += s
			}
		case "content_block_delta":
			var d struct{ Text, Thinking string }
			if json.Unmarshal(e.Delta, &d) == nil {
				answer, reasoning = answer+d.Text, reasoning+d.Thinking
			}
		}
	}
	return answer, reasoning
}

// TestEstimateAgainstOurOwnRecordings compares with the tokens of answers in English that the
// repository has.
func TestEstimateAgainstOurOwnRecordings(t *testing.T) {
	for _, c := range []struct {
		name   string
		tokens int64 // of the answer alone, without the end-of-sequence token
	}{
		{"llama.cpp/chat.sse", 88}, {"vllm/chat.sse", 79}, {"transformers/chat.sse", 79}, {"litellm/vllm.sse", 30},
	} {
		d, err := New(DefaultOptions())
		if err != nil {
			t.Fatal(err)
		}
		d.Feed(&Token{Text: []byte(fixture.Get(c.name).Want.Choices[0].Answer)}, nil)
		n, estimated := d.Total(Answer)
		off := float64(n)/float64(c.tokens) - 1
		t.Logf("%-25s %5d tokens, estimate %5d: %+.1f %%", c.name, c.tokens, n, 100*off)
		if !estimated || math.Abs(off) > 0.2 {
			t.Errorf("%s: estimate %d, called one: %v; want %d", c.name, n, estimated, c.tokens)
		}
	}
}

// The bounds are what the doc comment of the estimate states.
func TestEstimateAgainstRecordedCounts(t *testing.T) {
	sum, worst := 0.0, 0.0
	for _, r := range recorded {
		answer, reasoning := texts(t, r.file)
		d, _ := New(DefaultOptions())
		d.Feed(&Token{Text: []byte(answer)}, nil)
		d.Feed(&Token{Text: []byte(reasoning), Segment: Reasoning}, nil)
		n, estimated := d.Total(Answer)
		if r.reasoning {
			m, _ := d.Total(Reasoning)
			n += m
		}
		off := float64(n)/float64(r.tokens) - 1
		t.Logf("%-40s %5d tokens, estimate %5d: %+.1f %%", r.file, r.tokens, n, 100*off)
		if !estimated {
			t.Error("not called an estimate")
		}
		sum += math.Abs(off)
		worst = max(worst, math.Abs(off))
	}
	mean := sum / float64(len(recorded))
	t.Logf("off by %.2f %% in the mean, %.1f %% at most", 100*mean, 100*worst)
	if mean > 0.05 || worst > 0.20 {
		t.Errorf("off by %.3f in the mean and %.3f at most", mean, worst)
	}
}

func TestEstimate(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       int64
	}{
		{"nothing", "", 0},
		{"words", "one two three", 3},
		{"nine letters", "abcdefghi", 1},
		{"ten letters", "abcdefghij", 2},
		{"an accent is a letter", "abcdéfghi", 1},
		{"digits in threes", "1234567", 3},
		{"marks in twos", "---", 2},
		{"a formula", "a = b+12", 5},
		{"line ends behind a word", "a\n\n", 2},
		{"line ends behind a mark", "a.\r\n\r\n", 2},
		{"indentation", "a\n    b", 4},
		{"Cyrillic in fours", "привет", 2},
		{"CJK, four for three", "日本語日本語日本", 6},
		{"symbols", "🙂🙂—", 3},
	} {
		d, _ := New(DefaultOptions())
		d.Feed(&Token{Text: []byte(c.text)}, nil)
		if got, _ := d.Total(Answer); got != c.want {
			t.Errorf("%s: %d tokens, want %d", c.name, got, c.want)
		}
	}
}

const prose = "The train leaves at seven and takes two hours, so it arrives at nine. " +
	"That is before the shop opens, which means there is time to walk along the river first.\n\n"

// BenchmarkFeed feeds prose in pieces; each piece is a token. The peer only searches for
// line ends, the minimum that a paragraph finder has to do.
func BenchmarkFeed(b *testing.B) {
	text := []byte(strings.Repeat(prose, 400))
	for _, c := range []struct {
		name    string
		size    int
		counted bool
		o       Options
	}{
		{"counted 4-byte tokens", 4, true, Options{Strategy: strategies}},
		{"counted 4-byte tokens, paragraphs", 4, true, DefaultOptions()},
		{"estimated 4-byte pieces", 4, false, Options{Strategy: Paragraph | Periodic}},
		{"counted 4096-byte pieces", 4096, true, DefaultOptions()},
		{"estimated 4096-byte pieces", 4096, false, DefaultOptions()},
	} {
		b.Run(c.name, func(b *testing.B) {
			d, err := New(c.o)
			if err != nil {
				b.Fatal(err)
			}
			out := make([]Position, 0, 1024)
			t := Token{Counted: c.counted}
			tokens := 0
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				d.Reset()
				for rest := text; len(rest) > 0; rest = rest[len(t.Text):] {
					t.Text = rest[:min(c.size, len(rest))]
					out = d.Feed(&t, out[:0])
					tokens++
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(tokens), "ns/token")
		})
	}
	b.Run("peer: bytes.IndexByte in 4-byte tokens", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		n, tokens := 0, 0
		for b.Loop() {
			for rest := text; len(rest) > 0; rest = rest[min(4, len(rest)):] {
				if bytes.IndexByte(rest[:min(4, len(rest))], '\n') >= 0 {
					n++
				}
				tokens++
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(tokens), "ns/token")
	})
}
