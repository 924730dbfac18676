package pool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/finece/finece/host/model"
)

// servers is a transport whose servers are functions, by their hosts.
type servers struct {
	mu    sync.Mutex
	asked map[string]int
	of    map[string]func(n int, r *http.Request) (*http.Response, error)
}

func (s *servers) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.asked[r.URL.Host]++
	n := s.asked[r.URL.Host]
	s.mu.Unlock()
	return s.of[r.URL.Host](n, r)
}

func (s *servers) count(host string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[host]
}

func status(r *http.Request, code int, text string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: code, Header: h, Body: io.NopCloser(strings.NewReader(text)), Request: r}
}

// after replies after a time.
func after(wait time.Duration) func(int, *http.Request) (*http.Response, error) {
	return func(_ int, r *http.Request) (*http.Response, error) {
		select {
		case <-time.After(wait):
			text, err := io.ReadAll(r.Body)
			return status(r, http.StatusOK, r.URL.Path+" "+string(text)), err
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
}

var errRefused = errors.New("connection refused")

func dead(int, *http.Request) (*http.Response, error) { return nil, errRefused }

// client is a client of servers, which are given as "host" or "host#weight=2".
func client(t *testing.T, s *servers, change func(*model.Config), names ...string) (*model.Client, *Pool) {
	t.Helper()
	s.asked = map[string]int{}
	for i := range names {
		names[i] = "http://" + strings.Replace(names[i], "#", "/v1#", 1)
	}
	c := model.DefaultConfig("")
	c.Path, c.Concurrency, c.Retries, c.Timeout = "chat/completions", 12, 2, time.Minute
	if change != nil {
		change(&c)
	}
	if err := Configure(&c, names); err != nil {
		t.Fatal(err)
	}
	p := c.HTTP.(*Pool)
	p.client.Transport = s
	made, err := model.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return made, p
}

func posts(t *testing.T, c *model.Client, n int) {
	t.Helper()
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			body := fmt.Sprint(i)
			reply, err := c.Post(t.Context(), []byte(body))
			if err != nil || !strings.HasSuffix(string(reply), " "+body) {
				t.Errorf("request %d: %q, %v", i, reply, err)
			}
		})
	}
	all.Wait()
}

// TestSpread: requests go where the fewest are in flight for the weight.
func TestSpread(t *testing.T) {
	for _, c := range []struct {
		name  string
		a, b  time.Duration
		names []string
		n     int
		want  float64 // the share of a
		at    int     // requests at once
	}{
		{"equal", time.Second, time.Second, []string{"a", "b"}, 120, 0.5, 12},
		{"by weight", time.Second, time.Second, []string{"a#weight=3", "b"}, 120, 0.75, 12},
		{"by weight, one at a time", time.Second, time.Second, []string{"a#weight=3", "b"}, 120, 0.75, 1},
		{"a slow server gets less", 4 * time.Second, time.Second, []string{"a", "b"}, 400, 0.2, 12},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &servers{of: map[string]func(int, *http.Request) (*http.Response, error){"a": after(c.a), "b": after(c.b)}}
				asks, _ := client(t, s, func(m *model.Config) { m.Concurrency, m.Timeout = c.at, time.Hour }, c.names...)
				posts(t, asks, c.n)
				if got := float64(s.count("a")) / float64(c.n); got < c.want-0.03 || got > c.want+0.03 {
					t.Errorf("a had %.2f of the requests, want %.2f", got, c.want)
				}
			})
		})
	}
}

// TestLeftOut: a server that is gone is left out, longer each time, and asked again later.
// No request fails.
func TestLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &servers{of: map[string]func(int, *http.Request) (*http.Response, error){"a": dead, "b": after(time.Millisecond)}}
		c, _ := client(t, s, nil, "a", "b")
		asked := func(what string, want int) {
			t.Helper()
			posts(t, c, 1)
			posts(t, c, 1) // a server that is left out has had fewer requests, so it is next
			if got := s.count("a"); got != want {
				t.Errorf("%s: a was asked %d times, want %d", what, got, want)
			}
		}
		posts(t, c, 1)
		posts(t, c, 1)
		posts(t, c, 1)
		asked("after three failures", 3)
		asked("while it is left out", 3)
		time.Sleep(firstPause)
		asked("as a trial", 4)
		time.Sleep(firstPause)
		asked("left out for longer", 4)
		time.Sleep(firstPause)
		s.of["a"] = after(time.Millisecond)
		asked("as a second trial, which succeeds", 6)
		if posts(t, c, 10); s.count("a") < 9 {
			t.Errorf("a was asked %d times after it has replied", s.count("a"))
		}
	})
}

