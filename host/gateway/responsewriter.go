package gateway

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/finece/finece/wasm/jsonscan"
	"github.com/finece/finece/wasm/stream"
)

// responseWriter writes to a stream of Responses. The events are numbered without gaps, and the
// last one has the whole response. So records wait for an event of the upstream, and an answer
// that the gateway ends repeats at its end the text that was sent.
type responseWriter struct {
	request  *request
	first    *template // of the first response
	like     []byte    // that response
	final    bool      // the last event has come
	started  bool      // an event with a response was sent
	ended    bool      // the last event was sent
	next     int64     // the sequence_number of the next event
	items    []*item   // items that were sent to the client
	outputs  int       // the output_index of the next item
	appended []byte    // an item that the gateway has added
}

// responseEvent is what the gateway reads of an event of Responses.
type responseEvent struct {
	kind                  string
	number                int64 // its sequence_number; -1: it has none
	numberAt              edit  // where the number is in the event
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
	if c := w.request.config; c.Failure == Open && !c.rule.acts() {
		return // the gateway will add no text and not end the answer
	}
	x := readResponseEvent(e)
	w.started = w.started || x.response != nil
	if e.is(stream.FrameDone) {
		w.ended = true
		w.change(e, &x)
		return
	}
	w.next = max(w.next, x.number+1)
	at := max(strings.LastIndexByte(x.kind, '.'), 0)
	name, done := x.kind[:at], x.kind[at:] == ".done"
	switch {
	case x.kind == "response.output_item.added":
		w.item(&x, nil)
	case x.kind == "response.output_item.done":
		i := w.item(&x, nil)
		i.begun, i.parts, i.done = nil, nil, bytes.Clone(x.item)
	case x.piece != nil:
		if v := voiceOf(text(memberOf(x.piece, "type"))); v != nil {
			p := w.item(&x, v).part(v, x.part)
			p.ended = p.ended || done
		}
	default:
		if v := spoken(name); v != nil {
			p := w.item(&x, v).part(v, x.part)
			p.text = append(p.text, x.delta...)
			p.done = p.done || done
		}
	}
}

// item returns the item that an event is about. v is the voice of the event's text; it may be
// nil if the event has the item.
func (w *responseWriter) item(x *responseEvent, v *voice) *item {
	w.outputs = max(w.outputs, x.output+1)
	for _, i := range w.items {
		if i.index == x.output {
			return i
		}
	}
	var i *item
	if x.item != nil {
		i = readItem(x.output, x.item)
	} else {
		i = newItem(x.output, x.id, v)
	}
	w.items = append(w.items, i)
	return i
}

// change adapts the upstream's last event to the item that was added before it.
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

func (*responseWriter) closes(*event) bool                { return false }
func (*responseWriter) alone() bool                       { return false }
func (*responseWriter) carrier(dst, member []byte) []byte { return dst }

// text adds a message of its own before the last event. The last event then contains the message, too.
func (w *responseWriter) text(dst []byte, _ int, text []byte) ([]byte, bool) {
	if !w.final || w.ended || w.appended != nil {
		return dst, false
	}
	dst, i, p := w.begin(dst)
	dst = w.delta(dst, i, p, text, nil)
	dst = w.endItem(dst, i, "completed")
	w.appended = i.appendDone(nil, "completed")
	return dst, true
}

// begin appends the beginning of a message of the gateway's own.
func (w *responseWriter) begin(dst []byte) ([]byte, *item, *textPart) {
	v := voiceOf("output_text")
	i := newItem(w.outputs, "", v)
	dst = w.event(dst, "response.output_item.added", i.place(i.appendDone([]byte(`"item":`), "in_progress")))
	p := i.part(v, 0)
	return w.event(dst, "response.content_part.added", i.placeOf(p, p.append([]byte(`"part":`)))), i, p
}

