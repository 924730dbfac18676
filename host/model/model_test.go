package model_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/finece/finece/host/model"
	"github.com/finece/finece/wasm/session"
)

const (
	body   = `{"messages":[{"role":"user","content":"Is 42 right?"}]}`
	answer = `{"choices":[{"message":{"role":"assistant","content":"0.8"}}]}`
	key    = "sk-do-not-print-me"
)

// serve runs a real server on the loopback interface.
func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server
}

func client(t *testing.T, c model.Config) *model.Client {
	t.Helper()
	made, err := model.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestARequestIsPostedBelowTheBaseURL(t *testing.T) {
	for _, base := range []string{"/v1", "/v1/", ""} {
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			got := make([]byte, len(body)+1)
			n, _ := r.Body.Read(got)
			if want := strings.TrimSuffix(base, "/") + "/chat/completions"; r.Method != "POST" || r.URL.Path != want {
				t.Errorf("%s %s, want POST %s", r.Method, r.URL.Path, want)
			}
			if string(got[:n]) != body || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Authorization") != "Bearer "+key {
				t.Errorf("body %q, headers %v", got[:n], r.Header)
			}
			fmt.Fprint(w, answer)
		})
		got, err := client(t, config(server.URL+base, func(c *model.Config) { c.Key = key })).Post(t.Context(), []byte(body))
		if err != nil || string(got) != answer {
			t.Errorf("%q: %q, %v", base, got, err)
		}
	}
}

func TestRetries(t *testing.T) {
	for _, c := range []struct {
		name    string
		handler func(w http.ResponseWriter, attempt int32)
		least   time.Duration // that the waits must take
	}{
		{"429 with Retry-After is waited for", func(w http.ResponseWriter, attempt int32) {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
		}, time.Second},
		{"500", func(w http.ResponseWriter, attempt int32) { w.WriteHeader(500) }, 0},
		{"502", func(w http.ResponseWriter, attempt int32) { w.WriteHeader(502) }, 0},
		{"closed before the reply", func(w http.ResponseWriter, attempt int32) { hangUp(w) }, 0},
		{"closed in the middle of the reply", func(w http.ResponseWriter, attempt int32) {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, answer[:10])
			w.(http.Flusher).Flush()
			hangUp(w)
		}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var attempts atomic.Int32
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if n := attempts.Add(1); n < 2 {
					c.handler(w, n)
					return
				}
				fmt.Fprint(w, answer)
			})
			begin := time.Now()
			got, err := client(t, model.DefaultConfig(server.URL)).Post(t.Context(), []byte(body))
			if err != nil || string(got) != answer || attempts.Load() != 2 {
				t.Fatalf("%q, %v after %d attempts", got, err, attempts.Load())
			}
			if took := time.Since(begin); took < c.least {
				t.Errorf("retried after %v, asked to wait %v", took, c.least)
			}
		})
	}
}

func hangUp(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		conn.Close()
	}
}