// TestAllLeftOut: then a request is tried all the same, and the error names a server.
func TestAllLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &servers{of: map[string]func(int, *http.Request) (*http.Response, error){"a": dead, "b": dead}}
		c, _ := client(t, s, nil, "a", "b")
		for range 4 {
			_, err := c.Post(t.Context(), []byte("1"))
			var failed *model.Error
			if !errors.As(err, &failed) || !errors.Is(err, errRefused) || failed.URL != "http://a/chat/completions" && failed.URL != "http://b/chat/completions" {
				t.Errorf("%v", err)
			}
		}
		if s.count("a") < 3 || s.count("b") < 3 {
			t.Errorf("%v", s.asked)
		}
		s.of["b"] = after(0)
		s.of["a"] = after(0)
		posts(t, c, 1)
	})
}

// TestRefusalsAndPauses: a request that a server finds wrong goes nowhere else, and a server
// that has too much to do is left out for as long as it says.
func TestRefusalsAndPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &servers{of: map[string]func(int, *http.Request) (*http.Response, error){
			"a": func(_ int, r *http.Request) (*http.Response, error) {
				return status(r, http.StatusBadRequest, "too long"), nil
			},
			"b": after(0),
		}}
		c, _ := client(t, s, nil, "a", "b")
		for range 8 { // more than the failures that would leave it out
			_, err := c.Post(t.Context(), []byte("1"))
			if failed := (*model.Error)(nil); err != nil && (!errors.As(err, &failed) || failed.Status != 400 || failed.URL != "http://a/chat/completions") {
				t.Fatalf("%v", err)
			}
		}
		if s.count("a") != 4 || s.count("b") != 4 {
			t.Errorf("%v", s.asked)
		}
		s.of["a"] = func(_ int, r *http.Request) (*http.Response, error) {
			return status(r, http.StatusTooManyRequests, "", "Retry-After", "30"), nil
		}
		begin := time.Now()
		posts(t, c, 20)
		if s.count("a") > 4+12 || time.Since(begin) > time.Second { // it was asked by those that were in flight
			t.Errorf("%v, and %v", s.asked, time.Since(begin))
		}
		before := s.count("a")
		time.Sleep(20 * time.Second)
		posts(t, c, 20)
		if s.count("a") != before {
			t.Errorf("a was asked %d times within its pause", s.count("a")-before)
		}
		time.Sleep(11 * time.Second)
		posts(t, c, 1)
		if s.count("a") == before {
			t.Error("a was not asked after its pause")
		}
	})
}

// TestHangingServer: a request that it keeps until the time limit counts as a failure, and one
// that the caller has cancelled does not.
func TestHangingServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &servers{of: map[string]func(int, *http.Request) (*http.Response, error){"a": after(24 * time.Hour), "b": after(24 * time.Hour)}}
		c, p := client(t, s, func(m *model.Config) { m.Retries = 0 }, "a", "b#weight=0.001")
		for range 5 {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			if _, err := c.Post(ctx, nil); err == nil {
				t.Error("no error")
			}
		}
		if p.members[0].failures != 0 {
			t.Errorf("%d failures of cancelled requests", p.members[0].failures)
		}
		_, err := c.Post(t.Context(), nil)
		if failed := (*model.Error)(nil); !errors.As(err, &failed) || failed.URL != "http://a and 1 more" || p.members[0].failures != 1 {
			t.Errorf("%v; %d failures", err, p.members[0].failures)
		}
		if p.members[0].flying != 0 || p.members[1].flying != 0 {
			t.Error("requests are counted as in flight that have ended")
		}
	})
}

// brokenOff is a reply that breaks off.
type brokenOff struct{ io.Reader }

func (brokenOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
func (brokenOff) Close() error             { return nil }

func TestRepliesThatBreakOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &servers{of: map[string]func(int, *http.Request) (*http.Response, error){
			"a": func(_ int, r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 200, Body: brokenOff{}, Request: r}, nil
			},
			"b": after(time.Second),
		}}
		c, p := client(t, s, nil, "a", "b")
		posts(t, c, 40)
		if p.members[0].failures < mostFailures || s.count("a") > 12 {
			t.Errorf("a was asked %d times, %d failures", s.count("a"), p.members[0].failures)
		}
	})
}

func TestConfigure(t *testing.T) {
	for _, c := range []struct {
		servers []string
		base    string // "" is an error
	}{
		{[]string{"http://a:8000/v1"}, "http://a:8000/v1"},
		{[]string{" https://a/v1#weight=2 "}, "https://a/v1"},
		{[]string{"http://a/v1", "http://b/v1#weight=0.5"}, root},
		{nil, ""}, {[]string{"a:8000"}, ""}, {[]string{"http://a#weight=0"}, ""}, {[]string{"http://a#weight=x"}, ""},
		{[]string{"http://a#2"}, ""}, {[]string{"http://a", "http://a#weight=2"}, ""}, {[]string{"http://a#weight=Inf"}, ""},
	} {
		m := model.DefaultConfig("")
		if err := Configure(&m, c.servers); (err == nil) != (c.base != "") || err == nil && m.BaseURL != c.base {
			t.Errorf("%q: %q, %v", c.servers, m.BaseURL, err)
		}
	}
}
