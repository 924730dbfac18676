package gateway_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/finece/finece/host/gateway"
)

// TestAnErrorInEachShape that an upstream reports in a stream passes, with the bytes after
// it and nothing of ours. Under withhold closed, the text before it that is not clear does
// not go out.
func TestAnErrorInEachShape(t *testing.T) {
	const text = "One paragraph, which is long enough."
	before := chunkOf(probable("content", text))
	for name, report := range map[string]string{
		"an object":              `data: {"error":{"message":"overloaded","code":503}}` + "\n\n",
		"a string":               `data: {"error":"overloaded"}` + "\n\n",
		"of vLLM":                `data: {"object":"error","message":"overloaded","code":500}` + "\n\n",
		"an error event":         "event: error\ndata: overloaded\n\n",
		"an error event of JSON": "event: error\n" + `data: {"message":"overloaded"}` + "\n\n",
	} {
		all := before + report + ended
		u := newUpstream(t, replay([]byte(all), bytewise(100)))
		got := read(t, post(t, newGateway(t, u, nil), ask))
		if _, rest := told(t, got); rest != all || !strings.HasSuffix(got, report+ended) {
			t.Errorf("%s: %s", name, difference(rest, all))
		}
		if got = read(t, post(t, newGateway(t, u, withhold(0.5, gateway.Closed)), ask)); strings.Contains(got, text) || !strings.Contains(got, "overloaded") {
			t.Errorf("%s, withheld: %s", name, got)
		}
	}
}

// TestAnErrorInsteadOfAStream, with status 200, passes as it is and is marked. Under the
// failure policy closed it does not pass.
func TestAnErrorInsteadOfAStream(t *testing.T) {
	const refusal = `{"error":{"message":"overloaded","type":"server_error","code":503}}`
	for _, path := range []string{chatPath, "/v1/completions", "/v1/messages", "/v1/responses"} {
		u := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, refusal)
		})
		resp := postTo(t, newGateway(t, u, nil), path, ask)
		status(t, resp, "unchecked")
		if got := read(t, resp); got != refusal || resp.StatusCode != 200 || resp.Header.Get("X-FineCE-Reason") != "no-choices" {
			t.Errorf("%s: HTTP %d %s", path, resp.StatusCode, got)
		}
		resp = postTo(t, newGateway(t, u, withhold(0.5, gateway.Closed)), path, ask)
		if got := read(t, resp); strings.Contains(got, "overloaded") || resp.StatusCode != http.StatusBadGateway {
			t.Errorf("%s, closed: HTTP %d %s", path, resp.StatusCode, got)
		}
	}
}

// TestAKeptConnectionThatCloses: an upstream answers one request on a connection, and closes it
// when it has read the next. That request is sent again on another connection.
func TestAKeptConnectionThatCloses(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var closed atomic.Int32
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				in := bufio.NewReader(c)
				for answered := false; ; answered = true {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					if _, err := io.Copy(io.Discard, r.Body); err != nil {
						return
					}
					if key, sent := r.Header["X-Idempotency-Key"]; sent {
						t.Errorf("the upstream was sent a key: %q", key)
					}
					if answered {
						closed.Add(1)
						return
					}
					fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n%s", len(ended), ended)
				}
			}()
		}
	}()
	s := newGateway(t, &upstream{Server: &httptest.Server{URL: "http://" + l.Addr().String()}}, nil)
	for i := range 3 {
		if resp := post(t, s, ask); resp.StatusCode != http.StatusOK {
			t.Errorf("request %d: HTTP %d %s", i, resp.StatusCode, read(t, resp))
		} else if _, rest := told(t, read(t, resp)); rest != ended {
			t.Errorf("request %d: %s", i, difference(rest, ended))
		}
	}
	if closed.Load() == 0 {
		t.Error("no connection was closed")
	}
}

