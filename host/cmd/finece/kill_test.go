package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
)

// TestScoreSurvivesKills kills score 20 times: 14 times while answers are scored, and 6 times
// while the output is written in its format. No kill leaves an incomplete output, and in the
// end the output is that of uninterrupted work: no answer is lost or there twice.
func TestScoreSurvivesKills(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process that was killed keeps its files for a while")
	}
	const n = 120
	rng := rand.New(rand.NewPCG(7, 7))
	var in strings.Builder
	for i := range n {
		fmt.Fprintf(&in, `{"id":"a%d","question":"What is %d?","answer":"It is %d.","noise":"`, i, i, i)
		for range 100_000 { // so that writing the output takes a while
			in.WriteByte(byte('a' + rng.IntN(26)))
		}
		in.WriteString("\"}\n")
	}
	answers := file(t, "answers.jsonl", in.String())
	// Each process has a key of its own: late requests of one that was killed must not use up
	// the answers for the next.
	var process, answered, limit atomic.Int64 // a process gets no more than limit answers
	const most = 100 * n
	limit.Store(most)
	key := func() string { return fmt.Sprint("process ", process.Load()) }
	m := newConfidenceModel(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		if r.Header.Get("Authorization") != "Bearer "+key() || answered.Add(1) > limit.Load() {
			<-r.Context().Done()
			return
		}
		says(w, "0.8")
	})
	next := func(out string) *exec.Cmd {
		process.Add(1)
		answered.Store(0)
		// With depth 0 a line does not depend on the order in which replies come.
		cmd := command(t, append([]string{"score", answers, "--engine", "native", "--depth", "0", "--jobs", "2", "-o", out}, m.flags()...)...)
		cmd.Env = append(cmd.Env, "FINECE_API_KEY="+key())
		return cmd
	}
	score := func(out string) result { return run(t, next(out), strings.NewReader("")) }
	lines := func(path string) string {
		r := finece(t, "", "grade", "--columns", "gold=id", "--grader", "alias", path)
		r.wants(t, 0, "")
		return r.out
	}
	for _, name := range []string{"scores.jsonl.zst", "scores.parquet"} {
		whole := filepath.Join(t.TempDir(), name)
		score(whole).wants(t, 0)
		want := lines(whole)
		if got := strings.Count(want, "\n"); got != n {
			t.Fatalf("%d lines, want %d", got, n)
		}

		out := filepath.Join(t.TempDir(), name)
		// kill runs score until reached reports true, and kills it. It returns false if the
		// work was done before.
		kill := func(what string, reached func() bool) bool {
			cmd := next(out)
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			var err error
			done := false
			waitFor(t, what, func() bool {
				select {
				case err = <-ended:
					done = true
					return true
				default:
					return reached()
				}
			})
			if !done {
				if err := cmd.Process.Kill(); err != nil {
					t.Log(err) // it ended just now
				}
				err = <-ended
			}
			r := finish(t, err, &stdout, &stderr)
			if r.code != -1 && r.code != 0 {
				t.Fatalf("exit code %d: %s", r.code, r.err)
			}
			return r.code == -1
		}
		journal := out + ".journal"
		for i := range 7 {
			// Each answer takes two requests, and 16 may be in flight: some more lines come, and the
			// work cannot end.
			limit.Store(int64(2 * (12 + i)))
			at, _ := os.ReadFile(journal)
			more := bytes.Count(at, []byte("\n")) + 1 + i
			if !kill("lines of the journal", func() bool {
				text, _ := os.ReadFile(journal)
				return bytes.Count(text, []byte("\n")) >= more
			}) {
				t.Fatal("it was not killed")
			}
			limit.Store(most)
			if i == 3 { // an incomplete last line, as a crash of the machine leaves it
				torn, err := os.OpenFile(journal, os.O_APPEND|os.O_WRONLY, 0)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprint(torn, `{"id":"a4`)
				torn.Close()
			}
			if _, err := os.Stat(out); err == nil {
				t.Fatal("there is an output before the work is done")
			}
		}
		// Each kill waits for 1 MiB more of the partial output than the one before it.
		for killed, tries := 0, 0; killed < 3; tries++ {
			if tries == 30 {
				t.Fatalf("only %d kills while the output was written", killed)
			}
			least := int64(killed) << 20
			if kill("a part of the output", func() bool {
				info, err := os.Stat(out + ".part")
				return err == nil && info.Size() >= least
			}) {
				killed++
			}
			if _, err := os.Stat(out); err == nil && lines(out) != want {
				t.Fatal("the output is neither whole nor absent")
			}
		}
		r := score(out)
		if r.code != 0 {
			t.Fatalf("exit code %d: %s", r.code, r.err)
		}
		if got := lines(out); got != want {
			t.Errorf("%s: the output differs from that of uninterrupted work: %s", name, firstDifference(got, want))
		}
		for _, left := range []string{journal, out + ".part"} {
			if _, err := os.Stat(left); err == nil {
				t.Errorf("%s is left behind", left)
			}
		}
	}
}

// firstDifference shows the first lines that differ, without the noise of TestScoreSurvivesKills.
func firstDifference(got, want string) string {
	short := func(line string) string {
		before, after, _ := strings.Cut(line, `"noise":"`)
		_, after, _ = strings.Cut(after, `"`)
		return before + after
	}
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d:\n%s\nwant:\n%s", i+1, short(g[i]), short(w[i]))
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}

// TestOneOutputHasOneWriter starts a second score, and a second grade, on an output that a
// process writes.
func TestOneOutputHasOneWriter(t *testing.T) {
	blocked := make(chan struct{})
	m := newConfidenceModel(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		select {
		case <-blocked:
		case <-r.Context().Done():
		}
		says(w, "0.8")
	})
	in, out := file(t, "answers.jsonl", answersFor(3)), filepath.Join(t.TempDir(), "scores.parquet")
	args := append([]string{"score", in, "--engine", "native", "-o", out}, m.flags()...)
	first := command(t, args...)
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "a request", func() bool { return m.requests() > 0 })
	finece(t, "", args...).wants(t, exit.IO, "scores.parquet.journal: another process is writing to it: wait until that is done, or give another file")
	close(blocked)
	if err := first.Wait(); err != nil {
		t.Fatal(err)
	}
	finece(t, "", args...).wants(t, 0, "3 lines are there already")
}
