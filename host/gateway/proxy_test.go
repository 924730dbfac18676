package gateway_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/wasm/session"
)

// TestWhatIsNoAnswerPassesAsItIs, or does not, by the failure policy.
func TestWhatIsNoAnswerPassesAsItIs(t *testing.T) {
	for _, c := range []struct {
		name, kind, body string
		code             int
		why              string
		closed           int // status under the failure policy closed
	}{
		{"wrong key", "application/json", `{"error":{"message":"no"}}`, 401, "status", 401},
		{"broken", "text/plain", "oops", 500, "status", 500},
		{"too many", "application/json", `{"error":{}}`, 429, "status", 429},
		{"a page", "text/html; charset=utf-8", "<!doctype html><p>Hello", 200, "content-type", 502},
		{"no type", "", "data: x\n\n", 200, "content-type", 502},
		{"not JSON", "application/json", `{"choices":[`, 200, "not-json", 502},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header()["Content-Type"] = []string{c.kind}
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(c.code)
				io.WriteString(w, c.body)
			})
			resp := post(t, newGateway(t, u, nil), ask)
			status(t, resp, "unchecked")
			if got := read(t, resp); got != c.body || resp.StatusCode != c.code || resp.Header.Get("Retry-After") != "7" || resp.Header.Get("X-FineCE-Reason") != c.why {
				t.Errorf("%d %q %v", resp.StatusCode, got, resp.Header)
			}
			resp = post(t, newGateway(t, u, func(g *gateway.Config) { g.Failure = gateway.Closed }), ask)
			status(t, resp, "unchecked")
			if got := read(t, resp); resp.StatusCode != c.closed || c.closed == 502 && strings.Contains(got, c.body) {
				t.Errorf("closed: %d %q", resp.StatusCode, got)
			}
		})
	}
}

// TestAnUpstreamThatIsNotThere.
func TestAnUpstreamThatIsNotThere(t *testing.T) {
	u := newUpstream(t, nil)
	s := newGateway(t, u, nil)
	u.Close()
	resp := post(t, s, ask)
	if got := read(t, resp); resp.StatusCode != 502 || !strings.Contains(got, "finece-upstream") {
		t.Errorf("%d %s", resp.StatusCode, got)
	}
	slow := newUpstream(t, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	resp = post(t, newGateway(t, slow, func(c *gateway.Config) { c.HeaderTimeout = 20 * time.Millisecond }), ask)
	if got := read(t, resp); resp.StatusCode != 504 || !strings.Contains(got, "finece-upstream-timeout") {
		t.Errorf("%d %s", resp.StatusCode, got)
	}
}

// TestAStreamThatFailsInTheMiddle: an error that is reported passes, and nothing is added
// after it. A connection that breaks also breaks for the client.
func TestAStreamThatFailsInTheMiddle(t *testing.T) {
	const torn = `data: {"choices":[`
	const oops = "data: {\"error\":{\"message\":\"overloaded\"}}\n\ndata: [DONE]\n\n"
	begin := demo(t)
	begin = begin[:bytes.Index(begin[50_000:], []byte("\n\n"))+50_002]
	reported := newUpstream(t, replay(append(bytes.Clone(begin), oops...), burst))
	got := read(t, post(t, newGateway(t, reported, nil), ask))
	if _, rest := told(t, got); rest != string(begin)+oops || !strings.HasSuffix(got, oops) {
		t.Errorf("reported: %s", difference(rest, string(begin)+oops))
	}
	got = read(t, post(t, newGateway(t, reported, withhold(0.5, gateway.Closed)), ask))
	if text, _ := content(t, got); strings.Contains(text, "Let") || !strings.HasSuffix(got, "data: {\"error\":{\"message\":\"overloaded\"}}\n\n") {
		t.Errorf("reported, withheld: %q", got[max(0, len(got)-300):])
	}

	for name, u := range map[string]*upstream{
		"cut": newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
			replay(append(bytes.Clone(begin), torn...), burst)(w, r)
			panic(http.ErrAbortHandler)
		}),
		"silent": newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
			replay(append(bytes.Clone(begin), torn...), burst)(w, r)
			<-r.Context().Done()
		}),
	} {
		t.Run(name, func(t *testing.T) {
			// get gets an answer. A silent upstream is given up when everything was read.
			get := func(set func(*gateway.Config)) ([]byte, error) {
				clock, blocked := gateway.NewFakeClock(), make(chan struct{})
				s := newGateway(t, u, both(set, func(c *gateway.Config) {
					c.SetClock(clock)
					c.IdleTimeout, c.CarrierDelay, c.MaxDelay = time.Minute, time.Hour, time.Hour
					c.RoundTrip = func(r *http.Request) (*http.Response, error) {
						resp, err := http.DefaultTransport.RoundTrip(r)
						if err == nil {
							resp.Body = &counted{resp.Body, len(begin) + len(torn), blocked}
						}
						return resp, err
					}
				}))
				if name == "silent" {
					go func() {
						<-blocked
						clock.Expire(t, time.Minute)
					}()
				}
				return io.ReadAll(post(t, s, ask).Body)
			}
			for _, set := range []func(*gateway.Config){func(*gateway.Config) {}, withhold(0.5, gateway.Open)} {
				body, err := get(set)
				if !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("error %v, want that the stream was cut", err)
				}
				all, rest := told(t, string(body))
				if want := string(begin) + torn; rest != want {
					t.Error(difference(rest, want))
				}
				if last := latest(all, 0); last[len(last)-1].Reason != session.StreamFailed {
					t.Errorf("told %+v", last)
				}
			}
			body, err := get(withhold(0.5, gateway.Closed))
			if text, _ := content(t, string(body)); err == nil || strings.Contains(text, "Let") {
				t.Errorf("closed: %v %q", err, text)
			}
		})
	}
}

