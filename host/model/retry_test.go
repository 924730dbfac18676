package model

import (
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"
)

// The npm package reads the same table (www/test/shared-tables.test.ts).
func TestWhichStatusesAreRetriedAndWhen(t *testing.T) {
	data, err := os.ReadFile("testdata/retry.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Status      int
		After, Wait string
	}
	if err := json.Unmarshal(data, &cases); err != nil || len(cases) == 0 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for _, c := range cases {
		a := attempt{resp: &http.Response{StatusCode: c.Status, Header: http.Header{}}}
		if c.After != "" {
			a.resp.Header.Set("Retry-After", c.After)
		}
		wait, again := a.retry(t.Context(), 1)
		got := "never"
		switch {
		case again && (wait >= waitMin && wait < waitMax):
			got = "soon"
		case again:
			got = strconv.Itoa(int(wait / time.Second))
		}
		if got != c.Wait {
			t.Errorf("HTTP %d, Retry-After %q: %s (%v), want %s", c.Status, c.After, got, wait, c.Wait)
		}
	}
}
