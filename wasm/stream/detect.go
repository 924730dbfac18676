package stream

import "github.com/finece/finece/wasm/internal/word"

// maxHead is the maximum number of bytes that decide the framing.
const maxHead = 1024

// guess is a guess of the framing, from the beginning of a stream.
type guess uint8

const (
	wantMore guess = iota
	isEvents
	isValues
	isMessages
	isText
	isDocument
)

// detectFraming decides the framing. It returns the input that was held back until now, or
// nothing if it needs more input.
func (d *Decoder) detectFraming(last bool, h Handler) []byte {
	if d.format == Text {
		d.framing = plainText
		return d.textHead(last)
	}
	g := frame(d.head, last || len(d.head) >= maxHead)
	switch {
	case d.options.Frames && beginsWithComment(d.head):
		d.framing = eventStream
		return d.head
	case g == wantMore:
		return nil
	case g == isEvents || g == isText && (d.format != Auto || d.options.Frames):
		// The caller named a format or set Frames, so this is not plain text.
		d.framing = eventStream
		return d.head
	case g == isText:
		d.framing, d.format = plainText, Text
		return d.textHead(last)
	case g == isDocument:
		d.report(NotAStream, 0, "a stream of events, not a document", h)
		d.end(h)
		return nil
	}
	if g == isMessages {
		d.framing = awsMessages
		return d.head
	}
	d.framing = jsonValues
	d.values.offset = int64(len(d.head) - len(withoutMark(d.head)))
	return withoutMark(d.head)
}

// beginsWithComment recognises an event stream by its first comment. A program that passes the
// events on needs each comment at once, because comments keep the connection open.
func beginsWithComment(head []byte) bool {
	head = withoutMark(head)
	i := skipBlank(head, 0)
	return i < len(head) && head[i] == ':'
}

// textHead removes a byte order mark from text.
func (d *Decoder) textHead(last bool) []byte {
	if n := len(d.head); !last && n < len(byteOrderMark) && is(d.head, byteOrderMark[:n]) {
		d.framing = undecided
		return nil
	}
	body := withoutMark(d.head)
	d.text.offset = int64(len(d.head) - len(body))
	return body
}

//go:noinline
func withoutMark(b []byte) []byte {
	if n := len(byteOrderMark); len(b) >= n && is(b[:n], byteOrderMark) {
		return b[n:]
	}
	return b
}

// frame guesses the framing from the beginning of a stream. last says that the stream ends
// there, or that no more bytes are examined.
func frame(b []byte, last bool) guess {
	unsure := wantMore
	if last {
		unsure = isText
	}
	if len(b) < len(byteOrderMark) && is(b, byteOrderMark[:len(b)]) {
		if last && len(b) == 0 {
			return wantMore
		}
		return unsure
	}
	if len(b) > 0 && b[0] == 0 { // text does not begin with a NUL
		switch {
		case len(b) < preludeBytes:
			return unsure
		case isPrelude(b):
			return isMessages
		}
		return isText
	}
	b = withoutMark(b)
	i := skipBlank(b, 0)
	if i == len(b) {
		return unsure
	}
	switch b[i] {
	case '{':
		return expect(b, i+1, "\"}", isValues, unsure)
	case '[':
		if rest := b[i:]; len(rest) > 1 && rest[1] == 'D' {
			return literal(rest, "[DONE]", isValues, unsure)
		}
		return expect(b, i+1, "{]", isValues, unsure)
	case '<':
		for _, name := range [...]string{"<!doctype", "<html", "<?xml"} {
			if g := literal(b[i:], name, isDocument, unsure); g != isText {
				return g
			}
		}
		return isText
	}
	return frameLines(b, i, last)
}

// frameLines decides between the lines of an event stream and text.
func frameLines(b []byte, i int, last bool) guess {
	start := i
	typed := false // a line gave the event's type
	for i < len(b) {
		end := word.LineEnd(b, i)
		line := b[i:end]
		if len(line) > 0 && line[0] == ' ' && i == skipBlank(b, 0)-1 {
			line = line[1:] // a real stream had this
		}
		switch g := frameLine(line, end < len(b)); {
		case g == wantMore && last && i == start && (line[0] != ':' || len(b) < maxHead-len(byteOrderMark)):
			return isText // long comments fill the buffers of proxies
		case g == wantMore && last:
			return isEvents
		case g == isText && typed && len(line) >= 5 && is(line[:5], "data:"):
			return isEvents // such as an error message in words
		case g != isEvents:
			return g
		case len(line) > 5 && (line[0] == 'd' || line[0] == 'e' && line[1] == 'r'): // data or error, and its value
			return isEvents
		}
		typed = len(line) > 0 && (typed || line[0] == 'e')
		i = end + 1
	}
	if last {
		return isEvents
	}
	return wantMore
}

// frameLine examines one line. whole says that the line is complete. The result is isEvents
// for a line of an event stream, wantMore for the beginning of such a line, and isText for any
// other line.
//
//go:noinline
func frameLine(line []byte, whole bool) guess {
	if len(line) == 0 {
		return isEvents
	}
	if line[0] == ':' {
		if !whole {
			return wantMore
		}
		return isEvents
	}
	for _, name := range [...]string{"data:", "error:", "event:", "id:", "retry:"} {
		if len(line) < len(name) {
			if !whole && is(line, name[:len(line)]) {
				return wantMore
			}
			continue
		}
		if !is(line[:len(name)], name) {
			continue
		}
		if name[0] != 'd' && name[1] != 'r' {
			if !whole {
				return wantMore
			}
			return isEvents
		}
		value := line[len(name):]
		if len(value) > 0 && value[0] == ' ' {
			value = value[1:]
		}
		switch {
		case len(value) > 0 && (value[0] == '{' || value[0] == '['):
			return isEvents
		case len(value) == 0 && whole:
			return isEvents
		case len(value) == 0:
			return wantMore
		}
		return isText
	}
	return isText
}

// expect returns found if the next byte after white space is one of bytes.
//
//go:noinline
func expect(b []byte, i int, bytes string, found, unsure guess) guess {
	i = skipBlank(b, i)
	if i == len(b) {
		return unsure
	}
	for k := range len(bytes) {
		if b[i] == bytes[k] {
			return found
		}
	}
	return isText
}

// literal returns found if b begins with want, in any case. The letters of want are in lower
// case.
//
//go:noinline
func literal(b []byte, want string, found, unsure guess) guess {
	for i := range len(want) {
		if i == len(b) {
			return unsure
		}
		if c := b[i]; c != want[i] && (c|0x20 != want[i] || c < 'A') {
			return isText
		}
	}
	return found
}

func skipBlank(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\r' || b[i] == '\n') {
		i++
	}
	return i
}