// counted is a body that closes a channel before the read after its n-th byte.
type counted struct {
	io.ReadCloser
	n       int
	blocked chan struct{}
}

func (c *counted) Read(p []byte) (int, error) {
	if c.n == 0 {
		close(c.blocked)
		c.n--
	}
	n, err := c.ReadCloser.Read(p)
	c.n -= n
	return n, err
}

// TestAClientThatLeavesCancelsTheUpstream, and the confidence model.
func TestAClientThatLeavesCancelsTheUpstream(t *testing.T) {
	for _, set := range []func(*gateway.Config){func(*gateway.Config) {}, withhold(0.5, gateway.Open)} {
		gone := make(chan string, 100)
		u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
			replay(demo(t)[:30_000], burst)(w, r)
			<-r.Context().Done()
			gone <- "upstream"
		})
		asked := make(chan struct{}, 100)
		client := confidenceModel(t, func(_ http.ResponseWriter, r *http.Request, _ int) {
			asked <- struct{}{}
			<-r.Context().Done()
			gone <- "model"
		})
		s := newGateway(t, u, both(asking(client), set))
		ctx, cancel := context.WithCancel(t.Context())
		req, _ := http.NewRequestWithContext(ctx, "POST", s.URL+"/v1/chat/completions", strings.NewReader(ask))
		resp, err := s.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := resp.Body.Read(make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
		<-asked // the model
		cancel()
		resp.Body.Close()
		left := map[string]bool{}
		for !left["upstream"] || !left["model"] {
			select {
			case who := <-gone:
				left[who] = true
			case <-time.After(hung):
				t.Fatalf("hung: only %v noticed", left)
			}
		}
	}
}

// TestAPackedStreamIsUnpacked, where the upstream packs it by gzip without being asked. By other
// codings it is not checked.
func TestAPackedStreamIsUnpacked(t *testing.T) {
	data := demo(t)
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Accept-Encoding"); got != "identity" {
			t.Errorf("Accept-Encoding %q", got)
		}
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Etag", `"x"`)
		z := gzip.NewWriter(w)
		for event := range bytes.SplitAfterSeq(data, []byte("\n\n")) {
			z.Write(event)
			z.Flush()
			w.(http.Flusher).Flush()
		}
		z.Close()
	})
	resp := post(t, newGateway(t, u, nil), ask)
	status(t, resp, "checking")
	if h := resp.Header; h.Get("Content-Encoding") != "" || h.Get("Etag") != "" || h.Get("Content-Length") != "" {
		t.Errorf("headers %v", h)
	}
	if _, rest := told(t, read(t, resp)); rest != string(data) {
		t.Error(difference(rest, string(data)))
	}
	for _, coding := range []string{"br", "zstd"} {
		other := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			w.Header().Set("Content-Encoding", coding)
			io.WriteString(w, "packed")
		})
		resp = post(t, newGateway(t, other, nil), ask)
		status(t, resp, "unchecked")
		if read(t, resp) != "packed" || resp.Header.Get("Content-Encoding") != coding || resp.Header.Get("X-FineCE-Reason") != "encoding" {
			t.Errorf("%s: %v", coding, resp.Header)
		}
		resp = post(t, newGateway(t, other, withhold(0.5, gateway.Closed)), ask)
		if got := read(t, resp); resp.StatusCode != http.StatusBadGateway || strings.Contains(got, "packed") {
			t.Errorf("%s, closed: HTTP %d %s", coding, resp.StatusCode, got)
		}
	}
}

