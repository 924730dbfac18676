package jsonscan

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
)

// wellFormed is a slow reference for decoding a string: the WHATWG decoder state by state, then
// encoding/json for the escapes.
func wellFormed(b []byte) []byte {
	var out []byte
	for len(b) > 0 {
		n := 1
		for n < len(b) && n < 4 && prefix(b[:n+1]) {
			n++
		}
		if !prefix(b[:1]) || !complete(b[:n]) {
			out = append(out, "\uFFFD"...)
		} else {
			out = append(out, b[:n]...)
		}
		b = b[n:]
	}
	return out
}

// prefix reports whether b is the encoding of a code point, or the beginning of one.
func prefix(b []byte) bool {
	for _, span := range []struct{ low, high string }{
		{"\x00", "\x7f"}, {"\u0080", "\u07ff"}, {"\u0800", "\ud7ff"}, {"\ue000", "\uffff"}, {"\U00010000", "\U0010ffff"},
	} {
		if len(b) > len(span.low) || string(b) < span.low[:len(b)] || string(b) > span.high[:len(b)] {
			continue
		}
		ok := true
		for _, c := range b[1:] {
			ok = ok && c&0xC0 == 0x80
		}
		if ok {
			return true
		}
	}
	return false
}

func complete(b []byte) bool {
	return prefix(b) && len(b) == map[bool]int{true: 1}[b[0] < 0x80]+map[bool]int{true: 2}[b[0] >= 0xC0 && b[0] < 0xE0]+
		map[bool]int{true: 3}[b[0] >= 0xE0 && b[0] < 0xF0]+map[bool]int{true: 4}[b[0] >= 0xF0]
}

func depth(b []byte) (most int) {
	n, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			n++
			most = max(most, n)
		case c == '}' || c == ']':
			n--
		}
	}
	return most
}

func FuzzScanner(f *testing.F) {
	for _, v := range values {
		f.Add([]byte(v))
	}
	f.Add([]byte(`{"choices":[{"delta":{"content":" caf\u00e9 ` + "\xE2\x80" + `"},"logprobs":{"content":[{"token":"x","logprob":-1.5e-7,"bytes":[99]}]}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var s Scanner
		s.Reset(data)
		s.Skip()
		valid := json.Valid(data) && depth(data) <= MaxDepth
		if s.End() != valid {
			t.Fatalf("%q: valid is %v, want %v (%v)", data, !valid, valid, s.Err())
		}
		if at := s.Offset(); at < 0 || at > len(data) {
			t.Fatalf("%q: error is at byte %d", data, at)
		}
		s.Reserve(3 * len(data))
		s.Reset(data)
		got := read(&s)
		if s.End() != valid {
			t.Fatalf("%q read: valid is %v, want %v (%v)", data, !valid, valid, s.Err())
		}
		s.Reset(data)
		if walk(&s); s.End() != valid && !s.Short() {
			t.Fatalf("%q walked: valid is %v, want %v (%v)", data, !valid, valid, s.Err())
		}
		if !valid {
			return
		}
		decoder := json.NewDecoder(bytes.NewReader(wellFormed(data)))
		decoder.UseNumber()
		var want any
		if err := decoder.Decode(&want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: %#v, want %#v", data, got, want)
		}
	})
}
