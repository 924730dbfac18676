//go:build workerd && !js

// Package main_test runs the Worker that build.sh has built in workerd, before a
// real upstream, beside the handler that `finece serve` serves:
//
//	host/edge/build.sh && go test -tags workerd ./host/edge
package main_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/finece/finece/host/gateway"
	"github.com/finece/finece/host/model"
	"github.com/finece/finece/host/wazero"
	"github.com/finece/finece/wasm/session"
)

// hung is how long a test waits for anything before it takes that for a hang.
const hung = 2 * time.Minute

// worker starts the Worker with bindings and returns its address.
func worker(t *testing.T, bindings map[string]string, entry ...string) string {
	t.Helper()
	if _, err := os.Stat("build/app.wasm"); err != nil {
		t.Fatal("the Worker is not built: run host/edge/build.sh")
	}
	given, err := json.Marshal(bindings)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", append([]string{"test/serve.mjs", string(given)}, entry...)...)
	cmd.Stderr = t.Output()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close() // it ends then
		cmd.Wait()
	})
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if line := lines.Text(); strings.HasPrefix(line, "http://") {
			go io.Copy(t.Output(), stdout)
			return strings.TrimSuffix(line, "/")
		}
	}
	t.Fatal("the Worker has not started")
	return ""
}

// clientsKey is sent with every request; only a Worker with FINECE_KEYS looks at it.
const clientsKey = "finece-client-0123456789"

const request = `{"model":"demo","messages":[{"role":"user","content":"How many loaves?"}],"stream":true,"stream_options":{"include_usage":true}}`

