package construct_test

import (
	"strings"
	"testing"

	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/host/grade"
)

// TestStatementsHaveNoOrder completes a true statement with another one that other answers
// begin with. This does not count as an answer that starts again.
func TestStatementsHaveNoOrder(t *testing.T) {
	gold := []string{"Eva has the most of all.", "Tom has the fewest of all."}
	m := newLLM(t)
	m.says(t, func(partial string, i int) string {
		switch {
		case partial == "":
			return gold[i%2] + "\n\n" + gold[1-i%2]
		case strings.HasPrefix(partial, gold[0]):
			return "\n\n" + gold[1]
		}
		return "\n\n" + gold[0]
	})
	for grader, want := range map[string]int{"statements": 0, "alias": 16} {
		c := m.config(t, nil)
		c.Plan = construct.Plan{K: 8, T: 1, M: 2}
		var err error
		if c.Grader, err = grade.GraderNamed(grader); err != nil {
			t.Fatal(err)
		}
		r := build(t, c, []*grade.Question{{ID: "1", Text: "Who has what?", Gold: gold}})[0]
		if r.Tally.Restarted != want || r.Tally.Completions != 24 {
			t.Errorf("%s: %+v, want %d that begin anew", grader, r.Tally, want)
		}
	}
}
