package answers_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/finece/finece/host/batch/answers"
	"github.com/finece/finece/wasm/stream"
)

// spelled is the text that the stream of an answer carries, and its tokens'.
func spelled(t *testing.T, a *answers.Answer) (text string, tokens []string) {
	t.Helper()
	data, format := a.Stream()
	if format == stream.Text {
		return string(data), nil
	}
	for _, event := range strings.Split(string(data), "\n\n") {
		payload := strings.TrimPrefix(event, "data: ")
		if payload == "" || payload == "[DONE]" {
			continue
		}
		var chunk struct {
			Choices []struct {
				Delta    struct{ Content string }
				Logprobs struct {
					Content []struct {
						Token   string
						Logprob float64
					}
				}
			}
		}
		if err := json.Unmarshal([]byte(payload), &chunk); err != nil {
			t.Fatalf("%v: %s", err, event)
		}
		text += chunk.Choices[0].Delta.Content
		for _, token := range chunk.Choices[0].Logprobs.Content {
			tokens = append(tokens, token.Token)
		}
	}
	return text, tokens
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, line, text string
		tokens           []string
		even             bool
	}{
		{"text alone", `{"answer":"a b"}`, "a b", nil, false},
		{"null logprobs", `{"answer":"a b","logprobs":null}`, "a b", nil, false},
		{"OpenAI's object", `{"answer":"a b","logprobs":{"content":[{"token":"a","logprob":-1},{"token":" b","logprob":-2}]}}`, "a b", []string{"a", " b"}, false},
		{"its array", `{"answer":"a b","logprobs":[{"token":"a","logprob":-1},{"token":" b","logprob":-2}]}`, "a b", []string{"a", " b"}, false},
		{"an answer that was trimmed", `{"answer":"a b","logprobs":[{"token":" a","logprob":-1},{"token":" b\n","logprob":-2},{"token":"<end>","logprob":0}]}`, "a b", []string{"a", " b"}, false},
		{"a character in two tokens", `{"answer":"é!","logprobs":[{"token":"\\xc3","bytes":[195],"logprob":-1},{"token":"\\xa9","bytes":[169],"logprob":-1},{"token":"!","logprob":-2}]}`,
			"é!", []string{`\xc3`, `\xa9`, "!"}, false},
		{"numbers share the text", `{"answer":"abcd","logprobs":[-1,-2]}`, "abcd", []string{"ab", "cd"}, true},
		{"numbers do not cut characters", `{"answer":"日本","logprobs":[-1,-2,-3,-4]}`, "日本", []string{"日", "", "本", ""}, true},
		{"more numbers than text", `{"answer":"a","logprobs":[-1,-2,-3]}`, "a", []string{"", "", "a"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := answers.Parse([]byte(c.line), 1)
			if err != nil {
				t.Fatal(err)
			}
			text, tokens := spelled(t, a)
			if text != c.text || strings.Join(tokens, "|") != strings.Join(c.tokens, "|") || a.Even != c.even {
				t.Errorf("%q %q even=%v, want %q %q even=%v", text, tokens, a.Even, c.text, c.tokens, c.even)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{``, "not JSON"},
		{`{"answer":"a"`, "not JSON at byte 13"},
		{`"text"`, "want a JSON object, not a JSON string"},
		{`{"question":"q"}`, `no "answer"`},
		{`{"answer":["a"]}`, "answer is a JSON array, want a string"},
		{`{"answer":"a","logprobs":"none"}`, "logprobs is neither an array nor OpenAI's object"},
		{`{"answer":"a","logprobs":[null]}`, "logprobs[0] is null, want a number"},
		{`{"answer":"a","logprobs":[{"token":"a"}]}`, "logprobs[0] has no logprob"},
		{`{"answer":"a","logprobs":[{"token":"a","bytes":[256],"logprob":0}]}`, "logprobs[0].bytes[0] is 256"},
		{`{"answer":"abc","logprobs":[{"token":"ab","logprob":0},{"token":"d","logprob":0}]}`, "do not spell the answer: they differ at byte 2"},
	} {
		if _, err := answers.Parse([]byte(c.line), 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\n got %v\nwant %s", c.line, err, c.want)
		}
	}
}