// TestHTTP2OnBothSides: streams pass whole, an end of a stream that is no end is one for the
// client, too, and a client that leaves cancels the upstream.
func TestHTTP2OnBothSides(t *testing.T) {
	data := string(demo(t))
	gone := make(chan struct{}, 1)
	serve := func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("the upstream got %s", r.Proto)
		}
		switch r.URL.RawQuery {
		case "torn":
			replay([]byte(data[:30_000]), bytewise(5000))(w, r)
			panic(http.ErrAbortHandler)
		case "endless":
			replay([]byte(data[:30_000]), bytewise(5000))(w, r)
			<-r.Context().Done()
			gone <- struct{}{}
		default:
			replay([]byte(data), bytewise(5000))(w, r)
		}
	}
	u := h2(t, http.HandlerFunc(serve))
	c := config(u.URL+"/v1", core(t))
	c.RoundTrip = u.Client().Transport.RoundTrip
	h, err := gateway.New(c)
	if err != nil {
		t.Fatal(err)
	}
	s := h2(t, h)

	resp := post(t, s, ask)
	if _, rest := told(t, read(t, resp)); resp.ProtoMajor != 2 || rest != data {
		t.Errorf("%s: %s", resp.Proto, difference(rest, data))
	}
	body, err := io.ReadAll(postTo(t, s, chatPath+"?torn", ask).Body)
	if _, rest := told(t, string(body)); err == nil || rest != data[:30_000] {
		t.Errorf("torn: %v, %s", err, difference(rest, data[:30_000]))
	}
	ctx, leave := context.WithCancel(t.Context())
	r, _ := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+chatPath+"?endless", strings.NewReader(ask))
	left, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(left.Body, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	leave()
	left.Body.Close()
	<-gone
}

func h2(t *testing.T, h http.Handler) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

// TestFortyMegabytesInOneEvent pass under annotate, while they come. Under withhold closed
// they end the answer.
func TestFortyMegabytesInOneEvent(t *testing.T) {
	const size = 40 << 20
	before, after := chunkOf(probable("content", "One paragraph, which is long enough.")), finished+ended
	half := make(chan struct{})
	huge := chunkOf(`"delta":{"content":"` + strings.Repeat("secret ", size/7) + `"}`)
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		replay([]byte(before+huge[:size/2]), burst)(w, r)
		select {
		case <-half: // the client has a quarter by then
		case <-r.Context().Done():
		}
		io.WriteString(w, huge[size/2:]+after)
	})
	resp := post(t, newGateway(t, u, nil), ask)
	begin := make([]byte, size/4)
	if _, err := io.ReadFull(resp.Body, begin); err != nil {
		t.Fatal(err)
	}
	close(half)
	got, want := string(begin)+read(t, resp), before+huge+after
	inGot, around := cutOut(got, "secret ")
	inWant, others := cutOut(want, "secret ")
	if _, rest := told(t, around); inGot != inWant || rest != others {
		t.Errorf("annotate: %d bytes, want %d: %s", len(got), len(want), difference(rest, others))
	}
	got = read(t, post(t, newGateway(t, u, withhold(0.5, gateway.Closed)), ask))
	if strings.Contains(got, "secret") || !strings.HasSuffix(got, ended) {
		t.Errorf("withheld: %.1000s", got)
	}
}

// cutOut takes what stands from the first to the last time that a word occurs out of s.
func cutOut(s, word string) (inside, rest string) {
	from, to := strings.Index(s, word), strings.LastIndex(s, word)
	if from < 0 {
		return "", s
	}
	return s[from:to], s[:from] + s[to:]
}

// TestAClientThatExpectsContinue gets its answer, and the upstream its request, on every
// kind of route.
func TestAClientThatExpectsContinue(t *testing.T) {
	data := string(demo(t))
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == chatPath {
			replay([]byte(data), burst)(w, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		w.Write(body)
	})
	s := newGateway(t, u, nil)
	client := &http.Client{Transport: &http.Transport{ExpectContinueTimeout: hung}}
	for path, want := range map[string]string{chatPath: data, "/v1/embeddings": ask} {
		ctx, cancel := context.WithTimeoutCause(t.Context(), hung, errors.New("hung: nobody said 100 Continue"))
		r, _ := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+path, strings.NewReader(ask))
		r.Header.Set("Expect", "100-continue")
		resp, err := client.Do(r)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if _, rest := told(t, read(t, resp)); rest != want {
			t.Errorf("%s: %s", path, difference(rest, want))
		}
		resp.Body.Close()
		cancel()
	}
	for i, r := range u.requests {
		if u.body(i) == "" || r.URL.Path == chatPath && r.Header.Get("Expect") != "" {
			t.Errorf("%s: Expect %q, body %q", r.URL.Path, r.Header.Get("Expect"), u.body(i))
		}
	}
}
