package stream

// Frame describes one event of the stream, for a program that passes the stream on and edits
// it. The frames cover the whole stream: each begins at the end of the previous one. Offsets
// are in bytes of the stream.
type Frame struct {
	Is  FrameBits
	End int64 // the end of the event, after its blank line
	// Data is the offset of the event's JSON object, and Brace that of its closing brace.
	// Brace is -1 if there is no valid object, if the object is in several data lines, or if
	// the event has a name and is not FrameMessage.
	Data, Brace int64
}

// FrameBits say of which kind an event is.
type FrameBits uint8

const (
	FrameChunk   FrameBits = 1 << iota // an object with choices; each choice has a Said
	FrameEmpty                         // an object whose array of choices is empty
	FrameComment                       // comments and other fields, without data
	FrameUsage                         // it has token counts
	FrameUnread                        // it has a choice from number Options.MaxChoices on, which is not read
	FrameDone                          // the last event: [DONE], message_stop of Messages, the event with the final response of Responses, or Ollama's line with done
	FrameBare                          // a JSON value or a text that is not an event of an event stream, except Ollama's lines
	FrameMessage                       // an object of the format Anthropic, OpenAIResponses or Ollama; it has a Said for choice 0
)

// Said is the content that one event has for one choice. The event is a chunk of chat
// completions or of completions, an event of Messages or of Responses, or a line of Ollama.
type Said struct {
	Choice   int
	Text     bool // the event has members that are read as text; the text itself may come later
	Other    bool // the event has members that are not read as text but may contain some, such as a tool call
	Finished bool // the event has a finish reason
	// Logprobs and LogprobsEnd are the offsets of the choice's object of log-probabilities
	// and of its end. They are equal if there is no such object, or if Frame.Brace is -1.
	Logprobs, LogprobsEnd int64
}

// object is the JSON object of an event, for its Frame.
type object struct {
	data []byte // nil if the payload is not a valid object
	at   int64  // the offset of data
}

// frame reports the event that ends at an offset, if Options.Frames is set.
func (d *Decoder) frame(end int64, h Handler) {
	if !d.options.Frames {
		return
	}
	f := Frame{End: end, Brace: -1}
	if d.framing == eventStream && d.sse.lines == 0 && !d.sse.foreign {
		f.Is = FrameComment
	}
	if d.marker {
		f.Is = FrameDone
	}
	if d.framing != eventStream && d.format != Ollama || d.sse.bare {
		f.Is |= FrameBare
	}
	if o := &d.object; o.data != nil {
		d.reader.describe(&f, d.format)
		f.Data = o.at + int64(skipBlank(o.data, 0))
		if d.framing != awsMessages && d.sse.lines <= 1 && (!d.sse.named || f.Is&FrameMessage != 0) && !d.sse.bare {
			n := len(o.data) - 1
			for o.data[n] != '}' {
				n--
			}
			f.Brace = o.at + int64(n)
		}
		if d.format == OpenAIResponses && f.Is&FrameMessage != 0 {
			d.survey(h)
		} else {
			d.sayAll(&f, h)
		}
	}
	d.object, d.framed = object{}, end
	h.Frame(&f)
}

// describe sets the bits in f for the last payload. format is the format of the stream.
func (r *reader) describe(f *Frame, format Format) {
	switch {
	case r.odd:
	case r.chunk && format == Anthropic, r.known && (format == OpenAIResponses || format == Ollama):
		f.Is |= FrameMessage
		if r.done {
			f.Is |= FrameDone
		}
	case r.chunk:
		f.Is |= FrameChunk
	case r.empty:
		f.Is |= FrameEmpty
	}
	if r.usage != unknownUsage {
		f.Is |= FrameUsage
	}
}

func (d *Decoder) sayAll(f *Frame, h Handler) {
	if f.Is&(FrameChunk|FrameMessage) == 0 {
		return
	}
	for i := range d.reader.entries {
		e := &d.reader.entries[i]
		if e.choice < 0 || e.choice >= int64(d.options.MaxChoices) {
			f.Is |= FrameUnread
			continue
		}
		s := Said{Choice: int(e.choice), Text: e.text, Other: e.other, Finished: e.finished}
		if f.Brace >= 0 {
			s.Logprobs, s.LogprobsEnd = d.object.at+int64(e.logprobs), d.object.at+int64(e.logprobsEnd)
		}
		h.Said(&s)
	}
}

// holds reports whether the next value may contain text, for a Said.
func (r *reader) holds() bool { return r.frames && r.scanner.Holds() }
