package jsonscan

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
)

// fields are some keys' numbers.
var fields = NewKeys("a", "token", "logprobs", "top_logprobs", "completion_probabilities")

// walk visits a value with NextField.
func walk(s *Scanner) {
	switch s.Kind() {
	case Object:
		if s.EnterObject() {
			for s.NextField(fields) >= 0 {
				walk(s)
			}
		}
	case Array:
		if s.EnterArray() {
			for s.NextElement() {
				walk(s)
			}
		}
	case Number:
		s.Float()
	case String:
		s.Text()
	default:
		s.Skip()
	}
}

// read builds the same value as json.Unmarshal into an any, with json.Number for numbers.
func read(s *Scanner) any {
	switch s.Kind() {
	case Object:
		m := map[string]any{}
		if s.EnterObject() {
			for s.NextKey() {
				key := string(s.Key())
				m[key] = read(s)
			}
		}
		return m
	case Array:
		a := []any{}
		if s.EnterArray() {
			for s.NextElement() {
				a = append(a, read(s))
			}
		}
		return a
	case String:
		text, _ := s.Text()
		return string(text)
	case Number:
		return json.Number(s.Raw())
	case True, False:
		b, _ := s.Bool()
		return b
	}
	s.Skip()
	return nil
}

// values are inputs at the edges of the grammar.
var values = []string{
	``, ` `, `{`, `}`, `[`, `]`, `{}`, `[]`, `{ }`, `[ ]`, "\t[\r\n]\n", `[,]`, `[1,]`, `[1 2]`, `[1,,2]`, `{,}`,
	`{"a"}`, `{"a":}`, `{"a":1,}`, `{"a":1 "b":2}`, `{"a":1,"b":[{}, {"c":null}]}`, `{"a" : 1 , "b" : 2}`,
	`{a:1}`, `{"a":1]`, `[1}`, `{"a":1}}`, `{} {}`, `[] x`, `true`, `tru`, `truex`, `false`, `null`, `nul`, `True`,
	`"`, `""`, `"a`, `"\`, `"\"`, `"\u12"`, `"\u12x4"`, `"\x"`, `"\/\b\f\n\r\t\"\\"`, "\"\n\"", "\"\x00\"", "\"\x1f\"", "\"\x7f\"",
	`"\u00e9\u4e2d\ud83d\ude00"`, `"\ud83d"`, `"\ude00"`, `"\ud83dx"`, `"\ud83d\ud83d\ude00"`, `"\ud83d\n"`, `"\uD83D\uDE0"`,
	`"twelve bytes\nand an escape"`, `"é中😀 and plain ASCII behind it"`, `"eight by"`, `"seven b"`, `{"eight by":"é"}`,
	`0`, `-0`, `-`, `+1`, `01`, `-01`, `1.`, `.1`, `1.e1`, `1e`, `1e+`, `1E-2`, `1e05`, `0.5`, `00`, `0x1`, `1_0`, `123456789012345678901`,
	`-0.31326165795326233`, `12345678x`, `1234567812345678.`, `0.1234567`, `[0.12345678]`, `NaN`, `Infinity`,
	"\xEF\xBB\xBF{}", "\u00a01", "[1]\x00", "\x001",
}

func TestValidity(t *testing.T) {
	for _, input := range values {
		for _, test := range []struct {
			name string
			walk func(*Scanner)
		}{{"skipped", (*Scanner).Skip}, {"read", func(s *Scanner) { read(s) }}, {"walked", walk}} {
			var s Scanner
			s.Reset([]byte(input))
			test.walk(&s)
			if got, want := s.End(), json.Valid([]byte(input)); got != want {
				t.Errorf("%q %s: valid is %v, want %v (%v)", input, test.name, got, want, s.Err())
			}
		}
	}
}

func TestErrorIsSticky(t *testing.T) {
	var s Scanner
	s.Reset([]byte(`{"a":1,"b":tru,"c":[1,2]}`))
	s.EnterObject()
	s.NextKey()
	s.Skip()
	s.NextKey()
	s.Skip()
	var syntax *SyntaxError
	if !errors.As(s.Err(), &syntax) || syntax.Offset != 14 || syntax.Want != "true" {
		t.Fatalf("error is %v, want one at byte 14 that asks for true", s.Err())
	}
	text, isText := s.Text()
	f, isFloat := s.Float()
	n, isInt := s.Int()
	b, isBool := s.Bool()
	if s.NextKey() || s.NextElement() || s.EnterObject() || s.EnterArray() || s.End() || s.Kind() != Invalid ||
		text != nil || isText || f != 0 || isFloat || n != 0 || isInt || b || isBool || s.Raw() != nil {
		t.Error("a step behind an error reports something")
	}
	if *syntax != (SyntaxError{14, "true"}) || s.Offset() != 14 {
		t.Errorf("a later step changed the error to %v", syntax)
	}
	s.Reset([]byte(`7`))
	if n, ok := s.Int(); n != 7 || !ok || !s.End() || s.Err() != nil {
		t.Error("Reset does not clear the error")
	}
}

func TestOtherKindsAreSkipped(t *testing.T) {
	for _, value := range []string{`{"k":[{}]}`, `["x",{"y":1}]`, `"text"`, `-1.5e3`, `true`, `false`, `null`} {
		for _, want := range []struct {
			kinds string // the first bytes of values that it reads
			read  func(*Scanner) bool
		}{
			{`"`, func(s *Scanner) bool { _, ok := s.Text(); return ok }},
			{`-`, func(s *Scanner) bool { _, ok := s.Float(); return ok }},
			{``, func(s *Scanner) bool { _, ok := s.Int(); return ok }}, // -1.5e3 is not an Int
			{`tf`, func(s *Scanner) bool { _, ok := s.Bool(); return ok }},
			{`{`, func(s *Scanner) bool {
				if !s.EnterObject() {
					return false
				}
				for s.NextKey() {
					s.Skip()
				}
				return true
			}},
			{`[`, func(s *Scanner) bool {
				if !s.EnterArray() {
					return false
				}
				for s.NextElement() {
					s.Skip()
				}
				return true
			}},
		} {
			var s Scanner
			s.Reset([]byte("[" + value + ", 7]"))
			s.EnterArray()
			s.NextElement()
			if got := want.read(&s); got != strings.Contains(want.kinds, value[:1]) {
				t.Errorf("%s read as one of %q: %v", value, want.kinds, got)
			}
			n, ok := int64(0), s.NextElement()
			if ok {
				n, ok = s.Int()
			}
			if !ok || n != 7 || s.NextElement() || !s.End() {
				t.Errorf("%s read as one of %q: the walk does not go on behind it: %v", value, want.kinds, s.Err())
			}
		}
	}
}

