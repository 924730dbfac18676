package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
)

// answersFor is n answers whose questions tell them apart.
func answersFor(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"id":"a%d","question":"What is %d?","answer":"It is %d."}`+"\n", i, i, i)
	}
	return b.String()
}

// TestScoreGoesOn interrupts work in two ways, tears the last line as a crash
// would, and goes on: nothing is lost, nothing is there twice, and the file is
// what it would have been.
func TestScoreGoesOn(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no signals to send")
	}
	const n = 60
	m := newConfidenceModel(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		time.Sleep(20 * time.Millisecond)
		says(w, "0.8")
	})
	in := file(t, "answers.jsonl", answersFor(n))
	// With depth 0 a line does not depend on the order in which replies come.
	args := func(out string, more ...string) []string {
		return append(append([]string{"score", in, "--engine", "native", "--depth", "0", "-o", out}, m.flags()...), more...)
	}
	whole := filepath.Join(t.TempDir(), "whole.jsonl")
	finece(t, "", args(whole)...).wants(t, 0)
	want, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}

	out := filepath.Join(t.TempDir(), "scores.jsonl")
	interrupt := func(sig os.Signal, atLeast int) result {
		cmd := command(t, args(out)...)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		waitFor(t, "lines of output", func() bool {
			got, _ := os.ReadFile(out)
			return bytes.Count(got, []byte("\n")) >= atLeast
		})
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		return finish(t, cmd.Wait(), &stdout, &stderr)
	}
	if r := interrupt(syscall.SIGKILL, 5); r.code != -1 {
		t.Fatalf("it was not killed: %+v", r)
	}
	torn, err := os.OpenFile(out, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(torn, `{"id":"a4`)
	torn.Close()
	interrupt(os.Interrupt, 20).wants(t, exit.Interrupted, "a torn line of 9 bytes is cut off", "interrupted", "run the same command again")

	before, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	asked := m.requests()
	finece(t, "", args(out)...).wants(t, 0, fmt.Sprintf("%d lines are there already", bytes.Count(before, []byte("\n"))))
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(got, before) {
		t.Error("what was written before was changed")
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the file differs from that of uninterrupted work:\n%s\nwant\n%s", got, want)
	}
	if again, left := m.requests()-asked, 2*(n-bytes.Count(before, []byte("\n"))); again != left {
		t.Errorf("%d requests for the rest, want %d", again, left)
	}

	asked = m.requests()
	finece(t, "", args(out)...).wants(t, 0, "60 lines are there already")
	if m.requests() != asked {
		t.Error("finished work was done again")
	}
	finece(t, "", args(out, "--alpha", "0.9")...).wants(t, exit.Usage, "scored with other flags")
	finece(t, "", "score", in, "-o", in).wants(t, exit.Usage, "not a line of finece score")
	if kept, _ := os.ReadFile(in); string(kept) != answersFor(n) {
		t.Error("the input was written over")
	}
}

// waitFor waits until done reports true.
func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(hung); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the test hung: %s did not come in %v", what, hung)
		}
	}
}

func TestScoreRetriesWhatFailed(t *testing.T) {
	m := newConfidenceModel(t, func(w http.ResponseWriter, r *http.Request, n int) {
		if n <= 2 {
			http.Error(w, "not yet", 400)
			return
		}
		says(w, "0.8")
	})
	out := filepath.Join(t.TempDir(), "scores.jsonl")
	args := append([]string{"score", "-", "--engine", "native", "--jobs", "1", "-o", out}, m.flags()...)
	in := answersFor(3)
	finece(t, in, args...).wants(t, exit.Faults, "not yet", "2 requests to the confidence model failed")
	finece(t, in, args...).wants(t, 0, "3 lines are there already")
	finece(t, in, append(args, "--retry-failed")...).wants(t, 0, "2 lines are there already")
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	list := scores(t, string(got))
	if len(list) != 3 || list[2].ID != "a0" {
		t.Fatalf("%s", got)
	}
	for _, s := range list {
		if s.states() != "final, final" {
			t.Errorf("%+v", s)
		}
	}
	if m.requests() != 8 {
		t.Errorf("%d requests, want 6 and then 2", m.requests())
	}
}

func TestScoreOfTwoAtOnce(t *testing.T) {
	m := newConfidenceModel(t, func(w http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() })
	out := filepath.Join(t.TempDir(), "scores.jsonl")
	args := append([]string{"score", file(t, "answers.jsonl", answersFor(3)), "--engine", "native", "-o", out}, m.flags()...)
	first := command(t, args...)
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		first.Process.Kill()
		first.Wait()
	}()
	waitFor(t, "a request", func() bool { return m.requests() > 0 })
	finece(t, "", args...).wants(t, exit.IO, "another process is writing to it")
}

// TestScoreGoesOnWhereIdsRepeat: it tells answers by their lines, too.
func TestScoreGoesOnWhereIdsRepeat(t *testing.T) {
	in := file(t, "answers.jsonl", `{"id":7,"answer":"bad","logprobs":[null]}`+"\n"+`{"id":7,"answer":"good","logprobs":[-0.5]}`+"\n")
	out := filepath.Join(t.TempDir(), "scores.jsonl")
	for range 2 {
		finece(t, "", "score", in, "--engine", "native", "-o", out).wants(t, exit.Faults, "line 1 (id 7): logprobs[0] is null", "1 lines could not be scored")
		if got, _ := os.ReadFile(out); !bytes.Contains(got, []byte(`"line":2,`)) || bytes.Count(got, []byte("\n")) != 1 {
			t.Errorf("%s", got)
		}
	}

	m := newConfidenceModel(t, func(w http.ResponseWriter, r *http.Request, n int) {
		if n == 1 {
			http.Error(w, "not yet", 400)
			return
		}
		says(w, "0.8")
	})
	in = file(t, "repeated.jsonl", `{"id":7,"answer":"One."}`+"\n"+`{"id":7,"answer":"Two."}`+"\n")
	out = filepath.Join(t.TempDir(), "scores.jsonl")
	args := append([]string{"score", in, "--engine", "native", "--jobs", "1", "-o", out}, m.flags()...)
	finece(t, "", args...).wants(t, exit.Faults, "not yet")
	finece(t, "", append(args, "--retry-failed")...).wants(t, 0, "1 lines are there already")
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if list := scores(t, string(got)); len(list) != 2 || list[0].Line != 2 || list[1].Line != 1 {
		t.Errorf("%s", got)
	}
}

// TestScoreGoesOnAfterAnEdit: an answer whose line has moved is told by its id.
func TestScoreGoesOnAfterAnEdit(t *testing.T) {
	line := func(id int) string { return fmt.Sprintf(`{"id":%d,"answer":"good","logprobs":[-0.5]}`+"\n", id) }
	out := filepath.Join(t.TempDir(), "scores.jsonl")
	args := []string{"score", "-", "--engine", "native", "-o", out}
	finece(t, line(1)+line(2)+line(2)+line(3), args...).wants(t, 0)
	for _, c := range []struct {
		name, in string
		lines    int
	}{
		{"one added before", line(4) + line(1) + line(2) + line(2) + line(3), 5},
		{"one removed, and blank lines", line(2) + "\n" + line(2) + line(3), 5},
		{"another order", line(3) + line(2) + line(1) + line(2), 5},
		{"one more of an id", line(2) + line(2) + line(2), 6},
		{"the same", line(2) + line(2) + line(2), 6},
	} {
		finece(t, c.in, args...).wants(t, 0, "lines are there already")
		if got, _ := os.ReadFile(out); bytes.Count(got, []byte("\n")) != c.lines {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}
