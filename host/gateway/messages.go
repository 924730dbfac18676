package gateway

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"

	"github.com/finece/finece/wasm/jsonscan"
	"github.com/finece/finece/wasm/stream"
)

// messages is Anthropic's Messages API. Its answers have one choice and no
// log-probabilities.
type messages struct{}

func (messages) path() string                        { return PathMessages }
func (messages) format() stream.Format               { return stream.Anthropic }
func (messages) strip([]byte, int, *asked) []edit    { return nil }
func (messages) ask(*request, bool, *changes)        {}
func (messages) writer(r *request) writer            { return &messageWriter{request: r} }
func (messages) counts() counts                      { return counts{prompt: "input_tokens", completion: "output_tokens"} }
func (messages) authorize(h http.Header, key string) { h.Set("X-Api-Key", key) }

func (messages) member(r *request, s *jsonscan.Scanner, key string) bool {
	switch key {
	case "messages":
		r.messages.Read(s)
	case "system":
		r.messages.ReadSystem(s)
	case "output_format": // the beta's name for output_config.format
		r.json = s.Holds()
		s.Skip()
	case "output_config":
		each(s, "format", func() {
			r.json = s.Holds()
			s.Skip()
		})
	default:
		return false
	}
	return true
}

// errorTypes are Anthropic's error types, by HTTP status.
var errorTypes = map[int]string{
	http.StatusUnauthorized: "authentication_error", http.StatusForbidden: "permission_error", http.StatusNotFound: "not_found_error",
	http.StatusRequestEntityTooLarge: "request_too_large", http.StatusTooManyRequests: "rate_limit_error", http.StatusGatewayTimeout: "timeout_error",
}

// refusal adds a code to Anthropic's members, as errors of the other surfaces have one.
func (messages) refusal(dst []byte, status int, code, message string) []byte {
	kind := errorTypes[status]
	switch {
	case kind != "":
	case status < http.StatusInternalServerError:
		kind = "invalid_request_error"
	default:
		kind = "api_error"
	}
	dst = append(append(append(dst, `{"type":"error","error":{"type":"`...), kind...), `","message":`...)
	dst = jsonscan.AppendString(dst, []byte(message))
	dst = jsonscan.AppendString(append(dst, `,"code":`...), []byte(code))
	return append(dst, "}}\n"...)
}

// stopReason returns the stop_reason for a finish_reason.
func stopReason(finish string) string {
	switch finish {
	case "content_filter":
		return "refusal"
	case "stop":
		return "end_turn"
	case "length":
		return "max_tokens"
	}
	return finish
}

func (messages) emptied(dst []byte, a *answer, finish string, member []byte) []byte {
	dst = appendMessage(dst, &a.template, `{"type":"text","text":""}`, stopReason(finish))
	return append(appendNext(dst, member), "}\n"...)
}

// appendMessage appends a message without its closing brace.
func appendMessage(dst []byte, t *template, content, stop string) []byte {
	dst = append(dst, '{')
	if t.id != nil {
		dst = append(append(append(dst, `"id":`...), t.id...), ',')
	}
	dst = append(dst, `"type":"message","role":"assistant",`...)
	if t.model != nil {
		dst = append(append(append(dst, `"model":`...), t.model...), ',')
	}
	dst = append(append(append(dst, `"content":[`...), content...), `],"stop_reason":`...)
	if stop == "" {
		dst = append(dst, "null"...)
	} else {
		dst = jsonscan.AppendString(dst, []byte(stop))
	}
	usage := t.usage
	if usage == nil {
		usage = []byte(`{"input_tokens":0,"output_tokens":0}`)
	}
	return append(append(dst, `,"stop_sequence":null,"usage":`...), usage...)
}

// textEnds finds the last block of text.
func (messages) textEnds(body []byte) map[int]int {
	ends := map[int]int{}
	var s jsonscan.Scanner
	s.Reset(body)
	each(&s, "content", func() {
		if !s.EnterArray() {
			return
		}
		for s.NextElement() {
			each(&s, "text", func() {
				if end := textEnd(&s); end > 0 {
					ends[0] = end
				}
			})
		}
	})
	return ends
}

