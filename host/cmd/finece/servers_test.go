//go:build servers

package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/finece/finece/host/experiment"
)

// Where make test-servers installs servers and the model, see servers/prepare.sh.
const build = "../../../build"

// python is the interpreter that has llama.cpp's server.
func python(t *testing.T) string {
	t.Helper()
	path := os.Getenv("FINECE_PYTHON")
	if path == "" {
		path = filepath.Join(build, "venv/bin/python")
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v; run make test-servers, which installs it", err)
	}
	return path
}

// modelServer is a real server of SmolLM2-135M-Instruct.
type modelServer struct {
	url, model, key string
	api             string // how it continues a partial answer
	prompt          string // of the API completions
}

// chatML is the model's chat template, written out.
const chatML = "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"

// begin starts a server. It is stopped at the end of the test. If the test fails, its last
// output is shown.
func begin(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	said, err := os.Create(filepath.Join(t.TempDir(), "said"))
	if err != nil {
		t.Fatal(err)
	}
	if cmd.Stdout == nil {
		cmd.Stdout = said
	}
	if cmd.Stderr == nil {
		cmd.Stderr = said
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		killed := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		killed.Stop()
		if text, _ := os.ReadFile(said.Name()); t.Failed() {
			t.Logf("%s: %v; it said at the end:\n%s", cmd.Path, cmd.ProcessState, text[max(0, len(text)-3000):])
		}
	})
}

// background is finece as a server, which runs as long as the test takes.
func background(args ...string) *exec.Cmd { return exec.Command("finece", args...) }

// ready waits until a server answers.
func ready(t *testing.T, url string) {
	t.Helper()
	waitFor(t, url, func() bool {
		resp, err := http.Get(url)
		if err == nil {
			resp.Body.Close()
		}
		if err != nil || resp.StatusCode != http.StatusOK {
			time.Sleep(time.Second)
			return false
		}
		return true
	})
}

