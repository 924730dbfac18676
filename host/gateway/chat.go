package gateway

import (
	"strconv"

	"github.com/finece/finece/wasm/jsonscan"
)

// chat is OpenAI's chat completions.
type chat struct{ openAI }

func (chat) path() string   { return PathChat }
func (chat) object() string { return "chat.completion.chunk" }
func (chat) id() string     { return "chatcmpl-finece" }

func (c chat) writer(r *request) writer { return &chunks{of: c, request: r} }

func (c chat) emptied(dst []byte, a *answer, finish string, member []byte) []byte {
	return emptied(dst, c, a, finish, member)
}

func (c chat) member(r *request, s *jsonscan.Scanner, key string) bool {
	switch key {
	case "messages":
		r.messages.Read(s)
	case "response_format":
		each(s, "type", func() {
			kind, _ := s.Text()
			r.json = string(kind) != "text"
		})
	case "logprobs":
		r.logprobs.from = valueAt(s)
		r.asked.logprobs, _ = s.Bool()
		r.logprobs.to = s.Offset()
	case "top_logprobs":
		r.readTop(s)
	default:
		return c.openAI.member(r, s, key)
	}
	return true
}

func (chat) ask(r *request, entropy bool, c *changes) {
	if !r.asked.logprobs {
		c.set("logprobs", "true", r.logprobs)
	}
	switch {
	case entropy && r.asked.top < 2:
		c.set("top_logprobs", alternatives, r.top)
	case r.asked.top < 1:
		// llama-cpp-python sends no log-probabilities without it, and llama.cpp none if it is 0.
		c.set("top_logprobs", "1", r.top)
	}
}

func (chat) choice(dst []byte, index int, text []byte, finish string) []byte {
	dst = append(strconv.AppendInt(append(dst, `{"index":`...), int64(index), 10), `,"delta":{`...)
	if text != nil {
		dst = append(append(dst, `"content":`...), text...)
	}
	return appendFinish(append(dst, '}'), finish)
}

func (chat) emptiedChoice(dst []byte, index int, finish string) []byte {
	dst = strconv.AppendInt(append(dst, `{"index":`...), int64(index), 10)
	return appendFinish(append(dst, `,"message":{"role":"assistant","content":""},"logprobs":null`...), finish)
}

func (chat) textEnds(body []byte) map[int]int {
	return textEnds(body, func(s *jsonscan.Scanner, key string) (end int) {
		if key == "message" {
			each(s, "content", func() { end = textEnd(s) })
		} else {
			s.Skip()
		}
		return end
	})
}
