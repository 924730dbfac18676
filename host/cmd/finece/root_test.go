package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/wasm"
)

// TestHelpTeaches: every command says what it does, shows how in examples that
// it would accept, and fits a terminal.
func TestHelpTeaches(t *testing.T) {
	root := newRoot()
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
		if cmd.Short == "" || cmd.Long == "" || cmd.Example == "" {
			t.Errorf("%s: no description or no example", cmd.Name())
		}
		for _, line := range linesOf(cmd.Example) {
			_, call, ok := strings.Cut(line, "finece ")
			if !ok {
				t.Errorf("%s: an example without finece: %s", cmd.Name(), line)
				continue
			}
			call, _, _ = strings.Cut(strings.NewReplacer("   ", " | ", "'", "").Replace(call), " | ")
			found, rest, err := root.Find(strings.Fields(call))
			if err == nil {
				err = found.ParseFlags(rest)
			}
			if err != nil {
				t.Errorf("%s: %s: %v", cmd.Name(), line, err)
			}
		}
		var out bytes.Buffer
		cmd.SetOut(&out)
		if err := cmd.Help(); err != nil {
			t.Fatal(err)
		}
		for _, line := range linesOf(out.String()) {
			if len(line) > 100 || strings.Contains(line, "(default )") {
				t.Errorf("%s: a long or clumsy line of help: %s", cmd.Name(), line)
			}
		}
	}
	walk(root)
	for _, name := range []string{"positions", "text", "score", "fuse", "grade", "eval", "watch", "calibrate", "serve", "health", "key", "construct", "train", "lm", "experiment", "demo", "version", "completion"} {
		r := finece(t, "", name, "--help")
		r.wants(t, 0)
		if !strings.Contains(r.out, "Exit codes:") || !strings.Contains(r.out, "Usage:\n  finece "+name) {
			t.Errorf("%s --help: %s", name, r.out)
		}
	}
}

// TestBadStreams gives broken streams to all commands that read streams: they say
// where the fault is, do not panic, and print what could be read.
func TestBadStreams(t *testing.T) {
	whole := tokenEvent("good", 0.5)
	for _, c := range []struct{ name, in, says string }{
		{"cut in an event", whole + whole[:60], "truncated: the input ends before"},
		{"cut before the end marker", whole, "truncated: the input ends before the stream's end marker"},
		{"not JSON", whole + "data: {\"choices\":[}\n\n" + stopEvent, "invalid-json: want"},
		{"deep JSON", whole + "data: {\"x\":" + strings.Repeat("[", 100_000) + "\n\n" + stopEvent, "invalid-json: want at most 512 nested arrays and objects; the event is left out"},
		{"an enormous line", whole + "data: {\"x\":\"" + strings.Repeat("x", 5<<20) + "\"}\n\n" + stopEvent, "event-too-large"},
		{"invalid UTF-8", strings.Replace(whole, "good", "good\xff", 2) + stopEvent, "invalid-utf8"},
		{"an error in mid-stream", whole + "data: {\"error\":{\"message\":\"overloaded \\u001b[31m\"}}\n\n", "provider-error: overloaded"},
		{"an unknown format", "data: {\"ping\":1}\n\n", "unknown-format: want one of openai-chat, "},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, name := range []string{"positions", "text", "score", "watch"} {
				r := finece(t, c.in, name, "--engine", "native", "-")
				r.wants(t, exit.Faults, "finece: standard input: byte ", c.says)
				if strings.Contains(r.err, "\x1b") {
					t.Errorf("%s: an escape sequence is printed: %q", name, r.err)
				}
				if name != "score" && name != "positions" && c.name != "an unknown format" && !strings.Contains(r.out, "good") {
					t.Errorf("%s lost what could be read: %q", name, r.out)
				}
			}
		})
	}
}

// endless is input without end.
type endless string

func (e endless) Read(b []byte) (int, error) {
	return copy(b, strings.Repeat(string(e), 1+len(b)/len(e))), nil
}

