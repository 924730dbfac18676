//go:build flink

// The tests of package flink run finece-beam on a Flink of their own. make test-flink builds
// and installs what they need.
package flink

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// limit is how long anything here may take.
const limit = 20 * time.Minute

func env(t *testing.T, name string) string {
	t.Helper()
	v := os.Getenv(name)
	if v == "" {
		t.Fatalf("%s is not set: run make test-flink", name)
	}
	return v
}

// TestAKilledWorker scores answers on Flink while a worker is killed. All answers are in the
// output, each once, with the bytes of finece score, and no worker is left.
func TestAKilledWorker(t *testing.T) {
	finece, beam, boot := env(t, "FINECE"), env(t, "FINECE_BEAM"), env(t, "FINECE_BOOT")
	n, err := strconv.Atoi(env(t, "FINECE_ANSWERS"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	answers, out := filepath.Join(dir, "answers.jsonl"), filepath.Join(dir, "scores")
	size := writeAnswers(t, answers, n)
	want := sorted(t, output(t, exec.Command(finece, "score", answers)))

	endpoint, stop := jobServer(t, dir)
	defer stop()
	const shards = 24
	job := exec.Command(beam, "score", "-o", out, "--shard-size", fmt.Sprint(size/shards+1), answers, "--",
		"--runner=flink", "--endpoint="+endpoint, "--environment_type=PROCESS", "--worker_binary="+beam,
		"--environment_config="+fmt.Sprintf(`{"command":%q}`, boot), "--parallelism=2")
	var said bytes.Buffer
	job.Stdout, job.Stderr = &said, &said
	if err := job.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- job.Wait() }()

	killed := 0
	begun := time.Now()
	for running := true; running; {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("the job: %v\n%s\n%s", err, said.String(), tail(filepath.Join(dir, "flink.log")))
			}
			running = false
		case <-time.After(50 * time.Millisecond):
			done, _ := filepath.Glob(filepath.Join(out, "_counts", "part-*"))
			if killed == 0 && len(done) > shards/4 {
				for _, pid := range workers(boot) {
					if syscall.Kill(pid, syscall.SIGKILL) == nil {
						killed++
						t.Logf("worker %d was killed when %d of %d shards were done", pid, len(done), shards)
						break
					}
				}
			}
			if time.Since(begun) > limit {
				_ = job.Process.Kill()
				t.Fatalf("the job does not end\n%s", said.String())
			}
		}
	}
	if killed == 0 {
		t.Fatal("no worker was killed: the job was too fast; raise FINECE_ANSWERS")
	}
	restarts := strings.Count(tail(filepath.Join(dir, "flink.log")), "switched from state RESTARTING to RUNNING")
	t.Logf("%d answers in %v; Flink restarted the job %d times\n%s", n, time.Since(begun).Round(time.Second), restarts, said.String())
	if restarts == 0 {
		t.Error("the job was not restarted: the worker that was killed had no part in it")
	}

	var got []byte
	parts, _ := filepath.Glob(filepath.Join(out, "part-*.jsonl"))
	if len(parts) != shards {
		t.Errorf("%d shards, want %d", len(parts), shards)
	}
	for _, part := range parts {
		text, err := os.ReadFile(part)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, text...)
	}
	if lines := sorted(t, got); !slices.Equal(lines, want) {
		t.Errorf("%d lines, want %d, equal to those of finece score", len(lines), len(want))
	}

	stop()
	for time.Sleep(time.Second); len(workers(boot)) > 0; time.Sleep(time.Second) {
		if time.Since(begun) > limit {
			t.Fatalf("workers are left: %v", workers(boot))
		}
	}
}