// port is a port that is free.
func port(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// firstLine starts a server and returns the first line that it writes to a pipe, which says
// its address.
func firstLine(t *testing.T, cmd *exec.Cmd, pipe func() (io.ReadCloser, error)) string {
	t.Helper()
	out, err := pipe()
	if err != nil {
		t.Fatal(err)
	}
	rest, ended := new(bytes.Buffer), make(chan struct{})
	t.Cleanup(func() { // after the end of the server, which begin registers
		if <-ended; t.Failed() {
			t.Logf("%s said at the end:\n%s", cmd.Path, rest.Bytes()[max(0, rest.Len()-3000):])
		}
	})
	begin(t, cmd)
	r := bufio.NewReader(out)
	line, err := r.ReadString('\n')
	go func() {
		_, _ = io.Copy(rest, r)
		close(ended)
	}()
	if err != nil {
		t.Fatalf("%s has ended: %v", cmd.Path, err)
	}
	return strings.TrimSpace(line)
}

// threads is the number of threads of a server. Two threads wait for each other where other
// programs need the cores, and take many times as long.
const threads = "1"

func llamaCPP(t *testing.T) modelServer {
	cmd := exec.Command(python(t), "../../experiment/real/serve.py", filepath.Join(build, "servers/smollm2.gguf"), "--slots", "4", "--context", "512", "--threads", threads, "--poll", "0")
	url := firstLine(t, cmd, cmd.StdoutPipe)
	return modelServer{url: url, model: "smollm2", api: "trailing"}
}

func llamaCPPPython(t *testing.T) modelServer {
	path := filepath.Join(build, "llama-cpp-python/bin/python")
	if _, err := os.Stat(path); err != nil {
		t.Skip("llama-cpp-python is not installed: its wheel has to be compiled; LLAMA_CPP_PYTHON=1 make test-servers does it")
	}
	at := port(t)
	begin(t, exec.Command(path, "-m", "llama_cpp.server", "--model", filepath.Join(build, "servers/smollm2.gguf"), "--model_alias", "smollm2",
		"--host", "127.0.0.1", "--port", fmt.Sprint(at), "--n_ctx", "512", "--n_threads", threads, "--n_threads_batch", threads))
	url := fmt.Sprintf("http://127.0.0.1:%d/v1", at)
	ready(t, url+"/models")
	return modelServer{url: url, model: "smollm2", api: "completions", prompt: chatML}
}

func liteLLM(t *testing.T) modelServer {
	behind := llamaCPP(t)
	config := file(t, "litellm.yaml", fmt.Sprintf("model_list:\n  - model_name: smollm2\n    litellm_params: {model: openai/smollm2, api_base: %q, api_key: none}\n", behind.url))
	at := port(t)
	cmd := exec.Command(filepath.Join(build, "litellm/bin/litellm"), "--config", config, "--host", "127.0.0.1", "--port", fmt.Sprint(at))
	cmd.Env = append(os.Environ(), "LITELLM_MASTER_KEY=sk-master", "LITELLM_LOCAL_MODEL_COST_MAP=True", "LITELLM_TELEMETRY=False")
	begin(t, cmd)
	url := fmt.Sprintf("http://127.0.0.1:%d", at)
	ready(t, url+"/health/liveliness")
	return modelServer{url: url + "/v1", model: "smollm2", key: "sk-master", api: "trailing"}
}

func finecelm(t *testing.T) modelServer {
	cmd := background("lm", "--model", "smollm2="+filepath.Join(build, "servers/smollm2"), "--max-context", "512", "--listen", "127.0.0.1:0")
	line := firstLine(t, cmd, cmd.StderrPipe)
	address, _, _ := strings.Cut(strings.TrimPrefix(line, "finece: listening on "), ",")
	return modelServer{url: address + "/v1", model: "smollm2", api: "continue-final"}
}

// vllm is a server that is running already, or that of build/vllm.
func vllm(t *testing.T) modelServer {
	s := modelServer{url: os.Getenv("FINECE_VLLM"), model: os.Getenv("FINECE_VLLM_MODEL"), api: "continue-final"}
	if s.url != "" {
		return s
	}
	path := filepath.Join(build, "vllm/bin/python")
	if _, err := os.Stat(path); err != nil {
		t.Skip("vLLM is not installed: VLLM=1 make test-servers does it (6 GB). If one is running with an instruct model, FINECE_VLLM is its base URL and FINECE_VLLM_MODEL the model's name")
	}
	at := port(t)
	cmd := exec.Command(path, "-m", "vllm.entrypoints.openai.api_server", "--model", filepath.Join(build, "servers/smollm2"), "--served-model-name", "smollm2",
		"--host", "127.0.0.1", "--port", fmt.Sprint(at), "--dtype", "float32", "--max-model-len", "2048", "--enforce-eager")
	cmd.Env = append(os.Environ(), "VLLM_CPU_KVCACHE_SPACE=1", "VLLM_CPU_OMP_THREADS_BIND=nobind", "HF_HUB_OFFLINE=1", "OMP_NUM_THREADS="+threads)
	begin(t, cmd)
	s.url, s.model = fmt.Sprintf("http://127.0.0.1:%d/v1", at), "smollm2"
	ready(t, s.url+"/models")
	return s
}

// TestServers runs commands on real servers of a real model. What the model says is not
// checked, as it can hardly answer; what the commands make of it is.
func TestServers(t *testing.T) {
	for _, c := range []struct {
		name  string
		begin func(*testing.T) modelServer
	}{{"llama.cpp", llamaCPP}, {"llama-cpp-python", llamaCPPPython}, {"LiteLLM", liteLLM}, {"finece lm", finecelm}, {"vLLM", vllm}} {
		t.Run(c.name, func(t *testing.T) {
			s := c.begin(t)
			t.Run("construct and train", s.construct)
			t.Run("score", s.score)
			t.Run("experiment", s.experiment)
			t.Run("watch", s.watch)
			t.Run("serve", s.serve)
		})
	}
}

// run runs a command with the server's key.
func (s *modelServer) run(t *testing.T, args ...string) result {
	t.Helper()
	cmd := command(t, args...)
	cmd.Env = append(cmd.Env, "FINECE_API_KEY="+s.key, "OPENAI_API_KEY="+s.key, "FINECE_UPSTREAM_KEY="+s.key)
	begun := time.Now()
	r := run(t, cmd, strings.NewReader(""))
	t.Logf("%s: exit code %d after %.0f s\n%s", args[0], r.code, time.Since(begun).Seconds(), r.err)
	return r
}

func (s *modelServer) generator() []string {
	return []string{"--server", s.url, "--model", s.model, "--api", s.api, "--max-tokens", "24"}
}

const twoQuestions = `{"id":"a","question":"Write three short lines about the city of Nantes in France.","gold":["France"]}
{"id":"b","question":"Write three short lines about the city of Osaka in Japan.","gold":["Japan"]}
`

// construct checks that a partial answer is continued and not repeated, that each reply has
// its tokens with log-probabilities, and that all of them are counted.
func (s *modelServer) construct(t *testing.T) {
	states := filepath.Join(t.TempDir(), "states.jsonl")
	args := append([]string{"construct", "--k", "4", "--m", "2", "--T", "1", "--truncate", "line", "--grader", "alias-contains", "--logprobs", "-o", states,
		"--prompt", cmp.Or(s.prompt, "{question}")}, s.generator()...)
	r := s.run(t, append(args, file(t, "questions.jsonl", twoQuestions))...)
	r.wants(t, 0, "2 questions, ", " tokens were sampled")
	continued, completions := 0, 0
	for _, line := range linesOf(string(mustRead(t, states+".samples"))) {
		var reply struct {
			Kind, Partial string
			Tokens        int `json:"completion_tokens"`
			Completions   []struct {
				Text   string
				Tokens []struct{ Logprob *float64 }
			}
		}
		if err := json.Unmarshal([]byte(line), &reply); err != nil {
			t.Fatal(err)
		}
		if reply.Kind != "completions" {
			continue
		}
		if reply.Partial != "" {
			continued++
		}
		tokens := 0
		for _, c := range reply.Completions {
			completions++
			tokens += len(c.Tokens)
			if reply.Partial != "" && strings.HasPrefix(c.Text, reply.Partial) {
				t.Errorf("the partial answer %q is repeated in %q", reply.Partial, c.Text)
			}
			if c.Text != "" && (len(c.Tokens) == 0 || slices.ContainsFunc(c.Tokens, func(t struct{ Logprob *float64 }) bool { return t.Logprob == nil })) {
				t.Errorf("%q has %d tokens, some without a log-probability", c.Text, len(c.Tokens))
			}
		}
		if reply.Tokens < tokens {
			t.Errorf("%d tokens are counted, and %d are there", reply.Tokens, tokens)
		}
	}
	if continued == 0 || completions < 8+4 {
		t.Errorf("%d completions, and %d partial answers were continued", completions, continued)
	}
	r = s.run(t, "train", "export", states)
	r.wants(t, 0, "")
	if n := len(linesOf(r.out)); n < 2 {
		t.Errorf("%d lines of training data, want at least one for each question", n)
	}
}

const oneAnswer = `{"id":"a","question":"In which country lies Nantes?","answer":"It lies in France."}` + "\n"

// score checks that a server takes the requests of confidence models. This model writes
// no number, which is a bad reply and no failure of a request.
func (s *modelServer) score(t *testing.T) {
	answers := file(t, "answers.jsonl", oneAnswer)
	for _, adapter := range []string{"chat", "completions"} {
		r := s.run(t, "score", "--estimator", s.url, "--model", s.model, "--adapter", adapter, answers)
		var line struct {
			Confidence *float64
			Finece     struct{ Reason string }
		}
		if err := json.Unmarshal([]byte(r.out), &line); err != nil {
			t.Fatalf("%s: %v: %s", adapter, err, r.err)
		}
		if line.Confidence == nil && line.Finece.Reason != "bad-reply" {
			t.Errorf("%s: %s", adapter, r.out)
		}
	}
	r := s.run(t, "score", "--estimator", "samples", "--samples", "3", "--agree-by", "alias", "--server", s.url, "--model", s.model, "--max-tokens", "16", answers)
	r.wants(t, 0, "2 further answers were sampled", " completion tokens")
	if !strings.Contains(r.out, `"source":{"estimator":"samples"}`) {
		t.Error(r.out)
	}
}

// experiment checks that the methods that go by log-probabilities of the answer itself, or of
// samples, have confidences on a server that scores no given text.
func (s *modelServer) experiment(t *testing.T) {
	folder := t.TempDir()
	question := "Name the country in which Nantes lies."
	if s.prompt != "" { // experiment has no --prompt
		question = strings.ReplaceAll(s.prompt, "{question}", question)
	}
	asked, _ := json.Marshal(map[string]any{"id": "a", "question": question, "gold": []string{"France"}})
	questions := file(t, "questions.jsonl", string(asked)+"\n")
	args := append([]string{"experiment", "-o", folder, "--questions", "cities=" + questions, "--grader", "alias-contains", "--confidence", "FineCE=chat:" + s.model,
		"--number", "1", "--answers", "1", "--samples", "2", "--depth", "1", "--width", "2", "--labels", "1"}, s.generator()...)
	s.run(t, args...).wants(t, 0, "")
	seen := map[string]int{}
	for _, line := range linesOf(string(mustRead(t, filepath.Join(folder, "records.jsonl")))) {
		var r experiment.Record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		for _, p := range r.Points {
			for name := range p.Confidence {
				seen[name]++
			}
		}
	}
	for _, name := range []string{"perplexity", "min-prob", "leco", "first-prob", "self-consistency", "se"} {
		if seen[name] == 0 {
			t.Errorf("%s has no confidence, but %v", name, slices.Sorted(maps.Keys(seen)))
		}
	}
}

// watch checks that a stream has log-probabilities that nobody had to ask for.
func (s *modelServer) watch(t *testing.T) {
	body := fmt.Sprintf(`{"model":%q,"temperature":0,"max_tokens":16,"messages":[{"role":"user","content":"In which country lies Nantes?"}]}`, s.model)
	r := s.run(t, "watch", "--json", "--data", body, s.url+"/chat/completions")
	r.wants(t, 0, "asking for log-probabilities, too")
	if !strings.Contains(r.out, `"state":"final"`) || !strings.Contains(r.out, `"estimator":"logprob"`) {
		t.Error(r.out)
	}
}

// serve checks the gateway before the server: answers have confidences, plain and streamed,
// and also where the client asks for no alternatives and where it begins the answer itself.
func (s *modelServer) serve(t *testing.T) {
	s.run(t, "serve", "--upstream", s.url, "--no-auth", "--check").wants(t, 0, "")
	cmd := background("serve", "--upstream", s.url, "--listen", "127.0.0.1:0", "--no-auth")
	cmd.Env = append(os.Environ(), "FINECE_UPSTREAM_KEY="+s.key)
	line := firstLine(t, cmd, cmd.StderrPipe)
	url := strings.TrimPrefix(line, "finece: listening on ")
	const question = `{"role":"user","content":"In which country lies Nantes?"}`
	for what, c := range map[string]struct {
		messages, more string
	}{
		"nothing asked":    {question, ``},
		"log-probs asked":  {question, `,"logprobs":true`},
		"a stream":         {question, `,"stream":true`},
		"an answer begun":  {question + `,{"role":"assistant","content":"The city is old.\n\nNantes lies"}`, `,"logprobs":true`},
		"begun, in stream": {question + `,{"role":"assistant","content":"The city is old.\n\nNantes lies"}`, `,"stream":true`},
	} {
		body := fmt.Sprintf(`{"model":%q,"temperature":0,"max_tokens":12,"messages":[%s]%s}`, s.model, c.messages, c.more)
		resp, err := http.Post(url+"/v1/chat/completions", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %d, %v: %s", what, resp.StatusCode, err, text)
			continue
		}
		if !bytes.Contains(text, []byte(`"state":"final"`)) {
			t.Errorf("%s has no confidence: %s", what, text)
		}
		if bytes.Contains(text, []byte(`"kinds":["paragraph"]`)) {
			t.Errorf("%s: a paragraph of the client has a confidence: %s", what, text)
		}
	}
}