// messageWriter writes to a stream of Messages: message_start, then for each block of the answer
// content_block_start, its deltas and content_block_stop, then message_delta with the
// stop_reason and the usage, and message_stop. Blocks may overlap. Clients know no other event,
// so records wait for one of these.
type messageWriter struct {
	request *request
	first   *template // of message_start
	usage   []byte    // of message_delta

	started bool    // message_start was sent
	open    []block // blocks that have begun and not ended, usually one
	blocks  int     // the index of the next block
	ended   bool    // message_delta was sent
	member  []byte  // records for message_stop, if message_delta was sent already
}

type block struct {
	index  int
	isText bool
	bare   bool // a tool call without any input yet
}

// part is what the gateway reads of an event of Messages.
type part struct {
	kind           string
	block                 // the event's block; isText is also true for a delta of text
	message, usage []byte // raw
}

// partOf reads an event. It reads all of a content_block_delta only if whole is set, else the
// type alone.
func partOf(e *event, whole bool) (p part) {
	var s jsonscan.Scanner
	s.Reset(e.raw[e.Data : e.Brace+1])
	s.EnterObject()
	for s.NextKey() {
		switch string(s.Key()) {
		case "type":
			kind, _ := s.Text()
			if p.kind = string(kind); p.kind == "content_block_delta" && !whole {
				return p
			}
		case "index":
			n, _ := s.Int()
			p.index = int(n)
		case "content_block", "delta":
			each(&s, "type", func() {
				kind, _ := s.Text()
				p.isText = string(kind) == "text" || string(kind) == "text_delta"
				p.bare = bytes.HasSuffix(kind, []byte("tool_use"))
			})
		case "message":
			p.message = s.Raw()
		case "usage":
			p.usage = s.Raw()
		default:
			s.Skip()
		}
	}
	return p
}

func (w *messageWriter) came(e *event) {
	switch p := partOf(e, false); p.kind {
	case "message_start":
		if w.first == nil {
			w.first = &template{}
			w.first.read(p.message)
		}
	case "message_delta":
		if p.usage != nil {
			w.usage = bytes.Clone(p.usage)
		}
	}
}

func (w *messageWriter) sent(e *event) {
	bare := slices.ContainsFunc(w.open, func(b block) bool { return b.bare })
	switch p := partOf(e, bare || len(w.open) == 0); p.kind {
	case "message_start":
		w.started = true
	case "content_block_start":
		w.begin(p)
	case "content_block_delta":
		if len(w.open) == 0 { // the event that begins its block could not be read
			w.begin(p)
		}
		for i := range w.open {
			if bare && w.open[i].index == p.index {
				w.open[i].bare = false
			}
		}
	case "content_block_stop":
		w.open = slices.DeleteFunc(w.open, func(b block) bool { return b.index == p.index })
	case "message_delta":
		w.ended = true
	}
}

func (w *messageWriter) begin(p part) {
	w.open, w.blocks = append(w.open, p.block), max(w.blocks, p.index+1)
}

// textBlock returns the last open block of text.
func (w *messageWriter) textBlock() (b block, ok bool) {
	for _, b := range slices.Backward(w.open) {
		if b.isText {
			return b, true
		}
	}
	return b, false
}

// closes reports whether an event ends a block while text can still be added to a block.
func (w *messageWriter) closes(e *event) bool {
	_, ok := w.textBlock()
	return ok && partOf(e, false).kind == "content_block_stop"
}

func (w *messageWriter) alone() bool                       { return false }
func (w *messageWriter) carrier(dst, member []byte) []byte { return dst }
func (w *messageWriter) names() *template                  { return w.first }