func demo(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile("../../wasm/session/testdata/demo.sse")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func stream(w http.ResponseWriter, data []byte, size int) {
	w.Header().Set("Content-Type", "text/event-stream")
	for part := range slices.Chunk(data, size) {
		w.Write(part)
		w.(http.Flusher).Flush()
	}
}

func post(t *testing.T, ctx context.Context, url, body string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-FineCE-Key", clientsKey)
	r.Close = true // workerd resets a connection whose request it has refused unread
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

// news is what the gateway says in a chunk.
var (
	news  = regexp.MustCompile(`,"finece":\{.*\}(\}\n)`)
	extra = regexp.MustCompile(`data: \{"id".*"delta":\{\},"finish_reason":null\}\]\}\n\n`)
)

func withoutNews(stream []byte) []byte {
	return extra.ReplaceAll(news.ReplaceAll(stream, []byte("$1")), nil)
}

// TestTheWorkerAnswersAsTheServerDoes: the same bytes, the same headers.
func TestTheWorkerAnswersAsTheServerDoes(t *testing.T) {
	data := demo(t)
	mux := http.NewServeMux()
	mux.HandleFunc("/v1/chat/completions", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch text := string(body); {
		case strings.Contains(text, "<question>"):
			io.WriteString(w, `{"choices":[{"index":0,"message":{"role":"assistant","content":"0.75"},"finish_reason":"stop"}]}`)
		case strings.Contains(text, `"stream":true`):
			stream(w, data, 3000)
		case strings.Contains(text, "refuse"):
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprintf(w, `{"error":{"message":"not %s"}}`, r.Header.Get("Authorization"))
		default:
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `{"id":"1","object":"chat.completion","created":7,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"42"},"logprobs":{"content":[{"token":"42","logprob":-0.5,"top_logprobs":[]}]},"finish_reason":"stop"}]}`)
		}
	})
	mux.HandleFunc("/v1/", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %d bytes", r.Method, r.URL.RequestURI(), len(body))
	})
	upstream := httptest.NewServer(mux)
	defer upstream.Close()
	confidence, err := model.New(model.DefaultConfig(upstream.URL + "/v1"))
	if err != nil {
		t.Fatal(err)
	}
	engine, err := wazero.New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	keys, err := gateway.ParseKeys([]byte(gateway.KeyLine("test", clientsKey)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		bindings map[string]string
		set      func(*gateway.Config)
	}{
		{"annotate", map[string]string{}, func(*gateway.Config) {}},
		{"without an operator's key", map[string]string{}, func(c *gateway.Config) { c.Key = "" }},
		{"comments, entropy", map[string]string{"FINECE_CARRIER": "comment", "FINECE_SESSION": `{"strategy":"entropy","entropy_threshold":0.5}`}, func(c *gateway.Config) {
			c.Carrier = gateway.Comment
			c.Session, _ = session.ParseConfig([]byte(`{"strategy":"entropy","entropy_threshold":0.5}`))
		}},
		{"withhold", map[string]string{"FINECE_POLICY": "withhold", "FINECE_WITHHOLD_BELOW": "0.9", "FINECE_FAILURE": "closed", "FINECE_UNCALIBRATED": "allow"}, func(c *gateway.Config) {
			c.Policy, c.WithholdBelow, c.Failure = gateway.Withhold, 0.9, gateway.Closed
			c.Uncalibrated = gateway.Allow
		}},
		{"a confidence model", map[string]string{"FINECE_MODEL": upstream.URL + "/v1", "FINECE_POLICY": "withhold", "FINECE_WITHHOLD_BELOW": "0.7", "FINECE_FAILURE": "closed", "FINECE_UNCALIBRATED": "allow", "FINECE_SESSION": `{"depth":0}`}, func(c *gateway.Config) {
			c.Session.Estimator, c.Model, c.Session.Fusion.Depth = session.Model, confidence, 0
			c.Policy, c.WithholdBelow, c.Failure = gateway.Withhold, 0.7, gateway.Closed
			c.Uncalibrated = gateway.Allow
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := gateway.DefaultConfig()
			config.Upstream, config.Engine, config.Failure = upstream.URL+"/v1", engine, gateway.Open
			config.Key, config.Access = "sk-secret-1", gateway.Access{Clients: keys}
			c.set(&config)
			handler, err := gateway.New(config)
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(handler)
			defer server.Close()
			c.bindings["FINECE_UPSTREAM"], c.bindings["FINECE_KEYS"] = upstream.URL+"/v1", gateway.KeyLine("test", clientsKey)
			if config.Key != "" {
				c.bindings["FINECE_UPSTREAM_KEY"] = string(config.Key)
			}
			url := worker(t, c.bindings)
			for _, r := range []struct{ path, body string }{
				{"/v1/chat/completions", request},
				{"/v1/chat/completions", request},
				{"/v1/chat/completions", `{"model":"m"}`},
				{"/v1/chat/completions", `{"model":"refuse"}`},
				{"/v1/chat/completions", `[1]`},
				{"/v1/embeddings?a=%2F", strings.Repeat("x", 100_000)},
				{"/v2", ""},
			} {
				want := post(t, t.Context(), server.URL+r.path, r.body)
				wanted, err := io.ReadAll(want.Body)
				if err != nil {
					t.Fatal(err)
				}
				got := post(t, t.Context(), url+r.path, r.body)
				body, err := io.ReadAll(got.Body)
				if err != nil {
					t.Fatal(err)
				}
				if c.bindings["FINECE_MODEL"] != "" {
					// Which confidence comes when is up to the replies.
					body, wanted = withoutNews(body), withoutNews(wanted)
				}
				if string(body) != string(wanted) || got.StatusCode != want.StatusCode {
					t.Errorf("%s %.60s: HTTP %d, want %d; %s", r.path, r.body, got.StatusCode, want.StatusCode, difference(string(body), string(wanted)))
				}
				for name := range want.Header {
					if strings.HasPrefix(name, "X-Finece") && got.Header.Get(name) != want.Header.Get(name) {
						t.Errorf("%s: %s %q, want %q", r.path, name, got.Header.Get(name), want.Header.Get(name))
					}
				}
				if strings.Contains(string(body)+fmt.Sprint(got.Header), "sk-secret-1") {
					t.Error("the key is in a response")
				}
			}
		})
	}
}

func difference(got, want string) string {
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	around := func(s string) string { return s[max(0, i-80):min(len(s), i+300)] }
	return fmt.Sprintf("at byte %d\n got ...%q\nwant ...%q", i, around(got), around(want))
}

// chats asks a Worker for the completion.
func chats(t *testing.T, url string) string {
	t.Helper()
	body, err := io.ReadAll(post(t, t.Context(), url+"/v1/chat/completions", request).Body)
	if err != nil {
		t.Error(err)
	}
	return string(body)
}

