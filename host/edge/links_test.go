//go:build !js

package main_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// goWasm runs a command of Go as build.sh does for the Worker, with its tags.
func goWasm(t *testing.T, arguments ...string) string {
	t.Helper()
	script, err := os.ReadFile("build.sh")
	if err != nil {
		t.Fatal(err)
	}
	tags := regexp.MustCompile(`go build -tags (\S+)`).FindSubmatch(script)
	if tags == nil {
		t.Fatal("build.sh has no line with go build -tags")
	}
	cmd := exec.CommandContext(t.Context(), "go", append([]string{arguments[0], "-tags", string(tags[1])}, arguments[1:]...)...)
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	cmd.Stderr = t.Output()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %v: %v", arguments, err)
	}
	return string(out)
}

// TestTheWorkerLinksNoMoreThanItNeeds: an upload to Workers may have 3 MB on the
// free plan, and each isolate compiles all of it.
func TestTheWorkerLinksNoMoreThanItNeeds(t *testing.T) {
	forbidden := []string{
		"github.com/tetratelabs/wazero", "github.com/finece/finece/host/wazero", "encoding/json",
		"database/sql", "modernc.org/", "github.com/mattn/go-sqlite3", "go.opentelemetry.io/", "github.com/prometheus/",
	}
	packages := strings.Fields(goWasm(t, "list", "-deps", "."))
	for _, p := range packages {
		for _, f := range forbidden {
			if p == f || strings.HasPrefix(p, strings.TrimSuffix(f, "/")+"/") {
				t.Errorf("the Worker links %s", p)
			}
		}
	}
	if !strings.Contains(strings.Join(packages, " "), "github.com/finece/finece/host/gateway") {
		t.Error("the list of packages has no host/gateway: it is not the Worker's")
	}
}

// TestTheWorkerLinksNoTransport: package net/http is there for its types, but the
// linker drops its client, its transport and with it TLS, as long as nothing calls
// http.RoundTripper's method; see gateway.RoundTrip.
func TestTheWorkerLinksNoTransport(t *testing.T) {
	if testing.Short() {
		t.Skip("links the Worker")
	}
	path := filepath.Join(t.TempDir(), "app.wasm")
	goWasm(t, "build", "-ldflags=-s -w", "-o", path, ".")
	app, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// The names of linked functions stand in the table that stack traces use.
	for name, linked := range map[string]bool{
		"github.com/finece/finece/host/gateway.New": true,
		"net/http.(*Transport).roundTrip":           false,
		"net/http.(*Client).do":                     false,
		"net/http.(*Server).Serve":                  false,
		"crypto/tls.(*Conn).clientHandshake":        false,
		"github.com/tetratelabs/wazero.NewRuntime":  false,
		"encoding/json.(*decodeState).unmarshal":    false,
	} {
		if bytes.Contains(app, []byte(name)) != linked {
			t.Errorf("%s is linked: %v, want %v", name, !linked, linked)
		}
	}
}
