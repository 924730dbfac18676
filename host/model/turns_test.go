package model_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/finece/finece/host/model"
	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/session"
)

// about returns the position that a request of newAsking is about: q for the question, 1, 2 or
// 3 for the paragraphs so far, or z for the whole answer.
func about(r *http.Request) string {
	body, _ := io.ReadAll(r.Body)
	switch s := string(body); {
	case strings.Contains(s, "<answer>"):
		return "z"
	case strings.Contains(s, "42."):
		return "3"
	case strings.Contains(s, "other half"):
		return "2"
	case strings.Contains(s, "One half"):
		return "1"
	}
	return "q"
}

// TestTheWholeAnswerComesFirst checks that the request about the whole answer is sent first, and
// then the newest position. One request is in flight, and none returns before the text has
// ended.
func TestTheWholeAnswerComesFirst(t *testing.T) {
	for _, c := range []struct {
		ordered bool
		want    string
	}{{false, "qz321"}, {true, "qz123"}} {
		first, written := make(chan struct{}), make(chan struct{})
		var mu sync.Mutex
		var order []string
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			if order = append(order, about(r)); len(order) == 1 {
				close(first)
			}
			mu.Unlock()
			<-written
			replying(w, "0.7")
		})
		conf := model.DefaultConfig(server.URL)
		conf.Concurrency = 1
		limits := model.DefaultLimits()
		limits.Flying, limits.InOrder = 1, c.ordered
		a := newAsking(t, t.Context(), client(t, conf), limits)
		<-first
		a.write()
		close(written)
		a.must(a.exchange.Drain(t.Context()))
		if got := strings.Join(order, ""); got != c.want || a.states() != "final 0.7, final 0.7, final 0.7, final 0.7, final 0.7" {
			t.Errorf("in order: %v: asked %s, want %s: %s", c.ordered, got, c.want, a.states())
		}
	}
}

// TestWholeAnswersGoBeforeOtherStreams checks that a request about a whole answer goes before
// the requests of other streams that share the client.
func TestWholeAnswersGoBeforeOtherStreams(t *testing.T) {
	first := make(chan struct{})
	var mu sync.Mutex
	var order []string
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		order = append(order, about(r))
		n := len(order)
		mu.Unlock()
		if n == 1 {
			<-first
		}
		replying(w, "0.7")
	})
	conf := model.DefaultConfig(server.URL)
	conf.Concurrency = 1
	shared := client(t, conf)
	limits := model.DefaultLimits()
	limits.Flying = 100
	var all []*asking
	for range 3 {
		a := newAsking(t, t.Context(), shared, limits)
		a.write()
		all = append(all, a)
	}
	for limit := time.Now().Add(time.Minute); shared.Waiting() != 14; {
		if time.Now().After(limit) {
			t.Fatalf("hung: %d requests wait, want 14", shared.Waiting())
		}
		time.Sleep(time.Millisecond)
	}
	close(first)
	for _, a := range all {
		a.must(a.exchange.Drain(t.Context()))
	}
	if ends := strings.Count(strings.Join(order[:4], ""), "z"); ends != 3 || len(order) != 15 {
		t.Errorf("asked %q: want the whole answers among the first four", order)
	}
}

// TestAStaleRequestIsCancelled checks that a request is cancelled when the session gives up its
// position.
func TestAStaleRequestIsCancelled(t *testing.T) {
	arrived, cancelled := make(chan struct{}, 300), make(chan struct{})
	var once sync.Once
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		io.ReadAll(r.Body)
		arrived <- struct{}{}
		<-r.Context().Done()
		once.Do(func() { close(cancelled) })
	})
	limits := model.DefaultLimits()
	limits.Flying = 1
	a := newAsking(t, t.Context(), client(t, model.DefaultConfig(server.URL)), limits)
	<-arrived
	events, err := a.Write([]byte(strings.Repeat("Again.\n\n", 200))) // max_pending is 128
	a.must(err)
	a.must(a.exchange.Handle(events))
	select {
	case <-cancelled:
	case <-time.After(time.Minute):
		t.Fatal("hung: the request about the question is still out")
	}
	a.must(a.exchange.Settle(<-a.exchange.Replies()))
	if failed := a.exchange.Failures(); len(failed) != 0 {
		t.Errorf("reported as failures: %v", failed)
	}
	if got := a.last[0]; got.Reason != session.GivenUp {
		t.Errorf("the question came to %v %v", got.State, got.Reason)
	}
}

