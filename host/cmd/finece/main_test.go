package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/finece/finece/host/cmd/finece/internal/processes"
)

// TestMain makes this test binary the command finece: tests run main itself, as
// a process of its own, and the coverage of these processes is counted.
func TestMain(m *testing.M) {
	processes.CountCoverage()
	testscript.Main(m, map[string]func(){"finece": main})
}

const (
	demoStream = "../../../wasm/session/testdata/demo.sse"
	streams    = "../../../../shared/data/streams"
	data       = "../../../../shared/data"
)

// hung is how long a test waits for a command, or for anything else, before it
// says that it hangs. No test depends on how fast the machine is.
const hung = 5 * time.Minute

// command is finece with arguments, without the keys of the environment.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), hung, fmt.Errorf("finece %s hung: it did not end in %v", strings.Join(args, " "), hung))
	t.Cleanup(func() {
		if err := context.Cause(ctx); errors.Is(ctx.Err(), context.DeadlineExceeded) {
			t.Error(err)
		}
		cancel()
	})
	cmd := exec.CommandContext(ctx, "finece", args...)
	cmd.Env = []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "TERM=xterm-256color"}
	if dir := os.Getenv("GOCOVERDIR"); dir != "" {
		cmd.Env = append(cmd.Env, "GOCOVERDIR="+dir)
	}
	return cmd
}

// result is the exit code and the output of a run.
type result struct {
	code     int // -1: ended by a signal
	out, err string
}

// finece runs the command to its end.
func finece(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	return run(t, command(t, args...), strings.NewReader(stdin))
}

func run(t *testing.T, cmd *exec.Cmd, stdin io.Reader) result {
	t.Helper()
	var out, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &out, &stderr
	return finish(t, cmd.Run(), &out, &stderr)
}

func finish(t *testing.T, err error, out, stderr *bytes.Buffer) result {
	t.Helper()
	r := result{out: out.String(), err: stderr.String()}
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		r.code = exit.ExitCode()
	case err != nil && !errors.Is(err, io.ErrClosedPipe):
		t.Fatal(err)
	}
	if strings.Contains(r.err, "goroutine ") || strings.Contains(r.err, "panic:") {
		t.Errorf("it panicked:\n%s", r.err)
	}
	return r
}

// wants checks the exit code and that standard error contains every text; without any, that it
// is empty.
func (r result) wants(t *testing.T, code int, says ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit code %d, want %d: %s", r.code, code, r.err)
	}
	for _, s := range says {
		if !strings.Contains(r.err, s) {
			t.Errorf("standard error does not say %q:\n%s", s, r.err)
		}
	}
	if len(says) == 0 && r.err != "" {
		t.Errorf("standard error is not empty:\n%s", r.err)
	}
}

// file writes a file for a test.
func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// needs returns path, and skips the test if the real data is not there.
func needs(t *testing.T, path string) string {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no real data here: %v", err)
	}
	return path
}

// linesOf is a text's lines.
func linesOf(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// readJSONLines reads a gzipped file of JSON Lines.
func readJSONLines[T any](t *testing.T, path string) (all []T) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for d := json.NewDecoder(z); ; {
		var v T
		if err := d.Decode(&v); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
}