func (w *messageWriter) text(dst []byte, _ int, text []byte) ([]byte, bool) {
	if b, ok := w.textBlock(); ok && !w.ended {
		return w.delta(dst, b.index, text, nil), true
	}
	if w.ended || len(w.open) > 0 {
		return dst, false
	}
	index := w.blocks
	w.blocks++
	dst = appendEvent(dst, "content_block_start", index, []byte(emptyBlock))
	return appendEvent(w.delta(dst, index, text, nil), "content_block_stop", index, nil), true
}

// add adds text to the open block of text. If there is none, it ends all open blocks and begins
// a new one.
func (w *messageWriter) add(dst, text, member []byte) []byte {
	b, ok := w.textBlock()
	if !ok {
		dst = w.endBlocks(dst)
		b = block{index: w.blocks, isText: true}
		w.open, w.blocks = []block{b}, w.blocks+1
		dst = appendEvent(dst, "content_block_start", b.index, []byte(emptyBlock))
	}
	return w.delta(dst, b.index, text, member)
}

const emptyBlock = `"content_block":{"type":"text","text":""}`

func (w *messageWriter) delta(dst []byte, index int, text, member []byte) []byte {
	members := jsonscan.AppendString([]byte(`"delta":{"type":"text_delta","text":`), text)
	return appendEvent(dst, "content_block_delta", index, appendNext(append(members, '}'), member))
}

// endBlocks ends the blocks that are open.
func (w *messageWriter) endBlocks(dst []byte) []byte {
	for _, b := range w.open {
		if b.bare { // some clients read a missing input as a call without arguments, and run it
			dst = appendEvent(dst, "content_block_delta", b.index, []byte(`"delta":{"type":"input_json_delta","partial_json":"{"}`))
		}
		dst = appendEvent(dst, "content_block_stop", b.index, nil)
	}
	return dst
}

func (w *messageWriter) end(dst []byte, _ []int, finish string, member []byte) []byte {
	if w.ended {
		w.member = bytes.Clone(member)
		return dst
	}
	if !w.started {
		dst = appendEvent(dst, "message_start", -1, w.message())
	}
	dst = w.endBlocks(dst)
	members := jsonscan.AppendString([]byte(`"delta":{"stop_reason":`), []byte(stopReason(finish)))
	members = append(append(members, `,"stop_sequence":null},"usage":`...), w.used()...)
	return appendEvent(dst, "message_delta", -1, appendNext(members, member))
}

func (w *messageWriter) close(dst, _ []byte) []byte {
	return appendEvent(dst, "message_stop", -1, w.member)
}

// message returns the member message of a message_start, for a stream without the upstream's.
func (w *messageWriter) message() []byte {
	t := w.first
	if t == nil {
		t = &template{id: []byte(`"msg_finece"`), model: jsonscan.AppendString(nil, []byte(w.request.model))}
	}
	return append(appendMessage([]byte(`"message":`), t, "", ""), '}')
}

// used returns the usage for a message_delta: the sum of all answers, or the last usage of the
// upstream.
func (w *messageWriter) used() []byte {
	if w.request.sum != nil {
		return messages{}.counts().append(nil, w.request.sum)
	}
	if w.usage != nil {
		return w.usage
	}
	tokens := int64(0)
	if w.first != nil {
		var s jsonscan.Scanner
		s.Reset(w.first.usage)
		each(&s, "output_tokens", func() { tokens, _ = s.Int() })
	}
	return append(strconv.AppendInt([]byte(`{"output_tokens":`), tokens, 10), '}')
}

// appendEvent appends an event of a type. index is its block's index, or -1 for none. members
// are further members.
func appendEvent(dst []byte, kind string, index int, members []byte) []byte {
	dst = append(append(append(append(dst, "event: "...), kind...), "\ndata: {\"type\":\""...), kind...)
	dst = append(dst, '"')
	if index >= 0 {
		dst = strconv.AppendInt(append(dst, `,"index":`...), int64(index), 10)
	}
	return append(appendNext(dst, members), "}\n\n"...)
}
