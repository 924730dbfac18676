package gateway

import (
	"strconv"

	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/wasm/jsonscan"
)

// completions is OpenAI's older API, which continues a text. The question is the text.
type completions struct{ openAI }

func (completions) path() string   { return PathCompletions }
func (completions) object() string { return "text_completion" }
func (completions) id() string     { return "cmpl-finece" }

func (c completions) writer(r *request) writer { return &chunks{of: c, request: r} }

func (c completions) emptied(dst []byte, a *answer, finish string, member []byte) []byte {
	return emptied(dst, c, a, finish, member)
}

// Why a completion is not scored.
const (
	prompts = "prompts" // it has several prompts, so a choice has no known question, or a prompt that is not text
	echo    = "echo"    // its text would begin with the prompt
)

func (c completions) member(r *request, s *jsonscan.Scanner, key string) bool {
	switch key {
	case "prompt":
		r.prompt(s)
	case "echo":
		if repeats, _ := s.Bool(); repeats {
			r.unscored = echo
		}
	case "logprobs":
		r.logprobs.from = valueAt(s)
		n, isNumber := s.Int()
		r.asked.logprobs, r.asked.top = isNumber, int(max(n, 0))
		r.logprobs.to = s.Offset()
	default:
		return c.openAI.member(r, s, key)
	}
	return true
}

// prompt reads a string, or an array of one string.
func (r *request) prompt(s *jsonscan.Scanner) {
	texts := 0
	read := func() {
		if s.Kind() != jsonscan.String {
			s.Skip()
			texts = 2
			return
		}
		text, _ := s.Text()
		r.messages.Add(follow.User, string(text))
		texts++
	}
	if s.Kind() == jsonscan.Array {
		s.EnterArray()
		for s.NextElement() {
			read()
		}
	} else {
		read()
	}
	if texts > 1 {
		r.unscored = prompts
	}
}

func (completions) ask(r *request, entropy bool, c *changes) {
	switch {
	case entropy && r.asked.top < 2:
		c.set("logprobs", alternatives, r.logprobs)
	case !r.asked.logprobs:
		c.set("logprobs", "1", r.logprobs) // some servers read 0 as no log-probabilities
	}
}

func (completions) choice(dst []byte, index int, text []byte, finish string) []byte {
	if text == nil {
		text = []byte(`""`)
	}
	dst = append(strconv.AppendInt(append(dst, `{"index":`...), int64(index), 10), `,"text":`...)
	return appendFinish(append(append(dst, text...), `,"logprobs":null`...), finish)
}

func (c completions) emptiedChoice(dst []byte, index int, finish string) []byte {
	return c.choice(dst, index, nil, finish)
}

func (completions) textEnds(body []byte) map[int]int {
	return textEnds(body, func(s *jsonscan.Scanner, key string) int {
		if key == "text" {
			return textEnd(s)
		}
		s.Skip()
		return 0
	})
}
