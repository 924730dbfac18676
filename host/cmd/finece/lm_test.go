package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/openai"
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
	s.stop(os.Interrupt.(syscall.Signal)).wants(t, 0, "generator: ", "completion tokens", "tokens/s", "value: no requests")
}

// TestConstructKeepsLogprobs: with --logprobs, the file of replies has the tokens of each completion.
func TestConstructKeepsLogprobs(t *testing.T) {
	s := lmServer(t, "--model", "generator="+lmModels+"untied")
	in := file(t, "q.jsonl", `{"id":"a","question":"How many apples?","gold":"42"}`+"\n")
	args := []string{"construct", in, "--server", s.url + "/v1", "--model", "generator", "--grader", "number", "--k", "3", "--T", "0", "--max-tokens", "8"}
	finece(t, "", append(args, "--logprobs")...).wants(t, exit.Usage, "--logprobs needs -o")
	finece(t, "", append(args, "--top-logprobs", "2", "-o", "unused")...).wants(t, exit.Usage, "--top-logprobs needs --logprobs")
	out := filepath.Join(t.TempDir(), "states.jsonl")
	finece(t, "", append(args, "--logprobs", "--top-logprobs", "2", "-o", out)...).wants(t, 0, "3 of 3 completions")
	saved, err := os.ReadFile(out + ".samples")
	if err != nil {
		t.Fatal(err)
	}
	completions := 0
	for _, line := range linesOf(string(saved)) {
		var reply struct{ Completions []openai.Completion }
		if err := json.Unmarshal([]byte(line), &reply); err != nil {
			t.Fatal(err)
		}
		for _, c := range reply.Completions {
			completions++
			if len(c.Tokens) == 0 {
				t.Errorf("no tokens of %q", c.Text)
			}
			for _, token := range c.Tokens {
				if !(token.Logprob <= 0) || len(token.Top) != 2 {
					t.Errorf("token %q: log-probability %v and %d alternatives; want at most 0, and 2", token.Text, token.Logprob, len(token.Top))
				}
			}
		}
	}
	if completions != 3 {
		t.Errorf("%d completions are saved, want 3", completions)
	}
	s.stop(os.Interrupt.(syscall.Signal)).wants(t, 0, "completion tokens")
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

// unsupported makes a model folder that needs a feature that finece lm does not have.
func unsupported(t *testing.T) string {
	t.Helper()
	config, err := os.ReadFile(lmModels + "untied/config.json")
	if err != nil {
		t.Fatal(err)
	}
	path := file(t, "config.json", strings.Replace(string(config), `"attention_bias": false`, `"attention_bias": true`, 1))
	return filepath.Dir(path)
}

// TestAWebPageCannotUseLM: a page of another site is refused, also when its host name resolves
// to this machine; programs and the pages that are allowed are not.
func TestAWebPageCannotUseLM(t *testing.T) {
	s := lmServer(t, "--model", "generator="+lmModels+"untied", "--allow-origin", "https://chat.example", "--allow-host", "box.example")
	const ask = `{"model":"generator","max_tokens":1,"messages":[{"role":"user","content":"x"}]}`
	for _, c := range []struct {
		name, host, origin, site string
		want                     int
	}{
		{"a program", "", "", "", http.StatusOK},
		{"a program that knows the server by another name", "box.example:80", "", "", http.StatusOK},
		{"an allowed page", "", "https://chat.example", "cross-site", http.StatusOK},
		{"another page", "", "https://evil.example", "cross-site", http.StatusForbidden},
		{"another page's image", "", "", "cross-site", http.StatusForbidden},
		{"a sandboxed page", "", "null", "cross-site", http.StatusForbidden},
		{"a rebound name", "evil.example", "http://evil.example", "same-origin", http.StatusForbidden},
	} {
		r, err := http.NewRequest(http.MethodPost, s.url+"/v1/chat/completions", strings.NewReader(ask))
		if err != nil {
			t.Fatal(err)
		}
		r.Host = c.host
		for name, value := range map[string]string{"Origin": c.origin, "Sec-Fetch-Site": c.site} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		said, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != c.want {
			t.Errorf("%s: HTTP %d, want %d: %s", c.name, resp.StatusCode, c.want, said)
		}
		if allowed := resp.Header.Get("Access-Control-Allow-Origin"); (allowed != "") != (c.origin == "https://chat.example") {
			t.Errorf("%s: Access-Control-Allow-Origin %q", c.name, allowed)
		}
	}
	s.stop(syscall.SIGTERM)
}
