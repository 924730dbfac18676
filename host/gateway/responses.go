package gateway

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/wasm/jsonscan"
	"github.com/finece/finece/wasm/stream"
)

// responses is OpenAI's Responses API. Its answers have one choice.
type responses struct{ openAI }

func (responses) path() string          { return PathResponses }
func (responses) format() stream.Format { return stream.OpenAIResponses }

func (responses) counts() counts {
	return counts{prompt: "input_tokens", completion: "output_tokens", total: "total_tokens", in: "response"}
}

// background is the reason of a response that is not scored because the client fetches it later.
const background = "background"

// listed is the element of the array include that asks for log-probabilities.
const listed = "message.output_text.logprobs"

func (responses) member(r *request, s *jsonscan.Scanner, key string) bool {
	switch key {
	case "input":
		if s.Kind() == jsonscan.String {
			text, _ := s.Text()
			r.messages.Add(follow.User, string(text))
			break
		}
		r.messages.Read(s)
	case "instructions":
		r.messages.ReadSystem(s)
	case "previous_response_id", "conversation": // the upstream stores earlier turns
		if s.Kind() != jsonscan.Null {
			r.messages.Unseen()
		}
		s.Skip()
	case "background":
		if later, _ := s.Bool(); later {
			r.unscored = background
		}
	case "text":
		each(s, "format", func() {
			each(s, "type", func() {
				kind, _ := s.Text()
				r.json = string(kind) != "text"
			})
		})
	case "include":
		r.logprobs.from = valueAt(s)
		elements(s, func() {
			name, _ := s.Text()
			r.asked.logprobs = r.asked.logprobs || string(name) == listed
			r.includes = true
		})
		r.logprobs.to = s.Offset()
	case "top_logprobs":
		r.readTop(s)
	default:
		return false
	}
	return true
}

func (responses) ask(r *request, entropy bool, c *changes) {
	switch at := r.logprobs; {
	case r.asked.logprobs:
	case r.includes:
		c.edits = append(c.edits, edit{at.to - 1, at.to - 1, `,"` + listed + `"`})
	default:
		c.set("include", `["`+listed+`"]`, at)
	}
	if entropy && r.asked.top < 2 {
		c.set("top_logprobs", alternatives, r.top)
	}
}

// strip removes log-probabilities from all places of an event.
func (responses) strip(object []byte, at int, a *asked) []edit {
	w := stripper{asked: a, at: at}
	w.scan.Reset(object)
	w.object()
	return w.edits
}

// stripper walks an event of Responses.
type stripper struct {
	scan  jsonscan.Scanner
	asked *asked
	at    int
	edits []edit
}

func (w *stripper) object() {
	s := &w.scan
	if !s.EnterObject() {
		return
	}
	for s.NextKey() {
		switch key := string(s.Key()); {
		case key == "logprobs" && s.Kind() == jsonscan.Array:
			w.logprobs()
		case key == "top_logprobs" && s.Kind() == jsonscan.Number: // the response repeats the request
			from := s.Offset()
			s.Skip()
			w.edits = append(w.edits, edit{w.at + from, w.at + s.Offset(), strconv.Itoa(w.asked.top)})
		case key == "response" || key == "item" || key == "part":
			w.object()
		case key == "output" || key == "content":
			elements(s, w.object)
		default:
			s.Skip()
		}
	}
}

func (w *stripper) logprobs() {
	s := &w.scan
	if from := s.Offset(); !w.asked.logprobs {
		s.Skip()
		w.edits = append(w.edits, edit{w.at + from, w.at + s.Offset(), "[]"})
		return
	}
	elements(s, func() { w.edits = w.asked.token(w.edits, s, w.at) })
}

// textEnds finds the last text of the output.
func (responses) textEnds(body []byte) map[int]int {
	ends := map[int]int{}
	var s jsonscan.Scanner
	s.Reset(body)
	each(&s, "output", func() {
		elements(&s, func() {
			each(&s, "content", func() {
				elements(&s, func() {
					each(&s, "text", func() {
						if end := textEnd(&s); end > 0 {
							ends[0] = end
						}
					})
				})
			})
		})
	})
	return ends
}

// elements calls f for each element of an array.
func elements(s *jsonscan.Scanner, f func()) {
	if !s.EnterArray() {
		return
	}
	for s.NextElement() {
		f()
	}
}

func (responses) writer(r *request) writer { return &responseWriter{request: r} }

// emptied keeps one message with an empty text, for clients that expect a message.
func (responses) emptied(dst []byte, a *answer, finish string, member []byte) []byte {
	status, details := ended(finish)
	v := voiceOf("output_text")
	m := newItem(0, "", v)
	m.part(v, 0)
	dst = appendResponse(dst, a.raw[a.Data:a.Brace+1], status, details, [][]byte{m.appendDone(nil, status)}, a.usage)
	return append(appendNext(dst[:len(dst)-1], member), "}\n"...)
}

// ended returns the status of a response that the gateway ends, and its incomplete_details.
func ended(finish string) (status, details string) {
	switch finish {
	case "stop":
		return "completed", "null"
	case "length":
		return "incomplete", `{"reason":"max_output_tokens"}`
	}
	return "incomplete", `{"reason":` + string(jsonscan.AppendString(nil, []byte(finish))) + "}"
}

// echoed are the members of a response that contain nothing of the answer.
var echoed = []string{
	"id", "object", "created_at", "background", "completed_at", "conversation", "error", "frequency_penalty", "instructions", "max_output_tokens", "max_tool_calls",
	"metadata", "model", "parallel_tool_calls", "presence_penalty", "previous_response_id", "prompt", "prompt_cache_key", "prompt_cache_retention", "reasoning",
	"safety_identifier", "service_tier", "store", "temperature", "text", "tool_choice", "tools", "top_logprobs", "top_p", "truncation", "user",
}

// appendResponse appends a response with the echoed members of like, and with the given status,
// output and usage. usage may be nil.
func appendResponse(dst, like []byte, status, details string, output [][]byte, usage []byte) []byte {
	dst = append(dst, '{')
	var s jsonscan.Scanner
	s.Reset(like)
	s.EnterObject()
	for s.NextKey() {
		key := s.Key()
		value := s.Raw()
		// If one of these two is a string, it is not a setting of the request.
		if name := string(key); !slices.Contains(echoed, name) || (name == "text" || name == "reasoning") && value[0] == '"' {
			continue
		}
		dst = append(append(append(jsonscan.AppendString(dst, key), ':'), value...), ',')
	}
	dst = append(append(append(dst, `"status":"`...), status...), `","incomplete_details":`...)
	dst = append(append(append(append(dst, details...), `,"output":[`...), bytes.Join(output, []byte(","))...), `],"usage":`...)
	if usage == nil {
		usage = []byte("null")
	}
	return append(append(dst, usage...), '}')
}
