package record

import (
	"errors"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/jsonscan"
)

// Read reads one record. For a record of an unknown type it returns nil without an error. data
// is not kept.
func Read(data []byte) (Record, error) {
	r := reader{what: "record"}
	kind := r.typeOf(data)
	if r.err != nil {
		return nil, r.err
	}
	record := newRecord(string(kind))
	if record == nil {
		return nil, nil
	}
	return record, r.all(data, record)
}

// newRecord returns an empty record of a type, or nil.
func newRecord(name string) Record {
	switch name {
	case TypePosition:
		return new(Position)
	case TypeConfidence:
		return new(Confidence)
	case TypeDecision:
		return new(Decision)
	case TypeFault:
		return new(Fault)
	case TypeEnd:
		return new(End)
	case TypeStart:
		return new(Start)
	}
	return nil
}

// unmarshal is UnmarshalJSON of every record.
func unmarshal(what string, data []byte, to fields) error {
	r := reader{what: what}
	return r.all(data, to)
}

// reader reads a record and keeps the first error.
type reader struct {
	scan jsonscan.Scanner
	what string // the beginning of messages
	err  error
}

// fields is an object that the reader can fill: a record or a part of one.
type fields interface {
	// reset empties the object: every optional key is absent.
	reset()
	// field reads the value of a key. It returns false if the object has no such key.
	field(r *reader, key []byte) bool
}

// typeOf returns the value of the key "type".
func (r *reader) typeOf(data []byte) (kind []byte) {
	r.scan.Reset(data)
	if r.scan.Kind() != jsonscan.Object {
		r.err = errors.New(r.what + ": want a JSON object")
		return nil
	}
	r.scan.EnterObject()
	for r.scan.NextKey() {
		if string(r.scan.Key()) != "type" {
			r.scan.Skip()
		} else if text, ok := r.scan.Text(); ok {
			kind = append(kind[:0], text...)
		}
	}
	r.end()
	return kind
}

// all reads the whole of data.
func (r *reader) all(data []byte, to fields) error {
	to.reset()
	r.scan.Reset(data)
	if r.scan.Kind() != jsonscan.Object {
		return errors.New(r.what + ": want a JSON object")
	}
	r.object(to)
	r.end()
	return r.err
}

func (r *reader) end() {
	if !r.scan.End() && r.err == nil {
		r.err = errors.New(r.what + ": " + r.scan.Err().Error())
	}
}

// object reads the members of an object. null means that the key is absent.
func (r *reader) object(to fields) {
	r.scan.EnterObject()
	for r.scan.NextKey() {
		key := r.scan.Key()
		if r.scan.Kind() == jsonscan.Null || !to.field(r, key) {
			r.scan.Skip()
		}
	}
}

func (r *reader) wrong(key, want string) {
	if r.err == nil {
		r.err = errors.New(r.what + ": \"" + key + "\": want " + want)
	}
}

func (r *reader) whole(key string) int64 {
	v, ok := r.scan.Int()
	if !ok {
		r.wrong(key, "a whole number")
	}
	return v
}

func (r *reader) number(key string) float64 {
	v, ok := r.scan.Float()
	if !ok {
		r.wrong(key, "a number")
	}
	return v
}

func (r *reader) truth(key string) bool {
	v, ok := r.scan.Bool()
	if !ok {
		r.wrong(key, "true or false")
	}
	return v
}

func (r *reader) text(key string) string {
	v, ok := r.scan.Text()
	if !ok {
		r.wrong(key, "a string")
	}
	return string(v)
}

func (r *reader) part(key string, to fields) {
	if r.scan.Kind() != jsonscan.Object {
		r.wrong(key, "an object")
		r.scan.Skip()
		return
	}
	r.object(to)
}

func (r *reader) texts(key string) (list []string) {
	r.each(key, func(text []byte) { list = append(list, string(text)) })
	return list
}

// kinds reads a set of kinds. It leaves out unknown names.
func (r *reader) kinds(key string) (k position.Kind) {
	r.each(key, func(text []byte) {
		for _, kind := range position.Kinds() {
			if kind.String() == string(text) {
				k |= kind
			}
		}
	})
	return k
}

func (r *reader) each(key string, take func(text []byte)) {
	if r.scan.Kind() != jsonscan.Array {
		r.wrong(key, "an array of strings")
		r.scan.Skip()
		return
	}
	r.scan.EnterArray()
	for r.scan.NextElement() {
		if text, ok := r.scan.Text(); ok {
			take(text)
		} else {
			r.wrong(key, "an array of strings")
		}
	}
}

// named reads a name. An unknown name becomes the value 255, whose name is "unknown".
func named[T ~uint8](r *reader, key string, name func(T) string) T {
	text, ok := r.scan.Text()
	if !ok {
		r.wrong(key, "a string")
		return 0
	}
	for v := range 255 {
		if name(T(v)) == string(text) {
			return T(v)
		}
	}
	return 255
}
