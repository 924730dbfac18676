package server

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/finece/finece/host/cmd/finece/internal/server/selfsigned"
)

// certify writes a certificate with a name, and its key.
func certify(t *testing.T, name, cert, key string) {
	t.Helper()
	selfsigned.Write(t, cert, key, name, time.Now().Add(time.Hour))
}

// Each handshake uses the newest certificate that can be used. Connections that are open stay.
func TestACertificateIsReadAgainWhenItChanges(t *testing.T) {
	folder := t.TempDir()
	cert, key := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	certify(t, "first", cert, key)
	reported := make(chan error, 10)
	c, err := NewCertificate(cert, key, func(err error) { reported <- err })
	if err != nil {
		t.Fatal(err)
	}
	at := run(t, func(*Limits) {}, Protocols{TLS: c.Config()}, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) })
	names := func() (name, proto string) {
		t.Helper()
		transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
		defer transport.CloseIdleConnections()
		resp, err := (&http.Client{Transport: transport, Timeout: hung}).Get("https://" + at)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		return resp.TLS.PeerCertificates[0].Subject.CommonName, string(text)
	}
	if name, proto := names(); name != "first" || proto != "HTTP/2.0" {
		t.Errorf("the certificate %q, by %s", name, proto)
	}
	certify(t, "second", cert, key)
	if name, _ := names(); name != "second" {
		t.Errorf("after a change the certificate is %q", name)
	}
	if err := os.WriteFile(key, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // it is reported once
		if name, _ := names(); name != "second" {
			t.Errorf("after a change that cannot be used the certificate is %q", name)
		}
	}
	if err := <-reported; len(reported) != 0 || !strings.Contains(err.Error(), cert) {
		t.Errorf("reported %v, and %d more", err, len(reported))
	}
	certify(t, "third", cert, key)
	if name, _ := names(); name != "third" {
		t.Errorf("after another change the certificate is %q", name)
	}
	conn, _ := dial(t, at, get+"\r\n") // without TLS
	if text, _ := io.ReadAll(conn); !strings.Contains(string(text), "400") {
		t.Errorf("HTTP without TLS: %q", text)
	}
	if _, err := NewCertificate(cert, filepath.Join(folder, "none"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a key: %v", err)
	}
}

func TestHTTP2WithoutTLSIsASetting(t *testing.T) {
	for _, on := range []bool{false, true} {
		at := run(t, func(*Limits) {}, Protocols{H2C: on}, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) })
		speaks := new(http.Protocols)
		speaks.SetUnencryptedHTTP2(true)
		transport := &http.Transport{Protocols: speaks}
		resp, err := (&http.Client{Transport: transport, Timeout: hung}).Get("http://" + at)
		if (err == nil) != on {
			t.Errorf("h2c %v: %v", on, err)
		}
		if err == nil {
			if text, _ := io.ReadAll(resp.Body); string(text) != "HTTP/2.0" {
				t.Errorf("%s", text)
			}
			resp.Body.Close()
			transport.CloseIdleConnections()
		}
		if resp, err := http.Get("http://" + at); err != nil || resp.ProtoMajor != 1 {
			t.Errorf("HTTP/1.1: %v", err)
		}
	}
}

// begin opens an HTTP/2 connection without TLS and sends a request with all of its headers, or
// the first half. It writes all at once: the server may close the connection soon.
func begin(t *testing.T, at string, half bool) net.Conn {
	t.Helper()
	var sent bytes.Buffer
	sent.WriteString(http2.ClientPreface)
	framer := http2.NewFramer(&sent, nil)
	const most = 1<<31 - 1
	var block strings.Builder
	encoder := hpack.NewEncoder(&block)
	for _, field := range [][2]string{{":method", "GET"}, {":scheme", "http"}, {":authority", "h"}, {":path", "/"}} {
		if err := encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]}); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{
		framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: most}),
		framer.WriteWindowUpdate(0, most-1<<16),
		framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte(block.String()), EndStream: true, EndHeaders: !half}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	conn, _ := dial(t, at, sent.String())
	return conn
}

// The limits that end slow connections of HTTP/1.1 also end those of HTTP/2.
func TestSlowHTTP2ConnectionsEnd(t *testing.T) {
	const tiny = 50 * time.Millisecond
	at := run(t, func(l *Limits) { l.HeaderTimeout, l.KeepAlive = tiny, tiny }, Protocols{H2C: true}, func(http.ResponseWriter, *http.Request) {})
	_, idle := dial(t, at, http2.ClientPreface)
	closes(t, "a connection without a request", idle)
	conn := begin(t, at, true)
	if _, err := io.Copy(io.Discard, conn); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("headers that do not end: %v", err)
	}

	// Its other limits are long, so that a busy machine gets the request to the handler.
	ended := make(chan error, 1)
	at = run(t, func(*Limits) {}, Protocols{H2C: true, WriteTimeout: tiny}, func(w http.ResponseWriter, r *http.Request) {
		var err error
		for piece := make([]byte, 64<<10); err == nil; {
			_, err = w.Write(piece)
		}
		ended <- err
	})
	begin(t, at, false) // reads nothing of the answer, although flow control allows all of it
	select {
	case <-ended:
	case <-time.After(hung):
		t.Error("hung: the answer to a client that does not read has not ended")
	}
}