// hang waits until the client disconnects. The server notices this once it has read the body.
func hang(r *http.Request) {
	io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

func TestFailures(t *testing.T) {
	status := func(code int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(code)
			fmt.Fprint(w, text)
		}
	}
	for _, c := range []struct {
		name     string
		handler  http.HandlerFunc
		reason   session.Reason
		status   int
		attempts int32
		says     []string
	}{
		{"500 every time", status(500, `{"error":"out of memory"}`), session.EndpointError, 500, 2,
			[]string{"HTTP 500", "out of memory", "log"}},
		{"401", status(401, "bad key "+key), session.EndpointError, 401, 1, []string{"HTTP 401", "FINECE_API_KEY"}},
		{"404", status(404, "no such route"), session.EndpointError, 404, 1, []string{"HTTP 404", "/v1"}},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
			session.EndpointError, 302, 1, []string{"HTTP 302", "/elsewhere"}},
		{"a Retry-After beyond the time limit", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(429)
		}, session.EndpointError, 429, 1, []string{"HTTP 429", "retry after 3600"}},
		{"500 with a Retry-After beyond the time limit", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(500)
		}, session.EndpointError, 500, 1, []string{"HTTP 500"}},
		{"a Retry-After beyond all numbers", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "9223372036854775807")
			w.WriteHeader(429)
		}, session.EndpointError, 429, 1, []string{"HTTP 429"}},
		{"a reply without end", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		}, session.EndpointError, 0, 1, []string{"longer than 1048576 bytes"}},
		{"a hanging server", func(w http.ResponseWriter, r *http.Request) { hang(r) }, session.Timeout, 0, 1,
			[]string{"no reply within 100ms"}},
		{"a reply that stops coming", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, answer[:10])
			w.(http.Flusher).Flush()
			hang(r)
		}, session.Timeout, 0, 1, []string{"no reply within 100ms"}},
		{"hung up on every time", func(w http.ResponseWriter, r *http.Request) { hangUp(w) }, session.Unreachable, 0, 2,
			[]string{"EOF", "running"}},
		{"escape sequences in the error", status(400, "\x1b[31mred\x1b[0m\r\n"+strings.Repeat("x", 5000)), session.EndpointError, 400, 1,
			[]string{"[31mred", "..."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			limit := 2 * time.Minute // no case but those that run into it takes that long
			if c.reason == session.Timeout {
				limit = 100 * time.Millisecond
			}
			var attempts atomic.Int32
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				attempts.Add(1)
				c.handler(w, r)
			})
			_, err := client(t, config(server.URL+"/v1", func(c *model.Config) { c.Key, c.Timeout, c.Retries = key, limit, 1 })).Post(t.Context(), []byte(body))
			var failure *model.Error
			if !errors.As(err, &failure) {
				t.Fatalf("%v, want a *model.Error", err)
			}
			if failure.Reason != c.reason || failure.Status != c.status || model.ReasonOf(err) != c.reason {
				t.Errorf("reason %v, status %d: want %v, %d (%v)", failure.Reason, failure.Status, c.reason, c.status, err)
			}
			// A request that runs out of time need not have reached the server.
			if n := attempts.Load(); n != c.attempts && (c.reason != session.Timeout || n > c.attempts) {
				t.Errorf("%d attempts, want %d", n, c.attempts)
			}
			text := err.Error()
			for _, want := range append(c.says, server.URL+"/v1/chat/completions") {
				if !strings.Contains(text, want) {
					t.Errorf("%q does not say %q", text, want)
				}
			}
			if strings.Contains(text, key) || strings.ContainsAny(text, "\x1b\r\n") {
				t.Errorf("%q prints the key or a control character", text)
			}
		})
	}
}

// doer is a Doer that is a function.
type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

// TestTimeThatRunsOutBetweenAttempts checks that the error is the server's reply, not the lack
// of time for another attempt. The clock is a fake one, so the HTTP exchange is, too.
func TestTimeThatRunsOutBetweenAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failing := doer(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 500, Body: io.NopCloser(strings.NewReader("out of memory"))}, nil
		})
		_, err := client(t, config("http://model/v1", func(c *model.Config) { c.HTTP, c.Timeout, c.Retries = failing, 400*time.Millisecond, 100 })).Post(t.Context(), []byte(body))
		if model.ReasonOf(err) != session.EndpointError || !strings.Contains(err.Error(), "HTTP 500 Internal Server Error: out of memory") {
			t.Errorf("%v, want what the server said", err)
		}
	})
}

