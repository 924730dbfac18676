package stream

import (
	"errors"
	"math"

	"github.com/finece/finece/position"
)

// Options of a Decoder. The zero value recognises the format and has the
// default limits.
type Options struct {
	Format     Format // Auto recognises the format
	MaxEvent   int    // bytes of one event's payload, 64 or more; 0 means 256 KiB
	MaxChoices int    // 1 to 128; 0 means 16
	Frames     bool   // also report the events themselves: Handler.Said and Handler.Frame. Input is then plain text only if Format is Text
}

const (
	defaultMaxEvent   = 256 << 10
	defaultMaxChoices = 16
	leastMaxEvent     = 64
	mostMaxChoices    = 128
)

// Decoder turns a stream's bytes into a Handler's calls. It is not safe for
// concurrent use.
type Decoder struct {
	options  Options
	format   Format // Auto while unknown
	framing  framing
	head     []byte // the input while the framing is unknown
	sse      EventParser
	values   values
	messages messages
	kind     []byte // the type of the event in progress, if the framing has types
	text     text
	read     int64 // bytes of input

	compareNone bool // read every chunk member by member, for tests
	reader      reader
	choices     []choice // by number
	usage       Usage
	counted     bool // usage was reported
	ended       bool // an end marker or an error was read; later input is ignored
	said        uint16
	fault       Fault
	detail      [MaxDetail]byte
	token       Token
	object      object
	marker      bool  // the payload is [DONE]
	framed      int64 // the end of the last Frame
}

// choice is the state of one of the stream's choices.
type choice struct {
	seen, finished bool
	tokens         int     // number of tokens with a log-probability
	first          float64 // the log-probability of the first of them
}

// framing is how events are separated.
type framing uint8

const (
	undecided framing = iota
	eventStream
	jsonValues
	awsMessages
	plainText
)

// New returns a Decoder. The error says which field of o is out of range.
func New(o Options) (*Decoder, error) {
	if o.MaxEvent == 0 {
		o.MaxEvent = defaultMaxEvent
	}
	if o.MaxChoices == 0 {
		o.MaxChoices = defaultMaxChoices
	}
	switch {
	case int(o.Format) >= len(formats):
		return nil, errors.New("stream: unknown Format")
	case o.MaxEvent < leastMaxEvent:
		return nil, errors.New("stream: MaxEvent must be at least 64 bytes")
	case o.MaxChoices < 1 || o.MaxChoices > mostMaxChoices:
		return nil, errors.New("stream: MaxChoices must be from 1 to 128")
	}
	d := &Decoder{options: o}
	d.Reset()
	return d, nil
}

// Reset makes the Decoder ready for another stream. It keeps its buffers.
func (d *Decoder) Reset() {
	d.format, d.framing, d.head = d.options.Format, undecided, d.head[:0]
	d.sse = EventParser{Limit: d.options.MaxEvent, all: d.options.Frames, loose: true, buf: d.sse.buf[:0], typ: d.sse.typ[:0]}
	d.values = values{limit: d.options.MaxEvent, buf: d.values.buf[:0]}
	d.messages = messages{limit: d.options.MaxEvent, buf: d.messages.buf[:0]}
	d.kind = nil
	d.text, d.read = text{}, 0
	d.object, d.marker, d.framed = object{}, false, 0
	d.reader.state, d.reader.frames = state{}, d.options.Frames
	d.choices = d.choices[:0]
	d.usage, d.counted = unknownUsage, false
	d.ended, d.said = false, 0
}

// Format returns the format of Options, or the recognised one. It is Auto until the format is
// recognised.
func (d *Decoder) Format() Format { return d.format }

// Ended reports whether the stream's end marker was read, or an error that ends the stream.
// Later input is ignored.
func (d *Decoder) Ended() bool { return d.ended }

// Write takes the next bytes of the stream, cut anywhere. It does not keep p.
func (d *Decoder) Write(p []byte, h Handler) {
	d.read += int64(len(p))
	if d.framing == undecided && !d.ended {
		n := min(len(p), maxHead-len(d.head))
		d.head = append(d.head, p[:n]...)
		p = p[n:]
		d.write(d.detectFraming(false, h), h)
	}
	d.write(p, h)
}