func TestDepth(t *testing.T) {
	for _, c := range []struct {
		name        string
		open, close string
	}{{"arrays", "[", "]"}, {"objects", `{"a":`, "}"}} {
		for _, test := range []struct {
			depth int
			ok    bool
		}{{MaxDepth, true}, {MaxDepth + 1, false}, {100000, false}} {
			input := []byte(strings.Repeat(c.open, test.depth) + "1" + strings.Repeat(c.close, test.depth))
			var s Scanner
			s.Reset(input)
			s.Skip()
			if s.End() != test.ok {
				t.Errorf("%d %s skipped: %v", test.depth, c.name, s.Err())
			}
			s.Reset(input)
			read(&s)
			if s.End() != test.ok {
				t.Errorf("%d %s read: %v", test.depth, c.name, s.Err())
			}
			s.Reset(input)
			for range 10 {
				if s.Kind() == Array && s.EnterArray() {
					s.NextElement()
				} else if s.EnterObject() {
					s.NextKey()
				}
			}
			s.Skip()
			if (s.Err() == nil) != test.ok {
				t.Errorf("%d %s, of which 10 entered: %v", test.depth, c.name, s.Err())
			}
		}
	}
	// The kinds of open containers are kept in several words. The test uses all of them.
	mixed := strings.Repeat(`[{"a":`, MaxDepth/2) + "1" + strings.Repeat("}]", MaxDepth/2)
	var s Scanner
	s.Reset([]byte(mixed))
	s.Skip()
	if !s.End() {
		t.Error(s.Err())
	}
	s.Reset([]byte(strings.Replace(mixed, "}]}]}]", "}]]}}]", 1)))
	s.Skip()
	if s.End() {
		t.Error("brackets may close in the wrong order")
	}
}

