package jsonscan

import (
	"strings"
	"testing"
)

func TestKeys(t *testing.T) {
	names := []string{
		"", "a", "b", "id", "token", "tokens", "logprob", "logprobs", "content", "contents", "12345678", "123456789",
		"top_logprobs", "prefix: sixteen.", "prefix: seventeen", "completion_probabilities",
		strings.Repeat("long", 50), "é",
	}
	keys := NewKeys(names...)
	for i, name := range names {
		for _, key := range [][]byte{[]byte(name), append(make([]byte, 0, 300), name+"behind it"...)[:len(name)], []byte(name)[:len(name):len(name)]} {
			if got := keys.Find(key); got != i+1 {
				t.Errorf("%q has number %d, want %d", key, got, i+1)
			}
		}
		for at := range len(name) {
			other := []byte(name)
			other[at] ^= 1
			if got := keys.Find(other); got != 0 {
				t.Errorf("%q has number %d", other, got)
			}
		}
	}
	for _, key := range []string{"t", "toke", "token\x00", "Token", "prefix: sixteen", "logprobs\x00", "top_logprob", "completion-probabilities", "completion_probabilitie"} {
		if got := keys.Find([]byte(key)); got != 0 {
			t.Errorf("%q has number %d", key, got)
		}
	}
}

func TestNextField(t *testing.T) {
	alphabet := "abcdefghijklmnopqrstuvwxyz"
	var names []string
	for n := range len(alphabet) {
		names = append(names, alphabet[:n])
	}
	names = append(names, "é", "a\nb")
	keys := NewKeys(names...)
	for _, format := range []struct{ name, open, colon, comma, close string }{
		{"compact", "{", ":", ",", "}"},
		{"spaced", "{ ", " : ", " , ", " }"},
		{"python", "{", ": ", ", ", "}"},
		{"lines", "{\n\t", ":\n", ",\n", "\n}"},
	} {
		for _, names := range [][]string{names, names[:3], names[7:9], names[8:9], {"é", "ab", "no", "longer than any of them", "a\nb", "abc"}} {
			var b []byte
			b = append(b, format.open...)
			for i, name := range names {
				if i > 0 {
					b = append(b, format.comma...)
				}
				b = append(AppendString(b, []byte(name)), format.colon+"7"...)
			}
			b = append(b, format.close...)
			var s Scanner
			s.Reset(b)
			s.EnterObject()
			for _, name := range names {
				if got, want := s.NextField(keys), keys.Find([]byte(name)); got != want {
					t.Errorf("%s: %q has number %d, want %d", format.name, name, got, want)
				}
				if n, ok := s.Int(); n != 7 || !ok {
					t.Errorf("%s: the value of %q was not read", format.name, name)
				}
			}
			if n := s.NextField(keys); n != -1 || !s.End() {
				t.Errorf("%s: the end has number %d (%v)", format.name, n, s.Err())
			}
		}
	}
}
