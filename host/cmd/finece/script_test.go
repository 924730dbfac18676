package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs testdata/script/*.txtar, one script for each command. A
// script shows how the command is used, and what it says when it is used
// wrongly. It can use the built-in commands of package testscript, and:
//
//	exits CODE COMMAND ARGS...   run a command, which must exit with CODE
//	lm ARGS...                   run `finece lm ARGS...` until the script ends;
//	                             $LM is its base URL, such as http://127.0.0.1:1/v1
//	serve ARGS...                run `finece serve ARGS...` in the same way; $SERVE
//
// With FINECE_UPDATE_SCRIPTS set, the files that cmp compares with are
// rewritten to what the commands give.
//
// demo.sse, a recorded stream of an answer, is in the script's folder.
func TestScripts(t *testing.T) {
	stream, err := os.ReadFile(demoStream)
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("FINECE_UPDATE_SCRIPTS") != "",
		Setup: func(e *testscript.Env) error {
			return os.WriteFile(filepath.Join(e.WorkDir, "demo.sse"), stream, 0o600)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"exits": exits, "lm": starts("lm", "LM"), "serve": starts("serve", "SERVE")},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARGS...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	err = ts.Exec(args[1], args[2:]...)
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if code != want {
		ts.Fatalf("%v: exit code %d, want %d", args[1:], code, want)
	}
}

// starts runs a command that serves until the script ends, and sets a variable to its
// base URL.
func starts(name, variable string) func(ts *testscript.TestScript, neg bool, args []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg {
			ts.Fatalf("usage: %s ARGS...", name)
		}
		cmd := exec.Command("finece", append([]string{name, "--listen", "127.0.0.1:0"}, args...)...)
		cmd.Dir = ts.MkAbs(".")
		url, said, err := startServer(cmd)
		ts.Check(err)
		ts.Setenv(variable, url+"/v1")
		ts.Defer(func() {
			_ = cmd.Process.Signal(os.Interrupt)
			_, _ = io.Copy(io.Discard, said)
			_ = cmd.Wait()
		})
	}
}

// startServer starts a command that serves until it is interrupted, and waits until it prints
// its address. said is what it writes to standard error after that.
func startServer(cmd *exec.Cmd) (url string, said io.Reader, err error) {
	pipe, err := cmd.StderrPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	lines := bufio.NewReader(pipe)
	first, err := lines.ReadString('\n')
	_, where, ok := strings.Cut(strings.TrimSpace(first), "listening on ")
	if !ok {
		rest, _ := io.ReadAll(lines)
		return "", nil, fmt.Errorf("%v: the server said %q (%v)", cmd.Wait(), first+string(rest), err)
	}
	url, _, _ = strings.Cut(where, ",")
	return url, lines, nil
}
