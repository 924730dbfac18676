package experiment

import (
	"encoding/json"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/finece/finece/host/openai"
)

// entry is a token in the log-probabilities of a chat completion. A token that is only
// part of a character is told from others by its Bytes.
type entry struct {
	Token   string   `json:"token"`
	Logprob *float64 `json:"logprob"` // null if unknown
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

// chunks returns a completion as its server would have streamed it: as a chat
// completion with one chunk for each token. If the tokens are unknown, one chunk has the
// whole text.
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

// pieces cuts a text into the pieces that a provider sends with each token. The provider
// holds back the first bytes of a character until the token that ends the character.
type pieces struct {
	rest string
	due  int // bytes of rest that belong to tokens so far: held back, not sent
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