// delta appends text of a part.
func (w *responseWriter) delta(dst []byte, i *item, p *textPart, text, member []byte) []byte {
	p.text = append(p.text, text...)
	delta := append(jsonscan.AppendString([]byte(`"delta":`), text), `,"logprobs":[]`...)
	return w.event(dst, "response.output_text.delta", appendNext(i.placeOf(p, delta), member))
}

// add adds text to the open text of the last message. If there is none, it ends all other items
// and begins a new message.
func (w *responseWriter) add(dst, text, member []byte) []byte {
	if len(w.items) > 0 {
		last := w.items[len(w.items)-1]
		for _, p := range last.parts {
			if last.done == nil && p.kind == "output_text" && !p.done {
				return w.delta(dst, last, p, text, member)
			}
		}
	}
	for _, i := range w.items {
		if i.done == nil {
			dst = w.endItem(dst, i, "incomplete")
			i.done = i.appendDone(nil, "incomplete")
		}
	}
	dst, i, p := w.begin(dst)
	w.items, w.outputs = append(w.items, i), w.outputs+1
	return w.delta(dst, i, p, text, member)
}

// event appends an event with the next number.
func (w *responseWriter) event(dst []byte, kind string, members []byte) []byte {
	all := append(strconv.AppendInt([]byte(`"sequence_number":`), w.next, 10), ',')
	w.next++
	return appendEvent(dst, kind, -1, append(all, members...))
}

// endItem appends the ends of an item's parts and of the item.
func (w *responseWriter) endItem(dst []byte, i *item, status string) []byte {
	for _, p := range i.parts {
		if p.member == "arguments" && len(p.text) == 0 {
			// Some clients read missing arguments as a call without arguments, and run it.
			p.text = []byte("{")
			dst = w.event(dst, p.event+".delta", i.placeOf(p, []byte(`"delta":"{"`)))
		}
		if !p.done {
			dst = w.event(dst, p.event+".done", i.placeOf(p, p.appendText(nil)))
		}
		if !p.ended && p.frame != "" {
			dst = w.event(dst, p.frame+".done", i.placeOf(p, p.append([]byte(`"part":`))))
		}
	}
	return w.event(dst, "response.output_item.done", i.place(i.appendDone([]byte(`"item":`), status)))
}

// end ends the items that are not done, and the response.
func (w *responseWriter) end(dst []byte, _ []int, finish string, member []byte) []byte {
	if w.ended {
		return dst
	}
	w.ended = true
	if w.like == nil {
		like := jsonscan.AppendString([]byte(`{"id":"resp_finece","object":"response","model":`), []byte(w.request.model))
		like = strconv.AppendInt(append(like, `,"created_at":`...), w.request.config.clock.now().Unix(), 10)
		w.like = append(like, `,"error":null,"instructions":null,"metadata":{},"parallel_tool_calls":true,"temperature":null,"tool_choice":"auto","tools":[],"top_p":null}`...)
	}
	if !w.started {
		dst = w.event(dst, "response.created", appendResponse([]byte(`"response":`), w.like, "in_progress", "null", nil, nil))
	}
	status, details := ended(finish)
	var output [][]byte
	for _, i := range w.items {
		if i.done == nil {
			dst = w.endItem(dst, i, status)
			if i.isCall() {
				continue // so that no client runs an incomplete call
			}
		}
		output = append(output, i.appendDone(nil, status))
	}
	response := appendResponse([]byte(`"response":`), w.like, status, details, output, w.used())
	return w.event(dst, "response."+status, appendNext(response, member))
}

// used returns the usage of all answers, or nil if there is only one answer, whose usage is not known.
func (w *responseWriter) used() []byte {
	u := w.request.sum
	if u == nil {
		return nil
	}
	dst := bytes.TrimSuffix(responses{}.counts().append(nil, u), []byte("}"))
	dst = append(dst, `,"input_tokens_details":{"cached_tokens":0},"output_tokens_details":{"reasoning_tokens":`...)
	return append(strconv.AppendInt(dst, max(u.Reasoning, 0), 10), "}}"...)
}

func (*responseWriter) close(dst, _ []byte) []byte { return dst }
