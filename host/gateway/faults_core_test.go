package gateway_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/gateway"
)

// faulty is an engine whose sessions are lost at their n-th call. n 0 opens none.
type faulty struct {
	host.Engine
	n   int
	err error // of Open, for n 0
}

type faultySession struct {
	host.Session
	left int
}

func (f *faulty) Open(c host.Config) (host.Session, []host.Event, error) {
	if f.n == 0 {
		return nil, nil, f.err
	}
	s, events, err := f.Engine.Open(c)
	return &faultySession{s, f.n}, events, err
}

func (s *faultySession) lost() bool { s.left--; return s.left <= 0 }

func (s *faultySession) Write(p []byte) ([]host.Event, error) {
	if s.lost() {
		return nil, host.ErrLost
	}
	return s.Session.Write(p)
}

func (s *faultySession) End() ([]host.Event, error) {
	if s.lost() {
		return nil, host.ErrLost
	}
	return s.Session.End()
}

func (s *faultySession) Request(dst []byte, id uint32) ([]byte, error) {
	if s.lost() {
		return nil, host.ErrLost
	}
	return s.Session.Request(dst, id)
}

func (s *faultySession) Resolve(id uint32, reply []byte) ([]host.Event, error) {
	if s.lost() {
		return nil, host.ErrLost
	}
	return s.Session.Resolve(id, reply)
}

// TestWhateverBreaksOnOurSide under annotate, the client gets the upstream's bytes complete
// and unchanged: the engine opens no session, or the session is lost at any of its calls.
func TestWhateverBreaksOnOurSide(t *testing.T) {
	data := demo(t)
	u := newUpstream(t, replay(data, bytewise(6000)))
	client := confidenceModel(t, func(w http.ResponseWriter, _ *http.Request, _ int) { says(w, "0.75") })
	for name, set := range map[string]func(*gateway.Config){
		"built in": func(*gateway.Config) {},
		"comments": func(c *gateway.Config) { c.Carrier = gateway.Comment },
		"a model":  asking(client),
	} {
		engines := []*faulty{{err: host.ErrLost}, {err: errors.New("no memory")}}
		for n := 1; n < 30; n++ {
			engines = append(engines, &faulty{n: n})
		}
		for _, e := range engines {
			e.Engine = host.Native()
			got := read(t, post(t, newGateway(t, u, both(set, func(c *gateway.Config) { c.Engine = e })), ask))
			if _, rest := told(t, got); rest != string(data) {
				t.Errorf("%s, call %d (%v): %s", name, e.n, e.err, difference(rest, string(data)))
			}
		}
	}
}

// TestALossWithTheLastEventCostsNoByte: the event that ends the stream has been read, and the
// core is lost before the stream is settled.
func TestALossWithTheLastEventCostsNoByte(t *testing.T) {
	data := chunkOf(probable("content", "One paragraph, which is long enough.\\n\\n")) + chunkOf(probable("content", "And another one.")) + finished + ended
	u := newUpstream(t, replay([]byte(data), burst))
	silent := confidenceModel(t, func(_ http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() })
	for n := 1; n < 8; n++ {
		got := read(t, post(t, newGateway(t, u, both(asking(silent), func(c *gateway.Config) {
			c.Engine, c.Settle = &faulty{Engine: host.Native(), n: n}, 0
		})), ask))
		if _, rest := told(t, got); rest != data || !strings.HasSuffix(got, ended) {
			t.Errorf("call %d: %s", n, difference(rest, data))
		}
	}
}

// endless is an upstream's answer without an end. It counts what was read.
type endless struct {
	event string
	read  atomic.Int64
	ended atomic.Bool
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, strings.Repeat(e.event, len(p)/len(e.event)+1))
	n = max(n/len(e.event), 1) * len(e.event)
	e.read.Add(int64(n))
	return n, nil
}

func (e *endless) Close() error { e.ended.Store(true); return nil }

// stuck is a client that takes some bytes and then no more until it leaves.
type stuck struct {
	*httptest.ResponseRecorder
	room int
	left chan struct{}
}

