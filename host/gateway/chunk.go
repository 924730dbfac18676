package gateway

import (
	"bytes"
	"cmp"

	"github.com/finece/finece/wasm/jsonscan"
)

// asked says which log-probabilities the client asked for, if the upstream was
// asked for more.
type asked struct {
	more     bool // the upstream was asked for more
	logprobs bool
	top      int // alternatives a token
}

// chunk is a parsed event of a chat completion's stream. Edits and offsets are
// positions in its payload. The session parses the event as well, for its records. The
// gateway needs what no record has: the places in the bytes at which it adds a member or
// removes log-probabilities.
type chunk struct {
	payload []byte // the text of its data lines, joined
	spans   []span

	done    bool   // [DONE]
	comment bool   // only comments and fields without data
	carrier bool   // an object with choices, so that a key can be added to it
	empty   bool   // an object whose array of choices is empty
	usage   bool   // it has usage
	end     int    // of a carrier: offset of its closing brace
	content []says // of each choice that has any
	ended   []int  // choices with a finish_reason
	strip   []edit // removes the log-probabilities that were not asked for
}

// says tells what content a choice has.
type says struct {
	choice int
	text   bool // members that hold text to score
	other  bool // content that is not text, such as a tool call
}

// span maps the beginning of a part of the payload to its offset in the event.
type span struct{ payload, raw int }

// edit replaces the bytes in [from, to).
type edit struct {
	from, to int
	with     string
}

// template has the values that all chunks of a stream share, as raw JSON.
type template struct{ id, object, created, model []byte }

// named is an answer's identifier and the name of the model that answers.
type named struct{ id, generator string }

// named reads the names. If the answer does not name its model, the requested model
// is used.
func (t *template) named(model string) named {
	return named{text(t.id), cmp.Or(text(t.model), model)}
}

// text is the text of a JSON string, "" for any other value.
func text(raw []byte) string {
	var s jsonscan.Scanner
	s.Reset(raw)
	if s.Kind() != jsonscan.String {
		return ""
	}
	text, _ := s.Text()
	return string(text)
}

// member reads the value of one of the template's keys, and skips any other value.
func (t *template) member(s *jsonscan.Scanner) {
	switch string(s.Key()) {
	case "id":
		t.id = s.Raw()
	case "object":
		t.object = s.Raw()
	case "created":
		t.created = s.Raw()
	case "model":
		t.model = s.Raw()
	default:
		s.Skip()
	}
}

// reader reads chunks.
type reader struct {
	scan  jsonscan.Scanner
	asked asked
	seen  bool // template is set
	template
}

// read reads an event.
func (r *reader) read(raw []byte) chunk {
	var c chunk
	named, foreign := c.data(raw)
	switch {
	case len(c.spans) == 0:
		c.comment = !named && !foreign
		return c
	case string(bytes.TrimSpace(c.payload)) == "[DONE]":
		c.done = true
		return c
	}
	s := &r.scan
	s.Reset(c.payload)
	if s.Kind() != jsonscan.Object {
		return c
	}
	var t template
	choices, empty := false, false
	s.EnterObject()
	for s.NextKey() {
		switch string(s.Key()) {
		case "usage":
			c.usage = s.Kind() == jsonscan.Object
			s.Skip()
		case "choices":
			empty = s.Kind() == jsonscan.Array
			choices = c.choices(s, &r.asked) || choices
		default:
			t.member(s)
		}
	}
	c.end = s.Offset() - 1
	if !s.End() {
		c.strip, c.content, c.ended = nil, nil, nil
		return c
	}
	c.carrier = choices && !named
	c.empty = empty && !choices
	if c.carrier && !r.seen {
		r.seen = true
		r.template = template{bytes.Clone(t.id), bytes.Clone(t.object), bytes.Clone(t.created), bytes.Clone(t.model)}
	}
	return c
}

// data collects the event's data lines. It reports whether the event has a name, and
// whether it has lines that do not belong in an event stream: the session also reads
// JSON Lines and plain text, so such lines may contain text.
func (c *chunk) data(raw []byte) (named, foreign bool) {
	for at := 0; at < len(raw); {
		end := bytes.IndexByte(raw[at:], '\n')
		if end < 0 {
			end = len(raw) - at
		}
		if cr := bytes.IndexByte(raw[at:at+end], '\r'); cr >= 0 {
			end = cr
		}
		line := raw[at : at+end]
		field, value, _ := bytes.Cut(line, []byte(":"))
		from := at + end - len(value)
		if len(value) > 0 && value[0] == ' ' {
			value = value[1:]
			from++
		}
		switch {
		case string(field) == "data" || at == 0 && string(field) == "\ufeffdata":
			if len(c.spans) == 0 {
				c.payload = value
			} else {
				c.payload = append(append(c.payload[:len(c.payload):len(c.payload)], '\n'), value...)
			}
			c.spans = append(c.spans, span{len(c.payload) - len(value), from})
		case string(field) == "event":
			named = string(value) != "message" && len(value) > 0
		default:
			switch string(bytes.TrimLeft(field, " ")) { // OpenRouter sends a space before the name
			case "", "data", "id", "retry":
			default:
				foreign = true
			}
		}
		at += end + 1
	}
	return named, foreign
}