// Ill-formed sequences are from The Unicode Standard, section 3.9, tables 3-8 to 3-11. The WHATWG
// decoder replaces them in the same way.
func TestIllFormed(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"non-shortest forms", "\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41", "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDA"},
		{"surrogates", "\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41", "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDA"},
		{"other", "\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDA\uFFFD\uFFFDB"},
		{"truncated", "\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", "\uFFFD\uFFFD\uFFFD\uFFFDA"},
		{"truncated at the end", "a\xE2\x80", "a\uFFFD"},
		{"four bytes cut after three", "\xF0\x9F\x98", "\uFFFD"},
		{"cut before an escape", `` + "\xE2\x80" + `\n`, "\uFFFD\n"},
		{"lone halves", `\ud83d\ude00 \ude00\ud83d \ud83d`, "😀 \uFFFD\uFFFD \uFFFD"},
		{"well-formed", "é中😀\u0080\u07ff\u0800\uffff\U00010000\U0010ffff", "é中😀\u0080\u07ff\u0800\uffff\U00010000\U0010ffff"},
		{"well-formed behind an escape", `\té中😀`, "\té中😀"},
	} {
		var s Scanner
		s.Reset([]byte(`{"` + test.in + `":"` + test.in + `"}`))
		s.EnterObject()
		s.NextKey()
		key := s.Key()
		text, ok := s.Text()
		if string(key) != test.want || string(text) != test.want || !ok {
			t.Errorf("%s: key %q, text %q, want %q", test.name, key, text, test.want)
		}
	}
}

func TestTextAliasesInput(t *testing.T) {
	data := []byte(`["plain text","é中","an \n escape"]`)
	var s Scanner
	s.Reset(data)
	s.EnterArray()
	for i, alias := range []bool{true, true, false} {
		s.NextElement()
		text, _ := s.Text()
		start := bytes.Index(data, text)
		if got := start >= 0 && &data[start] == &text[0]; got != alias {
			t.Errorf("string %d: aliases the input: %v, want %v", i, got, alias)
		}
	}
}

func TestDecodedTextsStayValid(t *testing.T) {
	var b []byte
	var want []string
	for i := range 200 {
		want = append(want, strings.Repeat("\n", i))
		b = append(AppendString(append(b, '['), []byte(want[i])), ',')
		b = b[:len(b)-1]
		b = append(b, ',')
	}
	input := "[" + strings.ReplaceAll(string(b), "[", "") + "0]"
	var s Scanner
	s.Reset([]byte(input))
	var got [][]byte
	if s.EnterArray() {
		for s.NextElement() {
			if text, ok := s.Text(); ok {
				got = append(got, text)
			}
		}
	}
	if !s.End() || len(got) != len(want) {
		t.Fatal(s.Err(), len(got))
	}
	for i := range got {
		if string(got[i]) != want[i] {
			t.Fatalf("text %d became %q", i, got[i])
		}
	}
}

func TestInt(t *testing.T) {
	for _, test := range []struct {
		in   string
		want int64
		ok   bool
	}{
		{"0", 0, true}, {"-0", 0, true}, {"42", 42, true}, {"-42", -42, true},
		{"9223372036854775807", math.MaxInt64, true}, {"9223372036854775808", 0, false},
		{"-9223372036854775807", -math.MaxInt64, true}, {"18446744073709551617", 0, false},
		{"99999999999999999999", 0, false}, {"1.0", 0, false}, {"1e2", 0, false}, {`"1"`, 0, false},
	} {
		var s Scanner
		s.Reset([]byte(test.in))
		if n, ok := s.Int(); n != test.want || ok != test.ok || !s.End() {
			t.Errorf("%s: %d, %v; want %d, %v (%v)", test.in, n, ok, test.want, test.ok, s.Err())
		}
	}
}

func TestNoAllocations(t *testing.T) {
	data := []byte(`{"a":[1,-0.31326165795326233,"text with \n escape"],"b":{"c":null},"d":1234567890123456789012}`)
	var s Scanner
	if n := testing.AllocsPerRun(100, func() {
		s.Reset(data)
		if s.EnterObject() {
			for s.NextKey() {
				if s.Kind() == Array && s.EnterArray() {
					for s.NextElement() {
						s.Float()
					}
					continue
				}
				s.Float()
			}
		}
	}); n != 0 || s.Err() != nil {
		t.Errorf("%v allocations (%v)", n, s.Err())
	}
}
