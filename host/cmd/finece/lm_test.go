package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
)

const lmModels = "../../lm/testdata/"

// serving is a server of the command's as a process.
type serving struct {
	url  string
	stop func(sig syscall.Signal) result
}

// lmServer is `finece lm` as a process.
func lmServer(t *testing.T, args ...string) serving {
	t.Helper()
	cmd := command(t, append([]string{"lm", "--listen", "127.0.0.1:0"}, args...)...)
	url, said, err := startServer(cmd)
	if err != nil {
		t.Fatal(err)
	}
	return serving{url, func(sig syscall.Signal) result {
		t.Helper()
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		rest, _ := io.ReadAll(said)
		return finish(t, cmd.Wait(), &bytes.Buffer{}, bytes.NewBuffer(rest))
	}}
}

// TestConstructSamplesFromLM: `finece construct` against `finece lm`, with
// partial answers sent in each way that it understands; a second run with the
// same seed writes the same data.
func TestConstructSamplesFromLM(t *testing.T) {
	s := lmServer(t, "--model", "generator="+lmModels+"untied", "--adapter", "value="+lmModels+"untied,"+lmModels+"lora-value")
	if resp, err := http.Get(s.url + "/health"); err != nil || resp.StatusCode != 200 {
		t.Errorf("/health: %v, %v", resp, err)
	}
	in := file(t, "q.jsonl", `{"id":"a","question":"How many apples?","gold":"42"}`+"\n"+`{"id":"b","question":"How many loaves?","gold":"7"}`+"\n")
	for _, api := range []string{"continue-final", "prefix", "completions"} {
		var files [2]string
		for i := range files {
			out := filepath.Join(t.TempDir(), "states.jsonl")
			finece(t, "", "construct", in, "--server", s.url+"/v1", "--model", "generator", "--grader", "number", "--api", api, "-o", out,
				"--k", "6", "--T", "1", "--m", "2", "--max-tokens", "40", "--truncate", "line", "--temperature", "1.5", "--seed", "3").wants(t, 0, "2 questions, ")
			raw, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			files[i] = string(raw)
			if n := strings.Count(files[i], `"position":"p(1)"`); n == 0 {
				t.Errorf("%s: no partial answer was gone on with: %s", api, files[i])
			}
		}
		if files[0] != files[1] {
			t.Errorf("%s: two runs differ", api)
		}
	}
	s.stop(os.Interrupt.(syscall.Signal)).wants(t, 0, "generator: ", "completion tokens", "tokens/s", "value: nothing was asked")
}

func TestLMUsage(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		code int
		says []string
	}{
		{"twice", []string{"--model", "a=" + lmModels + "untied", "--model", "a=" + lmModels + "half"}, exit.Usage, []string{"two models are called a"}},
		{"not supported", []string{"--model", "a=" + unsupported(t)}, exit.Unavailable, []string{"model a", "attention_bias is true"}},
		{"many stops", append([]string{"generate", "q"}, strings.Fields(strings.Repeat(" --stop x", 17))...), exit.Usage, []string{"want 16 texts at most"}},
		{"a value head", []string{"generate", "--model", lmModels + "value", "q"}, exit.Unavailable, []string{"writes no text"}},
		{"too long", []string{"generate", "--model", lmModels + "untied", "--max-tokens", "300", "q"}, exit.Unavailable, []string{"the context is 256 tokens"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			finece(t, "", append([]string{"lm"}, c.args...)...).wants(t, c.code, c.says...)
		})
	}
}

// unsupported is a model folder that needs what there is not.
func unsupported(t *testing.T) string {
	t.Helper()
	config, err := os.ReadFile(lmModels + "untied/config.json")
	if err != nil {
		t.Fatal(err)
	}
	path := file(t, "config.json", strings.Replace(string(config), `"attention_bias": false`, `"attention_bias": true`, 1))
	return filepath.Dir(path)
}
