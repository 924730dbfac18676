package construct_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/finece/finece/host/construct"
)

// TestStatementsHaveNoOrder completes a true statement by another one, with which
// other answers begin. That is no sign of an answer that begins anew.
func TestStatementsHaveNoOrder(t *testing.T) {
	gold := []string{"Eva has the most of all.", "Tom has the fewest of all."}
	m := newLLM(t)
	m.intercept = func(w http.ResponseWriter, r *http.Request) bool {
		var request struct {
			Messages []struct{ Role, Content string }
			N        int
		}
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			t.Error(err)
		}
		partial := request.Messages[len(request.Messages)-1]
		var choices []any
		for i := range request.N {
			text := gold[i%2] + "\n\n" + gold[1-i%2]
			if partial.Role == "assistant" {
				text = "\n\n" + gold[0]
				if strings.HasPrefix(partial.Content, gold[0]) {
					text = "\n\n" + gold[1]
				}
			}
			choices = append(choices, map[string]any{"index": i, "message": map[string]string{"content": text}})
		}
		json.NewEncoder(w).Encode(map[string]any{"choices": choices})
		return true
	}
	for grader, want := range map[string]int{"statements": 0, "alias": 16} {
		c := m.config(t, nil)
		c.Plan = construct.Plan{K: 8, T: 1, M: 2}
		var err error
		if c.Grader, err = construct.GraderNamed(grader); err != nil {
			t.Fatal(err)
		}
		r := build(t, c, []*construct.Question{{ID: "1", Text: "Who has what?", Gold: gold}})[0]
		if r.Tally.Restarted != want || r.Tally.Completions != 24 {
			t.Errorf("%s: %+v, want %d that begin anew", grader, r.Tally, want)
		}
	}
}
