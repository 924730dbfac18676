package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
)

// answersFor is n answers with different questions.
func answersFor(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"id":"a%d","question":"What is %d?","answer":"It is %d."}`+"\n", i, i, i)
	}
	return b.String()
}

// TestScoreResumes interrupts work in two ways, tears the last line as a crash
// would, and resumes: nothing is lost or written twice, and the file is that of
// uninterrupted work.
func TestScoreResumes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no signals to send")
	}
	const n = 60
	var last atomic.Int64 // requests after this one get no answer; 0 for none
	m := newConfidenceModel(t, func(w http.ResponseWriter, r *http.Request, number int) {
		if last := int(last.Load()); last > 0 && number > last {
			<-r.Context().Done()
			return
		}
		says(w, "0.8")
	})
	in := file(t, "answers.jsonl", answersFor(n))
	// With depth 0 a line does not depend on the order in which replies come.
	args := func(out string, more ...string) []string {
		return append(append([]string{"score", in, "--engine", "native", "--depth", "0", "--jobs", "2", "-o", out}, m.flags()...), more...)
	}
	whole := filepath.Join(t.TempDir(), "whole.jsonl")
	finece(t, "", args(whole)...).wants(t, 0)
	want, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}

	out := filepath.Join(t.TempDir(), "scores.jsonl")
	interrupt := func(sig os.Signal, atLeast int) result {
		// Each answer takes two requests, and two answers are scored at once: the lines
		// come, and the work cannot end before the signal.
		last.Store(int64(m.requests() + 2*(atLeast+2)))
		defer last.Store(0)
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

// TestScoreResumesByTheLine: an answer is known by its whole line, so ids may
// repeat, and a changed answer is scored again.
func TestScoreResumesByTheLine(t *testing.T) {
	line := func(id int, answer string) string {
		return fmt.Sprintf(`{"id":%d,"answer":%q,"logprobs":[-0.5]}`+"\n", id, answer)
	}
	one, two, three := line(1, "one"), line(2, "two"), line(3, "three")
	out := filepath.Join(t.TempDir(), "scores.jsonl")
	args := []string{"score", "-", "--engine", "native", "-o", out}
	finece(t, one+two+two+three, args...).wants(t, 0)
	for _, c := range []struct {
		name, in string
		lines    int
		stale    int
	}{
		{"the same", one + two + two + three, 4, 0},
		{"one added before", line(4, "four") + one + two + two + three, 5, 0},
		{"one removed, and blank lines", two + "\n" + two + three, 5, 2},
		{"another order", three + two + one + two, 5, 1},
		{"one more of a line", two + two + two, 6, 3},
		{"another answer of the same id", line(2, "two, or three"), 4, 3}, // the three with that id are replaced
	} {
		says := []string{"lines are there already"}
		if c.stale > 0 {
			says = append(says, fmt.Sprintf("%d lines of the output belong to answers that are not in the input", c.stale))
		}
		finece(t, c.in, args...).wants(t, 0, says...)
		if got, _ := os.ReadFile(out); bytes.Count(got, []byte("\n")) != c.lines {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}
