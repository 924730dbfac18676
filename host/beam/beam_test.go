package beam_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// run runs a command that make test-beam has built.
func run(t *testing.T, variable string, args ...string) (stdout []byte, stderr string, code int) {
	t.Helper()
	command := os.Getenv(variable)
	if command == "" {
		t.Fatalf("%s is not set: run make test-beam", variable)
	}
	cmd := exec.Command(command, args...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.Bytes(), said.String(), cmd.ProcessState.ExitCode()
}

func writeAnswers(t *testing.T, path string, from, n int) {
	t.Helper()
	var b bytes.Buffer
	for i := from; i < from+n; i++ {
		if i%50 == 7 {
			fmt.Fprintf(&b, "{\"id\":%d,\"answer\":5}\n", i)
			continue
		}
		fmt.Fprintf(&b, `{"id":%d,"prompt":"What?","response":"It is %d.\n\nSo %d.","logprobs":[-0.%d,-0.2,-0.1,-1]}`+"\n", i, i, i, 1+i%9)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func parts(t *testing.T, out string) (text []byte, n int) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(out, "part-*.jsonl"))
	for _, path := range files {
		part, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, part...)
	}
	return text, len(files)
}

// TestScore: the lines are those of finece score, whatever the formats and the shards; what
// cannot be scored is told; and the same command resumes.
func TestScore(t *testing.T) {
	dir := t.TempDir()
	lines, csv, out := filepath.Join(dir, "a.jsonl"), filepath.Join(dir, "b.csv"), filepath.Join(dir, "out")
	writeAnswers(t, lines, 0, 300)
	if err := os.WriteFile(csv, []byte("id,answer,logprobs\n1,One.,\"[-1]\"\n2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := []string{"--strategy", "line", "--alpha", "0.7"}
	want, _, _ := run(t, "FINECE", append([]string{"score", lines, csv}, flags...)...)
	args := append([]string{"score", "-o", out, "--shard-size", "2500", lines, csv}, flags...)
	_, said, code := run(t, "FINECE_BEAM", args...)
	got, n := parts(t, out)
	if !bytes.Equal(got, want) || code != 1 || n < 5 {
		t.Fatalf("%d bytes in %d shards, want %d; exit code %d\n%s", len(got), n, len(want), code, said)
	}
	for _, text := range []string{"302 lines, 295 scored", "6 lines could not be scored: no \"answer\"", "1 lines could not be scored: 1 fields"} {
		if !strings.Contains(said, text) {
			t.Errorf("%q is not said:\n%s", text, said)
		}
	}
	rejected, _ := filepath.Glob(filepath.Join(out, "_rejected", "*"))
	left, _ := os.ReadFile(rejected[0])
	if want := fmt.Sprintf(`{"file":%q,"byte":`, lines); !strings.HasPrefix(string(left), want) || !strings.Contains(string(left), `"text":"{\"id\":7,\"answer\":5}"`) {
		t.Errorf("%s\nwant %s...", left, want)
	}

	// A job that has ended early: a shard without counts is scored again, the others are not.
	counts, _ := filepath.Glob(filepath.Join(out, "_counts", "*"))
	if err := os.Remove(counts[1]); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(out, "part-*"))
	for _, path := range files[:2] {
		if err := os.WriteFile(path, []byte("x\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, again, _ := run(t, "FINECE_BEAM", args...)
	first, _ := os.ReadFile(files[0])
	second, _ := os.ReadFile(files[1])
	if again != said || string(first) != "x\n" || !bytes.Contains(want, second) {
		t.Errorf("resumed: %q, %.60q\n%s\nwant\n%s", first, second, again, said)
	}
	if _, said, code := run(t, "FINECE_BEAM", append(args, "--depth", "1")...); code != 2 || !strings.Contains(said, "other flags") {
		t.Errorf("with other flags: exit code %d\n%s", code, said)
	}
}

// TestScoreSamples: the estimator samples asks what finece score asks, and gives its lines.
func TestScoreSamples(t *testing.T) {
	dir := t.TempDir()
	lines, out := filepath.Join(dir, "a.jsonl"), filepath.Join(dir, "out")
	var b bytes.Buffer
	for i := range 12 {
		fmt.Fprintf(&b, `{"id":%d,"question":"What is %d?","answer":"It is so.\n\n#### %d"}`+"\n", i, i, i%2)
	}
	b.WriteString(`{"id":12,"question":"What?","answer":"Who knows."}` + "\n")
	if err := os.WriteFile(lines, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	one := newSampled()
	url := one.server(t, 0)
	args := func(more ...string) []string {
		return append([]string{"score", "--estimator", "samples", "--samples", "3", "--model", "m", "--server", url, lines}, more...)
	}
	want, toldWant, _ := run(t, "FINECE", args()...)
	asked, _ := one.requests()
	one.forget()
	_, said, code := run(t, "FINECE_BEAM", args("-o", out, "--shard-size", "300")...)
	got, n := parts(t, out)
	if !bytes.Equal(got, want) || n < 3 || code != 1 || !strings.Contains(said, "1 answers have no confidence: no final answer") {
		t.Errorf("%d bytes in %d shards, want %d; exit code %d\n%s\n%s", len(got), n, len(want), code, said, toldWant)
	}
	if n, again := one.requests(); n != asked || asked == 0 || again != 0 {
		t.Errorf("%d requests, %d again, want %d", n, again, asked)
	}
	if _, said, code := run(t, "FINECE_BEAM", "score", "-o", out, "--server", url, lines); code != 2 || !strings.Contains(said, "needs --estimator samples") {
		t.Errorf("exit code %d\n%s", code, said)
	}
}

func TestWrongCommandLines(t *testing.T) {
	dir := t.TempDir()
	lines := filepath.Join(dir, "a.jsonl")
	writeAnswers(t, lines, 0, 3)
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"score", lines}, 2, "score needs -o"},
		{[]string{"score", "-o", dir + "/o"}, 2, "score needs an input"},
		{[]string{"score", "-o", dir + "/o", "--shard-size", "0", lines}, 2, "--shard-size 0"},
		{[]string{"score", "-o", dir + "/o", lines, "--", "--no-such-flag"}, 2, "after --: flag provided but not defined"},
		{[]string{"score", "-o", dir + "/o", "--", lines}, 2, "score needs an input"},
		{[]string{"score", "-o", dir + "/o", lines, "--", "--runner=flink", "--endpoint=localhost:1"}, 4, "start the job server of flink"},
		{[]string{"score", "-o", dir + "/o", filepath.Join(dir, "absent")}, 4, "absent"},
		{[]string{"eval", "--bounded", "--by", "id", lines}, 2, "--bounded"},
	} {
		if _, said, code := run(t, "FINECE_BEAM", c.args...); code != c.code || !strings.Contains(said, c.want) {
			t.Errorf("%v: exit code %d, want %d and %q\n%s", c.args, code, c.code, c.want, said)
		}
	}
}

// TestEval runs the whole pipeline; package measuring has the cases.
func TestEval(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pairs.jsonl")
	var b bytes.Buffer
	for i := range 1000 {
		fmt.Fprintf(&b, "{\"id\":%d,\"confidence\":0.%d,\"correct\":%d}\n", i/2, i*7%100, i%3/2)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	want, _, _ := run(t, "FINECE", "eval", "--format", "json", path)
	got, said, code := run(t, "FINECE_BEAM", "eval", "--format", "json", "--shard-size", "3000", path)
	if !bytes.Equal(got, want) || code != 0 {
		t.Errorf("exit code %d\n%s%s\nwant\n%s", code, got, said, want)
	}
	want, _, _ = run(t, "FINECE", "eval", "--format", "json", "--id", "", path)
	if got, said, _ = run(t, "FINECE_BEAM", "eval", "--bounded", "--format", "json", "--shard-size", "3000", path); !bytes.Equal(got, want) {
		t.Errorf("bounded\n%s%s\nwant\n%s", got, said, want)
	}
}
