package gateway

import (
	"bytes"
	"net/http"
	"strconv"

	"github.com/finece/finece/wasm/jsonscan"
	"github.com/finece/finece/wasm/stream"
)

// openAI is the common part of the APIs whose streams are chunks with choices.
type openAI struct{}

func (openAI) format() stream.Format            { return stream.Auto }
func (openAI) strip([]byte, int, *asked) []edit { return nil }

func (openAI) counts() counts {
	return counts{prompt: "prompt_tokens", completion: "completion_tokens", total: "total_tokens"}
}

func (openAI) authorize(h http.Header, key string) { h.Set("Authorization", "Bearer "+key) }

func (openAI) refusal(dst []byte, _ int, code, message string) []byte {
	dst = jsonscan.AppendString(append(dst, `{"error":{"message":`...), []byte(message))
	dst = append(dst, `,"type":"finece-error","param":null,"code":`...)
	return append(jsonscan.AppendString(dst, []byte(code)), "}}\n"...)
}

func (openAI) member(r *request, s *jsonscan.Scanner, key string) bool {
	switch key {
	case "n":
		n, _ := s.Int()
		r.n = int(max(n, 1))
	case "stream_options":
		each(s, "include_usage", func() { r.usage, _ = s.Bool() })
	default:
		return false
	}
	return true
}

// choices is the part of a chunk that differs between these APIs.
type choices interface {
	// object is the type of a chunk, and id the identifier of an answer without one.
	object() string
	id() string
	// choice appends a choice of a chunk. text is a JSON string, or nil for none; finish is
	// the finish_reason, or "".
	choice(dst []byte, index int, text []byte, finish string) []byte
	// emptiedChoice appends a choice of a plain answer without its text.
	emptiedChoice(dst []byte, index int, finish string) []byte
}

// chunks writes in a stream of chunks.
type chunks struct {
	of      choices
	request *request
	first   *template // of the first chunk
}

func (c *chunks) came(e *event) {
	if c.first == nil {
		c.first = &template{object: c.object()}
		c.first.read(e.raw[e.Data : e.Brace+1])
	}
}

func (c *chunks) sent(*event)        {}
func (c *chunks) closes(*event) bool { return false }
func (c *chunks) alone() bool        { return true }
func (c *chunks) names() *template   { return c.first }

// object is the type of the answer's chunks, as JSON.
func (c *chunks) object() []byte { return jsonscan.AppendString(nil, []byte(c.of.object())) }

func (c *chunks) carrier(dst, member []byte) []byte {
	return c.append(dst, c.chosen([]int{0}, nil, ""), member)
}

func (c *chunks) text(dst []byte, choice int, text []byte) ([]byte, bool) {
	return c.append(dst, c.chosen([]int{choice}, text, ""), nil), true
}

func (c *chunks) add(dst, text, member []byte) []byte {
	return c.append(dst, c.chosen([]int{0}, append([]byte{}, text...), ""), member)
}

func (c *chunks) end(dst []byte, choices []int, finish string, member []byte) []byte {
	return c.append(dst, c.chosen(choices, nil, finish), member)
}

func (c *chunks) close(dst, usage []byte) []byte {
	switch {
	case !c.request.usage:
	case c.request.sum != nil:
		dst = c.append(dst, "[]", openAI{}.counts().append([]byte(`"usage":`), c.request.sum))
	case usage != nil:
		dst = append(append(dst, bytes.TrimRight(usage, "\r\n")...), "\n\n"...)
	default:
		dst = c.append(dst, "[]", []byte(`"usage":null`))
	}
	return append(dst, "data: [DONE]\n\n"...)
}

// append appends a chunk of the gateway's own, even if no chunk of the upstream has come yet.
func (c *chunks) append(dst []byte, choices string, members []byte) []byte {
	t := c.first
	if t == nil {
		t = &template{
			id: jsonscan.AppendString(nil, []byte(c.of.id())), object: c.object(),
			created: strconv.AppendInt(nil, c.request.config.clock.now().Unix(), 10), model: jsonscan.AppendString(nil, []byte(c.request.model)),
		}
	}
	return append(t.appendObject(append(dst, "data: "...), choices, members), "\n\n"...)
}

// chosen returns a JSON array with some choices of a chunk. text is not yet JSON; nil is
// none.
func (c *chunks) chosen(choices []int, text []byte, finish string) string {
	if text != nil {
		text = jsonscan.AppendString(nil, text)
	}
	all := []byte{'['}
	for i, choice := range choices {
		if i > 0 {
			all = append(all, ',')
		}
		all = c.of.choice(all, choice, text, finish)
	}
	return string(append(all, ']'))
}

// appendFinish appends a finish_reason and the end of its object.
func appendFinish(dst []byte, finish string) []byte {
	dst = append(dst, `,"finish_reason":`...)
	if finish == "" {
		dst = append(dst, "null"...)
	} else {
		dst = jsonscan.AppendString(dst, []byte(finish))
	}
	return append(dst, '}')
}

// appendObject appends an object with the id, model and time of the upstream's chunks, the given
// choices and further members.
func (t *template) appendObject(dst []byte, choices string, members []byte) []byte {
	dst = append(dst, '{')
	for _, m := range []struct {
		key   string
		value []byte
	}{{"id", t.id}, {"object", t.object}, {"created", t.created}, {"model", t.model}} {
		if m.value != nil {
			dst = append(append(append(append(dst, '"'), m.key...), '"', ':'), m.value...)
			dst = append(dst, ',')
		}
	}
	dst = append(append(dst, `"choices":`...), choices...)
	return append(appendNext(dst, members), '}')
}

// emptied appends a plain answer without the text of its choices.
func emptied(dst []byte, of choices, a *answer, finish string, member []byte) []byte {
	all := []byte{'['}
	for i, said := range a.said {
		if i > 0 {
			all = append(all, ',')
		}
		all = of.emptiedChoice(all, said.Choice, finish)
	}
	members := member
	if a.usage != nil {
		members = appendNext(append([]byte(`"usage":`), a.usage...), member)
	}
	return append(a.appendObject(dst, string(append(all, ']')), members), '\n')
}

// textEnds returns where the text of each choice ends in a plain answer: the offset of its
// closing quote. text reads the value of a member of a choice, and returns where the text in
// that value ends, or 0 if there is no text.
func textEnds(body []byte, text func(s *jsonscan.Scanner, key string) int) map[int]int {
	ends := map[int]int{}
	var s jsonscan.Scanner
	s.Reset(body)
	each(&s, "choices", func() {
		if !s.EnterArray() {
			return
		}
		for s.NextElement() {
			index, end := 0, 0
			s.EnterObject()
			for s.NextKey() {
				if string(s.Key()) == "index" {
					n, _ := s.Int()
					index = int(n)
				} else {
					end = max(end, text(&s, string(s.Key())))
				}
			}
			if end > 0 {
				ends[index] = end
			}
		}
	})
	return ends
}

// textEnd reads a value. It returns the offset of the closing quote if the value is a string,
// else 0.
func textEnd(s *jsonscan.Scanner) int {
	if _, ok := s.Text(); ok {
		return s.Offset() - 1
	}
	return 0
}
