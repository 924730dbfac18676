package follow_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/wasm/contract/record"
)

const (
	envelopeA = `{"version":1,"id":"7","generator":"g","events":[{"type":"confidence","choice":0,"index":1,"kinds":["end"],"segment":"answer","byte":2,"utf16":2,"token":1,"state":"final","revision":0,"raw":0.5,"fused":0.5}]}`
	envelopeB = `{"version":1,"id":"7","generator":"g","events":[{"type":"end","choice":0,"reason":"stop","tokens":1,"reasoning":0}]}`
)

// TestCarried: the records that a stream carries do not depend on how the stream is cut.
func TestCarried(t *testing.T) {
	both := `[confidence end] of version 1, id 7, generator g`
	for _, c := range []struct{ name, stream, want string }{
		{"chunks", "data: {\"choices\":[],\"finece\":" + envelopeA + "}\n\ndata: {\"finece\":" + envelopeB + "}\n\ndata: [DONE]\n\n", both},
		{"chunks with CRLF", "event: x\r\ndata:{\"finece\":" + envelopeA + "}\r\n\r\ndata: {\"finece\":" + envelopeB + "}\r\n\r\n", both},
		{"comments", "data: {\"choices\":[]}\n\n: finece " + envelopeA + "\ndata: {}\n\n: finece " + envelopeB + "\n\n", both},
		{"lines of JSON", "{\"a\":1,\"finece\":" + envelopeA + "}\n{\"finece\":" + envelopeB + "}", both},
		{"one JSON object", "{\n  \"choices\": [],\n  \"finece\": " + envelopeA + "\n}\n", `[confidence] of version 1, id 7, generator g`},
		{"a later version", "data: {\"finece\":{\"version\":2,\"events\":[7]}}\n\n", `[] of version 2, id , generator `},
		{"no envelope", "data: {\"choices\":[]}\n\ndata: {\"choices\":[]}\n\n", "nothing"},
		{"a key inside of another object", "data: {\"delta\":{\"finece\":" + envelopeA + "}}\n\n", "nothing"},
		{"text about it", "Hello\n: finece " + envelopeA + "\n", "nothing"},
		{"a broken envelope", "data: {\"finece\":{\"version\":1,\"events\":7}}\n\ndata: {\"finece\":{}}\n\n", "nothing"},
		{"nothing", "", "nothing"},
	} {
		for _, size := range []int{1, 7, len(c.stream) + 1} {
			var carried follow.Carried
			var all []record.Record
			for at := 0; at < len(c.stream); at += size {
				all = append(all, carried.Write([]byte(c.stream[at:min(at+size, len(c.stream))]))...)
			}
			all = append(all, carried.End()...)
			got := "nothing"
			if carried.Carries() {
				got = fmt.Sprintf("%v of version %d, id %s, generator %s", types(all), carried.Version, carried.ID, carried.Generator)
			}
			if got != c.want || !carried.Decided() {
				t.Errorf("%s, in pieces of %d: %s, decided %v; want %s", c.name, size, got, carried.Decided(), c.want)
			}
		}
	}
}

func types(all []record.Record) (names []string) {
	for _, r := range all {
		names = append(names, strings.ToLower(strings.TrimPrefix(fmt.Sprintf("%T", r), "*record.")))
	}
	return names
}

// A gateway sends a position's first confidence without a position's record, and a later
// position's before an earlier one's.
func TestALedgerMakesThePositionsOfConfidences(t *testing.T) {
	var l follow.Ledger
	for _, index := range []int{0, 2, 1, -1, 1 << 30} {
		l.Take(&record.Confidence{Place: record.Place{Index: index, Byte: int64(10 * index)}, Fused: 0.5})
	}
	var got []string
	for _, p := range l.Answer(0).Places {
		got = append(got, fmt.Sprintf("%d at %d: %d values", p.Index, p.Byte, p.Values))
	}
	if want := "[0 at 0: 1 values 1 at 10: 1 values 2 at 20: 1 values]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
}
