package gateway

import (
	"encoding/json"
	"os"
	"testing"
)

// The npm package reads the same table (www/test/shared-tables.test.ts).
func TestTheQuestionIsTheLastTextOfTheUser(t *testing.T) {
	data, err := os.ReadFile("testdata/question.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Shows, Question string
		Messages        json.RawMessage
	}
	if err := json.Unmarshal(data, &cases); err != nil || len(cases) == 0 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	c := DefaultConfig()
	for _, x := range cases {
		body := []byte(`{"messages":` + string(x.Messages) + `}`)
		r, ok := readRequest(body, &c)
		if !ok || r.question != x.Question || Question(body) != x.Question {
			t.Errorf("%s: %q, want %q", x.Shows, r.question, x.Question)
		}
	}
}
