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
// Data that lies in one line of one input is not copied. The bytes are not decoded:
// whoever reads the data decodes its UTF-8.
type EventParser struct {
	// Limit is how many bytes an event's data may have; 0 is no limit. Longer data is
	// dropped, and TooLong says so. Lines of other fields may have 1024 bytes;
	// longer ones are ignored.
	Limit int

	ready  bool   // an event was handed out and not yet forgotten
	typ    []byte // of the current event
	long   bool   // its data is over the limit
	lines  int    // how many data lines it has
	held   []byte // its data, as long as it is one line of the input
	buf    []byte // buf[:size] is its data otherwise; what follows is the beginning of a line
	size   int
	cut    bool // the beginning of a line in buf is not followed by all of it
	crlf   bool // an LF here belongs to the CR before
	bom    int  // bytes of a byte order mark that were seen; 3 when that is settled
	offset int64
	at     int64 // where the event's data begins
	begin  int64 // where the current line begins

	id, lastID []byte
	retry      int64 // and one, so that zero is none

	loose   bool // JSON between events, and llama.cpp's error lines, are events, too
	bare    bool // the event is such JSON
	all     bool // Next finds every blank line, also one that ends no event, and takes CR LF whole
	pairs   bool // a line ended in CR LF
	waits   bool // an event ended in a CR; an LF may follow
	named   bool // the event has another type than message
	foreign bool // it has a line that does not belong in an event stream
}

const (
	byteOrderMark = "\xEF\xBB\xBF"
	maxField      = 1024
)

var message = []byte("message")

// IsField reports whether a line begins as a comment or as a field that the standard
// knows.
func IsField(line []byte) bool {
	for _, field := range [...]string{"data:", "event:", "id:", "retry:", ":"} {
		if len(line) >= len(field) && is(line[:len(field)], field) {
			return true
		}
	}
	return false
}

// Type is the event's type, "message" unless the stream says another. It is
// valid until the next call of Next.
func (p *EventParser) Type() []byte {
	if len(p.typ) == 0 {
		return message
	}
	return p.typ
}

// Data is the event's data, its lines joined by LF; nil if it was too long. It
// is valid as long as the input it came from, until the next call of Next.
func (p *EventParser) Data() []byte {
	switch {
	case p.long:
		return nil
	case p.held != nil:
		return p.held
	}
	return p.buf[:p.size]
}

// TooLong reports whether the event's data was longer than Limit.
func (p *EventParser) TooLong() bool { return p.long }

// Offset is where the event's data begins in the stream, in bytes.
func (p *EventParser) Offset() int64 { return p.at }

// LastEventID is the id that holds for the event. It is valid until the next
// call of Next.
func (p *EventParser) LastEventID() []byte { return p.lastID }

// Retry is the reconnection time that the stream asks for, in milliseconds; ok
// is false if it asks for none.
func (p *EventParser) Retry() (milliseconds int64, ok bool) { return p.retry - 1, p.retry > 0 }

// Next reads input up to the end of the next event. n is how many bytes it read;
// without an event it reads all of them. ok says whether there is an event.
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

// Flush ends the input. It completes an event that lacks its end, and reports
// whether there is one. The standard discards such events.
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

// pair takes the LF that belongs to the CR before the input, if there is one.
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

// stash keeps the beginning of a line, or as much of it as its field needs.
func (p *EventParser) stash(part []byte) {
	p.hold()
	if room := max(p.Limit, maxField) + maxField - (len(p.buf) - p.size); p.Limit > 0 && len(part) > room {
		part = part[:room]
	}
	p.buf = append(p.buf, part...)
	p.cut = true
}

// hold copies data that is in the input to where it stays.
func (p *EventParser) hold() {
	if p.held != nil {
		p.buf = append(p.buf[:0], p.held...)
		p.size = len(p.held)
		p.held = nil
	}
}

// line takes one line without its end. It is whole if it lies in the input.
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
	// The value may lie in buf after the data. Then this moves it down.
	p.buf = p.buf[:p.size]
	if p.lines > 1 {
		if whole {
			p.buf = append(p.buf, '\n')
		} else {
			p.buf = p.buf[:p.size+1] // there is room: the value's own line
			p.buf[p.size] = '\n'
		}
	}
	p.buf = append(p.buf, value...)
	p.size = len(p.buf)
}

// bareLine takes a line of JSON that is no field. The lines are joined without LF.
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
	p.size += len(line) // otherwise it lies there already
}

// field takes a line that is not empty and no data with a colon.
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
			break // no field's name is longer
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

// is compares bytes with a string. A conversion would allocate in the core.
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
