//go:build servers

package serve

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// venv is where make test-servers installs LiteLLM.
const venv = "../../../../../build/litellm"

// blockedText is what the client of LiteLLM is told.
const blockedText = "The answer is withheld: it is not likely enough to be correct."

// guardrails are what LiteLLM's file has: each streaming mode, with a server that blocks
// every answer and one that blocks none.
func guardrails(block, pass, growing serving, key string) string {
	var b strings.Builder
	for _, g := range []struct{ name, at, how string }{
		{"buffered-block", block.url, "streaming_buffer_until_moderated: true"},
		{"buffered-pass", pass.url, "streaming_buffer_until_moderated: true"},
		{"end-block", block.url, "streaming_end_of_stream_only: true"},
		{"end-pass", pass.url, "streaming_end_of_stream_only: true"},
		{"sampled-block", growing.url, "streaming_sampling_rate: 5"},
		{"sampled-pass", pass.url, "streaming_sampling_rate: 5"},
	} {
		fmt.Fprintf(&b, "  - guardrail_name: %s\n    litellm_params: {guardrail: generic_guardrail_api, mode: [pre_call, post_call], api_base: %q, api_key: %q, %s}\n", g.name, g.at, key, g.how)
	}
	return b.String()
}

// litellm starts a proxy and waits until it is ready.
func litellm(t *testing.T, config string) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().(*net.TCPAddr)
	l.Close()
	program, err := filepath.Abs(filepath.Join(venv, "bin/litellm"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "--config", config, "--host", "127.0.0.1", "--port", fmt.Sprint(at.Port))
	cmd.Env = append(os.Environ(), "LITELLM_MASTER_KEY=sk-master", "LITELLM_LOCAL_MODEL_COST_MAP=True", "LITELLM_TELEMETRY=False")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v; run make test-servers, which installs it", err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(30 * time.Second):
			_ = cmd.Process.Kill()
		}
		if t.Failed() {
			<-ended
			t.Logf("LiteLLM said:\n%.20000s", said.String())
		}
	})
	url = "http://" + at.String()
	for limit := time.Now().Add(5 * time.Minute); ; time.Sleep(time.Second) {
		resp, err := http.Get(url + "/health/liveliness")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return url
			}
		}
		select {
		case <-ended:
			t.Fatalf("LiteLLM has ended:\n%s", said.String())
		default:
		}
		if time.Now().After(limit) {
			t.Fatal("hung: LiteLLM does not become ready")
		}
	}
}

// TestLiteLLM puts the guardrail into a real LiteLLM proxy before the built-in model.
func TestLiteLLM(t *testing.T) {
	dir := t.TempDir()
	keysFile := filepath.Join(dir, "keys.txt")
	key := newKey(t, keysFile, "--name", "litellm")
	start := func(args ...string) serving {
		return serve(t, nil, append([]string{"--keys", keysFile, "--guardrail", "--uncalibrated", "allow", "--failure", "closed"}, args...)...)
	}
	block, pass := start("--withhold-below", "1"), start("--withhold-below", "0")
	growing := start("--withhold-below", "1", "--guardrail-texts", "growing")
	defer func() {
		for _, s := range []serving{block, pass, growing} {
			s.stop(syscall.SIGTERM)
		}
	}()
	config := filepath.Join(dir, "litellm.yaml")
	text := fmt.Sprintf("model_list:\n  - model_name: generator\n    litellm_params: {model: openai/generator, api_base: %q, api_key: %q}\nguardrails:\n%s", pass.url+"/v1", key, guardrails(block, pass, growing, key))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	url := litellm(t, config)
	for _, c := range []struct {
		guardrail string
		stream    bool
		status    int
		text      bool // the client gets some of the answer
		done      bool // and the stream's proper end
		blocked   bool
	}{
		{"buffered-pass", false, 200, true, false, false},
		{"buffered-block", false, 400, false, false, true},
		{"buffered-pass", true, 200, true, true, false},
		{"buffered-block", true, 400, false, false, true}, // before any text
		{"end-pass", true, 200, true, true, false},
		{"end-block", true, 200, true, false, true},
		{"sampled-pass", true, 200, true, true, false},
		{"sampled-block", true, 200, true, false, true},
	} {
		body := fmt.Sprintf(`{"model":"generator","stream":%v,"temperature":0,"guardrails":[%q],"messages":[{"role":"user","content":"Tom has 3 boxes of 12 apples and eats 5 apples. How many apples does Tom have?"}]}`, c.stream, c.guardrail)
		r, err := http.NewRequestWithContext(t.Context(), "POST", url+"/v1/chat/completions", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer sk-master")
		r.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		all := string(got)
		t.Logf("%s, stream %v: %d, %d bytes, blocked %v, end %v", c.guardrail, c.stream, resp.StatusCode, len(all), strings.Contains(all, blockedText), strings.Contains(all, "[DONE]"))
		if resp.StatusCode != c.status || strings.Contains(all, `"content":"`) != c.text || strings.Contains(all, "[DONE]") != c.done || strings.Contains(all, blockedText) != c.blocked {
			t.Errorf("%s, stream %v: %d %s", c.guardrail, c.stream, resp.StatusCode, all)
		}
	}
}
