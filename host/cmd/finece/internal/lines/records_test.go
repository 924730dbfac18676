package lines_test

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/finece/finece/host/cmd/finece/internal/lines"
)

func TestRecords(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"JSON Lines", "{\"answer\":1}\n\nx\n", []string{`1 {"answer":1}`, "2 ", "3 x"}},
		{"CSV", "id,answer,logprobs,ok\r\n7,42,\"[-1,-2]\",true\r\n,\"a \"\"b\"\"\nc\",x,\r\n8,z,1.50,01\n", []string{
			`2 {"id":7,"answer":"42","logprobs":[-1,-2],"ok":true}`, `3 {"id":null,"answer":"a \"b\"\nc","logprobs":"x","ok":null}`,
			`5 {"id":8,"answer":"z","logprobs":1.50,"ok":"01"}`}},
		{"tabs and a byte order mark", "\xef\xbb\xbfPrompt\tcompletion\n1\t2\n", []string{`2 {"Prompt":"1","completion":"2"}`}},
		{"bad records", "answer,gold\n1\n\"2\"x,3\n4,5\n", []string{"2 1 ! 1 fields where the header has 2", `3 "2"x,3 ! extraneous or missing " in quoted-field`, `4 {"answer":"4","gold":5}`}},
		{"text with commas", "Well, so it is.\nIt is.\n", []string{"1 Well, so it is.", "2 It is."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := lines.Records(strings.NewReader(c.in), lines.MaxLine)
			var got []string
			for {
				line, err := r.Next()
				if err == io.EOF {
					break
				}
				text := fmt.Sprintf("%d %s", r.Line(), line)
				if err != nil {
					text += " ! " + lines.Reason(err)
				}
				got = append(got, text)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%q\nwant %q", got, c.want)
			}
		})
	}
	r := lines.Records(strings.NewReader("answer,gold\n\""+strings.Repeat("x", 1<<20)), 1000)
	if _, err := r.Next(); err == nil || !strings.Contains(err.Error(), "is a quote missing?") || lines.Reason(err) != "" {
		t.Errorf("an endless record: %v", err)
	}
}

// TestFilled: blank rows are skipped, and rows that cannot be read are reported.
func TestFilled(t *testing.T) {
	r := lines.Records(strings.NewReader("\n{\"a\":1}\n \t\n"+strings.Repeat("x", 50)+"\n\nlast"), 40)
	var got []string
	for {
		row, bad, err := lines.Filled(r)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if bad != nil {
			row = []byte(bad.Error())
		}
		got = append(got, fmt.Sprintf("%d %s", r.Line(), row))
	}
	if want := []string{`2 {"a":1}`, "4 longer than 40 bytes", "6 last"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	broken := lines.Records(iotest.ErrReader(io.ErrUnexpectedEOF), 40)
	if _, bad, err := lines.Filled(broken); bad != nil || err != io.ErrUnexpectedEOF {
		t.Errorf("%v, %v; want the error of reading", bad, err)
	}
}
