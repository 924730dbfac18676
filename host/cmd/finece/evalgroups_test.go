package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
)

// labelled are lines with two columns to group by, three rows a question.
func labelled(n int) (lines []string) {
	rng := rand.New(rand.NewPCG(5, 6))
	for i := range n {
		c := float64(rng.IntN(101)) / 100
		lines = append(lines, fmt.Sprintf(`{"id":%d,"model":"m%d","kind":"k%d","confidence":%v,"correct":%v}`, i/3, rng.IntN(3), i%2, c, rng.Float64() < c))
	}
	return lines
}

// TestEvalGroups compares each group with the evaluation of its lines alone.
func TestEvalGroups(t *testing.T) {
	lines := labelled(600)
	for _, by := range []string{"model", "kind", "model,kind"} {
		keys := strings.Split(by, ",")
		of := map[string][]string{}
		for _, line := range lines {
			of[valuesOf(t, line, keys)] = append(of[valuesOf(t, line, keys)], line)
		}
		args := []string{"eval", "--format", "json", "--resamples", "50", "-"}
		var got struct{ Groups []map[string]any }
		whole := map[string]any{}
		r := finece(t, strings.Join(lines, "\n"), append(args, "--by", by)...)
		r.wants(t, 0)
		if err := json.Unmarshal([]byte(r.out), &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(r.out), &whole); err != nil {
			t.Fatal(err)
		}
		delete(whole, "groups")
		if want := figuresIn(t, lines, args); !reflect.DeepEqual(whole, want) {
			t.Errorf("by %s: all is %v\nwant %v", by, whole, want)
		}
		if len(got.Groups) != len(of) {
			t.Errorf("by %s: %d groups of %d", by, len(got.Groups), len(of))
		}
		for _, g := range got.Groups {
			values := ""
			for _, key := range keys {
				values += fmt.Sprint(g["group"].(map[string]any)[key], " ")
			}
			delete(g, "group")
			if want := figuresIn(t, of[values], args); !reflect.DeepEqual(g, want) {
				t.Errorf("by %s, %s: %v\nwant %v", by, values, g, want)
			}
		}
	}
}

func valuesOf(t *testing.T, line string, keys []string) (values string) {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(line), &object); err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		values += fmt.Sprint(object[key], " ")
	}
	return values
}

func figuresIn(t *testing.T, lines []string, args []string) (figures map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(finece(t, strings.Join(lines, "\n"), args...).out), &figures); err != nil {
		t.Fatal(err)
	}
	return maps.Clone(figures)
}

// TestEvalGroupTable: values of the input cannot break the table, and the table says why a
// figure is missing.
func TestEvalGroupTable(t *testing.T) {
	in := "confidence,correct,m\n0.9,1,\"a\n\x1b[2J\"\n0.8,1,\"a\n\x1b[2J\"\n0.5,1,10\n0.4,0,10\n0.5,0,9\n0.6,1,9\n0.3,1,\n"
	r := finece(t, in, "eval", "--by", "m", "-")
	r.wants(t, 0)
	var order []string
	for line := range strings.Lines(r.out) {
		order = append(order, strings.Fields(line + " .")[0])
	}
	if want := "m 9 10 (none) a all . (none): a"; strings.Join(order, " ") != want || strings.Contains(r.out, "\x1b") ||
		!strings.Contains(r.out, "(none): no brier_skill, auroc: all answers are correct or all are wrong\n") {
		t.Errorf("%q\nwant lines that begin with %q", r.out, want)
	}
}

func TestEvalGroupsRefused(t *testing.T) {
	many := "id,confidence,correct\n"
	for i := range 1001 {
		many += fmt.Sprintf("q%d,0.5,1\n", i)
	}
	finece(t, many, "eval", "--by", "id", "-").wants(t, exit.Faults, `more than 1000 groups by "id": choose a column with fewer values`)
	finece(t, many[:strings.LastIndex(many, "q1000")], "eval", "--by", "id", "--resamples", "1", "-").wants(t, 0)
	finece(t, "confidence,correct\n1,1\n", "eval", "--by", "m", "-").wants(t, exit.Faults, `no column "m"; the file has "confidence", "correct": name the column with --by`)
	finece(t, `{"confidence":1,"correct":1}`, "eval", "--by", "m", "-").wants(t, exit.Usage, `no row has "m"`)
	finece(t, "", "eval", "--merge", "--by", "m", "x.json").wants(t, exit.Usage, "--merge cannot be used with --by")
}

// TestEvalPositions groups the positions of scored answers by their kind, and by a key in
// an object.
func TestEvalPositions(t *testing.T) {
	scored := finece(t, `{"id":"a","answer":"One.\n\nTwo.","logprobs":[-0.1,-0.2,-0.3]}`+"\n"+`{"id":"b","answer":"One.\n\nTwo.","logprobs":[-1,-0.2,-2]}`, "score", "-")
	scored.wants(t, 0)
	var in strings.Builder
	for i, line := range strings.Split(strings.TrimSpace(scored.out), "\n") {
		fmt.Fprintf(&in, "%s,\"correct\":%d,\"from\":{\"set\":\"s%d\"}}\n", strings.TrimSuffix(line, "}"), 1-i, i)
	}
	r := finece(t, in.String(), "eval", "--positions", "--by", "kind,from.set", "--format", "json", "-")
	r.wants(t, 0, `kind "end", from.set "s0": no brier_skill, auroc: all answers are correct or all are wrong`)
	for _, want := range []string{`"group":{"kind":"end","from.set":"s0"},"n":1,`, `"group":{"kind":"paragraph","from.set":"s1"},"n":1,`} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %s in %s", want, r.out)
		}
	}
}

// TestEvalNamesWhatItCounts: the outputs say "positions" with --positions, and "answers"
// otherwise.
func TestEvalNamesWhatItCounts(t *testing.T) {
	const in = `{"confidence":0.5,"correct":1,"kind":"a","finece":{"positions":[{"index":1,"kinds":["paragraph"],"fused":0.4},{"index":2,"kinds":["end"],"fused":0.5}]}}
{"confidence":0.7,"correct":0,"kind":"a","finece":{"positions":[{"index":1,"kinds":["paragraph"],"fused":0.6},{"index":2,"kinds":["end"],"fused":0.7}]}}`
	report := filepath.Join(t.TempDir(), "r.html")
	of := func(flags ...string) (table, page string) {
		r := finece(t, in, append(flags, "--report", report, "-")...)
		r.wants(t, 0)
		html, err := os.ReadFile(report)
		if err != nil {
			t.Fatal(err)
		}
		return r.out, string(html)
	}
	for _, flags := range [][]string{{"eval", "--positions"}, {"eval", "--positions", "--by", "kind"}} {
		table, page := of(flags...)
		if !strings.Contains(table, "positions") || !strings.Contains(page, "4 positions, of which 2 are correct") || strings.Contains(page, "nswers") {
			t.Errorf("%q: %s\n%.4000s", flags, table, page[strings.Index(page, "<main>"):])
		}
	}
	table, page := of("eval", "--by", "kind")
	if !strings.Contains(table, "kind  n ") || !strings.Contains(page, "2 answers, of which 1 are correct") || strings.Contains(page, "position") {
		t.Errorf("%s\n%.4000s", table, page[strings.Index(page, "<main>"):])
	}
}
