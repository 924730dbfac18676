package record

import (
	"errors"
	"strconv"

	"github.com/finece/finece/wasm/jsonscan"
)

// Key is the key of an envelope in a chunk or in a whole answer. A comment of an event stream
// that carries an envelope begins with the same word: `: finece {...}`.
const Key = "finece"

// Envelope carries records on the wire:
//
//	{"version":1,"id":"chatcmpl-7","generator":"some-model","events":[...]}
type Envelope struct {
	Version   int    // of the records, see [Version]
	ID        string // the answer's identifier; "" is absent
	Generator string // the name of the model that answers; "" is absent
	Events    []Record
}

// AppendJSON appends the envelope as one JSON object on one line. If its Version is 0, this
// package's [Version] is written.
func (e *Envelope) AppendJSON(dst []byte) []byte {
	w := writer{append(dst, '{')}
	version := e.Version
	if version == 0 {
		version = Version
	}
	w.whole("version", int64(version))
	if e.ID != "" {
		w.text("id", e.ID)
	}
	if e.Generator != "" {
		w.text("generator", e.Generator)
	}
	w.key("events")
	w.b = append(w.b, '[')
	for i, r := range e.Events {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.b = r.AppendJSON(w.b)
	}
	return append(w.b, ']', '}')
}

// AppendMember appends the envelope as a member of an object: its key, a colon
// and the envelope.
func (e *Envelope) AppendMember(dst []byte) []byte {
	return e.AppendJSON(append(dst, `"`+Key+`":`...))
}

// MarshalJSON is AppendJSON, for package encoding/json.
func (e Envelope) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil), nil }

// UnmarshalJSON is ReadEnvelope, for package encoding/json.
func (e *Envelope) UnmarshalJSON(data []byte) error {
	read, err := ReadEnvelope(data)
	*e = read
	return err
}

// ReadEnvelope reads an envelope. It leaves out records of an unknown type. If the version is
// above [Version], it leaves out all records, because their meaning is not known. data is not
// kept.
func ReadEnvelope(data []byte) (Envelope, error) {
	var e Envelope
	r := reader{what: "envelope"}
	r.scan.Reset(data)
	if r.scan.Kind() != jsonscan.Object {
		return e, errors.New("envelope: want a JSON object")
	}
	var events [][]byte
	r.scan.EnterObject()
	for r.scan.NextKey() {
		switch string(r.scan.Key()) {
		case "version":
			e.Version = int(r.whole("version"))
		case "id":
			e.ID = r.text("id")
		case "generator":
			e.Generator = r.text("generator")
		case "events":
			events = r.raws("events")
		default:
			r.scan.Skip()
		}
	}
	if r.end(); r.err == nil && e.Version < 1 {
		r.wrong("version", "a whole number from 1")
	}
	if r.err != nil || e.Version > Version {
		return e, r.err
	}
	for i, data := range events {
		record, err := Read(data)
		if err != nil {
			return e, errors.New("envelope: event " + strconv.Itoa(i) + ": " + err.Error())
		}
		if record != nil {
			e.Events = append(e.Events, record)
		}
	}
	return e, nil
}

// raws reads an array and returns the bytes of its elements.
func (r *reader) raws(key string) (list [][]byte) {
	if r.scan.Kind() != jsonscan.Array {
		r.wrong(key, "an array of records")
		r.scan.Skip()
		return nil
	}
	r.scan.EnterArray()
	for r.scan.NextElement() {
		list = append(list, r.scan.Raw())
	}
	return list
}
