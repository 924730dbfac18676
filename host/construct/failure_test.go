package construct_test

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/finece/finece/host/construct"
	"github.com/finece/finece/host/openai"
)

func TestFailures(t *testing.T) {
	all := questions(3, 2)
	m := newLLM(t)
	c := m.config(t, func(g *openai.GeneratorConfig) { g.Server.Retries = 0 })
	c.Plan = construct.Plan{K: 3, T: 1, M: 1}
	run := func() (failed []string, err error) {
		err = construct.Run(t.Context(), c, all, func(r *construct.Result) error {
			if r.Err != nil {
				failed = append(failed, r.Err.Error())
			}
			return nil
		})
		return failed, err
	}
	for _, f := range []struct {
		name string
		with func(w http.ResponseWriter)
		says string
	}{
		{"a status", func(w http.ResponseWriter) { http.Error(w, "model is gone", 404) }, "HTTP 404 Not Found: model is gone"},
		{"no JSON", func(w http.ResponseWriter) { w.Write([]byte("<html>")) }, "the reply: invalid character"},
		{"no choices", func(w http.ResponseWriter) { w.Write([]byte(`{"choices":[]}`)) }, "has no choices"},
		{"text of another kind", func(w http.ResponseWriter) { w.Write([]byte(`{"choices":[{"message":{"content":[1]}}]}`)) }, "not a string"},
	} {
		m.intercept = func(w http.ResponseWriter, _ *http.Request) bool { f.with(w); return true }
		failed, err := run()
		if err != nil || len(failed) != 3 || !strings.Contains(failed[0], f.says) || !strings.Contains(failed[0], "generator at http") {
			t.Errorf("%s: %v, %q", f.name, err, failed)
		}
	}
	m.intercept = nil
	all[1].Gold = []string{"none"}
	if failed, err := run(); err != nil || len(failed) != 1 || !strings.Contains(failed[0], "is not a number") {
		t.Errorf("%v, %q", err, failed)
	}
	stop := errors.New("stop")
	if err := construct.Run(t.Context(), c, all, func(*construct.Result) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
}

func TestRetryAfter(t *testing.T) {
	m := newLLM(t)
	var first atomic.Bool
	m.intercept = func(w http.ResponseWriter, _ *http.Request) bool {
		if first.Swap(true) {
			return false
		}
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	}
	c := m.config(t, nil)
	c.Plan = construct.Plan{K: 3}
	begin := time.Now()
	if r := build(t, c, questions(1, 2)); r[0].States[0].N != 3 {
		t.Errorf("%+v", r[0].States)
	}
	if took := time.Since(begin); took < time.Second {
		t.Errorf("tried again after %v", took)
	}
}
