package follow

import (
	"bytes"

	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/jsonscan"
	"github.com/finece/finece/wasm/stream"
)

// Carried reads the records that a gateway or a Worker has added to a stream: in chunks, in
// comments, or in a plain JSON answer. It reads server-sent events and JSON; other streams carry
// no records. The zero value is ready to read a stream from its beginning. A gateway adds
// records from the first event on, so a stream without records in its first two events carries
// none.
type Carried struct {
	Version   int    // of the records; 0 until there is an envelope. Records of a version above record.Version are not read
	ID        string // the answer's identifier, or ""
	Generator string // the model that answers, or ""

	scan   jsonscan.Scanner
	line   []byte // the line so far
	long   bool   // the line is too long to be read
	whole  bool   // the stream is one JSON object, which is longer than a line
	begun  bool   // a line that is not empty has come
	plain  bool   // the stream is neither events nor JSON
	events int    // events of the stream so far; counted until there is an envelope
}

// maxCarrier is the longest line with an envelope, and the longest JSON answer, in bytes.
const maxCarrier = 16 << 20

// Decided reports whether the result of Carries is known.
func (c *Carried) Decided() bool { return c.Version > 0 || c.plain || c.events > 1 }

// Carries reports whether an envelope was read.
func (c *Carried) Carries() bool { return c.Version > 0 }

// Write takes the stream's next bytes, cut anywhere, and returns the records in them.
func (c *Carried) Write(p []byte) (all []record.Record) {
	for len(p) > 0 && !c.plain {
		line, rest, ended := bytes.Cut(p, []byte("\n"))
		if c.long = c.long || len(c.line)+len(line) > maxCarrier; !c.long {
			c.line = append(c.line, line...)
		}
		p = rest
		if !ended {
			break
		}
		if c.whole {
			c.line = append(c.line, '\n')
			continue
		}
		all = append(all, c.take()...)
	}
	return all
}

// End marks the end of the stream, and returns the records of the last line.
func (c *Carried) End() []record.Record {
	c.whole = false
	all := c.take()
	c.plain = c.plain || !c.Carries()
	return all
}

// take reads the line and begins the next one.
func (c *Carried) take() []record.Record {
	line := bytes.TrimSpace(bytes.TrimPrefix(c.line, []byte("\xef\xbb\xbf")))
	if c.long {
		line = nil
	}
	if !c.begun && len(line) > 0 {
		c.begun = true
		if line[0] == '{' && !c.object(line) {
			c.whole = true
			return nil // the rest of the object follows
		}
		c.plain = line[0] != '{' && !stream.IsField(line)
	}
	c.line, c.long = c.line[:0], false
	if comment, ok := bytes.CutPrefix(line, []byte(": "+record.Key+" ")); ok {
		return c.envelope(comment)
	}
	if data, ok := bytes.CutPrefix(line, []byte("data:")); ok {
		line = bytes.TrimSpace(data)
	}
	if len(line) == 0 || line[0] != '{' {
		return nil
	}
	if !c.Carries() {
		c.events++
	}
	return c.envelope(c.member(line))
}

// object reports whether text is a whole JSON object.
func (c *Carried) object(text []byte) bool {
	c.scan.Reset(text)
	c.scan.Skip()
	return c.scan.End()
}

// member returns the value of the envelope's key in an object, or nil.
func (c *Carried) member(object []byte) (value []byte) {
	if !bytes.Contains(object, []byte(`"`+record.Key+`"`)) {
		return nil
	}
	c.scan.Reset(object)
	c.scan.EnterObject()
	for c.scan.NextKey() {
		if string(c.scan.Key()) == record.Key && c.scan.Kind() == jsonscan.Object {
			value = c.scan.Raw()
		} else {
			c.scan.Skip()
		}
	}
	return value
}

// envelope reads an envelope. It skips an invalid one.
func (c *Carried) envelope(data []byte) []record.Record {
	if len(data) == 0 {
		return nil
	}
	e, err := record.ReadEnvelope(data)
	if err != nil {
		return nil
	}
	if !c.Carries() {
		c.Version, c.ID, c.Generator = e.Version, e.ID, e.Generator
	}
	return e.Events
}
