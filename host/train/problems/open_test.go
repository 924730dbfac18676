package problems

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

var given = regexp.MustCompile(`with (\d+), (\d+) or (\d+)\.$`)

// holds reports whether a statement is a true equation that begins with one of the numbers.
func holds(t *testing.T, numbers []string, statement string) bool {
	if !equation.MatchString(statement) {
		t.Fatalf("%q is no statement", statement)
	}
	number, _, _ := strings.Cut(statement, " ")
	return slices.Contains(numbers, number) && right(t, statement)
}

// All statements of an open-ended question are true and different. Its solution has some of them; a
// spoilt solution has one statement that is not among them.
func TestOpenEnded(t *testing.T) {
	s := NewSource(7, OpenEnded, Corpus)
	fewest, most, begins := 1000, 0, map[bool]int{}
	for range 500 {
		p := s.Next()
		of := given.FindStringSubmatch(p.Question)[1:]
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
	if fewest < 300 || most > 660 || begins[true] < 150 || begins[false] < 150 {
		t.Errorf("%d to %d statements, %v in the order of the alphabet", fewest, most, begins)
	}
	t.Logf("%d to %d statements", fewest, most)
}
