// Package members edits the members of a JSON object on one line. The bytes of those
// that it does not touch stay as they are.
package members

import (
	"bytes"
	"encoding/json"
	"sync"
	"unicode/utf8"

	"github.com/finece/finece/wasm/jsonscan"
)

// Has reports whether an object has one of the keys, and the first that it has. A line
// that is no JSON object has none.
func Has(line []byte, keys ...string) (key string, found bool) {
	maybe := false
	for _, key := range keys {
		// Without the first quote: the letters of a key are rarer, and are found faster.
		maybe = maybe || bytes.Contains(line, []byte(key+`"`))
	}
	if !maybe {
		return "", false
	}
	for i, value := range Get(line, keys...) {
		if value != nil {
			return keys[i], true
		}
	}
	return "", false
}

// Keys returns the keys of an object, nil for a line that is no JSON object.
func Keys(line []byte) (keys []string) {
	s := scanners.Get().(*jsonscan.Scanner)
	defer scanners.Put(s)
	s.Reset(line)
	if s.EnterObject() {
		for s.NextKey() {
			keys = append(keys, string(s.Key()))
			s.Skip()
		}
	}
	if !s.End() {
		return nil
	}
	return keys
}

// Get returns the values of the keys in an object, as they are in the line; nil for a key
// that it does not have. A line that is no JSON object has none. Of a key that is there
// twice, the last value counts.
func Get(line []byte, keys ...string) [][]byte {
	values := make([][]byte, len(keys))
	s := scanners.Get().(*jsonscan.Scanner)
	defer scanners.Put(s)
	s.Reset(line)
	if s.EnterObject() {
		for s.NextKey() {
			at := -1
			for i, key := range keys {
				if string(s.Key()) == key {
					at = i
				}
			}
			if value := s.Raw(); at >= 0 {
				values[at] = value
			}
		}
	}
	if !s.End() {
		clear(values)
	}
	return values
}

var scanners = sync.Pool{New: func() any { return new(jsonscan.Scanner) }}

// Member is a key and its value as JSON.
type Member struct {
	Key   string
	Value []byte
}

// Set returns the object with members added at its end. Earlier members with
// these keys are removed. Bytes that are no UTF-8 become U+FFFD.
func Set(line []byte, list ...Member) ([]byte, error) {
	added := 0
	for _, m := range list {
		added += len(m.Key) + len(m.Value) + len(`,"":}`)
		if _, found := Has(line, m.Key); found {
			var err error
			if line, err = without(line, m.Key); err != nil {
				return nil, err
			}
		}
	}
	line = bytes.TrimSpace(line)
	if !utf8.Valid(line) {
		line = bytes.ToValidUTF8(line, []byte("\uFFFD"))
	}
	line = bytes.TrimRight(bytes.TrimSuffix(line, []byte("}")), " \t")
	out := append(make([]byte, 0, len(line)+added+1), line...)
	for _, m := range list {
		if !bytes.HasSuffix(out, []byte("{")) {
			out = append(out, ',')
		}
		out = append(jsonscan.AppendString(out, []byte(m.Key)), ':')
		out = append(out, m.Value...)
	}
	return append(out, '}'), nil
}

// without is an object without one of its members.
func without(line []byte, without string) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(line))
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	out := []byte{'{'}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		if key == without {
			continue
		}
		name, err := json.Marshal(key)
		if err != nil {
			return nil, err
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, name...), ':'), value...)
	}
	return append(out, '}'), nil
}
