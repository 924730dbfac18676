// Package members edits the members of a JSON object on one line. The bytes of those
// that it does not touch stay as they are.
package members

import (
	"bytes"
	"encoding/json"
)

// Has reports whether an object has one of the keys, and the first that it has. A line
// that is no JSON object has none.
func Has(line []byte, keys ...string) (key string, found bool) {
	maybe := false
	for _, key := range keys {
		maybe = maybe || bytes.Contains(line, []byte(`"`+key+`"`))
	}
	if !maybe {
		return "", false
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(line, &members) != nil {
		return "", false
	}
	for _, key := range keys {
		if _, ok := members[key]; ok {
			return key, true
		}
	}
	return "", false
}

// Set returns the object with a member in addition, at its end. An earlier member of
// this key is removed. Bytes that are no UTF-8 become U+FFFD.
func Set(line []byte, key string, value []byte) ([]byte, error) {
	if _, found := Has(line, key); found {
		var err error
		if line, err = without(line, key); err != nil {
			return nil, err
		}
	}
	out := bytes.ToValidUTF8(bytes.TrimSpace(line), []byte("\uFFFD"))
	out = bytes.TrimRight(bytes.TrimSuffix(out, []byte("}")), " \t")
	if !bytes.HasSuffix(out, []byte("{")) {
		out = append(out, ',')
	}
	name, err := json.Marshal(key)
	if err != nil {
		return nil, err
	}
	return append(append(append(append(out, name...), ':'), value...), '}'), nil
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
