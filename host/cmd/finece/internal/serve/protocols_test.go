package serve

import (
	"bufio"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/server/selfsigned"
)

// certify writes a certificate of 127.0.0.1 and its key into a folder, as cert.pem and key.pem.
func certify(t *testing.T, folder string, until time.Time) {
	t.Helper()
	selfsigned.Write(t, filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem"), "serve", until)
}

// Over HTTP/2, with TLS and without, each event comes when the upstream has sent it, slow
// requests end, and limits hold.
func TestServeOverHTTP2(t *testing.T) {
	folder := t.TempDir()
	certify(t, folder, time.Now().Add(24*time.Hour))
	more := make(chan struct{})
	const event = `data: {"id":"a","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"word "},"finish_reason":null}]}` + "\n\n"
	u := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for range 3 {
			io.WriteString(w, event)
			w.(http.Flusher).Flush()
			<-more
		}
		io.WriteString(w, "data: [DONE]\n\n")
	}))
	defer u.Close()
	settings := "upstream: " + u.URL + "/v1\nmax_header: 4096\nsettle: " + hung.String() + "\n"
	for _, c := range []struct{ name, more, scheme string }{
		{"TLS", "tls_cert: cert.pem\ntls_key: key.pem\n", "https"},
		{"no TLS", "h2c: true\n", "http"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, nil, "--config", file(t, folder, settings+c.more))
			if !strings.HasPrefix(s.url, c.scheme+"://") {
				t.Fatal(s.url)
			}
			speaks := new(http.Protocols)
			speaks.SetHTTP2(true)
			speaks.SetUnencryptedHTTP2(true)
			transport := &http.Transport{Protocols: speaks, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
			client := &http.Client{Transport: transport, Timeout: hung}
			resp, err := client.Post(s.url+"/v1/chat/completions", "application/json", strings.NewReader(chatRequest))
			if err != nil {
				t.Fatal(err)
			}
			if resp.ProtoMajor != 2 || resp.Header.Get("X-Finece-Status") != "checking" {
				t.Errorf("%s %v", resp.Proto, resp.Header)
			}
			events := bufio.NewReader(resp.Body)
			for range 3 { // each one before the upstream may send the next
				for line := ""; !strings.Contains(line, "word"); {
					if line, err = events.ReadString('\n'); err != nil {
						t.Fatal(err)
					}
				}
				more <- struct{}{}
			}
			if rest, err := io.ReadAll(events); err != nil || !strings.HasSuffix(string(rest), "data: [DONE]\n\n") {
				t.Errorf("%v: %q", err, rest)
			}
			// Another server has the short limit: a busy machine may take as long for a whole request.
			impatient := serve(t, nil, "--config", file(t, folder, settings+c.more+"request_timeout: 50ms\n"))
			body, writer := io.Pipe()
			defer writer.Close()
			go io.WriteString(writer, `{"model":`)
			if resp, err := client.Post(impatient.url+"/v1/chat/completions", "application/json", body); err != nil {
				t.Errorf("a slow request: %v", err)
			} else if text, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusRequestTimeout || !strings.Contains(string(text), "finece-request-timeout") {
				t.Errorf("a slow request: HTTP %d %s", resp.StatusCode, text)
			}
			r, _ := http.NewRequest("GET", s.url+"/healthz", nil)
			r.Header.Set("X-Long", strings.Repeat("x", 64<<10))
			if resp, err := client.Do(r); err == nil && resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
				t.Errorf("long headers: HTTP %d", resp.StatusCode)
			}
			transport.CloseIdleConnections()
			impatient.stop(syscall.SIGTERM)
			if r := s.stop(syscall.SIGTERM); r.code != exit.OK { // the long headers may be in its log
				t.Errorf("exit code %d: %s", r.code, r.err)
			}
		})
	}
}
