package answers

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/finece/finece/wasm/jsonscan"
	"github.com/finece/finece/wasm/stream"
)

// Reader reads lines as [Parse] does, and several times as fast if the log-probabilities
// are of the answer and of nothing else: then the session is given them as they are in
// the line, in a whole response instead of a stream. A Reader keeps memory from one line
// to the next. It is not safe for concurrent use.
type Reader struct {
	Layout *Layout // nil for the usual one

	line, list, token jsonscan.Scanner
	response          []byte
	// of the entries
	spelled               []byte
	tokens, logprobs, top []byte // elements of arrays, each after a comma
}

// Read reads one line. The answer's stream is valid until the next call.
func (r *Reader) Read(line []byte, number int) (*Answer, error) {
	if r.Layout == nil {
		r.Layout = Usual()
	}
	switch r.Layout.shape {
	case batched:
		return r.readBatch(line, number)
	case sampled:
		return r.readSample(line, number)
	}
	if a := r.usual(line, number); a != nil {
		return a, nil
	}
	return r.Layout.parse(line, number)
}

// The keys that are read.
const (
	keyID = iota
	keyQuestion
	keyAnswer
	keyLogprobs
	keyModel
	keys
)

// usual is the answer of a line that has nothing unusual, or nil.
func (r *Reader) usual(line []byte, number int) *Answer {
	var raw [keys][]byte
	names := r.Layout.names[:keys]
	s := &r.line
	s.Reset(line)
	s.EnterObject()
	for s.NextKey() {
		at := slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(name, string(s.Key())) })
		value := s.Raw()
		if at < 0 {
			continue
		}
		if raw[at] != nil || string(s.Key()) != names[at] {
			return nil
		}
		raw[at] = value
	}
	if !s.End() {
		return nil
	}
	answer, list := raw[keyAnswer], raw[keyLogprobs]
	if len(answer) == 0 || answer[0] != '"' {
		return nil
	}
	a := &Answer{Line: number, ID: compact(raw[keyID])}
	if !r.text(raw[keyQuestion], &a.Question) || !r.text(answer, &a.Text) || !r.text(raw[keyModel], &a.Model) {
		return nil
	}
	if list != nil && !r.scored(a, answer, list) {
		return nil
	}
	return a
}

// text reads a JSON string into a text, which null and nothing leave as it is. It reports
// false for anything else.
func (r *Reader) text(raw []byte, into *string) bool {
	if len(raw) == 0 || raw[0] == 'n' {
		return true
	}
	r.list.Reset(raw)
	text, ok := r.list.Text()
	*into = string(text)
	return ok && !r.list.Replaced()
}

// scored makes the response of an answer with log-probabilities. It reports false for
// what it does not read.
func (r *Reader) scored(a *Answer, answer, raw []byte) bool {
	s := &r.list
	s.Reset(raw)
	switch s.Kind() {
	case jsonscan.Null:
		return true
	case jsonscan.Object:
		var content []byte
		s.EnterObject()
		for s.NextKey() {
			if value := s.Raw(); strings.EqualFold(string(s.Key()), "content") {
				if content != nil {
					return false
				}
				content = value
			}
		}
		if content == nil || content[0] != '[' {
			return false
		}
		raw = content
		s.Reset(raw)
	case jsonscan.Array:
	default:
		return false
	}
	if !s.EnterArray() || !s.NextElement() {
		return false
	}
	if s.Kind() == jsonscan.Number {
		return r.numbers(a, answer, raw)
	}
	return r.entries(a, answer)
}

// entries takes OpenAI's entries, whose first one is next, if their texts are the answer.
// The session gets them in the arrays of OpenAI's completions, which say the same in a
// fraction of the bytes.
func (r *Reader) entries(a *Answer, answer []byte) bool {
	r.spelled, r.tokens, r.logprobs, r.top = r.spelled[:0], r.tokens[:0], r.logprobs[:0], r.top[:0]
	s := &r.list
	listed := false
	for more := true; more; more = s.NextElement() {
		if !s.EnterObject() || !r.entry(&listed) {
			return false
		}
	}
	if !s.End() || s.Replaced() || !utf8.Valid(r.spelled) || string(r.spelled) != a.Text {
		return false
	}
	r.begin(answer)
	r.response = append(append(append(r.response, r.tokens[1:]...), `],"token_logprobs":[`...), r.logprobs[1:]...)
	if listed {
		r.response = append(append(r.response, `],"top_logprobs":[`...), r.top[1:]...)
	}
	r.response = append(r.response, "]}"...)
	r.end(a)
	return true
}

