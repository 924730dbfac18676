package openai

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
)

// Token is a token that a server generated or scored.
type Token struct {
	Text string // from the server's bytes if it sends them; may be a part of a character
	// Logprob is the natural log-probability of the token after the tokens before it.
	// It is at most 0, apart from rounding, and NaN if it is not known.
	Logprob float64
	Top     []Alternative // the most probable tokens at its place, in the server's order
}

// Alternative is another token that the model could have chosen.
type Alternative struct {
	Text    string  `json:"token"`
	Logprob float64 `json:"logprob"`
}

// savedToken is a token in JSON, where NaN is null.
type savedToken struct {
	Text    string        `json:"token"`
	Bytes   []int         `json:"bytes,omitempty"` // the bytes of Text, if they are not UTF-8
	Logprob *float64      `json:"logprob"`
	Top     []Alternative `json:"top_logprobs,omitempty"`
}

// MarshalJSON writes a token as chat completions do. A Logprob that is not finite
// is null.
func (t Token) MarshalJSON() ([]byte, error) {
	s := savedToken{Text: t.Text, Top: t.Top}
	if finite(t.Logprob) {
		s.Logprob = &t.Logprob
	}
	if !utf8.ValidString(t.Text) {
		for _, c := range []byte(t.Text) {
			s.Bytes = append(s.Bytes, int(c))
		}
	}
	return json.Marshal(s)
}

// UnmarshalJSON reads the output of MarshalJSON and the tokens of replies.
func (t *Token) UnmarshalJSON(b []byte) error {
	var s savedToken
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	*t = Token{s.Text, math.NaN(), s.Top}
	if s.Bytes != nil {
		text := make([]byte, len(s.Bytes))
		for i, c := range s.Bytes {
			if c < 0 || c > 255 {
				return fmt.Errorf("byte %d of a token is %d", i, c)
			}
			text[i] = byte(c)
		}
		t.Text = string(text)
	}
	if s.Logprob != nil {
		t.Logprob = *s.Logprob
	}
	return nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// Logprobs is the member "logprobs" of a choice. Chat completions have Content,
// completions have the parallel arrays.
type Logprobs struct {
	Content []Token `json:"content"`

	Tokens  []string          `json:"tokens"`
	Numbers []*float64        `json:"token_logprobs"`
	Top     []json.RawMessage `json:"top_logprobs"`
	// Offsets say where each token starts in the choice's text, in code points.
	Offsets []int `json:"text_offset"`
}

// List returns the tokens in order, nil if l is nil.
func (l *Logprobs) List() ([]Token, error) {
	if l == nil {
		return nil, nil
	}
	if l.Content != nil {
		return l.Content, nil
	}
	if len(l.Numbers) != len(l.Tokens) {
		return nil, errors.New("logprobs has different numbers of token_logprobs and tokens")
	}
	var out []Token
	for i, text := range l.Tokens {
		t := Token{text, math.NaN(), nil}
		if v := l.Numbers[i]; v != nil {
			t.Logprob = *v
		}
		if i < len(l.Top) {
			t.Top = alternatives(l.Top[i])
		}
		out = append(out, t)
	}
	return out, nil
}

// alternatives reads {"token": logprob} or [{"token","logprob"}]. Anything else
// gives nil.
func alternatives(raw json.RawMessage) []Alternative {
	var out []Alternative
	if json.Unmarshal(raw, &out) == nil {
		return out
	}
	var table map[string]float64
	if json.Unmarshal(raw, &table) != nil {
		return nil
	}
	out = nil
	for text, lp := range table {
		out = append(out, Alternative{text, lp})
	}
	sortAlternatives(out)
	return out
}

// sortAlternatives sorts the most probable first. A JSON object has no order.
func sortAlternatives(list []Alternative) {
	slices.SortFunc(list, func(a, b Alternative) int {
		return cmp.Or(cmp.Compare(b.Logprob, a.Logprob), cmp.Compare(a.Text, b.Text))
	})
}
