package stream

import (
	"github.com/finece/finece/wasm/internal/word"
)

// EventParser splits an event stream into events, as the HTML standard says in
// "Interpreting an event stream". The zero value is ready for use and has no
// limit.
//
//	for {
//		n, ok := parser.Next(input)
//		input = input[n:]
//		if !ok {
//			break // wants more input
//		}
//		use(parser.Type(), parser.Data())
//	}
//
// If the data are in one line of one input, they are not copied. The bytes are not checked: the
// user of the data decodes the UTF-8.
type EventParser struct {
	// Limit is the maximum length of an event's data in bytes; 0 means no limit. Longer data
	// are dropped, and TooLong returns true. Lines of other fields may have 1024 bytes; longer
	// ones are ignored.
	Limit int

	ready  bool   // Next returned an event, which the next call forgets
	typ    []byte // the type of the current event
	long   bool   // the event's data are over the limit
	lines  int    // how many data lines the event has
	held   []byte // the data, if they are one line of the input
	buf    []byte // otherwise buf[:size] are the data; after them comes the beginning of a line
	size   int
	cut    bool // buf has the beginning of an incomplete line
	crlf   bool // if the next byte is LF, it belongs to the CR before
	bom    int  // how many bytes of a byte order mark were read; 3 when that is decided
	offset int64
	at     int64 // the offset of the event's data
	begin  int64 // the offset of the current line

	id, lastID []byte
	retry      int64 // one more than the value, so that zero means none

	loose   bool // JSON between events, and llama.cpp's error lines, are events, too
	bare    bool // the event is JSON between events
	all     bool // Next stops at every blank line, also if it ends no event, and never between CR and LF
	pairs   bool // a line ended in CR LF
	waits   bool // an event ended in a CR; an LF may follow
	named   bool // the event has a type other than message
	foreign bool // it has a line that does not belong in an event stream
}

const (
	byteOrderMark = "\xEF\xBB\xBF"
	maxField      = 1024
)

var message = []byte("message")

// IsField reports whether a line begins like a comment or like a field of the standard.
func IsField(line []byte) bool {
	for _, field := range [...]string{"data:", "event:", "id:", "retry:", ":"} {
		if len(line) >= len(field) && is(line[:len(field)], field) {
			return true
		}
	}
	return false
}

// Type returns the event's type, which is "message" unless the stream gives another. It is
// valid until the next call of Next.
func (p *EventParser) Type() []byte {
	if len(p.typ) == 0 {
		return message
	}
	return p.typ
}

// Data returns the event's data, with lines joined by LF. It is nil if the data were too long.
// It is valid until the next call of Next, if the input is not changed before.
func (p *EventParser) Data() []byte {
	switch {
	case p.long:
		return nil
	case p.held != nil:
		return p.held
	}
	return p.buf[:p.size]
}

// TooLong reports whether the event's data were longer than Limit.
func (p *EventParser) TooLong() bool { return p.long }

// Offset returns the offset of the event's data in the stream, in bytes.
func (p *EventParser) Offset() int64 { return p.at }

// LastEventID returns the last id in the stream up to the event. It is valid until the next
// call of Next.
func (p *EventParser) LastEventID() []byte { return p.lastID }

// Retry returns the reconnection time that the stream asks for, in milliseconds. ok is false if
// it does not ask for one.
func (p *EventParser) Retry() (milliseconds int64, ok bool) { return p.retry - 1, p.retry > 0 }

// Next reads input up to the end of the next event. It returns how many bytes it read, and
// whether there is an event. Without an event it reads all of the input.
func (p *EventParser) Next(input []byte) (n int, ok bool) {
	if p.waits && len(input) > 0 {
		p.waits = false
		n = p.pair(input)
		p.offset += int64(n)
		p.begin = p.offset
		return n, true
	}
	if p.ready && !p.waits {
		p.forget()
	}
	i := p.start(input)
	for i < len(input) {
		if p.crlf {
			p.crlf = false
			if input[i] == '\n' {
				p.pairs = true
				i++
				p.begin = p.offset + int64(i)
				continue
			}
		}
		end := word.LineEnd(input, i)
		if end == len(input) {
			p.stash(input[i:])
			break
		}
		line, whole := input[i:end], true
		if p.cut {
			p.stash(line)
			line, whole = p.buf[p.size:], false
		}
		blank := len(line) == 0
		p.line(line, whole)
		p.crlf = input[end] == '\r'
		i = end + 1
		p.begin = p.offset + int64(i)
		if blank && p.dispatch() {
			if p.all && p.crlf && p.pairs {
				if p.waits = i == len(input); p.waits {
					break
				}
				i += p.pair(input[i:])
				p.begin = p.offset + int64(i)
			}
			p.offset += int64(i)
			return i, true
		}
	}
	p.hold()
	p.offset += int64(len(input))
	return len(input), false
}

// Flush ends the input. It reports whether there is an event whose closing blank line is
// missing. The standard discards such events.
func (p *EventParser) Flush() bool {
	if p.waits {
		p.waits = false
		return true
	}
	if p.ready {
		p.forget()
	}
	if p.cut {
		p.line(p.buf[p.size:], false)
	}
	return p.dispatch()
}

// pair takes the LF after a CR that ended the previous input, if there is one.
func (p *EventParser) pair(input []byte) (n int) {
	p.crlf = false
	if input[0] == '\n' {
		n = 1
	}
	return n
}

