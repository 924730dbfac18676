// Package settings reads JSON objects with known keys. It keeps the first error, with the path
// to the wrong key. This reads {"boundary": 57}:
//
//	r := settings.New("calibration: ", data)
//	err := r.All("the input", func(key string) bool {
//		if key == "boundary" {
//			r.Whole(key, &boundary)
//			return true
//		}
//		return false // an unknown key
//	})
package settings

import (
	"errors"
	"strconv"
	"strings"

	"github.com/finece/finece/wasm/jsonscan"
)

// MaxInt is the largest whole number of a setting. It fits in an int of 32 bits.
const MaxInt = 1<<31 - 1

// Reader reads one JSON object. Make it with New.
type Reader struct {
	Scan jsonscan.Scanner
	Err  error // the first error

	what   string // the beginning of messages
	prefix string // the path of the object being read
}

// New returns a reader of data. Its messages begin with what, such as "session: ".
func New(what string, data []byte) Reader {
	r := Reader{what: what}
	r.Scan.Reset(data)
	return r
}

// All reads all of the data as one object, see Object. name is the name of the data in
// messages, such as "the input".
func (r *Reader) All(name string, set func(key string) bool) error {
	if r.Scan.Kind() != jsonscan.Object {
		return errors.New(r.what + name + " is not a JSON object")
	}
	r.Object("", set)
	if r.Err == nil && !r.Scan.End() {
		r.Err = errors.New(r.what + name + " is not JSON: " + r.Scan.Err().Error())
	}
	return r.Err
}

// Object reads the members of an object. It calls set for each key; set reads the value, and
// returns false if the key is unknown. path is put before the keys in messages and ends with
// a point.
func (r *Reader) Object(path string, set func(key string) bool) {
	outer := r.prefix
	r.prefix += path
	if r.Scan.Kind() != jsonscan.Object {
		r.Wrong("", "an object")
	}
	if r.Scan.EnterObject() {
		for r.Scan.NextKey() {
			key := string(r.Scan.Key())
			if !set(key) {
				r.Fail(errors.New(r.what + "unknown setting " + quoted(r.prefix+key)))
				r.Scan.Skip()
			}
		}
	}
	r.prefix = outer
}

func quoted(s string) string { return string(jsonscan.AppendString(nil, []byte(s))) }

// Fail sets Err, unless there was an error before.
func (r *Reader) Fail(err error) {
	if r.Err == nil {
		r.Err = err
	}
}

// Wrong sets Err because the value of key is not of the kind that want describes.
func (r *Reader) Wrong(key, want string) {
	r.Fail(errors.New(r.what + "setting " + quoted(strings.TrimSuffix(r.prefix+key, ".")) + ": want " + want))
}

// Text reads a string.
func (r *Reader) Text(key string, to *string) {
	text, ok := r.Scan.Text()
	if !ok {
		r.Wrong(key, "a string")
	}
	*to = string(text)
}

// Parsed reads a string and passes it to parse.
func (r *Reader) Parsed(key string, parse func(string) error) {
	if text, ok := r.Scan.Text(); !ok {
		r.Wrong(key, "a string")
	} else if err := parse(string(text)); err != nil {
		r.Fail(err)
	}
}

// Number reads a number.
func (r *Reader) Number(key string, to *float64) {
	value, ok := r.Scan.Float()
	if !ok {
		r.Wrong(key, "a number")
	}
	*to = value
}

// Numbers reads an array of numbers, at most most of them.
func (r *Reader) Numbers(key string, most int) (out []float64) {
	if r.Scan.Kind() != jsonscan.Array {
		r.Wrong(key, "an array of numbers")
	}
	if r.Scan.EnterArray() {
		for r.Scan.NextElement() {
			var v float64
			if r.Number(key, &v); len(out) < most {
				out = append(out, v)
			} else {
				r.Wrong(key, "at most "+strconv.Itoa(most)+" numbers")
			}
		}
	}
	return out
}

// Whole reads a whole number from 0 to MaxInt.
func (r *Reader) Whole(key string, to *int) {
	value, ok := r.Scan.Int()
	if !ok || value < 0 || value > MaxInt {
		r.Wrong(key, "a whole number from 0 to "+strconv.Itoa(MaxInt))
	}
	*to = int(value)
}

// Truth reads true or false.
func (r *Reader) Truth(key string, to *bool) {
	value, ok := r.Scan.Bool()
	if !ok {
		r.Wrong(key, "true or false")
	}
	*to = value
}
