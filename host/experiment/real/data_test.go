// Package real_test checks the committed data of the experiment on a real model.
package real_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/openai"
)

// city is a question of cities.py.
type city struct {
	ID       string
	Question string
	Gold     []string
	Solution string
	Country  string
}

// lines reads a file of JSON Lines, compressed with gzip or not.
func lines[T any](t *testing.T, path string) (all []T) {
	t.Helper()
	f, err := os.Open("data/" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	s := bufio.NewScanner(r)
	for s.Buffer(nil, 1<<24); s.Scan(); {
		var v T
		if err := json.Unmarshal(s.Bytes(), &v); err != nil {
			t.Fatalf("%s, line %d: %v", path, len(all)+1, err)
		}
		all = append(all, v)
	}
	if err := s.Err(); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return all
}

// TestSplits checks that no city and no question is in two files, and that the countries of
// shifted.jsonl are in no other file.
func TestSplits(t *testing.T) {
	sizes := map[string]int{"train": 1500, "label": 1000, "test": 500, "shifted": 200}
	seen, countries := map[string]string{}, map[string]string{}
	for split, size := range sizes {
		cities := lines[city](t, "cities/"+split+".jsonl")
		if len(cities) != size {
			t.Errorf("%s has %d cities, want %d", split, len(cities), size)
		}
		for _, c := range cities {
			for _, key := range []string{c.ID, strings.ToLower(c.Question)} {
				if other, ok := seen[key]; ok {
					t.Errorf("%s is in %s and in %s", key, other, split)
				}
				seen[key] = split
			}
			if other, ok := countries[c.Country]; ok && other != split && (other == "shifted" || split == "shifted") {
				t.Errorf("%s has cities in %s and in %s", c.Country, other, split)
			}
			countries[c.Country] = split
			verdict, err := grade.AliasGrader{}.Grade(t.Context(), &grade.Question{Gold: c.Gold}, c.Solution)
			if err != nil || verdict != grade.Right {
				t.Errorf("the solution of %s is graded %v (%v), want right", c.ID, verdict, err)
			}
		}
	}
}

// reply is a line of finece construct's file of replies.
type reply struct {
	ID          string
	At          string
	Start       int
	Partial     string
	Completions []openai.Completion
}

// TestLabels grades the replies to every state again. Each label must be the share of right
// answers among them, and each question must be in label.jsonl.
func TestLabels(t *testing.T) {
	for _, name := range []string{"labels", "noise", "answers"} {
		t.Run(name, func(t *testing.T) { labels(t, name) })
	}
}

func labels(t *testing.T, name string) {
	golds := map[string]*grade.Question{}
	for _, c := range lines[city](t, "cities/label.jsonl") {
		golds[c.ID] = &grade.Question{ID: c.ID, Text: c.Question, Gold: c.Gold}
	}
	type place struct{ id, partial string }
	type count struct{ right, all int }
	sampled := map[place][]count{} // two branches may have the same partial answer
	for _, r := range lines[reply](t, name+".jsonl.samples.gz") {
		q := golds[r.ID]
		if q == nil {
			t.Fatalf("a reply to %s, which is no question of label.jsonl", r.ID)
		}
		var n count
		for _, c := range r.Completions {
			verdict, err := grade.AliasGrader{}.Grade(t.Context(), q, r.Partial+c.Text)
			if err != nil {
				t.Fatal(err)
			}
			n.all++
			if verdict == grade.Right {
				n.right++
			}
			if r.At == "" && len(c.Tokens) == 0 {
				t.Errorf("an answer to %s has no log-probabilities", r.ID)
			}
		}
		at := place{r.ID, r.Partial}
		sampled[at] = append(sampled[at], n)
	}
	states := lines[construct.State](t, name+".jsonl.gz")
	if len(states) == 0 {
		t.Fatal("no labels")
	}
	for _, s := range states {
		if s.Position == "p(z)" {
			continue
		}
		found := false
		for _, n := range sampled[place{s.ID, s.Text}] {
			found = found || n == count{s.K, s.N}
		}
		if !found {
			t.Errorf("%s at %s after %q: label %d of %d, but the replies give %v", s.ID, s.Position, s.Text, s.K, s.N, sampled[place{s.ID, s.Text}])
		}
	}
}