// TestEventsPassThroughTheWorkerOneByOne, and a client that leaves cancels the
// upstream.
func TestEventsPassThroughTheWorkerOneByOne(t *testing.T) {
	data := demo(t)
	more, gone := make(chan struct{}), make(chan struct{})
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		stream(w, data[:20_000], 20_000)
		<-more
		stream(w, data[20_000:40_000], 20_000)
		select {
		case <-r.Context().Done():
			close(gone)
		case <-time.After(hung):
		}
	}))
	defer upstream.Close()
	url := worker(t, map[string]string{"FINECE_UPSTREAM": upstream.URL + "/v1"})
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	resp := post(t, ctx, url+"/v1/chat/completions", request)
	lines := bufio.NewReader(resp.Body)
	for range 3 {
		if _, err := lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	close(more) // not before the first events were here
	for text := ""; !strings.Contains(text, `"finece"`); {
		var err error
		if text, err = lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	leave()
	select {
	case <-gone:
	case <-time.After(hung):
		t.Errorf("hung: after %v, the upstream has not been told that the client has left", hung)
	}
}

// TestAStreamThatBreaksOffIsNotFinished: its reader fails. (workerd on its own ends the connection well
// all the same, so what can be seen is that there is no [DONE].)
func TestAStreamThatBreaksOffIsNotFinished(t *testing.T) {
	data, arrived := demo(t), make(chan struct{})
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		stream(w, data[:20_000], 20_000)
		select {
		case <-arrived: // closing the connection earlier could lose what was sent
		case <-r.Context().Done():
		}
		panic(http.ErrAbortHandler)
	}))
	defer upstream.Close()
	for _, failure := range []string{"open", "closed"} {
		ctx, cancel := context.WithTimeoutCause(t.Context(), hung, errors.New("hung: the answer neither came nor ended"))
		resp := post(t, ctx, worker(t, map[string]string{"FINECE_UPSTREAM": upstream.URL + "/v1", "FINECE_FAILURE": failure})+"/v1/chat/completions", request)
		text := ""
		for buf := make([]byte, 4096); !strings.Contains(text, "baker"); {
			n, err := resp.Body.Read(buf)
			if text += string(buf[:n]); err != nil {
				t.Fatalf("%s: %v (%v) after %q", failure, err, context.Cause(ctx), text)
			}
		}
		select {
		case arrived <- struct{}{}:
		case <-ctx.Done():
			t.Fatal(context.Cause(ctx))
		}
		rest, err := io.ReadAll(resp.Body)
		if text += string(rest); err == nil && (strings.Contains(text, "[DONE]") || strings.Contains(text, `"finish_reason":"`)) {
			t.Errorf("%s: %s", failure, text)
		}
		cancel()
	}
}

// TestAClientThatExpectsContinue is answered, on a scored route and on one that passes, as a
// server does.
func TestAClientThatExpectsContinue(t *testing.T) {
	data := demo(t)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/v1/chat/completions" {
			stream(w, data, 10_000)
			return
		}
		w.Write(body)
	}))
	defer upstream.Close()
	url := worker(t, map[string]string{"FINECE_UPSTREAM": upstream.URL + "/v1"})
	for path, want := range map[string]string{"/v1/chat/completions": "data: [DONE]\n\n", "/v1/embeddings": request} {
		ctx, cancel := context.WithTimeoutCause(t.Context(), hung, errors.New("hung: no answer"))
		r, _ := http.NewRequestWithContext(ctx, http.MethodPost, url+path, strings.NewReader(request))
		r.Header.Set("Expect", "100-continue")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatalf("%s: %v (%v)", path, err, context.Cause(ctx))
		}
		if body, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != 200 || !strings.HasSuffix(string(body), want) {
			t.Errorf("%s: HTTP %d %v %.300s", path, resp.StatusCode, err, body)
		}
		resp.Body.Close()
		cancel()
	}
}

// TestAWorkerKeepsTheOperatorsKey: without client keys it answers nobody and says
// what to set; with them it answers their holders, for scored routes alone.
func TestAWorkerKeepsTheOperatorsKey(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen = append(seen, fmt.Sprint(r.URL.Path, r.Header))
		mu.Unlock()
		io.WriteString(w, `{"choices":[]}`)
	}))
	defer upstream.Close()
	bindings := map[string]string{"FINECE_UPSTREAM": upstream.URL + "/v1", "FINECE_UPSTREAM_KEY": "sk-secret-1", "FINECE_ORIGINS": "https://chat.example"}
	send := func(url, method string, header ...string) (int, string) {
		r, err := http.NewRequest(method, url, strings.NewReader(request))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, resp.Header.Get("Access-Control-Allow-Origin") + string(body)
	}
	if status, body := send(worker(t, bindings)+"/v1/chat/completions", "POST"); status != 500 || !strings.Contains(body, "wrangler secret put FINECE_KEYS") {
		t.Errorf("without client keys: HTTP %d %s", status, body)
	}
	bindings["FINECE_KEYS"] = gateway.KeyLine("test", clientsKey)
	url := worker(t, bindings)
	for _, c := range []struct {
		path, method string
		header       []string
		status       int
	}{
		{"/v1/chat/completions", "POST", nil, 401},
		{"/v1/chat/completions", "POST", []string{"Authorization", "Bearer wrong"}, 401},
		{"/v1/files", "POST", []string{"Authorization", "Bearer " + clientsKey}, 403},
		{"/v1/chat/completions", "POST", []string{"Authorization", "Bearer " + clientsKey, "Origin", "https://evil.example"}, 403},
		{"/v1/chat/completions", "OPTIONS", []string{"Access-Control-Request-Method", "POST", "Origin", "https://chat.example"}, 204},
	} {
		if status, body := send(url+c.path, c.method, c.header...); status != c.status || c.status == 204 && body != "https://chat.example" {
			t.Errorf("%s %s %q: HTTP %d %s", c.method, c.path, c.header, status, body)
		}
	}
	if len(seen) > 0 {
		t.Errorf("the upstream got %v", seen)
	}
	if status, body := send(url+"/v1/chat/completions", "POST", "Authorization", "Bearer "+clientsKey, "Origin", "https://chat.example"); status != 200 || len(seen) != 1 || !strings.Contains(seen[0], "sk-secret-1") || strings.Contains(seen[0], clientsKey) {
		t.Errorf("with a key: HTTP %d %s; the upstream got %v", status, body, seen)
	}
}

