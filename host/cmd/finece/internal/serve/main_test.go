package serve

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/keys"
	"github.com/finece/finece/host/cmd/finece/internal/processes"
)

// asCommand makes this test binary the command, so that tests run serve as a
// process.
const asCommand = "FINECE_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) == "" {
		processes.CountCoverage()
		os.Exit(m.Run())
	}
	root := &cobra.Command{Use: "finece", SilenceErrors: true, SilenceUsage: true}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return exit.With(exit.Usage, err) })
	root.AddCommand(New(), keys.New())
	cmd, err := root.ExecuteC()
	os.Exit(exit.Report(cmd, err))
}

const (
	demo = "../../../../../wasm/session/testdata/demo.sse"

	// hung is how long a test waits for anything.
	hung = 2 * time.Minute
)

// command is finece with arguments, without this process's keys.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), hung)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = []string{asCommand + "=1", "HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "GOCOVERDIR=" + os.Getenv("GOCOVERDIR")}
	return cmd
}

// result is how a run ended.
type result struct {
	code     int
	out, err string
}

// finece runs the command to its end.
func finece(t *testing.T, env []string, args ...string) result {
	t.Helper()
	cmd := command(t, args...)
	cmd.Env = append(cmd.Env, env...)
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	return finish(t, cmd.Run(), out.String(), stderr.String())
}

func finish(t *testing.T, err error, out, stderr string) result {
	t.Helper()
	r := result{out: out, err: stderr}
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended):
		r.code = ended.ExitCode()
	case err != nil:
		t.Fatal(err)
	}
	if r.code < 0 {
		t.Errorf("the command was killed, after %v at most: %s", hung, stderr)
	}
	return r
}

// wants checks the exit code and that standard error contains each text.
func (r result) wants(t *testing.T, code int, says ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit code %d, want %d: %s", r.code, code, r.err)
	}
	for _, s := range says {
		if !strings.Contains(r.err, s) {
			t.Errorf("standard error does not contain %q:\n%s", s, r.err)
		}
	}
	if len(says) == 0 && r.err != "" {
		t.Errorf("standard error is not empty:\n%s", r.err)
	}
}

// serving is `finece serve` as a process.
type serving struct {
	url  string
	link string // of the page, with its token; "" if no key is needed
	ops  string // the address of the metrics, "" without --metrics-listen
	kill func(sig syscall.Signal)
	log  func() string // what it has said since
	wait func() result
	stop func(sig syscall.Signal) result // kill and wait
	cmd  *exec.Cmd
}

// serve starts it and reads its first lines.
func serve(t *testing.T, env []string, args ...string) serving {
	t.Helper()
	cmd := command(t, append([]string{"serve", "--listen", "127.0.0.1:0", "--log", "off"}, args...)...)
	cmd.Env = append(cmd.Env, env...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stderr)
	line := func() string {
		text, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("%v: it said %q", err, text)
		}
		return strings.TrimPrefix(strings.TrimSpace(text), "finece: ")
	}
	first := line()
	url, ok := strings.CutPrefix(first, "listening on ")
	if !ok {
		rest, _ := io.ReadAll(lines)
		t.Fatalf("it said %q", first+"\n"+string(rest))
	}
	s := serving{url: url, cmd: cmd}
	s.kill = func(sig syscall.Signal) {
		t.Helper()
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
	}
	said := make(chan struct{})
	var mu sync.Mutex
	var rest strings.Builder
	s.log = func() string {
		mu.Lock()
		defer mu.Unlock()
		return rest.String()
	}
	s.wait = func() result {
		t.Helper()
		<-said
		return finish(t, cmd.Wait(), "", s.log())
	}
	s.stop = func(sig syscall.Signal) result {
		t.Helper()
		s.kill(sig)
		return s.wait()
	}
	for _, arg := range args {
		if arg == "--keys" {
			s.link, _, _ = strings.Cut(strings.TrimPrefix(line(), "open "), " ")
		}
	}
	for _, arg := range args {
		if arg == "--metrics-listen" {
			s.ops = strings.TrimSuffix(strings.TrimPrefix(line(), "metrics on "), "/metrics")
		}
	}
	go func() {
		defer close(said)
		for {
			text, err := lines.ReadString('\n')
			mu.Lock()
			rest.WriteString(text)
			mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return s
}

// confidenceModel is a server that answers as a confidence model does.
type confidenceModel struct {
	*httptest.Server
	requests atomic.Int32
}

func newConfidenceModel(t *testing.T) *confidenceModel {
	t.Helper()
	m := &confidenceModel{}
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		m.requests.Add(1)
		fmt.Fprint(w, `{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"0.8"},"finish_reason":"stop"}]}`)
	}))
	t.Cleanup(m.Close)
	return m
}

// inPieces serves a recorded stream in flushed pieces.
func inPieces(w http.ResponseWriter, stream string, size int) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "text/event-stream")
	}
	for len(stream) > 0 {
		n := min(size, len(stream))
		if _, err := io.WriteString(w, stream[:n]); err != nil {
			return
		}
		w.(http.Flusher).Flush()
		stream = stream[n:]
	}
}
