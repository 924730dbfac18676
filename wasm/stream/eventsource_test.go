package stream

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// sent is an event of an event-stream parser.
type sent struct {
	typ, data, id string
	long          bool
	offset        int64
}

func (s sent) String() string {
	return fmt.Sprintf("{%s %q id=%q long=%v at %d}", s.typ, s.data, s.id, s.long, s.offset)
}

// parse gives a stream to a parser in pieces. Each piece is overwritten after its call.
func parse(limit int, input []byte, next func() int) (events []sent, last *sent, p *EventParser) {
	p = &EventParser{Limit: limit}
	take := func() sent {
		return sent{string(p.Type()), string(p.Data()), string(p.LastEventID()), p.TooLong(), p.Offset()}
	}
	for len(input) > 0 {
		n := min(next(), len(input))
		piece := bytes.Clone(input[:n])
		input = input[n:]
		for rest := piece; ; {
			n, ok := p.Next(rest)
			if !ok {
				break
			}
			events = append(events, take())
			rest = rest[n:]
		}
		for i := range piece {
			piece[i] = 'X'
		}
	}
	if p.Flush() {
		e := take()
		last = &e
	}
	return events, last, p
}

// reference is the standard's algorithm, line by line over the whole input, with the parser's
// limits.
func reference(limit int, input []byte) (events []sent, retry int64) {
	retry = -1
	var typ, id, lastID string
	var data []string
	var offset int64
	pos := 0
	if bytes.HasPrefix(input, []byte("\uFEFF")) {
		pos = 3
	}
	for {
		n := bytes.IndexAny(input[pos:], "\r\n")
		if n < 0 {
			return events, retry
		}
		begin, line := pos, string(input[pos:pos+n])
		pos += n + 1
		if input[pos-1] == '\r' && pos < len(input) && input[pos] == '\n' {
			pos++
		}
		if line == "" {
			lastID = id
			if data != nil {
				if typ == "" {
					typ = "message"
				}
				e := sent{typ, strings.Join(data, "\n"), lastID, false, offset}
				if limit > 0 && len(e.data) > limit {
					e.data, e.long = "", true
				}
				events = append(events, e)
			}
			typ, data = "", nil
			continue
		}
		name, value, colon := strings.Cut(line, ":")
		value, space := strings.CutPrefix(value, " ")
		if len(line) > maxField && name != "data" {
			continue
		}
		switch name {
		case "data":
			if data == nil {
				offset = int64(begin + len(name))
				if colon {
					offset++
				}
				if space {
					offset++
				}
			}
			data = append(data, value)
		case "event":
			typ = value
		case "id":
			if !strings.Contains(value, "\x00") {
				id = value
			}
		case "retry":
			if value != "" && strings.Trim(value, "0123456789") == "" {
				n, err := strconv.ParseInt(value, 10, 64)
				if err != nil || n > 1<<52 {
					n = 1 << 52
				}
				retry = n
			}
		}
	}
}

// checkParser compares the parser with the reference, in one cutting.
func checkParser(t testing.TB, limit int, input []byte, cut string, next func() int) {
	t.Helper()
	want, _ := reference(limit, input)
	got, last, p := parse(limit, input, next)
	if !slices.Equal(got, want) {
		t.Fatalf("%q, limit %d, cut at %s:\n got %q\nwant %q", input, limit, cut, got, want)
	}
	completed, retry := reference(limit, append(bytes.Clone(input), "\n\n"...))
	if ms, ok := p.Retry(); ok != (retry >= 0) || ok && ms != retry {
		t.Fatalf("%q, cut at %s: reconnection time %d %v, want %d", input, cut, ms, ok, retry)
	}
	switch {
	case last == nil && len(completed) > len(want):
		t.Fatalf("%q, cut at %s: Flush has nothing, want %v", input, cut, completed[len(want)])
	case last != nil && (len(completed) == len(want) || *last != completed[len(want)]):
		t.Fatalf("%q, cut at %s: Flush has %v, want %v", input, cut, *last, completed[len(want):])
	}
}