// entry reads the members of an entry.
func (r *Reader) entry(listed *bool) bool {
	s := &r.list
	var token, logprob []byte
	begin := len(r.spelled)
	top := len(r.top)
	r.top = append(r.top, ",{}"...)
	for s.NextKey() {
		switch string(s.Key()) {
		case "token":
			token = s.Raw()
		case "logprob":
			logprob = s.Raw()
		case "bytes":
			if s.Kind() == jsonscan.Null {
				s.Skip()
				continue
			}
			if !s.EnterArray() || len(r.spelled) != begin {
				return false
			}
			for s.NextElement() {
				b, ok := s.Int()
				if !ok || b < 0 || b > 255 {
					return false
				}
				r.spelled = append(r.spelled, byte(b))
			}
		case "top_logprobs":
			r.top = r.top[:top]
			if token == nil || logprob == nil || !r.alternatives() {
				return false
			}
			*listed = *listed || len(r.top) > top+len(",{}")
		default:
			s.Skip()
		}
	}
	text, ok := r.plain(token)
	if !ok || !isNumber(logprob) {
		return false
	}
	if len(r.spelled) == begin {
		r.spelled = append(r.spelled, text...)
	} else if !bytes.Equal(r.spelled[begin:], text) {
		return false // a part of a character
	}
	r.tokens = append(append(r.tokens, ','), token...)
	r.logprobs = append(append(r.logprobs, ','), logprob...)
	return true
}

// alternatives takes the alternatives of a token.
func (r *Reader) alternatives() bool {
	s := &r.list
	r.top = append(r.top, ",{"...)
	if s.Kind() == jsonscan.Null {
		s.Skip()
		r.top = append(r.top, '}')
		return true
	}
	if !s.EnterArray() {
		return false
	}
	for first := true; s.NextElement(); first = false {
		if !s.EnterObject() {
			return false
		}
		var token, logprob []byte
		for s.NextKey() {
			switch string(s.Key()) {
			case "token":
				token = s.Raw()
			case "logprob":
				logprob = s.Raw()
			default:
				s.Skip()
			}
		}
		if len(token) == 0 || token[0] != '"' || !isNumber(logprob) {
			return false
		}
		if !first {
			r.top = append(r.top, ',')
		}
		r.top = append(append(append(r.top, token...), ':'), logprob...)
	}
	r.top = append(r.top, '}')
	return true
}

// plain is the text of a JSON string, valid until the next call.
func (r *Reader) plain(raw []byte) ([]byte, bool) {
	if len(raw) < 2 || raw[0] != '"' {
		return nil, false
	}
	if text := raw[1 : len(raw)-1]; bytes.IndexByte(text, '\\') < 0 {
		return text, true
	}
	r.token.Reset(raw)
	text, ok := r.token.Text()
	return text, ok && !r.token.Replaced()
}

// isNumber reports whether a JSON value is a number.
func isNumber(raw []byte) bool {
	return len(raw) > 0 && (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9')
}

// numbers takes numbers, whose first one is next.
func (r *Reader) numbers(a *Answer, answer, raw []byte) bool {
	s := &r.list
	count := 0
	for more := true; more; more = s.NextElement() {
		if _, ok := s.Float(); !ok {
			return false
		}
		count++
	}
	if !s.End() {
		return false
	}
	a.Even = true
	r.begin(answer)
	first := true
	for part := range evenParts(a.Text, count) {
		if !first {
			r.response = append(r.response, ',')
		}
		first = false
		r.response = jsonscan.AppendString(r.response, []byte(part))
	}
	r.response = append(append(append(r.response, `],"token_logprobs":`...), raw...), '}')
	r.end(a)
	return true
}

// begin begins a response, up to its first token.
func (r *Reader) begin(answer []byte) {
	r.response = append(append(r.response[:0], `data: {"object":"text_completion","choices":[{"index":0,"text":`...), answer...)
	r.response = append(r.response, `,"logprobs":{"tokens":[`...)
}

func (r *Reader) end(a *Answer) {
	r.response = append(r.response, `,"finish_reason":"stop"}]}`...)
	if bytes.IndexByte(r.response, '\n') >= 0 || bytes.IndexByte(r.response, '\r') >= 0 {
		r.response = appendLine(nil, r.response)
	}
	r.response = append(r.response, "\n\n"...)
	a.response, a.format = r.response, stream.OpenAICompletions
}
