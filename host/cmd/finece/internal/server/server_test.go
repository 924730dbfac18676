package server

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
)

// hung is how long a test waits for anything.
const hung = 2 * time.Minute

// start runs a server with the default limits, which set may change.
func start(t *testing.T, set func(*Limits)) (at string) {
	t.Helper()
	return run(t, set, Protocols{}, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") })
}

// run does what start does, with the given protocols and handler.
func run(t *testing.T, set func(*Limits), speaks Protocols, h http.HandlerFunc) (at string) {
	t.Helper()
	cmd := &cobra.Command{}
	cmd.SetErr(io.Discard)
	var limits Limits
	limits.Add(cmd)
	set(&limits)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, cancel, cmd, l, h, &limits, speaks, "answers")
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

func dial(t *testing.T, at, send string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetReadDeadline(time.Now().Add(hung))
	if _, err := io.WriteString(conn, send); err != nil {
		t.Fatal(err)
	}
	return conn, bufio.NewReader(conn)
}

const get = "GET / HTTP/1.1\r\nHost: h\r\n"

// closes waits until the server closes a connection.
func closes(t *testing.T, what string, r *bufio.Reader) {
	t.Helper()
	if _, err := io.Copy(io.Discard, r); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("%s: the connection is not closed: %v", what, err)
	}
}

func TestSlowConnectionsEnd(t *testing.T) {
	at := start(t, func(l *Limits) { l.HeaderTimeout, l.KeepAlive = 50*time.Millisecond, 50*time.Millisecond })
	_, silent := dial(t, at, "")
	closes(t, "a connection without a request", silent)
	_, slow := dial(t, at, get)
	closes(t, "headers that do not end", slow)
	_, idle := dial(t, at, get+"\r\n")
	closes(t, "a connection after its request", idle)
}

func TestHugeHeadersAreRefused(t *testing.T) {
	at := start(t, func(l *Limits) { l.MaxHeader = 1 << 10 })
	_, r := dial(t, at, get+"X-Long: "+strings.Repeat("x", 64<<10)+"\r\n\r\n")
	if line, err := r.ReadString('\n'); !strings.Contains(line, "431") {
		t.Errorf("%q, %v", line, err)
	}
}

// TestConnectionsWait: a connection above the limit waits until another one ends.
func TestConnectionsWait(t *testing.T) {
	at := start(t, func(l *Limits) { l.MaxConnections = 1 })
	first, r := dial(t, at, get+"\r\n")
	if line, err := r.ReadString('\n'); !strings.Contains(line, "200") {
		t.Fatalf("%q, %v", line, err)
	}
	second, waiting := dial(t, at, get+"\r\n")
	_ = second.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if b, err := waiting.ReadByte(); err == nil {
		t.Errorf("a second connection was answered: %q", b)
	}
	first.Close()
	_ = second.SetReadDeadline(time.Now().Add(hung))
	if line, err := waiting.ReadString('\n'); !strings.Contains(line, "200") {
		t.Errorf("after the first one has ended: %q, %v", line, err)
	}
}

func TestLimitsOutOfRange(t *testing.T) {
	for _, set := range []func(*Limits){
		func(l *Limits) { l.Grace = -1 }, func(l *Limits) { l.HeaderTimeout = 0 }, func(l *Limits) { l.KeepAlive = 0 },
		func(l *Limits) { l.MaxHeader = 10 }, func(l *Limits) { l.MaxConnections = 0 },
	} {
		var l Limits
		l.Add(&cobra.Command{})
		if err := l.Check(); err != nil {
			t.Fatal(err)
		}
		set(&l)
		if usage := (*exit.Error)(nil); !errors.As(l.Check(), &usage) || usage.Code != exit.Usage {
			t.Errorf("%+v: %v", l, usage)
		}
	}
}
