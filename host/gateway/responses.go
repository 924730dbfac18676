package gateway

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"

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

// background is why a response is not scored: it can be read elsewhere when it is done.
const background = "background"

// listed is what asks for log-probabilities, an element of the array include.
const listed = `"message.output_text.logprobs"`

func (responses) member(r *request, s *jsonscan.Scanner, key string) bool {
	switch key {
	case "input":
		if s.Kind() == jsonscan.String {
			text, _ := s.Text()
			r.question = string(text)
			r.turns++
			break
		}
		question, turns := follow.Messages(s)
		r.question = question
		r.turns += turns
	case "previous_response_id", "conversation": // earlier turns, which the upstream knows
		if s.Kind() != jsonscan.Null {
			r.turns++
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
		if s.Kind() == jsonscan.Array && s.EnterArray() {
			for s.NextElement() {
				name, _ := s.Text()
				r.asked.logprobs = r.asked.logprobs || string(name) == listed[1:len(listed)-1]
				r.include = true
			}
		} else {
			s.Skip()
		}
		r.logprobs.to = s.Offset()
	case "top_logprobs":
		r.top.from = valueAt(s)
		n, _ := s.Int()
		r.asked.top = int(max(n, 0))
		r.top.to = s.Offset()
	default:
		return false
	}
	return true
}

func (responses) ask(r *request, entropy bool, c *changes) {
	switch at := r.logprobs; {
	case r.asked.logprobs:
	case r.include:
		c.edits = append(c.edits, edit{at.to - 1, at.to - 1, "," + listed})
	default:
		c.set("include", "["+listed+"]", at)
	}
	if entropy && r.asked.top < 2 {
		c.set("top_logprobs", alternatives, r.top)
	}
}

// strip removes log-probabilities wherever an event has them.
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
		case (key == "output" || key == "content") && s.Kind() == jsonscan.Array:
			s.EnterArray()
			for s.NextElement() {
				w.object()
			}
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
	s.EnterArray()
	for s.NextElement() {
		w.edits = w.asked.token(w.edits, s, w.at)
	}
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
						if _, ok := s.Text(); ok {
							ends[0] = s.Offset() - 1
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

// emptied has one message with an empty text, for clients that expect one.
func (responses) emptied(dst []byte, a *answer, finish string, member []byte) []byte {
	m := item{kind: "message", parts: []*textPart{{kind: "output_text"}}}
	status, details := ended(finish)
	dst = appendResponse(dst, a.raw[a.Data:a.Brace+1], status, details, [][]byte{m.appendDone(nil, status)}, a.usage)
	return append(append(append(dst[:len(dst)-1], ','), member...), "}\n"...)
}

// ended is the status of a response that the gateway ends, and its incomplete_details.
func ended(finish string) (status, details string) {
	switch finish {
	case "stop":
		return "completed", "null"
	case "length":
		return "incomplete", `{"reason":"max_output_tokens"}`
	}
	return "incomplete", `{"reason":` + string(jsonscan.AppendString(nil, []byte(finish))) + "}"
}

// echoed are the members of a response that say nothing of the answer.
var echoed = []string{
	"id", "object", "created_at", "background", "completed_at", "conversation", "error", "frequency_penalty", "instructions", "max_output_tokens", "max_tool_calls",
	"metadata", "model", "parallel_tool_calls", "presence_penalty", "previous_response_id", "prompt", "prompt_cache_key", "prompt_cache_retention", "reasoning",
	"safety_identifier", "service_tier", "store", "temperature", "text", "tool_choice", "tools", "top_logprobs", "top_p", "truncation", "user",
}

// appendResponse appends a response that is like another one, but has another status and
// output. usage may be nil.
func appendResponse(dst, like []byte, status, details string, output [][]byte, usage []byte) []byte {
	dst = append(dst, '{')
	var s jsonscan.Scanner
	s.Reset(like)
	s.EnterObject()
	for s.NextKey() {
		key := s.Key()
		value := s.Raw()
		// Where these two are strings, they are no settings.
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

func (responses) writer(r *request) writer { return &responseWriter{request: r, next: -1} }

// responseWriter writes in a stream of Responses. Its events are numbered without gaps, and
// the last one has the whole response. So records wait for an event of the upstream's, and
// the end of an answer that the gateway ends repeats what the client was sent.
type responseWriter struct {
	request  *request
	first    *template // of the first response
	like     []byte    // that response
	final    bool      // the last event has come, and can be changed
	started  bool      // an event with a response was sent
	ended    bool      // the last event was sent
	next     int64     // the sequence_number of the next event; -1: there was none
	items    []*item   // that the client was sent, as far as the end may have to repeat them
	outputs  int       // the output_index of the next item
	appended []byte    // an item of the gateway's own
}

// item is an item of the output.
type item struct {
	index    int
	id, kind string
	parts    []*textPart
	done     []byte // as it was sent when it was done; nil before
}

// textPart is a part of an item.
type textPart struct {
	kind  string // its type
	index int
	text  []byte
	done  bool // the event that ends its text was sent
	ended bool // and the one that ends the part
}

// deltas are the types of parts, by the type of the events with their text.
var deltas = map[string]string{
	"response.output_text.delta": "output_text", "response.refusal.delta": "refusal",
	"response.reasoning_text.delta": "reasoning_text", "response.reasoning_summary_text.delta": "summary_text",
}

// responseEvent is what the gateway reads of an event of Responses.
type responseEvent struct {
	kind                  string
	number                int64
	numberAt              edit // where the number is in the event
	id                    string
	output, part          int
	delta                 []byte // decoded
	item, piece, response []byte // raw
	responseAt            int    // where the response is in the event
}

func readResponseEvent(e *event) (x responseEvent) {
	var s jsonscan.Scanner
	s.Reset(e.raw[e.Data : e.Brace+1])
	x.number = -1
	s.EnterObject()
	for s.NextKey() {
		switch string(s.Key()) {
		case "type":
			kind, _ := s.Text()
			x.kind = string(kind)
		case "sequence_number":
			x.numberAt.from = int(e.Data) + valueAt(&s)
			x.number, _ = s.Int()
			x.numberAt.to = int(e.Data) + s.Offset()
		case "item_id":
			id, _ := s.Text()
			x.id = string(id)
		case "output_index":
			n, _ := s.Int()
			x.output = int(n)
		case "content_index", "summary_index":
			n, _ := s.Int()
			x.part = int(n)
		case "delta":
			x.delta, _ = s.Text()
		case "item":
			x.item = s.Raw()
		case "part":
			x.piece = s.Raw()
		case "response":
			x.responseAt = int(e.Data) + valueAt(&s)
			x.response = s.Raw()
		default:
			s.Skip()
		}
	}
	return x
}

func (w *responseWriter) came(e *event) {
	w.final = e.is(stream.FrameDone)
	if w.first != nil {
		return
	}
	if x := readResponseEvent(e); x.response != nil {
		w.first, w.like = &template{}, bytes.Clone(x.response)
		w.first.read(w.like)
	}
}

func (w *responseWriter) names() *template { return w.first }

func (w *responseWriter) sent(e *event) {
	x := readResponseEvent(e)
	w.started = w.started || x.response != nil
	if e.is(stream.FrameDone) {
		w.ended = true
		w.change(e, &x)
		return
	}
	w.next = max(w.next, x.number+1)
	switch x.kind {
	case "response.output_item.added":
		w.item(&x)
	case "response.output_item.done":
		i := w.item(&x)
		i.done, i.parts = []byte{}, nil
		if w.request.repeats {
			i.done = bytes.Clone(x.item)
		}
	case "response.content_part.added", "response.reasoning_summary_part.added":
		w.item(&x).part(text(memberOf(x.piece, "type")), x.part)
	case "response.content_part.done", "response.reasoning_summary_part.done":
		w.item(&x).part(text(memberOf(x.piece, "type")), x.part).ended = true
	default:
		name, done := strings.CutSuffix(x.kind, ".done")
		if done {
			name += ".delta"
		}
		if kind, ok := deltas[name]; ok && w.request.repeats {
			p := w.item(&x).part(kind, x.part)
			p.text = append(p.text, x.delta...)
			p.done = p.done || done
		}
	}
}

// change makes the last event of the upstream's fit what was added before it.
func (w *responseWriter) change(e *event, x *responseEvent) {
	if w.appended == nil {
		return
	}
	if x.numberAt.to > 0 {
		x.numberAt.with = strconv.FormatInt(w.next, 10)
		e.add(x.numberAt)
	}
	var s jsonscan.Scanner
	s.Reset(x.response)
	each(&s, "output", func() {
		if s.Kind() != jsonscan.Array {
			s.Skip()
			return
		}
		element := string(w.appended)
		elements(&s, func() {
			s.Skip()
			element = "," + string(w.appended)
		})
		end := x.responseAt + s.Offset() - 1
		e.add(edit{end, end, element})
	})
}

// item is the item that an event is about.
func (w *responseWriter) item(x *responseEvent) *item {
	w.outputs = max(w.outputs, x.output+1)
	for _, i := range w.items {
		if i.index == x.output {
			return i
		}
	}
	i := &item{index: x.output, id: x.id, kind: "message"}
	if kind := text(memberOf(x.item, "type")); kind != "" {
		i.kind = kind
	}
	if id := text(memberOf(x.item, "id")); id != "" {
		i.id = id
	}
	w.items = append(w.items, i)
	return i
}

// part is a part of an item. Its type says more than that of the item, where the item was
// not announced.
func (i *item) part(kind string, index int) *textPart {
	for _, p := range i.parts {
		if p.index == index && p.kind == kind {
			return p
		}
	}
	if kind == "summary_text" || kind == "reasoning_text" {
		i.kind = "reasoning"
	}
	p := &textPart{kind: kind, index: index}
	i.parts = append(i.parts, p)
	return p
}

// memberOf is the value of an object's member, nil if it has none.
func memberOf(object []byte, name string) (value []byte) {
	var s jsonscan.Scanner
	s.Reset(object)
	each(&s, name, func() { value = s.Raw() })
	return value
}

func (*responseWriter) closes(*event) bool                { return false }
func (*responseWriter) alone() bool                       { return false }
func (*responseWriter) carrier(dst, member []byte) []byte { return dst }

// text adds a message of its own before the last event, which then has it, too.
func (w *responseWriter) text(dst []byte, _ int, text []byte) ([]byte, bool) {
	if !w.final || w.ended || w.appended != nil {
		return dst, false
	}
	i := &item{index: w.outputs, id: "msg_finece", kind: "message"}
	dst = w.event(dst, "response.output_item.added", i.place(i.appendDone([]byte(`"item":`), "in_progress")))
	p := i.part("output_text", 0)
	dst = w.event(dst, "response.content_part.added", i.placeOf(p, p.appendDone([]byte(`"part":`))))
	p.text = text
	delta := append(jsonscan.AppendString([]byte(`"delta":`), text), `,"logprobs":[]`...)
	dst = w.event(dst, "response.output_text.delta", i.placeOf(p, delta))
	dst = w.endItem(dst, i, "completed")
	w.appended = i.appendDone(nil, "completed")
	return dst, true
}

// event appends an event with the next number.
func (w *responseWriter) event(dst []byte, kind string, members []byte) []byte {
	w.next = max(w.next, 0)
	all := append(strconv.AppendInt([]byte(`"sequence_number":`), w.next, 10), ',')
	w.next++
	return appendEvent(dst, kind, -1, append(all, members...))
}

// place appends which item an event is about.
func (i *item) place(dst []byte) []byte {
	return strconv.AppendInt(append(dst, `,"output_index":`...), int64(i.index), 10)
}

// placeOf appends which part an event is about.
func (i *item) placeOf(p *textPart, dst []byte) []byte {
	dst = i.place(jsonscan.AppendString(append(dst, `,"item_id":`...), []byte(i.id)))
	name := `,"content_index":`
	if p.kind == "summary_text" {
		name = `,"summary_index":`
	}
	return strconv.AppendInt(append(dst, name...), int64(p.index), 10)
}

// appendDone appends a part as an object.
func (p *textPart) appendDone(dst []byte) []byte {
	dst = append(append(append(dst, `{"type":"`...), p.kind...), `",`...)
	if p.kind == "output_text" {
		dst = append(dst, `"annotations":[],"logprobs":[],`...)
	}
	return append(p.appendText(dst), '}')
}

// appendText appends the member with the text of a part.
func (p *textPart) appendText(dst []byte) []byte {
	name := `"text":`
	if p.kind == "refusal" {
		name = `"refusal":`
	}
	return jsonscan.AppendString(append(dst, name...), p.text)
}

// appendDone appends an item as an object with a status.
func (i *item) appendDone(dst []byte, status string) []byte {
	if i.done != nil {
		return append(dst, i.done...)
	}
	id := i.id
	if id == "" {
		id = "msg_finece"
	}
	dst = jsonscan.AppendString(append(dst, `{"id":`...), []byte(id))
	var summary, content [][]byte
	for _, p := range i.parts {
		if p.kind == "summary_text" {
			summary = append(summary, p.appendDone(nil))
		} else {
			content = append(content, p.appendDone(nil))
		}
	}
	if i.kind == "reasoning" {
		dst = append(append(append(dst, `,"type":"reasoning","summary":[`...), bytes.Join(summary, []byte(","))...), ']')
	} else {
		dst = append(dst, `,"type":"message","role":"assistant"`...)
	}
	dst = append(append(append(dst, `,"status":"`...), status...), `","content":[`...)
	return append(append(dst, bytes.Join(content, []byte(","))...), "]}"...)
}

// endItem appends the ends of an item's parts and of the item.
func (w *responseWriter) endItem(dst []byte, i *item, status string) []byte {
	for _, p := range i.parts {
		kind, part := p.kind, "content_part"
		if kind == "summary_text" {
			kind, part = "reasoning_summary_text", "reasoning_summary_part"
		}
		if !p.done {
			members := p.appendText(nil)
			if kind == "output_text" {
				members = append(members, `,"logprobs":[]`...)
			}
			dst = w.event(dst, "response."+kind+".done", i.placeOf(p, members))
		}
		if !p.ended {
			dst = w.event(dst, "response."+part+".done", i.placeOf(p, p.appendDone([]byte(`"part":`))))
		}
	}
	return w.event(dst, "response.output_item.done", i.place(i.appendDone([]byte(`"item":`), status)))
}

// end ends the items that are not done, and the response. A tool call that is not done is
// left out of it.
func (w *responseWriter) end(dst []byte, _ []int, finish string, member []byte) []byte {
	if w.ended {
		return dst
	}
	w.ended = true
	if w.like == nil {
		like := jsonscan.AppendString([]byte(`{"id":"resp_finece","object":"response","model":`), []byte(w.request.model))
		like = strconv.AppendInt(append(like, `,"created_at":`...), time.Now().Unix(), 10)
		w.like = append(like, `,"error":null,"instructions":null,"metadata":{},"parallel_tool_calls":true,"temperature":null,"tool_choice":"auto","tools":[],"top_p":null}`...)
	}
	if !w.started {
		dst = w.event(dst, "response.created", appendResponse([]byte(`"response":`), w.like, "in_progress", "null", nil, nil))
	}
	status, details := ended(finish)
	var output [][]byte
	for _, i := range w.items {
		switch {
		case i.done != nil:
		case i.kind != "message" && i.kind != "reasoning":
			continue
		default:
			dst = w.endItem(dst, i, status)
		}
		output = append(output, i.appendDone(nil, status))
	}
	response := appendResponse([]byte(`"response":`), w.like, status, details, output, nil)
	if len(member) > 0 {
		response = append(append(response, ','), member...)
	}
	return w.event(dst, "response."+status, response)
}

func (*responseWriter) close(dst, _ []byte) []byte { return dst }
