package gateway

import (
	"bytes"
	"slices"
	"time"

	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/wasm/jsonscan"
	"github.com/finece/finece/wasm/stream"
)

// ollama is the common part of Ollama's own two APIs. An answer is a stream of lines of JSON,
// unless the request has "stream": false. It has one choice and no identifier.
type ollama struct{ openAI }

func (ollama) format() stream.Format { return stream.Ollama }

func (ollama) counts() counts {
	return counts{prompt: "prompt_eval_count", completion: "eval_count", bare: true}
}

func (ollama) refusal(dst []byte, _ int, code, message string) []byte {
	dst = jsonscan.AppendString(append(dst, `{"error":`...), []byte(message))
	dst = jsonscan.AppendString(append(dst, `,"code":`...), []byte(code))
	return append(dst, "}\n"...)
}

func (ollama) member(r *request, s *jsonscan.Scanner, key string) bool {
	switch key {
	case "format":
		r.json = s.Holds()
		s.Skip()
	case "logprobs":
		r.logprobs.from = valueAt(s)
		r.asked.logprobs, _ = s.Bool()
		r.logprobs.to = s.Offset()
	case "top_logprobs":
		r.readTop(s)
	default:
		return false
	}
	return true
}

func (ollama) ask(r *request, entropy bool, c *changes) { chat{}.ask(r, entropy, c) }

// strip removes the log-probabilities, an array in each line.
func (ollama) strip(object []byte, at int, a *asked) (edits []edit) {
	var s jsonscan.Scanner
	s.Reset(object)
	each(&s, "logprobs", func() {
		if from := valueAt(&s); !a.logprobs {
			s.Skip()
			edits = append(edits, edit{at + from, at + s.Offset(), "null"})
			return
		}
		elements(&s, func() { edits = a.token(edits, &s, at) })
	})
	return edits
}

// ollamaChat is /api/chat, and ollamaGenerate /api/generate, whose question is the prompt.
type (
	ollamaChat     struct{ ollama }
	ollamaGenerate struct{ ollama }
)

func (ollamaChat) path() string     { return PathOllamaChat }
func (ollamaGenerate) path() string { return PathOllamaGenerate }

func (ollamaChat) member(r *request, s *jsonscan.Scanner, key string) bool {
	if key == "messages" {
		r.messages.Read(s)
		return true
	}
	return ollama{}.member(r, s, key)
}

func (ollamaGenerate) member(r *request, s *jsonscan.Scanner, key string) bool {
	switch key {
	case "prompt":
		text, _ := s.Text()
		r.messages.Add(follow.User, string(text))
	case "system":
		r.messages.ReadSystem(s)
	case "context": // earlier turns, in tokens
		if s.Holds() {
			r.messages.Unseen()
		}
		s.Skip()
	default:
		return ollama{}.member(r, s, key)
	}
	return true
}

func (ollamaChat) writer(r *request) writer     { return &lineWriter{request: r, says: chatText} }
func (ollamaGenerate) writer(r *request) writer { return &lineWriter{request: r, says: generateText} }

func chatText(dst, text []byte) []byte {
	return append(jsonscan.AppendString(append(dst, `"message":{"role":"assistant","content":`...), text), '}')
}

func generateText(dst, text []byte) []byte {
	return jsonscan.AppendString(append(dst, `"response":`...), text)
}

func (ollamaChat) emptied(dst []byte, a *answer, finish string, member []byte) []byte {
	return emptiedLine(dst, a, chatText, finish, member)
}

func (ollamaGenerate) emptied(dst []byte, a *answer, finish string, member []byte) []byte {
	return emptiedLine(dst, a, generateText, finish, member)
}

// ofAnswer are the members of a line that contain the answer. The context has its text in
// tokens.
var ofAnswer = []string{"message", "response", "thinking", "logprobs", "context", "done_reason"}