func (d *Decoder) write(p []byte, h Handler) {
	switch d.framing {
	case eventStream:
		for !d.ended {
			n, ok := d.sse.Next(p)
			if !ok {
				return
			}
			p = p[n:]
			d.event(h)
			d.frame(d.sse.offset, h)
		}
	case jsonValues:
		for !d.ended {
			n, found, object := d.values.next(p)
			p = p[n:]
			if found == valuesMore {
				return
			}
			d.value(found, object, h)
			d.frame(d.values.offset, h)
		}
	case awsMessages:
		for !d.ended {
			n, found := d.messages.next(p)
			p = p[n:]
			if found == messagesMore {
				return
			}
			d.message(found, h)
			d.frame(d.messages.offset, h)
		}
	case plainText:
		for len(p) > 0 && !d.ended {
			n, out, ok := d.text.next(p)
			p = p[n:]
			d.text.offset += int64(n)
			d.plain(out, ok, h)
		}
	}
}

// End says that the stream is over. The last event is decoded even if its line end or blank
// line is missing. An incomplete character, event or stream is reported.
func (d *Decoder) End(h Handler) {
	if d.framing == undecided && !d.ended {
		d.write(d.detectFraming(true, h), h)
	}
	cut := false // the input ends in the middle of an event
	if !d.ended {
		switch d.framing {
		case eventStream:
			if d.sse.Flush() && d.sse.lines > 0 {
				cut = true
				d.event(h)
			}
		case jsonValues:
			if found, object := d.values.flush(); found != valuesMore {
				cut = true
				d.value(found, object, h)
			}
		case awsMessages:
			cut = len(d.messages.buf) > 0 && !d.messages.taken
		case plainText:
			if d.text.n > 0 {
				d.text.at = d.text.offset - int64(d.text.n)
				d.plain(replacement, false, h)
			}
		}
		if d.framed < d.read {
			d.frame(d.read, h)
		}
	}
	if !d.ended && d.framing != plainText {
		switch {
		case d.format == Auto && d.framing != undecided && !d.has(UnknownFormat) && (d.has(InvalidJSON) || d.has(EventTooLarge)):
			d.unknownFormat(d.read, h)
		case d.format == Auto && d.has(UnknownFormat):
		case !d.finished():
			want := "the stream's end marker"
			if cut {
				want = "the rest of an event"
			}
			d.report(Truncated, d.read, want, h)
		}
	}
	d.end(h)
}

// finished reports whether every choice that was seen has finished.
func (d *Decoder) finished() bool {
	for i := range d.choices {
		if d.choices[i].seen && !d.choices[i].finished {
			return false
		}
	}
	return len(d.choices) > 0
}

// end ends the stream.
func (d *Decoder) end(h Handler) {
	d.ended = true
	if !d.counted && d.usage != unknownUsage {
		d.counted = true
		h.Usage(&d.usage)
	}
}

// event takes the event that the event-stream parser has found.
func (d *Decoder) event(h Handler) {
	if d.sse.lines == 0 {
		return
	}
	if d.sse.TooLong() {
		d.report(EventTooLarge, d.sse.Offset(), "a shorter event", h)
		return
	}
	if d.sse.bare {
		d.bare(d.sse.Data(), d.sse.Offset(), h)
		return
	}
	d.kind = d.sse.typ
	d.payload(d.sse.Data(), d.sse.Offset(), h)
}

// bare takes JSON between the events of an event stream, which is not an event itself. Vertex AI
// sends its errors in this form. Other JSON is ignored.
//
//go:noinline
func (d *Decoder) bare(data []byte, offset int64, h Handler) {
	if d.readUnknown(data); d.reader.scanner.End() && d.reader.failed {
		d.fail(offset, h)
	}
}

// value takes a JSON value, or a fault, that the splitter has found.
func (d *Decoder) value(found int, object []byte, h Handler) {
	switch found {
	case valuesObject:
		d.payload(object, d.values.at, h)
	case valuesLong:
		d.report(EventTooLarge, d.values.at, "a shorter event", h)
	case valuesDone:
		d.marker = true
		d.end(h)
	case valuesWrong:
		d.report(InvalidJSON, d.values.at, "a JSON object", h)
	}
}

// plain takes decoded text.
func (d *Decoder) plain(out []byte, ok bool, h Handler) {
	if !ok {
		d.once(InvalidUTF8, d.text.at, "UTF-8", h)
	}
	if len(out) > 0 {
		d.token = Token{Text: out, Segment: position.Answer, Logprob: math.NaN()}
		h.Token(&d.token)
	}
}

func (d *Decoder) has(c FaultCode) bool { return d.said>>c&1 != 0 }

func (d *Decoder) once(c FaultCode, offset int64, detail string, h Handler) {
	if !d.has(c) {
		d.report(c, offset, detail, h)
	}
}

//go:noinline
func (d *Decoder) report(c FaultCode, offset int64, detail string, h Handler) {
	d.said |= 1 << c
	d.fault = Fault{Code: c, Offset: offset, Detail: append(d.detail[:0], detail...)}
	h.Fault(&d.fault)
}
