package estimate

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat"
)

func BenchmarkToken(b *testing.B) {
	lps := make([]float64, 1024)
	for i := range lps {
		lps[i] = -float64(i%97) / 50
	}
	for m := range Method(methods) {
		b.Run(m.String(), func(b *testing.B) {
			l := NewLogprob(m)
			for i := 0; b.Loop(); i++ {
				l.Token(lps[i%len(lps)])
			}
		})
	}
	// The cost of a confidence that is computed again from all tokens, as batch libraries do.
	b.Run("gonum-mean-of-1024", func(b *testing.B) {
		for b.Loop() {
			math.Exp(stat.Mean(lps, nil))
		}
	})
}

func BenchmarkReadReply(b *testing.B) {
	var top []string
	for i := range 20 {
		top = append(top, `{"token":"`+strconv.Itoa(i*5)+`","logprob":`+strconv.FormatFloat(-1-float64(i)/3, 'g', -1, 64)+`,"bytes":[48,49]}`)
	}
	place := func(token string) string {
		return `{"token":"` + token + `","logprob":-0.6,"bytes":[48],"top_logprobs":[` + strings.Join(top, ",") + `]}`
	}
	body := []byte(`{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"0.85","refusal":null},"logprobs":{"content":[` +
		place("0") + "," + place(".") + "," + place("85") + "," + place("<|im_end|>") + `]},"finish_reason":"stop"}],"usage":{"total_tokens":9}}`)
	b.Run("estimate", func(b *testing.B) {
		m := DefaultModel()
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			if r, err := m.ReadReply(body); err != nil || r.Basis != Expectation {
				b.Fatal(r, err)
			}
		}
	})
	b.Run("encoding-json-decode-only", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			var r struct {
				Choices []struct {
					Message  struct{ Content string }
					Logprobs struct {
						Content []struct {
							Token       string
							Logprob     float64
							TopLogprobs []struct {
								Token   string
								Logprob float64
							} `json:"top_logprobs"`
						}
					}
				}
			}
			if err := json.Unmarshal(body, &r); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkAppendRequest(b *testing.B) {
	question := []byte("What is 6 * 7?")
	answer := []byte(strings.Repeat("We multiply x < 7 by 6, so \"6 * 7\" is 42.\n", 100))
	buffer := make([]byte, 0, 1<<16)
	b.Run("estimate", func(b *testing.B) {
		m := DefaultModel()
		b.SetBytes(int64(len(answer)))
		for b.Loop() {
			m.AppendRequest(buffer, Partial, question, answer)
		}
	})
	b.Run("encoding-json-without-quoting", func(b *testing.B) {
		b.SetBytes(int64(len(answer)))
		for b.Loop() {
			if _, err := json.Marshal(map[string]any{"messages": []map[string]string{{"role": "user", "content": string(question) + string(answer)}}}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