func emptiedLine(dst []byte, a *answer, text func(dst, text []byte) []byte, finish string, member []byte) []byte {
	var s jsonscan.Scanner
	s.Reset(a.raw[a.Data : a.Brace+1])
	dst = append(dst, '{')
	s.EnterObject()
	for s.NextKey() {
		key := s.Key()
		if value := s.Raw(); !slices.Contains(ofAnswer, string(key)) {
			dst = append(append(append(jsonscan.AppendString(dst, key), ':'), value...), ',')
		}
	}
	dst = jsonscan.AppendString(append(text(dst, nil), `,"done_reason":`...), []byte(finish))
	return append(appendNext(dst, member), "}\n"...)
}

func (ollamaChat) textEnds(body []byte) map[int]int {
	return lineTextEnd(body, "message", func(s *jsonscan.Scanner) (end int) {
		each(s, "content", func() { end = textEnd(s) })
		return end
	})
}

func (ollamaGenerate) textEnds(body []byte) map[int]int {
	return lineTextEnd(body, "response", textEnd)
}

func lineTextEnd(body []byte, name string, text func(*jsonscan.Scanner) int) map[int]int {
	ends := map[int]int{}
	var s jsonscan.Scanner
	s.Reset(body)
	each(&s, name, func() {
		if end := text(&s); end > 0 {
			ends[0] = end
		}
	})
	return ends
}

// lineWriter writes to a stream of Ollama's lines.
type lineWriter struct {
	request *request
	says    func(dst, text []byte) []byte
	first   *template
}

func (w *lineWriter) came(e *event) {
	if w.first == nil {
		w.first = &template{}
		w.first.read(e.raw[e.Data : e.Brace+1])
	}
}

func (w *lineWriter) sent(*event)        {}
func (w *lineWriter) closes(*event) bool { return false }
func (w *lineWriter) alone() bool        { return true }

// names never returns nil: the APIs have no identifiers and no comments, so a line of the
// gateway's own may come first.
func (w *lineWriter) names() *template {
	if w.first == nil {
		return &template{model: jsonscan.AppendString(nil, []byte(w.request.model))}
	}
	return w.first
}

// line appends a line with a text, and further members.
func (w *lineWriter) line(dst, text []byte, members ...[]byte) []byte {
	dst = append(dst, '{')
	if model := w.names().model; model != nil {
		dst = append(append(append(dst, `"model":`...), model...), ',')
	}
	dst = w.request.config.clock.now().UTC().AppendFormat(append(dst, `"created_at":"`...), time.RFC3339Nano)
	dst = w.says(append(dst, `",`...), text)
	return append(appendNext(dst, bytes.Join(slices.DeleteFunc(members, func(m []byte) bool { return len(m) == 0 }), []byte(","))), "}\n"...)
}

var undone = []byte(`"done":false`)

func (w *lineWriter) carrier(dst, member []byte) []byte { return w.line(dst, nil, undone, member) }

func (w *lineWriter) text(dst []byte, _ int, text []byte) ([]byte, bool) {
	return w.line(dst, text, undone), true
}

func (w *lineWriter) add(dst, text, member []byte) []byte { return w.line(dst, text, undone, member) }

func (w *lineWriter) end(dst []byte, _ []int, finish string, member []byte) []byte {
	done := jsonscan.AppendString([]byte(`"done":true,"done_reason":`), []byte(finish))
	var used []byte
	if u := w.request.sum; u != nil {
		used = bytes.Trim(ollama{}.counts().append(nil, u), "{}")
	}
	return w.line(dst, nil, done, used, member)
}

func (w *lineWriter) close(dst, _ []byte) []byte { return dst }

// A line is sent with its LF at once. The core counts that LF as the beginning of the next line.

// takeLF marks an event of Ollama as a line, and drops the upstream's LF after it.
func (b *body) takeLF(e *event) {
	if b.request.surface.format() != stream.Ollama {
		return
	}
	e.line, b.lineSent = true, true
	kept := b.lf(b.buf)
	b.base += int64(len(b.buf) - len(kept))
	b.buf = kept
}

// lf drops an LF at the beginning of data, if the line before was sent with its LF.
func (b *body) lf(data []byte) []byte {
	if !b.lineSent || len(data) == 0 {
		return data
	}
	b.lineSent = false
	return bytes.TrimPrefix(data, []byte("\n"))
}