// TestRetryAfterADate waits until the date, by a fake clock.
func TestRetryAfterADate(t *testing.T) {
	for _, c := range []struct {
		after string
		least time.Duration
	}{
		{time.Date(2000, 1, 1, 0, 0, 30, 0, time.UTC).Format(http.TimeFormat), 30 * time.Second}, // a bubble's clock starts at that midnight
		{time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC).Format(http.TimeFormat), 0},
		{"soon", 200 * time.Millisecond}, // no date: the wait is the ordinary one
	} {
		synctest.Test(t, func(t *testing.T) {
			begin, attempts := time.Now(), 0
			busy := doer(func(r *http.Request) (*http.Response, error) {
				if attempts++; attempts > 1 {
					return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(answer))}, nil
				}
				return &http.Response{StatusCode: 503, Header: http.Header{"Retry-After": {c.after}}, Body: http.NoBody}, nil
			})
			got, err := client(t, config("http://model/v1", func(c *model.Config) { c.HTTP = busy })).Post(t.Context(), []byte(body))
			if err != nil || string(got) != answer {
				t.Fatalf("%q: %q, %v", c.after, got, err)
			}
			if took := time.Since(begin); took < c.least || took > c.least+time.Second {
				t.Errorf("%q: retried after %v, want %v", c.after, took, c.least)
			}
		})
	}
}

func TestNobodyThere(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	_, err := client(t, config(server.URL, func(c *model.Config) { c.Retries = 0 })).Post(t.Context(), []byte(body))
	if model.ReasonOf(err) != session.Unreachable || !strings.Contains(err.Error(), "refused") {
		t.Errorf("%v, want unreachable: connection refused", err)
	}
}

func TestCancelling(t *testing.T) {
	arrived := make(chan struct{})
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		hang(r)
	})
	c := client(t, config(server.URL, func(c *model.Config) { c.Concurrency = 1 }))
	ctx, cancel := context.WithCancel(t.Context())
	results := make(chan error)
	for range 2 { // one is in flight, one waits for its turn
		go func() {
			_, err := c.Post(ctx, []byte(body))
			results <- err
		}()
	}
	<-arrived
	cancel()
	for range 2 {
		if err := <-results; model.ReasonOf(err) != session.Cancelled {
			t.Errorf("%v, want cancelled", err)
		}
	}
}

func TestConcurrencyIsLimited(t *testing.T) {
	const limit, requests = 3, 12
	var now, most atomic.Int32
	arrived, leave := make(chan struct{}, requests), make(chan struct{})
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		arrived <- struct{}{}
		<-leave
		now.Add(-1)
		fmt.Fprint(w, answer)
	})
	c := client(t, config(server.URL, func(c *model.Config) { c.Concurrency = limit }))
	done := make(chan error)
	for range requests {
		go func() {
			_, err := c.Post(t.Context(), []byte(body))
			done <- err
		}()
	}
	for range limit { // no request returns before so many are there at once
		<-arrived
	}
	close(leave)
	for range requests {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if most.Load() != limit {
		t.Errorf("%d requests at once, want %d", most.Load(), limit)
	}
}

func TestBaseURLs(t *testing.T) {
	for _, bad := range []string{"", "127.0.0.1:8000", "ftp://host/v1", "http://", "://", "http://user:" + key + "@/v1"} {
		if _, err := model.New(model.DefaultConfig(bad)); err == nil || strings.Contains(err.Error(), key) {
			t.Errorf("%q: %v, want an error without the password", bad, err)
		}
	}
	c := client(t, model.DefaultConfig("http://user:"+key+"@127.0.0.1:1/v1"))
	if strings.Contains(c.URL(), key) {
		t.Errorf("URL() is %s", c.URL())
	}
}

func TestAKeyDoesNotPrintItself(t *testing.T) {
	c := config("http://127.0.0.1/v1", func(c *model.Config) { c.Key = key })
	for _, text := range []string{fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), fmt.Sprintf("%s %q", c.Key, c.Key)} {
		if strings.Contains(text, key) {
			t.Error(text)
		}
	}
	t.Setenv("OPENAI_API_KEY", "second")
	t.Setenv("FINECE_API_KEY", "")
	if got := model.KeyFromEnv(); got != "second" {
		t.Errorf("%q", string(got))
	}
	t.Setenv("FINECE_API_KEY", "first")
	if got := model.KeyFromEnv(); got != "first" {
		t.Errorf("%q", string(got))
	}
}

// config returns a configuration with changes.
func config(url string, change func(*model.Config)) model.Config {
	c := model.DefaultConfig(url)
	change(&c)
	return c
}
