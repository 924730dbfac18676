// Package answers reads answers from JSON Lines,
//
//	{"id", "question", "answer", "gold"?, "logprobs"?, "model"?}
//
// and turns each into the stream that its model would have sent, so that it is
// scored by the same session as a live one.
//
// logprobs is either OpenAI's (an object with "content", or that array itself:
// objects with "token", "logprob", and optionally "bytes" and "top_logprobs") or
// an array of numbers. Numbers do not say to which text they belong. The answer is
// then divided evenly among them, and [Answer.Even] is true.
package answers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/finece/finece/wasm/stream"
)

// Answer is one line.
type Answer struct {
	Line     int             // in the input, from 1
	ID       json.RawMessage // as it is in the line; nil if there is none
	Question string
	Text     string
	Model    string
	Tokens   []Token // nil when there are no log-probabilities
	Whole    bool    // Stream is a whole response of a provider, of one or more answers; Text is empty
	Even     bool    // the texts of the tokens are equal parts of Text, not the real ones

	response []byte // what Stream returns, if a Reader has made it
	format   stream.Format
}

// Token is a piece of Text with its log-probability.
type Token struct {
	Text  []byte // may be empty, or part of a character
	Entry json.RawMessage
}

// record is a line as it is written.
type record struct {
	ID       json.RawMessage `json:"id"`
	Question *string         `json:"question"`
	Answer   *string         `json:"answer"`
	Logprobs json.RawMessage `json:"logprobs"`
	Model    string          `json:"model"`
}

// entry is an element of OpenAI's logprobs.content.
type entry struct {
	Token   string   `json:"token"`
	Logprob *float64 `json:"logprob"`
	Bytes   []int    `json:"bytes"`
}

// Parse reads one line. The error says what is wrong with it.
func Parse(line []byte, number int) (*Answer, error) {
	var r record
	if err := json.Unmarshal(line, &r); err != nil {
		return &Answer{Line: number, ID: idIn(line)}, describe(err)
	}
	a := &Answer{Line: number, ID: compact(r.ID), Model: r.Model}
	if r.Answer == nil {
		return a, errors.New(`no "answer"`)
	}
	a.Text = *r.Answer
	if r.Question != nil {
		a.Question = *r.Question
	}
	return a, a.readLogprobs(r.Logprobs)
}

// compact is the id without white space; nil for null.
func compact(id json.RawMessage) json.RawMessage {
	var b bytes.Buffer
	if json.Compact(&b, id) != nil || b.Len() == 0 || b.String() == "null" {
		return nil
	}
	return b.Bytes()
}

// idIn finds the id at the beginning of a line whose end is broken.
func idIn(line []byte) json.RawMessage {
	d := json.NewDecoder(bytes.NewReader(line))
	for range 2 { // the brace and the first key
		t, err := d.Token()
		if err != nil || t != json.Delim('{') && t != "id" {
			return nil
		}
	}
	var id json.RawMessage
	if d.Decode(&id) != nil {
		return nil
	}
	return compact(id)
}

func describe(err error) error {
	var wrong *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &wrong) && wrong.Field == "":
		return fmt.Errorf("want a JSON object, not a JSON %s", wrong.Value)
	case errors.As(err, &wrong):
		return fmt.Errorf("%s is a JSON %s, want a %s", wrong.Field, wrong.Value, wrong.Type)
	case errors.As(err, &syntax):
		return fmt.Errorf("not JSON at byte %d: %w", syntax.Offset, err)
	}
	return err
}

func (a *Answer) readLogprobs(raw json.RawMessage) error {
	raw = bytes.TrimSpace(raw)
	if len(raw) > 0 && raw[0] == '{' {
		var object struct {
			Content json.RawMessage `json:"content"`
		}
		if err := json.Unmarshal(raw, &object); err != nil {
			return fmt.Errorf("logprobs: %w", describe(err))
		}
		raw = bytes.TrimSpace(object.Content)
	}
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return errors.New("logprobs is neither an array nor OpenAI's object with content")
	}
	if len(list) == 0 {
		return nil
	}
	if list[0][0] == '{' {
		return a.readEntries(list)
	}
	return a.readNumbers(list)
}

