//go:build workerd && !js

package main_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/finece/finece/host/gateway"
)

type counts struct {
	Cores    struct{ Made, Dropped int }
	Programs struct{ Started, Dropped int }
}

// countsOf returns what a Worker with the entry counting.mjs has made and dropped.
func countsOf(t *testing.T, url string) (c counts) {
	t.Helper()
	resp, err := http.Get(url + "/counts")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&c); err != nil {
		t.Error(err)
	}
	return c
}

const counting = "host/edge/test/counting.mjs"

// TestTheIsolateKeepsInstances: instances of the core and of the Go program serve later
// requests. The program is started, and has rehearsed a request, before the first one.
func TestTheIsolateKeepsInstances(t *testing.T) {
	data := demo(t)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		stream(w, data, 10_000)
	}))
	defer upstream.Close()
	url := worker(t, map[string]string{"FINECE_UPSTREAM": upstream.URL + "/v1"}, counting)
	if c := countsOf(t, url); c.Programs.Started != 1 || c.Cores.Made != 1 {
		t.Errorf("before the first request: %+v", c)
	}
	first := chats(t, url)
	if !strings.Contains(first, `"end"]`) {
		t.Fatalf("nothing was scored: %s", first)
	}
	for range 30 {
		if got := chats(t, url); got != first {
			t.Fatalf("one after the other: %s", difference(got, first))
		}
	}
	if c := countsOf(t, url); c.Programs.Started != 1 || c.Cores.Made != 1 || c.Programs.Dropped+c.Cores.Dropped != 0 {
		t.Errorf("after requests one after the other: %+v", c)
	}
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if got := chats(t, url); got != first {
				t.Errorf("at the same time as others: %s", difference(got, first))
			}
		})
	}
	group.Wait()
}

// TestTheRehearsalAsksNobody: it scores an answer under every policy, without a request
// to the upstream or to the confidence model, and needs no client's key.
func TestTheRehearsalAsksNobody(t *testing.T) {
	var asked atomic.Int32
	upstream := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer upstream.Close()
	root := upstream.URL + "/v1"
	for _, bindings := range []map[string]string{
		{"FINECE_POLICY": "annotate", "FINECE_UPSTREAM_KEY": "sk-secret-1", "FINECE_KEYS": gateway.KeyLine("test", clientsKey)},
		{"FINECE_POLICY": "warn", "FINECE_UNCALIBRATED": "allow"},
		{"FINECE_POLICY": "withhold", "FINECE_UNCALIBRATED": "allow", "FINECE_FAILURE": "closed", "FINECE_MODEL": root},
		{"FINECE_POLICY": "stop", "FINECE_UNCALIBRATED": "allow", "FINECE_STOP_BELOW": "1"},
		{"FINECE_POLICY": "escalate", "FINECE_UNCALIBRATED": "allow", "FINECE_ESCALATE_MODEL": "large"},
		{"FINECE_POLICY": "best-of", "FINECE_ANSWERS": "2"},
	} {
		t.Run(bindings["FINECE_POLICY"], func(t *testing.T) {
			bindings["FINECE_UPSTREAM"] = root
			c := countsOf(t, worker(t, bindings, counting))
			if c.Programs.Started != 1 || c.Programs.Dropped+c.Cores.Dropped != 0 || c.Cores.Made == 0 {
				t.Errorf("%+v", c)
			}
			if n := asked.Load(); n != 0 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// withMemoryLimit writes a core whose memory may not grow beyond some pages, so that it
// traps early, and returns its path.
func withMemoryLimit(t *testing.T, pages byte) string {
	t.Helper()
	core, err := os.ReadFile("../../wasm/finece.wasm")
	if err != nil {
		t.Fatal(err)
	}
	for at := 8; at < len(core); {
		size, n := binary.Uvarint(core[at+1:])
		body := at + 1 + n
		if end := body + int(size); core[at] == 5 { // memory: one, of so many pages
			limited := slices.Concat(core[:at], []byte{5, 4, 1, 1, core[body+2], pages}, core[end:])
			path := filepath.Join(t.TempDir(), "limited.wasm")
			if err := os.WriteFile(path, limited, 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}
		at = body + int(size)
	}
	t.Fatal("the core has no memory")
	return ""
}

// TestACoreThatTrapsCostsOneAnswer: its text passes or not, as the failure policy
// says, and the next answer is scored by another instance.
func TestACoreThatTrapsCostsOneAnswer(t *testing.T) {
	data := demo(t)
	// Six pages hold a session, but not an event of 250 KB beside it.
	enormous := fmt.Sprintf(`data: {"id":"%s","choices":[{"index":0,"delta":{"content":"?"},"finish_reason":null}]}`+"\n\n", strings.Repeat("x", 250<<10))
	var trap atomic.Bool
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if trap.Load() {
			stream(w, slices.Concat(data[:20_000], data[20_000:20_000+bytes.Index(data[20_000:], []byte("\n\n"))+2], []byte(enormous),
				[]byte(`data: {"choices":[{"index":0,"delta":{"content":"and more"},"finish_reason":null}]}`+"\n\ndata: [DONE]\n\n")), 10_000)
			return
		}
		stream(w, data, 10_000)
	}))
	defer upstream.Close()
	core := withMemoryLimit(t, 6)
	for _, c := range []struct {
		failure string
		passes  bool
	}{{"open", true}, {"closed", false}} {
		url := worker(t, map[string]string{"FINECE_UPSTREAM": upstream.URL + "/v1", "FINECE_FAILURE": c.failure}, counting, core)
		trap.Store(false)
		first := chats(t, url)
		trap.Store(true)
		got := chats(t, url)
		if !strings.Contains(got, "baker") || strings.Contains(got, "and more") != c.passes {
			t.Errorf("%s: the answer in which the core trapped: %.300s ... %.300s", c.failure, got, got[max(0, len(got)-300):])
		}
		if n := countsOf(t, url); n.Cores.Made != 1 || n.Cores.Dropped != 1 || n.Programs.Started != 1 {
			t.Errorf("%s: after the trap: %+v", c.failure, n)
		}
		trap.Store(false)
		if got := chats(t, url); got != first || !strings.Contains(got, `"end"]`) {
			t.Errorf("%s: after the trap: %s", c.failure, difference(got, first))
		}
		if n := countsOf(t, url); n.Cores.Made != 2 || n.Cores.Dropped != 1 {
			t.Errorf("%s: after another answer: %+v", c.failure, n)
		}
	}
}
