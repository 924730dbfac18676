package gateway_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/finece/finece/host/gateway"
)

// TestTheEdgesForwarderIsAReverseProxy: the same requests reach the upstream, and
// the same answers the client, as on a server.
func TestTheEdgesForwarderIsAReverseProxy(t *testing.T) {
	data := demo(t)
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Connection", "X-Hop")
		h.Set("X-Hop", "for the gateway alone")
		h.Set("Keep-Alive", "timeout=5")
		h["X-Twice"] = []string{"a", "b"}
		h.Set("Date", "Tue, 24 Nov 2026 09:00:00 GMT")
		switch r.URL.Path {
		case "/v1/models":
			io.WriteString(w, `{"data":[]}`)
		case "/v1/nothing":
			w.WriteHeader(http.StatusNoContent)
		case "/v1/broken":
			h.Set("Content-Length", "1000")
			io.WriteString(w, "half")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		default:
			h.Set("Content-Type", "text/event-stream")
			replay(data, bytewise(3000))(w, r)
		}
	})
	gateways := map[string]*httptest.Server{}
	for _, name := range []string{"server", "edge"} {
		h, err := gateway.New(config(u.URL+"/v1", core(t)))
		if err != nil {
			t.Fatal(err)
		}
		if name == "edge" {
			h.Forward()
		}
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		gateways[name] = s
	}
	said := func(name, path, body string) (got string) {
		before := len(u.requests)
		r, _ := http.NewRequest(http.MethodPost, gateways[name].URL+path, strings.NewReader(body))
		for key, value := range map[string]string{
			"Connection": "X-Mine", "X-Mine": "1", "X-Forwarded-For": "10.0.0.1", "Forwarded": "for=10.0.0.1", "Te": "gzip",
			"X-Kept": "1", "User-Agent": "test", "Authorization": "Bearer client", "Content-Type": "application/json", "Accept-Encoding": "br",
		} {
			r.Header.Set(key, value)
		}
		resp, err := gateways[name].Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		delete(resp.Header, "Date")
		seen := u.requests[before]
		return fmt.Sprint(resp.StatusCode, "\n", headers(resp.Header), "\n", string(text), "\n", errors.Is(err, io.ErrUnexpectedEOF), "\n",
			seen.Method, " ", seen.RequestURI, "\n", headers(seen.Header), "\n", seen.ContentLength, "\n", u.body(before))
	}
	for _, c := range []struct{ path, body string }{
		{"/v1/chat/completions", ask}, {"/v1/models?a=%2F", ""}, {"/v1/models", "body"}, {"/v1/nothing", ""}, {"/v1/broken", ""},
	} {
		if want, got := said("server", c.path, c.body), said("edge", c.path, c.body); got != want {
			t.Errorf("%s:\n got %s\nwant %s", c.path, got, want)
		}
	}
	u.CloseClientConnections()
	u.Close()
	for name, s := range gateways {
		if resp := post(t, s, ask); resp.StatusCode != http.StatusBadGateway || !strings.Contains(read(t, resp), "finece-upstream") {
			t.Errorf("%s, without an upstream: HTTP %d", name, resp.StatusCode)
		}
	}
}

func headers(h http.Header) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(h)) {
		fmt.Fprintln(&b, name, h[name])
	}
	return b.String()
}

// TestHeadersComeBeforeTheText: a client sees at once that its answer has begun.
func TestHeadersComeBeforeTheText(t *testing.T) {
	begun := make(chan struct{})
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.(http.Flusher).Flush()
		<-begun
		w.Write(demo(t))
	})
	resp := post(t, newGateway(t, u, nil), ask) // returns when the headers have come
	close(begun)
	if text, _ := content(t, read(t, resp)); text == "" {
		t.Error("no text")
	}
}
