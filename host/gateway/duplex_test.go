package gateway_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/finece/finece/host/gateway"
)

// TestAnEarlyAnswerArrivesWhole: an upstream may answer before it has read the
// request's body. The client still gets the end of the answer. HTTP/1.1 only:
// net/http reads the rest of the body before it writes an answer, unless full
// duplex is enabled, and the proxy's own reading of the body then fails.
func TestAnEarlyAnswerArrivesWhole(t *testing.T) {
	answer := strings.Repeat("0123456789abcdef", 4<<10)
	want := sha256.Sum256([]byte(answer))
	u := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).EnableFullDuplex()
		io.WriteString(w, answer[:len(answer)/2])
		w.(http.Flusher).Flush()
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, answer[len(answer)/2:])
	}))
	t.Cleanup(u.Close)
	s := newGateway(t, &upstream{Server: u}, nil)
	body := strings.Repeat("x", 1<<20)
	client := &http.Client{Timeout: 2 * time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for i := range 100 {
				resp, err := client.Post(s.URL+"/v1/embeddings", "application/json", strings.NewReader(body))
				if err != nil {
					t.Errorf("request %d: %v", i, err)
					return
				}
				got := sha256.New()
				n, err := io.Copy(got, resp.Body)
				resp.Body.Close()
				if sum := got.Sum(nil); err != nil || [32]byte(sum) != want {
					t.Errorf("request %d: %d of %d bytes (%v), hash %s", i, n, len(answer), err, hex.EncodeToString(sum)[:8])
					return
				}
			}
		})
	}
	group.Wait()
}

// TestAnAnswerThatBreaksOffIsReported on a server and at the edge: the client sees
// that the connection was cut, and the operator's log says why.
func TestAnAnswerThatBreaksOffIsReported(t *testing.T) {
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "half of it")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	for _, edge := range []bool{false, true} {
		var log []string
		c := config(u.URL+"/v1", core(t))
		c.Report = func(message string, err error) { log = append(log, message+": "+err.Error()) }
		h, err := gateway.New(c)
		if err != nil {
			t.Fatal(err)
		}
		if edge {
			h.Forward()
		}
		s := httptest.NewServer(h)
		resp, err := s.Client().Get(s.URL + "/v1/files/a")
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(resp.Body); err == nil {
			t.Errorf("edge %v: the answer ended well: %q", edge, body)
		}
		resp.Body.Close()
		s.Close()
		if len(log) != 1 || !strings.HasPrefix(log[0], "an answer broke off: ") || !strings.Contains(log[0], "EOF") {
			t.Errorf("edge %v: the log has %q", edge, log)
		}
	}
}
