package answers

import (
	"bytes"
	"slices"
	"strings"

	"github.com/finece/finece/wasm/jsonscan"
	"github.com/finece/finece/wasm/stream"
)

// Reader reads lines as [Parse] does, and several times as fast if the log-probabilities
// are of the answer and of nothing else: then the session is given them as they are in
// the line, in a whole response instead of a stream. A Reader keeps memory from one line
// to the next. It is not safe for concurrent use.
type Reader struct {
	Layout *Layout // nil for the usual one

	line, list jsonscan.Scanner
	spelled    []byte
	response   []byte
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
	if list != nil && !r.logprobs(a, answer, list) {
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

// logprobs makes the response of an answer with log-probabilities. It reports false for
// what it does not read.
func (r *Reader) logprobs(a *Answer, answer, raw []byte) bool {
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
	return r.entries(a, answer, raw)
}

// entries takes OpenAI's entries, whose first one is next, if their texts are the answer.
func (r *Reader) entries(a *Answer, answer, raw []byte) bool {
	s := &r.list
	r.spelled = r.spelled[:0]
	for more := true; more; more = s.NextElement() {
		if !s.EnterObject() {
			return false
		}
		var text []byte
		var token, logprob, spelled bool
		for s.NextKey() {
			switch string(s.Key()) {
			case "token":
				text, token = s.Text()
			case "logprob":
				_, logprob = s.Float()
			case "bytes":
				if spelled = s.EnterArray(); !spelled {
					continue
				}
				for s.NextElement() {
					b, ok := s.Int()
					if !ok || b < 0 || b > 255 {
						return false
					}
					r.spelled = append(r.spelled, byte(b))
				}
			default:
				s.Skip()
			}
		}
		if !token || !logprob {
			return false
		}
		if !spelled {
			r.spelled = append(r.spelled, text...)
		}
	}
	if !s.End() || s.Replaced() || string(r.spelled) != a.Text {
		return false
	}
	r.begin(`{"object":"chat.completion","choices":[{"index":0,"message":{"content":`, answer)
	r.response = append(append(append(r.response, `},"logprobs":{"content":`...), raw...), '}')
	r.end(a, stream.OpenAIChat)
	return true
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
	r.begin(`{"object":"text_completion","choices":[{"index":0,"text":`, answer)
	r.response = append(r.response, `,"logprobs":{"tokens":[`...)
	first := true
	for part := range evenParts(a.Text, count) {
		if !first {
			r.response = append(r.response, ',')
		}
		first = false
		r.response = jsonscan.AppendString(r.response, []byte(part))
	}
	r.response = append(append(append(r.response, `],"token_logprobs":`...), raw...), '}')
	r.end(a, stream.OpenAICompletions)
	return true
}

func (r *Reader) begin(head string, answer []byte) {
	r.response = append(append(r.response[:0], head...), answer...)
}

func (r *Reader) end(a *Answer, format stream.Format) {
	r.response = append(r.response, `,"finish_reason":"stop"}]}`...)
	a.response, a.format = r.response, format
	if bytes.IndexByte(r.response, '\n') >= 0 || bytes.IndexByte(r.response, '\r') >= 0 {
		a.response = appendLine(nil, r.response)
	}
}