// event makes an expected event for the table below. The type is "message" unless it is given,
// and the offset is not compared.
func event(data string, more ...string) sent {
	e := sent{typ: "message", data: data}
	for _, m := range more {
		if id, ok := strings.CutPrefix(m, "id="); ok {
			e.id = id
		} else {
			e.typ = m
		}
	}
	return e
}

// TestEventParser has the cases of the web-platform-tests for EventSource, with their names
// there, and cases from the streams of models.
func TestEventParser(t *testing.T) {
	const bom = "\uFEFF"
	x := strings.Repeat("x", 2048)
	for _, c := range []struct {
		name, input string
		want        []sent
		retry       int64 // 0 means none
	}{
		{name: "format-bom", input: bom + "data:1\n\ndata:2\n\ndata:3\n\n", want: []sent{event("1"), event("2"), event("3")}},
		{name: "format-bom-2", input: bom + bom + "data:1\n\ndata:2\n\ndata:3\n\n", want: []sent{event("2"), event("3")}},
		{name: "half a BOM", input: "\xEF\xBBdata:1\n\ndata:2\n\n", want: []sent{event("2")}},
		{name: "BOM further on", input: "data:1\n\n" + bom + "data:2\n\n", want: []sent{event("1")}},
		{
			name:  "format-comments",
			input: "data:1\r:\x00\n:\r\ndata:2\n:" + x + "\rdata:3\n:data:fail\r:" + x + "\ndata:4\n\n",
			want:  []sent{event("1\n2\n3\n4")},
		},
		{
			name:  "format-data-before-final-empty-line",
			input: "retry:1000\ndata:test1\n\nid:test\ndata:test2",
			want:  []sent{event("test1")}, retry: 1000,
		},
		{name: "format-field-data", input: "data:\n\ndata\ndata\n\ndata:test\n\n", want: []sent{event(""), event("\n"), event("test")}},
		{name: "format-field-event", input: "event:test\ndata:x\n\ndata:x\n\n", want: []sent{event("x", "test"), event("x")}},
		{name: "format-field-event-empty", input: "event: \ndata:data\n\n", want: []sent{event("data")}},
		{name: "the last event field wins", input: "event:a\nevent:b\ndata:x\n\n", want: []sent{event("x", "b")}},
		{name: "a type without data is dropped", input: "event:a\n\ndata:x\n\n", want: []sent{event("x")}},
		{name: "field-name-event", input: "event:test\ndata:A\n\ndata:B\n\n", want: []sent{event("A", "test"), event("B")}},
		{name: "format-field-id", input: "id:1\ndata:a\n\ndata:b\n\n", want: []sent{event("a", "id=1"), event("b", "id=1")}},
		{name: "format-field-id-2", input: "id:…\ndata:a\n\ndata:b\n\n", want: []sent{event("a", "id=…"), event("b", "id=…")}},
		{
			name:  "format-field-id-3 changes",
			input: "id:1\ndata:x\n\nid:2\ndata:y\n\ndata:z\n\n",
			want:  []sent{event("x", "id=1"), event("y", "id=2"), event("z", "id=2")},
		},
		{
			name:  "format-field-id-3 resets",
			input: "id:1\ndata:x\n\nid:\ndata:y\n\ndata:z\n\n",
			want:  []sent{event("x", "id=1"), event("y"), event("z")},
		},
		{name: "format-field-id-3 resets without a colon", input: "id:1\ndata:x\n\nid\ndata:y\n\n", want: []sent{event("x", "id=1"), event("y")}},
		{name: "format-field-id-null", input: "id:\x00\x00\ndata:hello\n\n", want: []sent{event("hello")}},
		{name: "an id with NUL keeps the one before", input: "id:1\nid:2\x00\ndata:x\n\n", want: []sent{event("x", "id=1")}},
		{name: "an id of an event without data stays", input: "id:7\n\ndata:x\n\n", want: []sent{event("x", "id=7")}},
		{
			name:  "format-field-parsing",
			input: "data:\x00\ndata:  2\rData:1\ndata\x00:2\ndata:1\r\x00data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n data:32\ndata:4\n\n",
			want:  []sent{event("\x00\n 2\n1\n3\n\n4")},
		},
		{name: "format-field-retry", input: "retry:3000\ndata:x\n\n", want: []sent{event("x")}, retry: 3000},
		{name: "format-field-retry-bogus", input: "retry:2000\nretry:1000x\ndata:x\n\n", want: []sent{event("x")}, retry: 2000},
		{name: "format-field-retry-empty", input: "retry\ndata:test\n\n", want: []sent{event("test")}},
		{name: "retry of no ASCII digits", input: "retry:-1\nretry:+1\nretry:１\ndata:x\n\n", want: []sent{event("x")}},
		{name: "retry without end", input: "retry:" + strings.Repeat("9", 100) + "\ndata:x\n\n", want: []sent{event("x")}, retry: 1 << 52},
		{
			name:  "format-field-unknown",
			input: "data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacommentyay\ndata:test\n\n",
			want:  []sent{event("test\n\ntest")},
		},
		{name: "format-leading-space", input: "data:\ttest\rdata: \ndata:test\n\n", want: []sent{event("\ttest\n\ntest")}},
		{name: "format-newlines", input: "data:test\r\ndata\ndata:test\r\n\r\n", want: []sent{event("test\n\ntest")}},
		{name: "format-null-character", input: "data:\x00\n\n\n\n", want: []sent{event("\x00")}},
		{name: "format-utf-8", input: "data:ok…\n\n", want: []sent{event("ok…")}},
		{
			name:  "event-data",
			input: ":comment\ndata:msg\ndata:msg\n\n:\nfalsefield:msg\n\nfalsefield:msg\ndata\n\ndata:end\n\n",
			want:  []sent{event("msg\nmsg"), event(""), event("end")},
		},
		{name: "from-readable-stream: newline formats", input: "data: cr\r\rdata: lf\n\ndata: crlf\r\n\r\n", want: []sent{event("cr"), event("lf"), event("crlf")}},
		{name: "from-readable-stream: an empty stream", input: ""},
		{
			name:  "from-readable-stream: two bodies in one",
			input: "id: 42\ndata: first\n\ndata: after-reconnect\n\n",
			want:  []sent{event("first", "id=42"), event("after-reconnect", "id=42")},
		},
		{name: "no space", input: "data:{\"token\":1}\n\n", want: []sent{event(`{"token":1}`)}},
		{name: "a space before the field", input: " data: {}\n\ndata: 2\n\n", want: []sent{event("2")}},
		{name: "two spaces", input: "data:  x\n\n", want: []sent{event(" x")}},
		{name: "a colon in the data", input: "data: a: b\n\n", want: []sent{event("a: b")}},
		{name: "names are exact", input: "DATA: 1\ndatas: 2\ndat: 3\nevents: 4\ni: 5\ndata: 6\n\n", want: []sent{event("6")}},
		{name: "field longer than its limit", input: "event:" + x + "\nid:" + x + "\ndata:1\n\n", want: []sent{event("1")}},
		{name: "data longer than other fields", input: "data:" + x + "\ndata:" + x + "\n\n", want: []sent{event(x + "\n" + x)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, retry := reference(0, []byte(c.input)); !same(got, c.want) || max(retry, 0) != c.retry {
				t.Fatalf("the reference itself has %v and %d, want %v", got, retry, c.want)
			}
			for at := range len(c.input) + 1 {
				first := at
				next := func() int { n := first; first = math.MaxInt; return max(n, 1) }
				events, _, p := parse(0, []byte(c.input), next)
				if !same(events, c.want) {
					t.Fatalf("cut at %d: %v\nwant %v", at, events, c.want)
				}
				if ms, ok := p.Retry(); ok != (c.retry > 0) || ok && ms != c.retry {
					t.Errorf("cut at %d: reconnection time %d %v, want %d", at, ms, ok, c.retry)
				}
				checkParser(t, 0, []byte(c.input), strconv.Itoa(at), func() int { return max(at, 1) })
			}
			checkParser(t, 0, []byte(c.input), "1 byte", every(1))
			checkParser(t, 1024, []byte(c.input), "3 bytes", every(3))
		})
	}
}