// jobServer starts Beam's job server with a Flink inside, which restarts a job that fails.
func jobServer(t *testing.T, dir string) (endpoint string, stop func()) {
	t.Helper()
	conf := filepath.Join(dir, "conf")
	if err := os.Mkdir(conf, 0o700); err != nil {
		t.Fatal(err)
	}
	const settings = "restart-strategy.type: fixed-delay\nrestart-strategy.fixed-delay.attempts: 5\nrestart-strategy.fixed-delay.delay: 1 s\n"
	if err := os.WriteFile(filepath.Join(conf, "config.yaml"), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(conf, "flink-conf.yaml"), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "flink.log"))
	if err != nil {
		t.Fatal(err)
	}
	ports := freePorts(t, 3)
	endpoint = fmt.Sprintf("localhost:%d", ports[0])
	server := exec.Command("java", "--add-opens=java.base/java.nio=ALL-UNNAMED", "--add-opens=java.base/java.util=ALL-UNNAMED", "--add-opens=java.base/java.lang=ALL-UNNAMED",
		"-cp", filepath.Join(env(t, "FINECE_JARS"), "*"), "org.apache.beam.runners.flink.FlinkJobServerDriver",
		"--flink-master=[local]", "--flink-conf-dir="+conf, "--artifacts-dir="+filepath.Join(dir, "artifacts"),
		fmt.Sprintf("--job-port=%d", ports[0]), fmt.Sprintf("--artifact-port=%d", ports[1]), fmt.Sprintf("--expansion-port=%d", ports[2]))
	server.Dir = dir // boot writes a file where it is started
	server.Stdout, server.Stderr = log, log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() {
		_ = server.Wait()
		close(exited)
	}()
	stop = func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		select {
		case <-exited:
		case <-time.After(time.Minute):
			_ = server.Process.Kill()
			<-exited
		}
	}
	for begun := time.Now(); ; time.Sleep(200 * time.Millisecond) {
		if c, err := net.Dial("tcp", endpoint); err == nil {
			c.Close()
			return endpoint, stop
		}
		select {
		case <-exited:
			t.Fatalf("the job server ended\n%s", tail(log.Name()))
		default:
		}
		if time.Since(begun) > limit {
			t.Fatalf("the job server does not listen\n%s", tail(log.Name()))
		}
	}
}

func freePorts(t *testing.T, n int) (ports []int) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "localhost:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// workers are the processes that boot has started, and boot itself if it has none.
func workers(boot string) (found []int) {
	entries, _ := os.ReadDir("/proc")
	booted := map[int]bool{}
	parents := map[int]int{}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if exe, err := os.Readlink(filepath.Join("/proc", e.Name(), "exe")); err == nil && exe == boot {
			booted[pid] = true
		}
		stat, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "stat"))
		if i := bytes.LastIndexByte(stat, ')'); i >= 0 {
			if fields := strings.Fields(string(stat[i+1:])); len(fields) > 1 {
				parents[pid], _ = strconv.Atoi(fields[1])
			}
		}
		// A worker whose boot has ended has another parent.
		line, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		if bytes.Contains(line, []byte("--worker=true")) && bytes.Contains(line, []byte("--control_endpoint")) {
			found = append(found, pid)
		}
	}
	for pid := range booted {
		if !slices.ContainsFunc(found, func(w int) bool { return parents[w] == pid }) {
			found = append(found, pid)
		}
	}
	return found
}

// writeAnswers writes n answers and returns the size of the file.
func writeAnswers(t *testing.T, path string, n int) int64 {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	rng := rand.New(rand.NewPCG(1, 2))
	words := []string{"The", " answer", " is", " 12", ".", "\\n\\n", " so", " we", " get", " x"}
	for i := range n {
		var text strings.Builder
		var tokens []string
		for range 4 + rng.IntN(12) {
			word := words[rng.IntN(len(words))]
			text.WriteString(word)
			tokens = append(tokens, fmt.Sprintf(`{"token":"%s","logprob":%.4f}`, word, -rng.ExpFloat64()))
		}
		fmt.Fprintf(w, `{"id":%d,"answer":"%s","logprobs":[%s]}`+"\n", i, text.String(), strings.Join(tokens, ","))
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func output(t *testing.T, cmd *exec.Cmd) []byte {
	t.Helper()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd, err)
	}
	return out
}

func sorted(t *testing.T, text []byte) []string {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	slices.Sort(lines)
	return lines
}

// tail is the text of a log.
func tail(path string) string {
	text, _ := os.ReadFile(path)
	return string(text)
}