// TestARefusalOfLogprobsIsRemembered for the model and the path, for ten minutes.
func TestARefusalOfLogprobsIsRemembered(t *testing.T) {
	bare := stripped(t, demo(t), -1)
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), "logprobs") && !strings.Contains(string(body), `"able"`) {
			w.WriteHeader(http.StatusUnprocessableEntity)
			return
		}
		replay([]byte(bare), burst)(w, r)
	})
	clock := gateway.NewFakeClock()
	s := newGateway(t, u, func(c *gateway.Config) { c.SetClock(clock) })
	for _, c := range []struct {
		path, model string
		passes      time.Duration // before the request
		sends       int           // requests to the upstream
	}{
		{"/v1/chat/completions", "o", 0, 2},
		{"/v1/chat/completions", "o", 0, 1},
		{"/v1//chat/completions", "o", 9 * time.Minute, 1},
		{"/v1/chat/completions", "p", 0, 2},
		{"/v1/completions", "o", 0, 2},
		{"/v1/chat/completions", "able", 0, 1},
		{"/v1/chat/completions", "o", 2 * time.Minute, 2},
		{"/v1/chat/completions", "o", 0, 1},
	} {
		clock.Advance(c.passes)
		before := len(u.bodies)
		read(t, postTo(t, s, c.path, `{"model":"`+c.model+`","stream":true,"prompt":"a"}`))
		if got := len(u.bodies) - before; got != c.sends {
			t.Errorf("%s, model %s: %d requests, want %d", c.path, c.model, got, c.sends)
		}
	}
}

// TestAnUpstreamThatRefusesLogprobsGetsTheClientsRequest.
func TestAnUpstreamThatRefusesLogprobsGetsTheClientsRequest(t *testing.T) {
	const request = `{"model":"o","stream":true}`
	bare := stripped(t, demo(t), -1)
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), "logprobs") {
			w.WriteHeader(400)
			return
		}
		replay([]byte(bare), burst)(w, r)
	})
	all, rest := told(t, read(t, post(t, newGateway(t, u, nil), request)))
	if rest != bare || u.body(1) != request {
		t.Errorf("second request %s", u.body(1))
	}
	if last := latest(all, 0); last[len(last)-1].Reason != session.NoLogprobs {
		t.Errorf("told %+v", last)
	}
	s := newGateway(t, u, func(c *gateway.Config) { c.KeepRequest = true })
	read(t, post(t, s, request))
	if u.body(2) != request {
		t.Errorf("KeepRequest: %s", u.body(2))
	}
}

// TestHammer runs hundreds of streams at once, some of them left early.
func TestHammer(t *testing.T) {
	data := demo(t)
	u := newUpstream(t, replay(data, bytewise(4000)))
	client := confidenceModel(t, func(w http.ResponseWriter, _ *http.Request, n int) {
		if n%20 == 0 {
			w.WriteHeader(500)
			return
		}
		says(w, "0.9")
	})
	built := newGateway(t, u, nil)
	asks := newGateway(t, u, both(asking(client), func(c *gateway.Config) { c.Session.Fusion.Depth = 0 }))
	held := newGateway(t, u, withhold(0.8, gateway.Closed))
	var group sync.WaitGroup
	slots := make(chan struct{}, 300)
	for i := range 400 {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			s := []string{built.URL, asks.URL, held.URL}[i%3]
			resp, err := http.Post(s+"/v1/chat/completions", "application/json", strings.NewReader(ask))
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			if i%7 == 0 {
				io.ReadFull(resp.Body, make([]byte, 100*i))
				return
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Error(err)
			}
			if _, rest := told(t, string(body)); rest != string(data) {
				t.Errorf("stream %d: %s", i, difference(rest, string(data)))
			}
		})
	}
	group.Wait()
}

func TestAWrongConfigurationIsNamed(t *testing.T) {
	good := config("http://127.0.0.1:1/v1", host.Native())
	if _, err := gateway.New(good); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		set  func(*gateway.Config)
		want string
	}{
		{func(c *gateway.Config) { c.Upstream = "api.openai.com" }, "upstream"},
		{func(c *gateway.Config) { c.Engine = nil }, "engine"},
		{func(c *gateway.Config) { c.Failure = "" }, "failure policy"},
		{func(c *gateway.Config) { c.Policy = "guess" }, "policy"},
		{func(c *gateway.Config) { c.Carrier = "pigeon" }, "carrier"},
		{func(c *gateway.Config) { c.WithholdBelow = 1.5 }, "withhold_below 1.5: want 0 to 1"},
		{func(c *gateway.Config) { c.WithholdBelow = math.NaN() }, "withhold_below"},
		{func(c *gateway.Config) { c.MaxRequest = 0 }, "max_request is 0: want at least 1"},
		{func(c *gateway.Config) { c.Session.Estimator = session.Model }, "model"},
		{func(c *gateway.Config) { c.Session.MaxEvent = 1 }, "max_event"},
		{func(c *gateway.Config) { c.Settle = -1 }, "settle is -1: want at least 0"},
	} {
		bad := good
		c.set(&bad)
		if _, err := gateway.New(bad); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one about %s", err, c.want)
		}
	}
}
