package stream

// Frame is one event of the stream, for a program that passes the stream on and edits
// it. Together the frames cover the stream: each begins where the last one ended.
// Offsets are in bytes of the stream.
type Frame struct {
	Is  FrameBits
	End int64 // of the event, with its blank line
	// Data and Brace are where the event's JSON object begins, and where its closing
	// brace is. Brace is -1 if there is no valid object, if it stands in several data
	// lines, or if the event has a name and is not FrameMessage.
	Data, Brace int64
}

// FrameBits say what an event is.
type FrameBits uint8

const (
	FrameChunk   FrameBits = 1 << iota // an object with choices; each choice has a Said
	FrameEmpty                         // an object whose array of choices is empty
	FrameComment                       // comments and other fields, without data
	FrameUsage                         // it has token counts
	FrameUnread                        // it has a choice from Options.MaxChoices up, which is not read
	FrameDone                          // the last event: [DONE], message_stop of Messages, the one with the final response of Responses, or Ollama's with done
	FrameBare                          // no event of an event stream, but a JSON value or a text, unless the format is Ollama
	FrameMessage                       // an object of the format Anthropic, OpenAIResponses or Ollama; it has a Said for choice 0
)

// Said is what a chunk of chat completions or of completions, an event of Messages or of
// Responses, or a line of Ollama, says about one choice.
type Said struct {
	Choice   int
	Text     bool // it has members that are read as text, although their text may be held back
	Other    bool // it has members that may hold text and are not read as text, such as a tool call
	Finished bool // it has a finish reason
	// Logprobs and LogprobsEnd are where the choice's object of log-probabilities
	// begins and ends. They are equal if it has none, or if Frame.Brace is -1.
	Logprobs, LogprobsEnd int64
}

// object is the JSON object that payload found in an event, for its Frame.
type object struct {
	data []byte // nil if the payload is no valid object
	at   int64  // the offset of data
}

// frame reports the event that ends at an offset, unless nobody asked for it.
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

// describe says in f what the last payload is. format is that of the stream.
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

// holds reports whether the next value may hold text, for a Said.
func (r *reader) holds() bool { return r.frames && r.scanner.Holds() }
