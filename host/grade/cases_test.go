package grade_test

import (
	"os"
	"strings"
	"testing"

	"github.com/finece/finece/host/grade"
)

// TestCases runs the table of testdata/cases.txt.
func TestCases(t *testing.T) {
	table, err := os.ReadFile("testdata/cases.txt")
	if err != nil {
		t.Fatal(err)
	}
	cases := 0
	for i, line := range strings.Split(strings.TrimSpace(string(table)), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parts := strings.SplitN(line, " | ", 4)
		if len(parts) != 4 {
			t.Fatalf("line %d: %q", i+1, line)
		}
		cases++
		g, err := grade.GraderNamed(parts[0])
		if err != nil {
			t.Fatal(err)
		}
		q := &grade.Question{Gold: strings.Split(parts[1], "~"), Choices: []string{"a bird", "The Moon", "an apple", "Idaho"}}
		if err := g.Check(q); err != nil {
			t.Errorf("line %d: %v", i+1, err)
		}
		answer, _, _ := strings.Cut(parts[3], " # ")
		got, err := g.Grade(t.Context(), q, strings.ReplaceAll(answer, `\n`, "\n"))
		if err != nil || got.String() != parts[2] {
			t.Errorf("line %d: %s: %q is %s, want %s (%v)", i+1, parts[0], answer, got, parts[2], err)
		}
	}
	if cases < 200 {
		t.Errorf("%d cases, want 200", cases)
	}
}