// TestAWorkerThatIsNotConfiguredSaysSo, without saying what is wrong with it.
func TestAWorkerThatIsNotConfiguredSaysSo(t *testing.T) {
	for _, bindings := range []map[string]string{
		{"FINECE_UPSTREAM": "sk-mistake"},
		{"FINECE_UPSTREAM": "http://mistake/v1", "FINECE_POLICY": "withhold", "FINECE_FAILURE": "closed", "FINECE_WITHHOLD_BELOW": "2"},
		{"FINECE_UPSTREAM": "http://mistake/v1", "FINECE_POLICY": "withhold", "FINECE_FAILURE": "closed", "FINECE_THRESHOLD": "0.8"},
	} {
		resp := post(t, t.Context(), worker(t, bindings)+"/v1/chat/completions", request)
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != 500 || !strings.Contains(string(body), "not configured") || strings.Contains(string(body), "mistake") {
			t.Errorf("%v: HTTP %d %s", bindings, resp.StatusCode, body)
		}
	}
}

// TestAWorkerRefusesASourceThatIsNotCalibrated with the sentence of the server.
func TestAWorkerRefusesASourceThatIsNotCalibrated(t *testing.T) {
	bindings := map[string]string{"FINECE_UPSTREAM": "http://127.0.0.1:1/v1", "FINECE_POLICY": "withhold", "FINECE_FAILURE": "closed"}
	resp := post(t, t.Context(), worker(t, bindings)+"/v1/chat/completions", request)
	body, _ := io.ReadAll(resp.Body)
	want := (&gateway.UncalibratedError{Policy: gateway.Withhold, Why: "the statistic perplexity is not calibrated, and there is no calibration map"}).Error()
	if resp.StatusCode != 500 || !strings.Contains(string(body), want) {
		t.Errorf("HTTP %d %s, want %s", resp.StatusCode, body, want)
	}
}

// TestAWorkerHasRoutes, by path and model.
func TestAWorkerHasRoutes(t *testing.T) {
	data := demo(t)
	u := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { stream(w, data, 5000) }))
	defer u.Close()
	at := worker(t, map[string]string{
		"FINECE_UPSTREAM": u.URL + "/v1", "FINECE_UNCALIBRATED": "allow", "FINECE_SETTLE": "1m",
		"FINECE_ROUTES": `[{"model":"small-*","policy":"withhold","withhold_below":0.999,"failure":"closed"},{"path":"/v1/chat/completions","model":"large","carrier":"comment"}]`,
	})
	for model, want := range map[string][3]string{"demo": {"annotate", "field", "open"}, "small-1": {"withhold", "field", "closed"}, "large": {"annotate", "comment", "open"}} {
		resp := post(t, t.Context(), at+"/v1/chat/completions", strings.Replace(request, `"demo"`, `"`+model+`"`, 1))
		body, err := io.ReadAll(resp.Body)
		got := [3]string{resp.Header.Get("X-FineCE-Policy"), resp.Header.Get("X-FineCE-Carrier"), resp.Header.Get("X-FineCE-Failure")}
		if ended := strings.Contains(string(body), `"action":"end"`); err != nil || got != want || ended != (model == "small-1") {
			t.Errorf("%s: %v, ended %v, %v; want %v", model, got, ended, err, want)
		}
	}
	resp := post(t, t.Context(), worker(t, map[string]string{"FINECE_UPSTREAM": u.URL + "/v1", "FINECE_ROUTES": `[{"model":"a","policy":"warn"}]`})+"/v1/chat/completions", request)
	if body, _ := io.ReadAll(resp.Body); resp.StatusCode != 500 || !strings.Contains(string(body), "the policy warn acts on a threshold") {
		t.Errorf("a route without a calibrated source: HTTP %d %s", resp.StatusCode, body)
	}
}