// TestAServerThatHasTooManyRequestsGetsFewer checks that no request is sent while the server
// has asked the client to wait. Requests before the server's first reply may still reach it.
func TestAServerThatHasTooManyRequestsGetsFewer(t *testing.T) {
	var calls atomic.Int32
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	conf := model.DefaultConfig(server.URL)
	c := client(t, conf)
	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() {
			_, err := c.Post(t.Context(), []byte("{}"))
			var e *model.Error
			if !errors.As(err, &e) || e.Status != http.StatusTooManyRequests || e.Reason != session.EndpointError || !strings.Contains(e.Hint, "3600") {
				t.Errorf("%v", err)
			}
		})
	}
	wait.Wait()
	if got := int(calls.Load()); got > conf.Concurrency {
		t.Errorf("%d calls, want %d at most", got, conf.Concurrency)
	}
}

// TestRequestsResumeAfterTheWait checks that requests resume after the wait that the server
// asked for.
func TestRequestsResumeAfterTheWait(t *testing.T) {
	var calls atomic.Int32
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 1 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		replying(w, "0.7")
	})
	c := client(t, model.DefaultConfig(server.URL))
	begin := time.Now()
	for range 2 {
		if _, err := c.Post(t.Context(), []byte("{}")); err != nil {
			t.Error(err)
		}
	}
	if calls.Load() != 3 || time.Since(begin) < time.Second {
		t.Errorf("%d calls in %v, want 3 in at least a second", calls.Load(), time.Since(begin))
	}
}

// TestRepliesAreKept checks that replies with a confidence are kept for equal requests.
func TestRepliesAreKept(t *testing.T) {
	var mu sync.Mutex
	calls := map[string]int{}
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		calls[string(body)]++
		mu.Unlock()
		if string(body) == "garbage" {
			replying(w, "Very sure!")
			return
		}
		replying(w, "0.7")
	})
	m := estimate.DefaultModel()
	conf := model.DefaultConfig(server.URL)
	conf.Cache = 2
	c, err := model.NewFor(&m, conf)
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{"a", "a", "garbage", "garbage", "b", "a", "c", "b", "b"} { // c displaces b
		reply, err := c.Post(t.Context(), []byte(body))
		if err != nil || len(reply) == 0 {
			t.Errorf("%s: %q, %v", body, reply, err)
		}
		clear(reply)
	}
	if calls["a"] != 1 || calls["garbage"] != 2 || calls["b"] != 2 || calls["c"] != 1 {
		t.Errorf("%v", calls)
	}
	reply, err := c.Post(t.Context(), []byte("b"))
	if _, unreadable := m.ReadReply(reply); err != nil || unreadable != nil {
		t.Errorf("a reply that a caller has changed: %q, %v", reply, err)
	}
}

// TestASecondRequestHelpsOutAFirstThatHangs checks that a second request replaces a first one
// that hangs.
func TestASecondRequestHelpsOutAFirstThatHangs(t *testing.T) {
	var calls atomic.Int32
	ended := make(chan struct{})
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.ReadAll(r.Body)
		if calls.Add(1) == 1 {
			<-r.Context().Done()
			close(ended)
			return
		}
		replying(w, "0.7")
	})
	conf := model.DefaultConfig(server.URL)
	conf.Hedge = time.Millisecond
	c := client(t, conf)
	if reply, err := c.Post(t.Context(), []byte("{}")); err != nil || !strings.Contains(string(reply), "0.7") {
		t.Errorf("%s, %v", reply, err)
	}
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Error("hung: the first request is still out")
	}
	if calls.Load() != 2 {
		t.Errorf("%d calls", calls.Load())
	}
}

// TestNoSecondRequestWithoutRoom checks that no second request is sent without room for it, or
// by default.
func TestNoSecondRequestWithoutRoom(t *testing.T) {
	var calls atomic.Int32
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.ReadAll(r.Body)
		calls.Add(1)
		select {
		case <-time.After(50 * time.Millisecond): // fifty times as long as Hedge
		case <-r.Context().Done():
		}
		replying(w, "0.7")
	})
	for _, change := range []func(*model.Config){
		func(c *model.Config) { c.Hedge, c.Concurrency = time.Millisecond, 1 },
		func(*model.Config) {},
	} {
		calls.Store(0)
		conf := model.DefaultConfig(server.URL)
		change(&conf)
		if _, err := client(t, conf).Post(context.Background(), []byte("{}")); err != nil || calls.Load() != 1 {
			t.Errorf("%d calls, %v", calls.Load(), err)
		}
	}
}

// instantly is a Doer that replies at once.
type instantly struct{}

func (instantly) Do(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
}

// TestASecondRequestStartsWhileTheFirstEnds lets the race detector find data that both requests
// share.
func TestASecondRequestStartsWhileTheFirstEnds(t *testing.T) {
	conf := model.DefaultConfig("http://127.0.0.1/v1")
	conf.Hedge, conf.HTTP = 1, instantly{}
	c := client(t, conf)
	for range 2000 {
		if _, err := c.Post(t.Context(), []byte("{}")); err != nil {
			t.Fatal(err)
		}
	}
}