// start takes a byte order mark.
func (p *EventParser) start(input []byte) int {
	i := 0
	for p.bom < len(byteOrderMark) && i < len(input) {
		if input[i] != byteOrderMark[p.bom] {
			if p.bom > 0 {
				p.stash([]byte(byteOrderMark[:p.bom]))
				p.begin = 0
			}
			p.bom = len(byteOrderMark)
			break
		}
		p.bom++
		i++
		p.begin = p.offset + int64(i)
	}
	return i
}

// stash keeps the beginning of a line, up to the length that its field may have.
func (p *EventParser) stash(part []byte) {
	p.hold()
	if room := max(p.Limit, maxField) + maxField - (len(p.buf) - p.size); p.Limit > 0 && len(part) > room {
		part = part[:room]
	}
	p.buf = append(p.buf, part...)
	p.cut = true
}

// hold copies data from the input to buf.
func (p *EventParser) hold() {
	if p.held != nil {
		p.buf = append(p.buf[:0], p.held...)
		p.size = len(p.held)
		p.held = nil
	}
}

// line takes one line without its end. If whole, the line is in the input, otherwise in buf.
func (p *EventParser) line(line []byte, whole bool) {
	if len(line) >= 5 && line[4] == ':' && line[0] == 'd' && line[1] == 'a' && line[2] == 't' && line[3] == 'a' {
		p.data(line[5:], 5, whole)
	} else if len(line) > 0 {
		p.field(line, whole)
	}
	p.cut = false
	if len(p.buf) > p.size {
		p.buf = p.buf[:p.size]
	}
}

func (p *EventParser) data(value []byte, prefix int, whole bool) {
	if len(value) > 0 && value[0] == ' ' {
		value = value[1:]
		prefix++
	}
	p.lines++
	if p.lines == 1 {
		p.at = p.begin + int64(prefix)
	}
	have := p.size
	if p.held != nil {
		have = len(p.held)
	}
	if p.lines > 1 {
		have++
	}
	if p.Limit > 0 && len(value) > p.Limit-have {
		p.long = true
	}
	if p.long {
		p.held, p.size = nil, 0
		return
	}
	if whole && p.lines == 1 {
		p.held = value
		return
	}
	p.hold()
	// If the value is in buf after the data, this moves it down.
	p.buf = p.buf[:p.size]
	if p.lines > 1 {
		if whole {
			p.buf = append(p.buf, '\n')
		} else {
			p.buf = p.buf[:p.size+1] // the value's line in buf is long enough for that
			p.buf[p.size] = '\n'
		}
	}
	p.buf = append(p.buf, value...)
	p.size = len(p.buf)
}

// bareLine takes a line of JSON between events. Such lines are joined without LF.
func (p *EventParser) bareLine(line []byte, whole bool) {
	p.bare, p.foreign = true, true
	if p.lines++; p.lines == 1 {
		p.at = p.begin
	}
	p.hold()
	if p.long = p.long || p.Limit > 0 && len(line) > p.Limit-p.size; p.long {
		p.size = 0
		return
	}
	if whole {
		p.buf = append(p.buf[:p.size], line...)
	}
	p.size += len(line) // if not whole, the line is in buf already
}

// field takes a line that is not empty and does not begin with "data:".
func (p *EventParser) field(line []byte, whole bool) {
	if p.bare || p.loose && p.lines == 0 && (line[0] == '{' || line[0] == '[') {
		p.bareLine(line, whole)
		return
	}
	name, value, prefix := line, line[:0], len(line)
	for i, c := range line {
		if c == ':' {
			name, value, prefix = line[:i], line[i+1:], i+1
			break
		}
		if i == len("event") {
			break // field names are not longer
		}
	}
	if is(name, "data") {
		p.data(value, prefix, whole)
		return
	}
	if len(name) == 0 {
		return
	}
	if p.loose && is(name, "error") {
		p.typ = append(p.typ[:0], name...)
		p.data(value, prefix, whole)
		return
	}
	if len(line) > maxField {
		p.foreign = true
		return
	}
	if len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	switch {
	case is(name, "event"):
		p.typ = append(p.typ[:0], value...)
	case is(name, "id"):
		for _, c := range value {
			if c == 0 {
				return
			}
		}
		p.id = append(p.id[:0], value...)
	case is(name, "retry"):
		var ms int64
		for _, c := range value {
			if c-'0' >= 10 {
				return
			}
			ms = min(ms*10+int64(c-'0'), 1<<52)
		}
		if len(value) > 0 {
			p.retry = ms + 1
		}
	default:
		name = name[skipBlank(name, 0):] // OpenRouter sends a space before the name
		p.foreign = p.foreign || len(name) > 0
	}
}

// dispatch ends an event and reports whether there is one.
func (p *EventParser) dispatch() bool {
	p.lastID = append(p.lastID[:0], p.id...)
	p.named = len(p.typ) > 0 && !is(p.typ, "message")
	if p.lines == 0 {
		p.typ = p.typ[:0]
		p.foreign = p.foreign || p.named
	}
	p.ready = p.lines > 0 || p.all
	return p.ready
}

func (p *EventParser) forget() {
	p.ready, p.long, p.lines, p.foreign, p.bare = false, false, 0, false, false
	p.typ, p.held, p.buf, p.size = p.typ[:0], nil, p.buf[:0], 0
}

// is compares bytes with a string. Converting one of them would allocate in the core.
func is(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i := range b {
		if b[i] != s[i] {
			return false
		}
	}
	return true
}
