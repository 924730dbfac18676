package problems

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var (
	owned    = regexp.MustCompile(`(\w+) has (\d+) \w+\.`)
	compared = regexp.MustCompile(`^(\w+) has (\d+) . (\d+) = \d+ (more than|fewer than|times as many as) (\w+)\.$`)
	together = regexp.MustCompile(`^Together (\w+) and (\w+) have (\d+) \+ (\d+) = \d+\.$`)
	extreme  = regexp.MustCompile(`^(\w+) has the (most|fewest)\.$`)
)

// holds reports whether a statement is true of what each person has.
func holds(t *testing.T, of map[string]int, statement string) bool {
	if m := extreme.FindStringSubmatch(statement); m != nil {
		for name, x := range of {
			if name != m[1] && (x > of[m[1]]) == (m[2] == "most") {
				return false
			}
		}
		return of[m[1]] > 0
	}
	pair := func(a, b, x, y string) bool { return strconv.Itoa(of[a]) == x && strconv.Itoa(of[b]) == y }
	if m := together.FindStringSubmatch(statement); m != nil {
		return m[1] != m[2] && pair(m[1], m[2], m[3], m[4]) && right(t, statement)
	}
	m := compared.FindStringSubmatch(statement)
	if m == nil {
		t.Fatalf("%q is no statement", statement)
	}
	a, b := m[1], m[5]
	if m[4] == "fewer than" {
		a, b = b, a
	}
	return of[a] > of[b] && pair(a, b, m[2], m[3]) && right(t, statement)
}

// All statements of an open-ended question are true and different, its solution is
// some of them, and a spoilt one has one that is none.
func TestOpenEnded(t *testing.T) {
	s := NewSource(7, OpenEnded, Corpus)
	fewest, most, begins := 1000, 0, map[bool]int{}
	for range 500 {
		p := s.Next()
		of := map[string]int{}
		for _, m := range owned.FindAllStringSubmatch(p.Question, -1) {
			of[m[1]], _ = strconv.Atoi(m[2])
		}
		seen := map[string]bool{}
		for _, statement := range p.Statements {
			if !holds(t, of, statement) || seen[statement] {
				t.Fatalf("%s: %q\n%s", p.ID, statement, p.Question)
			}
			seen[statement] = true
		}
		fewest, most = min(fewest, len(p.Statements)), max(most, len(p.Statements))
		if n := len(p.Steps); n < 3 || n > 5 || p.Solution(n+1) != strings.Join(p.Steps, "\n\n") || p.Solution(1) != p.Steps[0] || !slices.Equal(p.Gold(), p.Statements) || p.Answer != 0 {
			t.Fatalf("%+v", p)
		}
		said := map[string]bool{}
		for _, step := range p.Steps {
			if !seen[step] || said[step] {
				t.Fatalf("%s says %q", p.ID, step)
			}
			said[step] = true
		}
		begins[p.Steps[0] < p.Steps[1]]++

		q := s.Spoil(&p)
		if q.Question != p.Question || len(q.Steps) != len(p.Steps) || !slices.Equal(q.Statements, p.Statements) {
			t.Fatalf("%+v spoilt is %+v", p, q)
		}
		for i, step := range q.Steps {
			if wrong := i+1 == q.Wrong; wrong == holds(t, of, step) || wrong == (step == p.Steps[i]) {
				t.Fatalf("%s spoilt in step %d: step %d is %q, was %q", p.ID, q.Wrong, i+1, step, p.Steps[i])
			}
		}
	}
	if fewest < 26 || most > 60 || begins[true] < 150 || begins[false] < 150 {
		t.Errorf("%d to %d statements, %v in the order of the alphabet", fewest, most, begins)
	}
	t.Logf("%d to %d statements", fewest, most)
}