func (s *stuck) Write(p []byte) (int, error) {
	if s.room -= len(p); s.room < 0 {
		<-s.left
		return 0, errors.New("the client has left")
	}
	return len(p), nil
}

// TestASlowReaderBoundsWhatIsRead: while a client takes nothing, no more of the upstream's
// answer is read, under annotate. Under withhold, no more than may be held.
func TestASlowReaderBoundsWhatIsRead(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(*gateway.Config)
		most int64
	}{
		{"annotate", func(*gateway.Config) {}, 128 << 10},
		{"withhold", both(withhold(0, gateway.Open), func(c *gateway.Config) { c.MaxHeld = 1 << 20 }), 1<<20 + 128<<10},
	} {
		synctest.Test(t, func(t *testing.T) {
			upstream := &endless{event: chunkOf(probable("content", " word"))}
			g := config("http://127.0.0.1/v1", host.Native())
			c.set(&g)
			g.RoundTrip = func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: upstream, Request: r}, nil
			}
			h, err := gateway.New(g)
			if err != nil {
				t.Fatal(err)
			}
			client := &stuck{ResponseRecorder: httptest.NewRecorder(), room: 100_000, left: make(chan struct{})}
			ended := make(chan any, 1)
			go func() {
				defer func() { ended <- recover() }()
				h.ServeHTTP(client, httptest.NewRequest("POST", chatPath, strings.NewReader(ask)))
			}()
			synctest.Wait() // everything waits for the client
			if got := upstream.read.Load(); got > 100_000+c.most {
				t.Errorf("%s: %d bytes were read for a client that took 100,000", c.name, got)
			}
			close(client.left)
			if p := <-ended; fmt.Sprint(p) != fmt.Sprint(http.ErrAbortHandler) {
				t.Errorf("%s: %v", c.name, p)
			}
			synctest.Wait()
			if !upstream.ended.Load() {
				t.Errorf("%s: the upstream was not cancelled", c.name)
			}
		})
	}
}

// TestALongQuestion is scored, or refused under closed. Under open it passes and is marked. The
// limits are Config.MaxRequest and, for a confidence model, maxQuestion.
func TestALongQuestion(t *testing.T) {
	data := string(demo(t))
	u := newUpstream(t, replay([]byte(data), burst))
	request := func(size int) string { return strings.Replace(ask, "How many", strings.Repeat("How many ", size/9), 1) }
	for _, size := range []int{1 << 20, 7 << 20} {
		resp := post(t, newGateway(t, u, nil), request(size))
		status(t, resp, "checking")
		all, rest := told(t, read(t, resp))
		if rest != data || endOf(all) == nil {
			t.Errorf("%d bytes: %s", size, difference(rest, data))
		}
	}
	limit := func(c *gateway.Config) { c.MaxRequest = 1 << 20 }
	client := confidenceModel(t, func(w http.ResponseWriter, _ *http.Request, _ int) { says(w, "0.75") })
	all, _ := told(t, read(t, post(t, newGateway(t, u, asking(client)), request(1<<20-100))))
	if end := endPosition(all); end == nil || end.Raw != 0.75 {
		t.Errorf("a megabyte, for a model: p(z) is %+v", end)
	}
	resp := post(t, newGateway(t, u, both(asking(client), withhold(0.5, gateway.Closed))), request(7<<20))
	if got := read(t, resp); resp.StatusCode != http.StatusBadRequest || !strings.Contains(got, "finece-question-too-large") {
		t.Errorf("for a model, closed: HTTP %d %s", resp.StatusCode, got)
	}
	resp = post(t, newGateway(t, u, both(withhold(0.5, gateway.Closed), limit)), request(2<<20))
	if got := read(t, resp); resp.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(got, "finece-request-too-large") {
		t.Errorf("over the limit, closed: HTTP %d %s", resp.StatusCode, got)
	}
	resp = post(t, newGateway(t, u, limit), request(2<<20))
	status(t, resp, "unchecked")
	if got := read(t, resp); got != data || resp.Header.Get("X-FineCE-Reason") != "request-too-large" {
		t.Errorf("over the limit, open: HTTP %d %s", resp.StatusCode, resp.Header)
	}
}