// TestEndlessInput: input that cannot be right is given up. Input that could be
// right is read as long as it comes, in bounded memory and with bounded messages.
func TestEndlessInput(t *testing.T) {
	for _, c := range []struct {
		name string
		in   endless
		size int64 // -1: without end
		args []string
		code int
	}{
		{"one path", "0.5,", -1, []string{"fuse"}, exit.Faults},
		{"one field", "x", -1, []string{"eval", "-"}, exit.Faults},
		{"one line for score", "x", 64 << 20, []string{"score", "--engine", "native", "-"}, exit.Faults},
		{"one event", "data: {", 64 << 20, []string{"positions", "--engine", "native", "-"}, exit.Faults},
		{"bad lines for score", "{}\n", 1 << 20, []string{"score", "--engine", "native", "-"}, exit.Faults},
		{"bad lines for eval", "{}\n", 4 << 20, []string{"eval", "-"}, exit.Faults},
		{"bad events", "data: {\n\n", 4 << 20, []string{"positions", "--engine", "native", "-"}, exit.Faults},
		{"text", "word ", 64 << 20, []string{"text", "--engine", "native", "-"}, exit.OK},
		{"events of nothing", "data: {}\n\n", 16 << 20, []string{"watch", "--engine", "native", "-"}, exit.Faults},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			in := io.Reader(c.in)
			if c.size >= 0 {
				in = io.LimitReader(in, c.size)
			}
			cmd := command(t, c.args...)
			r := run(t, cmd, in)
			if r.code != c.code || len(r.err) > 20_000 {
				t.Errorf("exit code %d, want %d; %d bytes of complaints: %.300s", r.code, c.code, len(r.err), r.err)
			}
			if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok && runtime.GOOS == "linux" && usage.Maxrss > 900<<10 {
				t.Errorf("it took %d MiB", usage.Maxrss>>10)
			}
		})
	}
}

// TestNobodyReads: output into a closed pipe or onto a full disk ends the command.
func TestNobodyReads(t *testing.T) {
	const native = "--engine=native"
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	defer w.Close()
	for _, args := range [][]string{{"text", native, demoStream}, {"positions", native, demoStream}, {"score", native, demoStream}, {"watch", native, demoStream}, {"version"}} {
		cmd := command(t, args...)
		var stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = w, &stderr
		if got := finish(t, cmd.Run(), &bytes.Buffer{}, &stderr); got.code == 0 || strings.Contains(got.err, "--help") {
			t.Errorf("%v into a closed pipe: %+v", args, got)
		}
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("no full disk here: %v", err)
	}
	defer full.Close()
	for _, args := range [][]string{{"text", native, demoStream}, {"positions", native, demoStream}, {"score", native, demoStream}, {"watch", native, demoStream}, {"version"}, {"completion", "bash"}} {
		cmd := command(t, args...)
		var stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = full, &stderr
		finish(t, cmd.Run(), &bytes.Buffer{}, &stderr).wants(t, exit.IO, "no space left")
	}
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		r := finece(t, "", "completion", shell)
		r.wants(t, 0)
		if len(r.out) < 1000 || !strings.Contains(r.out, "finece") {
			t.Errorf("%s: %.200s", shell, r.out)
		}
		if path, err := exec.LookPath(shell); err == nil && shell != "powershell" {
			if out, err := exec.Command(path, "-n", file(t, "script", r.out)).CombinedOutput(); err != nil {
				t.Errorf("%s does not read its script: %v\n%s", shell, err, out)
			}
		}
	}
}

func TestVersion(t *testing.T) {
	r := finece(t, "", "version")
	r.wants(t, 0)
	if want := fmt.Sprintf("core sha256  %x\n", sha256.Sum256(wasm.Core)); !strings.Contains(r.out, want) {
		t.Errorf("%s\nwant %s", r.out, want)
	}
}