// choices reads the array of choices and reports whether it has any.
func (c *chunk) choices(s *jsonscan.Scanner, a *asked) (any bool) {
	if !s.EnterArray() {
		return false
	}
	for s.NextElement() {
		any = true
		d, ended := c.choice(s, a)
		if d.text || d.other {
			c.content = append(c.content, d)
		}
		if ended {
			c.ended = append(c.ended, d.choice)
		}
	}
	return any
}

// choice reads a choice and reports whether it ends here. Members that the session
// reads as text count as text. Unknown members may contain text.
func (c *chunk) choice(s *jsonscan.Scanner, a *asked) (d says, ended bool) {
	if s.Kind() != jsonscan.Object {
		d.other = mayBeText(s)
		return d, false
	}
	s.EnterObject()
	for s.NextKey() {
		switch string(s.Key()) {
		case "index":
			i, _ := s.Int()
			d.choice = int(i)
		case "delta", "message":
			d.delta(s)
		case "text", "token_ids":
			d.text = !isEmpty(s.Raw()) || d.text
		case "finish_reason":
			ended = s.Kind() == jsonscan.String
			s.Skip()
		case "logprobs":
			c.logprobs(s, a)
		case "error", "usage", "native_finish_reason", "stop_reason", "matched_stop", "content_filter_results", "content_filter_offsets":
			s.Skip()
		default:
			d.other = mayBeText(s) || d.other
		}
	}
	return d, ended
}

func (d *says) delta(s *jsonscan.Scanner) {
	if s.Kind() != jsonscan.Object {
		d.other = mayBeText(s) || d.other
		return
	}
	s.EnterObject()
	for s.NextKey() {
		of := &d.other
		switch string(s.Key()) {
		// Members that the session reads, and OpenRouter's copy of the reasoning.
		case "content", "reasoning_content", "reasoning", "thinking", "refusal", "reasoning_details":
			of = &d.text
		case "role":
			s.Skip()
			continue
		}
		*of = !isEmpty(s.Raw()) || *of
	}
}

func isEmpty(value []byte) bool {
	switch string(value) {
	case "null", `""`, "[]", "{}":
		return true
	}
	return false
}

// mayBeText skips a value and reports whether there may be text in it.
func mayBeText(s *jsonscan.Scanner) bool {
	switch s.Kind() {
	case jsonscan.String, jsonscan.Array, jsonscan.Object:
		return !isEmpty(s.Raw())
	}
	s.Skip()
	return false
}

// logprobs notes which of a choice's log-probabilities have to be removed.
func (c *chunk) logprobs(s *jsonscan.Scanner, a *asked) {
	kind := s.Kind()
	from := s.Offset()
	switch {
	case !a.more || kind != jsonscan.Object:
		s.Skip()
	case !a.logprobs:
		s.Skip()
		c.strip = append(c.strip, edit{from, s.Offset(), "null"})
	default:
		s.EnterObject()
		for s.NextKey() {
			if !s.EnterArray() {
				continue
			}
			for s.NextElement() {
				c.token(s, a.top)
			}
		}
	}
}

// token notes which of a token's alternatives exceed the number that was asked for.
func (c *chunk) token(s *jsonscan.Scanner, top int) {
	if !s.EnterObject() {
		return
	}
	for s.NextKey() {
		if string(s.Key()) != "top_logprobs" {
			s.Skip()
			continue
		}
		if !s.EnterArray() {
			continue
		}
		cut, n := s.Offset(), 0
		for ; s.NextElement(); n++ {
			s.Skip()
			if n < top {
				cut = s.Offset()
			}
		}
		if n > top {
			c.strip = append(c.strip, edit{cut, s.Offset() - 1, ""})
		}
	}
}

// append appends the event with its edits and, if it is a carrier, with more
// members.
func (c *chunk) append(dst, raw, members []byte) []byte {
	at := 0
	for _, e := range c.strip {
		dst = append(append(dst, raw[at:c.raw(e.from)]...), e.with...)
		at = c.raw(e.to-1) + 1
	}
	if len(members) > 0 {
		end := c.raw(c.end)
		dst = append(append(dst, raw[at:end]...), ',')
		dst = append(dst, members...)
		at = end
	}
	return append(dst, raw[at:]...)
}

// raw converts an offset in the payload to one in the event.
func (c *chunk) raw(at int) int {
	i := len(c.spans) - 1
	for i > 0 && c.spans[i].payload > at {
		i--
	}
	return c.spans[i].raw + at - c.spans[i].payload
}

// appendChunk appends an event with a chunk of the gateway's own. It has the id, model
// and time of the others, the given choices and further members.
func (t *template) appendChunk(dst []byte, choices string, members []byte) []byte {
	own := *t
	if own.object == nil {
		own.object = []byte(`"chat.completion.chunk"`)
	}
	return append(own.appendObject(append(dst, "data: "...), choices, members), "\n\n"...)
}

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
	if len(members) > 0 {
		dst = append(append(dst, ','), members...)
	}
	return append(dst, '}')
}

const emptyDelta = `[{"index":0,"delta":{},"finish_reason":null}]`