func (a *Answer) readNumbers(list []json.RawMessage) error {
	a.Tokens = make([]Token, len(list))
	for i, raw := range list {
		var v *float64
		if err := json.Unmarshal(raw, &v); err != nil || v == nil {
			a.Tokens = nil
			return fmt.Errorf("logprobs[%d] is %s, want a number", i, short(raw))
		}
	}
	a.Even = true
	i := 0
	for text := range evenParts(a.Text, len(list)) {
		token, err := json.Marshal(text)
		if err != nil {
			return err
		}
		a.Tokens[i] = Token{[]byte(text), fmt.Appendf(nil, `{"token":%s,"logprob":%s}`, token, list[i])}
		i++
	}
	return nil
}

// evenParts divides a text into n parts of about the same length, of whole characters.
func evenParts(text string, n int) iter.Seq[string] {
	return func(yield func(string) bool) {
		at := 0
		for i := range n {
			end := len(text) * (i + 1) / n
			for end < len(text) && end > at && text[end]&0xC0 == 0x80 {
				end++
			}
			end = max(end, at)
			if !yield(text[at:end]) {
				return
			}
			at = end
		}
	}
}

func (a *Answer) readEntries(list []json.RawMessage) error {
	tokens := make([]Token, len(list))
	var spelled bytes.Buffer
	for i, raw := range list {
		var e entry
		if err := json.Unmarshal(raw, &e); err != nil {
			return fmt.Errorf("logprobs[%d]: %w", i, describe(err))
		}
		if e.Logprob == nil {
			return fmt.Errorf("logprobs[%d] has no logprob", i)
		}
		text := []byte(e.Token)
		if e.Bytes != nil {
			text = make([]byte, len(e.Bytes))
			for j, b := range e.Bytes {
				if b < 0 || b > 255 {
					return fmt.Errorf("logprobs[%d].bytes[%d] is %d, want 0 to 255", i, j, b)
				}
				text[j] = byte(b)
			}
		}
		spelled.Write(text)
		tokens[i] = Token{text, raw}
	}
	before, _, found := strings.Cut(spelled.String(), a.Text)
	if !found {
		return fmt.Errorf("the tokens of logprobs do not spell the answer: they differ at byte %d", difference(spelled.String(), a.Text))
	}
	a.Tokens = crop(tokens, len(before), len(before)+len(a.Text))
	return nil
}

// crop is the part of tokens from byte lo to byte hi of their text. White space
// around an answer is often trimmed, and an end-of-text token is not part of it.
func crop(tokens []Token, lo, hi int) []Token {
	kept := tokens[:0]
	at := 0
	for _, t := range tokens {
		size := len(t.Text)
		begin, end := max(at, lo), min(at+size, hi)
		switch {
		case end-begin == size && at >= lo && at <= hi:
			kept = append(kept, t)
		case begin < end:
			t.Text = t.Text[begin-at : end-at]
			t.Entry = renamed(t.Entry, t.Text)
			kept = append(kept, t)
		}
		at += size
	}
	return kept
}

// renamed is an entry for another text.
func renamed(raw json.RawMessage, text []byte) json.RawMessage {
	var e map[string]json.RawMessage
	token, err := json.Marshal(string(text))
	if err != nil || json.Unmarshal(raw, &e) != nil {
		return raw
	}
	delete(e, "bytes")
	e["token"] = token
	if raw, err = json.Marshal(e); err != nil {
		return nil
	}
	return raw
}

func difference(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// short shows a piece of JSON in a message.
func short(raw []byte) string {
	if len(raw) > 40 {
		return string(raw[:40]) + "..."
	}
	return string(raw)
}
