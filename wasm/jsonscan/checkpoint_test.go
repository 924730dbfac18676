package jsonscan

import (
	"strings"
	"testing"
)

func TestAWalkGoesOnWhereAnotherInputBeganAlike(t *testing.T) {
	const head = `{"id":"chatcmpl-0123456789abcdef","model":"m","choices":[{"delta":{"content":`
	keys := NewKeys("choices", "delta", "content")
	find := func(s *Scanner) {
		t.Helper()
		if !s.EnterObject() {
			t.Fatal(s.Err())
		}
		for s.NextField(keys) != 1 {
			s.Skip()
		}
		if !s.EnterArray() || !s.NextElement() || !s.EnterObject() || s.NextField(keys) != 2 || !s.EnterObject() || s.NextField(keys) != 3 {
			t.Fatal(s.Err())
		}
	}
	var s Scanner
	var c Checkpoint
	if s.Reset([]byte(head + `"a"}}]}`)); s.Resume(&c) {
		t.Fatal("resumed at no place")
	}
	find(&s)
	s.Save(&c)
	for _, input := range []struct {
		data   string
		resume bool
	}{
		{head + `"b"}}]}`, true},
		{head + `"caf\u00e9"},"x":[1]}],"usage":null}`, true},
		{`{"id":"chatcmpl-0123456789abcdeF"` + head[len(`{"id":"chatcmpl-0123456789abcdef"`):] + `"b"}}]}`, false},
		{`{"ID"` + head[5:] + `"b"}}]}`, false},
		{head[:len(head)-1], false},
		{"", false},
	} {
		s.Reset([]byte(input.data))
		if got := s.Resume(&c); got != input.resume {
			t.Errorf("%s: resumed %v, want %v", input.data, got, input.resume)
			continue
		}
		if !input.resume {
			continue
		}
		resumed, at := s, s.Offset()
		s.Reset([]byte(input.data))
		find(&s)
		if s.Offset() != at || s.Depth() != resumed.Depth() {
			t.Errorf("%s: resumed at byte %d in %d containers, want %d in %d", input.data, at, resumed.Depth(), s.Offset(), s.Depth())
		}
		want, _ := s.Text()
		if got, ok := resumed.Text(); !ok || string(got) != string(want) {
			t.Errorf("%s: read %q, want %q", input.data, got, want)
		}
	}
}

func TestWhatIsTooLongIsNoPlace(t *testing.T) {
	var s Scanner
	var c Checkpoint
	data := []byte(`{"a":"` + strings.Repeat("x", maxCheckpoint) + `","b":1}`)
	s.Reset(data)
	s.EnterObject()
	s.NextKey()
	s.Skip()
	s.NextKey()
	s.Save(&c)
	if s.Reset(data); s.Resume(&c) {
		t.Error("resumed behind more bytes than are remembered")
	}
}
