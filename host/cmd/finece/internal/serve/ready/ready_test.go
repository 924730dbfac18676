package ready

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// TestReadiness: an outcome is kept for a while, and a server that stops is not ready.
func TestReadiness(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	now := time.Unix(1_800_000_000, 0)
	var up error
	calls := 0
	h := &Handler{Draining: ctx, Now: func() time.Time { return now }, Checks: []Check{
		{"core", func(context.Context) error { return nil }},
		{"upstream", func(context.Context) error { calls++; return up }},
	}}
	says := func(method string, status int, body string) {
		t.Helper()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, "/readyz", nil))
		if w.Code != status || w.Body.String() != body {
			t.Errorf("HTTP %d %s, want %d %s", w.Code, w.Body, status, body)
		}
	}
	says("GET", 200, `{"status":"ready","core":"ok","upstream":"ok"}`+"\n")
	up = errors.New("http://10.0.0.7/secret is gone")
	now = now.Add(Fresh - 1)
	says("GET", 200, `{"status":"ready","core":"ok","upstream":"ok"}`+"\n")
	now = now.Add(1)
	says("GET", 503, `{"status":"not-ready","core":"ok","upstream":"failed"}`+"\n")
	if calls != 2 {
		t.Errorf("%d checks", calls)
	}
	says("POST", 405, "this takes GET\n")
	stop()
	says("GET", 503, `{"status":"draining"}`+"\n")
}

// TestReachable: an upstream that answers with a status below 500 is reachable.
func TestReachable(t *testing.T) {
	status := 401
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(status) }))
	check := Reachable(http.DefaultClient.Do, s.URL)
	if err := check(t.Context()); err != nil {
		t.Error(err)
	}
	status = 503
	if check(t.Context()) == nil {
		t.Error("503 is reachable")
	}
	s.Close()
	if check(t.Context()) == nil {
		t.Error("a closed server is reachable")
	}
}
