package experiment

import (
	"encoding/json"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/finece/finece/host/openai"
)

// entry is a token in the log-probabilities of a chat completion. Bytes tells
// tokens apart that are parts of characters.
type entry struct {
	Token   string   `json:"token"`
	Logprob *float64 `json:"logprob"` // null if it is not known
	Bytes   []int    `json:"bytes"`
	Top     []entry  `json:"top_logprobs"`
}

func newEntry(text string, logprob float64) entry {
	e := entry{Token: text, Bytes: []int{}, Top: []entry{}}
	if !math.IsNaN(logprob) && !math.IsInf(logprob, 0) {
		e.Logprob = &logprob
	}
	for _, b := range []byte(text) {
		e.Bytes = append(e.Bytes, int(b))
	}
	return e
}

// chunks writes a completion as its server would have streamed it: a chat
// completion, a chunk for each token, or one for all the text if the tokens are not
// known.
func chunks(a *openai.Completion) ([]byte, error) {
	var out []byte
	add := func(text string, tokens ...entry) error {
		type m = map[string]any
		choice := m{"index": 0, "delta": m{"content": text}, "finish_reason": nil}
		if tokens != nil {
			choice["logprobs"] = m{"content": tokens}
		}
		chunk, err := json.Marshal(m{"object": "chat.completion.chunk", "choices": []m{choice}})
		if err != nil {
			return fmt.Errorf("experiment: %w", err)
		}
		out = append(append(append(out, "data: "...), chunk...), "\n\n"...)
		return nil
	}
	if len(a.Tokens) == 0 {
		if err := add(a.Text); err != nil {
			return nil, err
		}
	}
	text := pieces{rest: a.Text}
	for i := range a.Tokens {
		t := &a.Tokens[i]
		e := newEntry(t.Text, t.Logprob)
		for _, other := range t.Top {
			e.Top = append(e.Top, newEntry(other.Text, other.Logprob))
		}
		if err := add(text.take(len(t.Text), i == len(a.Tokens)-1), e); err != nil {
			return nil, err
		}
	}
	finish := a.Finish
	if finish == "" {
		finish = "stop"
	}
	name, err := json.Marshal(finish)
	if err != nil {
		return nil, fmt.Errorf("experiment: %w", err)
	}
	return fmt.Appendf(out, `data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":%s}]}`+"\n\ndata: [DONE]\n\n", name), nil
}

// pieces hands a text out as its tokens come. A provider holds the first bytes of a
// character back until the token that ends it.
type pieces struct {
	rest string
	due  int // bytes that tokens have brought and that are not handed out
}

func (p *pieces) take(n int, last bool) string {
	p.due = min(p.due+n, len(p.rest))
	if last {
		p.due = len(p.rest)
	}
	whole := p.due
	for whole > 0 && whole < len(p.rest) && !utf8.RuneStart(p.rest[whole]) {
		whole--
	}
	piece := p.rest[:whole]
	p.rest, p.due = p.rest[whole:], p.due-whole
	return piece
}
