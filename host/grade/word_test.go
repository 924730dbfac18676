package grade_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/host/model"
)

// serve runs a server of a model and returns its address.
func serve(t testing.TB, h http.HandlerFunc) model.Config {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return model.DefaultConfig(server.URL + "/v1")
}

// memory is a store that only one caller at a time may use.
type memory map[string][]byte

func (m memory) Load(key string) ([]byte, error) { return m[key], nil }

func (m memory) Save(key string, value []byte) error {
	m[key] = value
	return nil
}

func TestJudge(t *testing.T) {
	asked := 0
	var says []string
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		content, _ := json.Marshal(says[min(asked, len(says)-1)])
		asked++
		w.Write([]byte(`{"choices":[{"message":{"content":` + string(content) + `}}]}`))
	})
	q := &grade.Question{ID: "1", Text: "Why?", Gold: []string{"Because."}}
	for _, c := range []struct {
		says  []string
		want  grade.Verdict
		asked int
	}{
		{[]string{"correct"}, grade.Right, 1},
		{[]string{" Incorrect.\n"}, grade.Wrong, 1},
		{[]string{"**Correct**"}, grade.Right, 1},
		{[]string{`{"correct": false}`}, grade.Wrong, 1},
		{[]string{`{"correct": true} or not`, "correct"}, grade.Right, 2},
		{[]string{"It is correct, I think"}, grade.Ungraded, 2},
		{[]string{"not correct"}, grade.Ungraded, 2},
		{[]string{`{"correct": "yes"}`}, grade.Ungraded, 2},
		{[]string{`{"correct": null}`}, grade.Ungraded, 2},
		{[]string{""}, grade.Ungraded, 2},
	} {
		says, asked = c.says, 0
		store := memory{}
		j, err := grade.NewJudge(grade.JudgeConfig{Server: server, Model: "judge", Store: store})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time from the store
			if got, err := j.Grade(t.Context(), q, "I think so."); got != c.want || err != nil || asked != c.asked {
				t.Errorf("%q: %v, %v after %d requests, want %v after %d", c.says, got, err, asked, c.want, c.asked)
			}
		}
	}
}

// TestJudgeOfAServerThatRefusesParameters asks servers that reply 400 to a temperature of 0,
// as OpenAI's does for gpt-5.
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
		asked := 0
		var bodies []map[string]any // of the requests that were not refused
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			asked++
			var body map[string]any
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
				t.Error(err)
			}
			for _, name := range c.refused {
				if _, there := body[name]; there {
					w.WriteHeader(http.StatusBadRequest)
					fmt.Fprintf(w, says, name)
					return
				}
			}
			bodies = append(bodies, body)
			w.Write([]byte(`{"choices":[{"message":{"content":"correct"}}]}`))
		})
		store := memory{}
		j, err := grade.NewJudge(grade.JudgeConfig{Server: server, Model: "judge", Store: store, Extra: c.extra})
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
		for _, raw := range store {
			var v struct{ Refused []string }
			if err := json.Unmarshal(raw, &v); err != nil || !slices.Equal(v.Refused, c.refused) || strings.Contains(string(raw), "refused") != (c.refused != nil) {
				t.Errorf("%s: %v: %s", c.name, err, raw)
			}
		}
	}
}
