package gateway_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/finece/finece/host/gateway"
)

// tiny is a limit that a test waits to pass.
const tiny = 50 * time.Millisecond

// dial sends bytes to a server and leaves the connection open.
func dial(t *testing.T, url, bytes string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, bytes); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(hung))
	return conn
}

// TestASlowRequestEnds, on a scored route and on one that is passed through.
func TestASlowRequestEnds(t *testing.T) {
	u := echo(t)
	s := newGateway(t, u, func(c *gateway.Config) { c.RequestTimeout = tiny })
	for _, path := range []string{chatPath, "/v1/files"} {
		conn := dial(t, s.URL, "POST "+path+" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n{\"model\":")
		answer := bufio.NewReader(conn)
		resp, err := http.ReadResponse(answer, nil)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != http.StatusRequestTimeout || !strings.Contains(string(body), "finece-request-timeout") {
			t.Errorf("%s: HTTP %d %s", path, resp.StatusCode, body)
		}
		if _, err := answer.ReadByte(); err != io.EOF {
			t.Errorf("%s: the connection is not closed: %v", path, err)
		}
	}
}

// deadlines is a writer of answers that notes its deadlines.
type deadlines struct {
	*httptest.ResponseRecorder
	mu          sync.Mutex
	read, write time.Time
	set         int // read deadlines that were set
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.read = t; !t.IsZero() {
		d.set++
	}
	return nil
}

func (d *deadlines) SetWriteDeadline(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.write = t
	return nil
}

// none reports whether there was a deadline for the request, and there is none now.
func (d *deadlines) none() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.set > 0 && d.read.IsZero() && d.write.IsZero()
}

// TestNothingIsDueWhileTheUpstreamThinks: the limits are for the request, and for each
// write.
func TestNothingIsDueWhileTheUpstreamThinks(t *testing.T) {
	for _, path := range []string{chatPath, "/v1/responses"} {
		w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		c := config("http://127.0.0.1/v1", core(t))
		c.RoundTrip = func(r *http.Request) (*http.Response, error) {
			io.Copy(io.Discard, r.Body)
			if !w.none() {
				t.Errorf("%s: a deadline is set: %v %v", path, w.read, w.write)
			}
			return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: io.NopCloser(strings.NewReader("data: [DONE]\n\n")), Request: r}, nil
		}
		h, err := gateway.New(c)
		if err != nil {
			t.Fatal(err)
		}
		h.ServeHTTP(w, httptest.NewRequest("POST", path, strings.NewReader(ask)))
		if w.Code != 200 || !strings.Contains(w.Body.String(), "[DONE]") {
			t.Errorf("%s: HTTP %d %q", path, w.Code, w.Body)
		}
	}
}

// TestASlowReaderIsDropped, whatever the answer is.
func TestASlowReaderIsDropped(t *testing.T) {
	for name, c := range map[string]struct{ path, kind, more string }{
		"scored":   {chatPath, "text/event-stream", "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + strings.Repeat("word ", 2000) + "\"}}]}\n\n"},
		"unscored": {chatPath, "text/plain", strings.Repeat("x", 10_000)},
		"passed":   {"/v1/audio/speech", "audio/wav", strings.Repeat("x", 10_000)},
	} {
		t.Run(name, func(t *testing.T) {
			ended := make(chan struct{})
			u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
				defer close(ended)
				w.Header().Set("Content-Type", c.kind)
				for r.Context().Err() == nil {
					if _, err := io.WriteString(w, c.more); err != nil {
						return
					}
				}
			})
			m := gateway.NewMeter(time.Now)
			s := newGateway(t, u, func(c *gateway.Config) { c.WriteTimeout, c.Meter = tiny, m })
			dial(t, s.URL, "POST "+c.path+" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 13\r\n\r\n{\"model\":\"m\"}")
			select {
			case <-ended:
			case <-time.After(hung):
				t.Error("hung: the upstream still sends to a client that does not read")
			}
			idle(t, m)
		})
	}
}

// TestRequestsInAllAreLimited.
func TestRequestsInAllAreLimited(t *testing.T) {
	more := make(chan struct{})
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "audio/wav")
		io.WriteString(w, "RIFF")
		w.(http.Flusher).Flush()
		<-more
	})
	s := newGateway(t, u, func(c *gateway.Config) { c.MaxStreams = 1 })
	first := post(t, s, ask)
	if resp, body := send(t, s, "POST", chatPath); resp.StatusCode != 503 || !strings.Contains(body, "finece-busy") || resp.Header.Get("Retry-After") != "1" {
		t.Errorf("HTTP %d %s", resp.StatusCode, body)
	}
	if resp, body := send(t, s, "GET", "/healthz"); resp.StatusCode != 200 {
		t.Errorf("HTTP %d %s", resp.StatusCode, body)
	}
	close(more)
	read(t, first)
}
