package construct_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/finece/finece/host/grade"
)

// TestJudgeOfAServerThatRefusesParameters asks servers that, like OpenAI's for
// gpt-5, answer 400 to a temperature of 0.
func TestJudgeOfAServerThatRefusesParameters(t *testing.T) {
	const says = `{"error":{"message":"Unsupported value: '%s' does not support 0 with this model. Only the default (1) value is supported."}}`
	for _, c := range []struct {
		name    string
		refused []string
		asked   int // for three verdicts
		extra   map[string]json.RawMessage
		fails   bool
	}{
		{"takes both", nil, 3, nil, false},
		{"no temperature", []string{"temperature"}, 4, nil, false},
		{"no seed", []string{"seed"}, 4, nil, false},
		{"neither", []string{"temperature", "seed"}, 5, nil, false},
		{"another parameter", []string{"messages"}, 3, nil, true},
		{"what the user sets", []string{"temperature"}, 6, map[string]json.RawMessage{"temperature": json.RawMessage("0")}, true},
	} {
		m := newLLM(t)
		asked := 0
		var bodies []map[string]any // of the requests that were not refused
		m.intercept = func(w http.ResponseWriter, r *http.Request) bool {
			asked++
			var body map[string]any
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
				t.Error(err)
			}
			for _, name := range c.refused {
				if _, there := body[name]; there {
					w.WriteHeader(http.StatusBadRequest)
					fmt.Fprintf(w, says, name)
					return true
				}
			}
			bodies = append(bodies, body)
			w.Write([]byte(`{"choices":[{"message":{"content":"correct"}}]}`))
			return true
		}
		store := &memory{}
		j, err := grade.NewJudge(grade.JudgeConfig{Server: m.server(), Model: "judge", Store: store, Extra: c.extra})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			q := &grade.Question{ID: fmt.Sprint(i), Text: "Why?"}
			if v, err := j.Grade(t.Context(), q, "So."); (err != nil) != c.fails || !c.fails && v != grade.Right {
				t.Errorf("%s: %v, %v", c.name, v, err)
			}
		}
		if asked != c.asked {
			t.Errorf("%s: %d requests, want %d", c.name, asked, c.asked)
		}
		for _, body := range bodies {
			for _, name := range []string{"temperature", "seed"} {
				if v, there := body[name]; there == slices.Contains(c.refused, name) || there && v != 0.0 {
					t.Errorf("%s: %s is %v", c.name, name, v)
				}
			}
		}
		for _, raw := range store.values {
			var v struct{ Refused []string }
			if err := json.Unmarshal(raw, &v); err != nil || !slices.Equal(v.Refused, c.refused) || strings.Contains(string(raw), "refused") != (c.refused != nil) {
				t.Errorf("%s: %v: %s", c.name, err, raw)
			}
		}
	}
}
