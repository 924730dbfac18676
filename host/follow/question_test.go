package follow_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/finece/finece/host/follow"
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
	for _, x := range cases {
		if got := follow.Question([]byte(`{"messages":` + string(x.Messages) + `}`)); got != x.Question {
			t.Errorf("%s: %q, want %q", x.Shows, got, x.Question)
		}
	}
	for _, body := range []string{"", "[]", `{"messages":"hello"}`, `{"n":1}`} {
		if got := follow.Question([]byte(body)); got != "" {
			t.Errorf("%s: %q", body, got)
		}
	}
}
