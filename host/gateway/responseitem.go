package gateway

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/finece/finece/wasm/jsonscan"
)

// voice describes where an item of Responses has text: in a part, or, if the item is a tool
// call, in the item itself.
type voice struct {
	kind   string // the type of the part, or of the tool call
	of     string // the type of the item that has such parts
	event  string // the text comes in events with this name followed by .delta or .done
	frame  string // the part begins and ends with events with this name followed by .added or .done; "": the item has no parts
	index  string // the member that numbers the parts
	member string // the member with the text, in the .done event and in the part or tool call
}

var voices = []voice{
	{"output_text", "message", "response.output_text", "response.content_part", "content_index", "text"},
	{"refusal", "message", "response.refusal", "response.content_part", "content_index", "refusal"},
	{"reasoning_text", "reasoning", "response.reasoning_text", "response.content_part", "content_index", "text"},
	{"summary_text", "reasoning", "response.reasoning_summary_text", "response.reasoning_summary_part", "summary_index", "text"},
	{"function_call", "function_call", "response.function_call_arguments", "", "", "arguments"},
	{"mcp_call", "mcp_call", "response.mcp_call_arguments", "", "", "arguments"},
	{"custom_tool_call", "custom_tool_call", "response.custom_tool_call_input", "", "", "input"},
	{"code_interpreter_call", "code_interpreter_call", "response.code_interpreter_call_code", "", "", "code"},
}

// voiceOf returns the voice of a type of parts or tool calls, or nil.
func voiceOf(kind string) *voice { return findVoice(func(v *voice) bool { return v.kind == kind }) }

// spoken returns the voice whose text comes in events of a name, or nil.
func spoken(event string) *voice { return findVoice(func(v *voice) bool { return v.event == event }) }

func findVoice(is func(*voice) bool) *voice {
	for i := range voices {
		if is(&voices[i]) {
			return &voices[i]
		}
	}
	return nil
}

// item is an item of the output of Responses.
type item struct {
	index    int
	id, kind string
	begun    []byte // the object that the item began with
	parts    []*textPart
	done     []byte // the object of the completed item; nil before
}

// textPart is a part of an item with its text so far. A tool call has one part, its input.
type textPart struct {
	*voice
	number int // which part of the item
	text   []byte
	done   bool // the event that ends its text was sent
	ended  bool // the event that ends the part was sent
}

// readItem returns an item that began with an object.
func readItem(index int, begun []byte) *item {
	i := &item{index: index, id: text(memberOf(begun, "id")), kind: text(memberOf(begun, "type")), begun: bytes.Clone(begun)}
	if v := voiceOf(i.kind); v != nil {
		i.part(v, 0)
	}
	return i
}

// newItem returns an item for text that came without an object.
func newItem(index int, id string, v *voice) *item {
	i := &item{index: index, id: id, kind: v.of}
	if i.id == "" {
		i.id = "msg_finece"
	}
	i.begun = append(jsonscan.AppendString([]byte(`{"id":`), []byte(i.id)), `,"type":"`...)
	i.begun = append(append(i.begun, i.kind...), `","status":"in_progress"`...)
	if i.kind == "message" {
		i.begun = append(i.begun, `,"role":"assistant"`...)
	}
	i.begun = append(i.begun, '}')
	return i
}

// part returns a part of an item, and makes it if there is none.
func (i *item) part(v *voice, number int) *textPart {
	for _, p := range i.parts {
		if p.voice == v && p.number == number {
			return p
		}
	}
	p := &textPart{voice: v, number: number}
	i.parts = append(i.parts, p)
	return p
}

// memberOf returns the value of an object's member, or nil.
func memberOf(object []byte, name string) (value []byte) {
	var s jsonscan.Scanner
	s.Reset(object)
	each(&s, name, func() { value = s.Raw() })
	return value
}

// place appends the members that say which item an event is about.
func (i *item) place(dst []byte) []byte {
	return strconv.AppendInt(append(dst, `,"output_index":`...), int64(i.index), 10)
}

// placeOf appends the members that say which part an event is about.
func (i *item) placeOf(p *textPart, dst []byte) []byte {
	dst = i.place(jsonscan.AppendString(append(dst, `,"item_id":`...), []byte(i.id)))
	if p.index == "" {
		return dst
	}
	return strconv.AppendInt(append(append(append(dst, `,"`...), p.index...), `":`...), int64(p.number), 10)
}

// append appends a part as an object.
func (p *textPart) append(dst []byte) []byte {
	dst = append(append(append(dst, `{"type":"`...), p.kind...), `",`...)
	if p.kind == "output_text" {
		dst = append(dst, `"annotations":[],`...)
	}
	return append(p.appendText(dst), '}')
}

// appendText appends the members with the text of a part.
func (p *textPart) appendText(dst []byte) []byte {
	dst = append(append(append(dst, '"'), p.member...), `":`...)
	dst = jsonscan.AppendString(dst, p.text)
	if p.kind == "output_text" {
		dst = append(dst, `,"logprobs":[]`...)
	}
	return dst
}

// isCall reports whether an item is a tool call, or anything else without text.
func (i *item) isCall() bool { return i.kind != "message" && i.kind != "reasoning" }

// failing are the types of tool calls that cannot have the status incomplete.
var failing = []string{"web_search_call", "image_generation_call"}

// appendDone appends a completed item as an object: the members that it began with, a status and
// its text. A tool call never gets the status completed, since clients would run it.
func (i *item) appendDone(dst []byte, status string) []byte {
	switch {
	case i.done != nil:
		return append(dst, i.done...)
	case slices.Contains(failing, i.kind):
		status = "failed"
	case i.isCall():
		status = "incomplete"
	}
	dst = append(dst, '{')
	var s jsonscan.Scanner
	s.Reset(i.begun)
	s.EnterObject()
	for s.NextKey() {
		key, value := s.Key(), s.Raw()
		switch name := string(key); {
		case name == "status":
			value = jsonscan.AppendString(nil, []byte(status))
		case i.isCall() && slices.ContainsFunc(i.parts, func(p *textPart) bool { return p.member == name }),
			!i.isCall() && (name == "content" || name == "summary"):
			continue
		}
		dst = append(append(append(jsonscan.AppendString(dst, key), ':'), value...), ',')
	}
	if i.isCall() {
		for _, p := range i.parts {
			dst = append(p.appendText(dst), ',')
		}
		return append(bytes.TrimSuffix(dst, []byte(",")), '}')
	}
	var content, summary [][]byte
	for _, p := range i.parts {
		if p.kind == "summary_text" {
			summary = append(summary, p.append(nil))
		} else {
			content = append(content, p.append(nil))
		}
	}
	if i.kind == "reasoning" {
		dst = append(append(append(dst, `"summary":[`...), bytes.Join(summary, []byte(","))...), "],"...)
	}
	return append(append(append(dst, `"content":[`...), bytes.Join(content, []byte(","))...), "]}"...)
}