// same compares events without their offsets.
func same(got, want []sent) bool {
	return slices.EqualFunc(got, want, func(g, w sent) bool {
		g.offset = w.offset
		return g == w
	})
}

func TestALoneCRDispatchesAtOnce(t *testing.T) {
	p := new(EventParser)
	if _, ok := p.Next([]byte("data:x\r")); ok {
		t.Error("an event before its blank line")
	}
	if n, ok := p.Next([]byte("\r")); !ok || n != 1 || string(p.Data()) != "x" {
		t.Errorf("the second CR gives %d %v %q, want the event", n, ok, p.Data())
	}
	if n, ok := p.Next([]byte("\ndata:y\n\n")); !ok || n != 9 || string(p.Data()) != "y" {
		t.Errorf("LF behind the CR gives %d %v %q, want the next event", n, ok, p.Data())
	}
}

func TestLongDataIsDroppedAndSaid(t *testing.T) {
	for _, c := range []struct {
		input string
		want  []sent
	}{
		{"data:12345678\n\ndata:123456789\n\ndata:1\n\n", []sent{event("12345678"), {typ: "message", long: true}, event("1")}},
		{"data:1234\ndata:567\n\ndata:1234\ndata:5678\n\n", []sent{event("1234\n567"), {typ: "message", long: true}}},
		{"event:e\nid:1\ndata:" + strings.Repeat("x", 1<<16) + "\ndata:y\n\ndata:z\n\n", []sent{{typ: "e", id: "1", long: true}, event("z", "id=1")}},
	} {
		for _, cut := range []int{1, 3, 100, 1 << 20} {
			got, _, p := parse(8, []byte(c.input), every(cut))
			if !same(got, c.want) {
				t.Errorf("%.40q cut at %d bytes: %v, want %v", c.input, cut, got, c.want)
			}
			if n := cap(p.buf); n > parserBound(8) {
				t.Errorf("%.40q cut at %d bytes: a buffer of %d bytes", c.input, cut, n)
			}
		}
	}
}

// parserBound is the maximum size of a parser's buffer for data of at most limit bytes: the data
// and a line, and the spare room of append.
func parserBound(limit int) int { return 2 * (limit + max(limit, maxField) + maxField + 64) }

func FuzzEventParser(f *testing.F) {
	for _, s := range []string{
		"", "data:1\n\n", "\uFEFFdata: a\r\rdata: b\r\n\r\nid:1\nevent:x\ndata\n\n", "data:1\ndata:2\n\ndata:3", "retry:12\rretry:x\n:c\n\n",
		"id:a\x00b\ndata:\xFF\n\n", "\xEF\xBBdata:x\n\n", "data", "data:\r", "event:" + strings.Repeat("y", 1100) + "\ndata:z\n\n",
	} {
		f.Add([]byte(s), uint16(0), uint64(1))
		f.Add([]byte(s), uint16(70), uint64(2))
	}
	f.Fuzz(func(t *testing.T, input []byte, limit uint16, seed uint64) {
		checkParser(t, int(limit), input, "nothing", whole)
		checkParser(t, int(limit), input, "1 byte", every(1))
		checkParser(t, int(limit), input, fmt.Sprint("random ", seed), randomly(seed))
	})
}
