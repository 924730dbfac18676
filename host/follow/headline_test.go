package follow

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
)

// TestHeadlines reads the table of cases that the npm package reads too.
func TestHeadlines(t *testing.T) {
	text, err := os.ReadFile("../../www/test/golden/headline.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name   string
		Events []json.RawMessage
		Index  *int
		Fused  *float64
		Reason *string
	}
	if err := json.Unmarshal(text, &cases); err != nil || len(cases) < 8 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for _, c := range cases {
		var l Ledger
		for _, e := range c.Events {
			r, err := record.Read(e)
			if err != nil {
				t.Fatal(err)
			}
			l.Take(r)
		}
		got := l.Answer(0).Headline()
		switch {
		case got == nil || c.Index == nil:
			if got != nil || c.Index != nil {
				t.Errorf("%s: %v", c.Name, got)
			}
			continue
		case got.Index != *c.Index:
			t.Errorf("%s: position %d, want %d", c.Name, got.Index, *c.Index)
		case c.Fused == nil && !math.IsNaN(got.Fused) || c.Fused != nil && got.Fused != *c.Fused:
			t.Errorf("%s: fused %v", c.Name, got.Fused)
		}
		if reason := got.Reason; (reason == session.NoReason) != (c.Reason == nil) || c.Reason != nil && reason.String() != *c.Reason {
			t.Errorf("%s: reason %q", c.Name, reason)
		}
	}
}
