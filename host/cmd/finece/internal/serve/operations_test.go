package serve

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
)

// What must be in no log, metric or trace.
const (
	secretQuestion = "Which quagga ate the loaves?"
	secretAnswer   = "The zebrafinch did."
	secretKey      = "sk-operators-secret"
	secretPath     = "file-wombat"
)

// planted is an upstream whose answer is a secret, and a confidence model that repeats
// what it was asked in its error.
func planted(t *testing.T) (upstream, confidence *httptest.Server) {
	t.Helper()
	upstream = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inPieces(w, `data: {"id":"chatcmpl-7","object":"chat.completion.chunk","created":1,"model":"demo-1","choices":[{"index":0,"delta":{"content":"`+secretAnswer+`"},"logprobs":{"content":[{"token":"`+secretAnswer+`","logprob":-0.1,"top_logprobs":[]}]},"finish_reason":null}]}

data: {"id":"chatcmpl-7","object":"chat.completion.chunk","created":1,"model":"demo-1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

data: [DONE]

`, 100)
	}))
	confidence = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusBadRequest)
		json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{"message": "cannot read " + string(body)}})
	}))
	t.Cleanup(func() {
		upstream.CloseClientConnections()
		upstream.Close()
		confidence.Close()
	})
	return upstream, confidence
}

// asks sends a question, a request for a file and one with a wrong key.
func asks(t *testing.T, url, key string) {
	t.Helper()
	question := strings.Replace(chatRequest, "How many loaves?", secretQuestion, 1)
	for _, c := range []struct{ path, key string }{
		{"/v1/chat/completions", key}, {"/v1/files/" + secretPath + "?key=" + secretKey, key}, {"/v1/chat/completions", key + "-not"},
	} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", url+c.path, strings.NewReader(question))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+c.key)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if c.path == "/v1/chat/completions" && c.key == key && !strings.Contains(string(body), secretAnswer) {
			t.Fatalf("%s", body)
		}
	}
}

// hides fails if a secret is in what an operator can read.
func hides(t *testing.T, where, text, key string) {
	t.Helper()
	for _, secret := range []string{key, secretKey, secretQuestion, "quagga", secretAnswer, "zebrafinch", secretPath} {
		if strings.Contains(text, secret) {
			t.Errorf("%s has the secret %q in it:\n%s", where, secret, text)
		}
	}
}

// TestEachAnswerIsOneLineOfTheLog, in each format, without anything that is secret.
func TestEachAnswerIsOneLineOfTheLog(t *testing.T) {
	upstream, confidence := planted(t)
	path := filepath.Join(t.TempDir(), "keys.txt")
	key := newKey(t, path, "--name", "laptop")
	env := []string{upstreamKey + "=" + secretKey}
	for _, estimator := range []string{"logprob", confidence.URL + "/v1"} {
		for _, format := range []string{"json", "text", "off"} {
			s := serve(t, env, "--log", format, "--estimator", estimator, "--keys", path, "--upstream", upstream.URL+"/v1", "--settle", hung.String())
			asks(t, s.url, key)
			r := s.stop(syscall.SIGTERM)
			hides(t, "the log", r.err, key)
			var answers []string
			for line := range strings.Lines(r.err) {
				if strings.Contains(line, `"msg":"answer"`) || strings.Contains(line, "msg=answer") {
					answers = append(answers, line)
				}
			}
			switch format {
			case "off":
				if len(answers) > 0 {
					t.Errorf("off: %q", answers)
				}
				continue
			case "text":
				if len(answers) != 3 || !strings.Contains(answers[0], " client=laptop id=chatcmpl-7 model=demo generator=demo-1 ") {
					t.Errorf("text: %q", answers)
				}
				continue
			}
			if len(answers) != 3 {
				t.Fatalf("%d lines: %q", len(answers), answers)
			}
			var got [3]map[string]any
			for i, line := range answers {
				if err := json.Unmarshal([]byte(line), &got[i]); err != nil {
					t.Fatalf("%v: %s", err, line)
				}
			}
			for i, want := range []map[string]any{
				{"status": 200.0, "route": "/v1/chat/completions", "client": "laptop", "id": "chatcmpl-7", "model": "demo", "generator": "demo-1", "policy": "annotate", "fate": "complete"},
				{"status": 403.0, "route": "other", "client": "laptop", "checked": "unchecked", "reason": "surface", "error": "finece-surface"},
				{"status": 401.0, "error": "finece-key", "client": nil},
			} {
				for name, value := range want {
					if got[i][name] != value {
						t.Errorf("line %d: %s is %v, want %v: %s", i, name, got[i][name], value, answers[i])
					}
				}
			}
			for _, name := range []string{"upstream_ms", "header_ms", "end_wait_ms", "held_ms", "total_ms"} {
				if v, ok := got[0][name].(float64); !ok || v < 0 {
					t.Errorf("%s: %v", name, got[0][name])
				}
			}
			if c, ok := got[0]["confidence"].(float64); ok != (estimator == "logprob") || c < 0 || c > 1 || ok && got[0]["calibrated"] != false {
				t.Errorf("%s: %s", estimator, answers[0])
			}
			if estimator != "logprob" && (got[0]["checked"] != "unavailable" || got[0]["model_errors"] == nil) {
				t.Errorf("%s", answers[0])
			}
		}
	}
	finece(t, nil, "serve", "--log", "xml").wants(t, exit.Usage, "want text, json, off")
}

// TestMetrics: they count what was done, and nobody reads them but at their own address.
func TestMetrics(t *testing.T) {
	upstream, confidence := planted(t)
	path := filepath.Join(t.TempDir(), "keys.txt")
	key := newKey(t, path, "--name", "laptop")
	for estimator, want := range map[string][]string{
		"logprob": {
			`finece_confidence_count{calibrated="false",estimator="logprob"} 1`,
			`finece_answers_total{checked="checked",fate="complete",policy="annotate",route="/v1/chat/completions"} 1`,
			`finece_added_seconds_count{part="header",policy="annotate"} 1`, `finece_added_seconds_count{part="end",policy="annotate"} 1`,
			`finece_events_total{route="/v1/chat/completions"} 3`, `finece_model_calls_total 0`,
		},
		confidence.URL + "/v1": {
			`finece_answers_total{checked="unavailable",fate="complete",policy="annotate",route="/v1/chat/completions"} 1`,
			`finece_unchecked_total{checked="unavailable",reason="endpoint-error",route="/v1/chat/completions"} 1`,
			`finece_breaker{state="closed"} 1`, `finece_breaker{state="open"} 0`,
		},
	} {
		s := serve(t, []string{upstreamKey + "=" + secretKey}, "--metrics-listen", "127.0.0.1:0", "--estimator", estimator, "--keys", path, "--upstream", upstream.URL+"/v1", "--settle", hung.String())
		asks(t, s.url, key)
		want = append(want,
			`finece_requests_total{client="laptop",error="",route="/v1/chat/completions",status="200"} 1`,
			`finece_requests_total{client="",error="finece-key",route="/v1/chat/completions",status="401"} 1`,
			`finece_requests_total{client="laptop",error="finece-surface",route="other",status="403"} 1`,
			`finece_unchecked_total{checked="unchecked",reason="surface",route="other"} 1`,
		)
		_, text := get(t, s.ops+"/metrics")
		for _, line := range want {
			if !strings.Contains(text, "\n"+line+"\n") {
				t.Errorf("%s: there is no %s", estimator, line)
			}
		}
		if errors := strings.Contains(text, "\nfinece_model_errors_total 0\n"); errors != (estimator == "logprob") {
			t.Errorf("%s: the model had errors: %v", estimator, !errors)
		}
		hides(t, "/metrics", text, key)
		for _, foreign := range [][]string{{"Origin", "https://evil.example"}, {"Host", "evil.example"}, {"Sec-Fetch-Site", "cross-site"}} {
			if status, body := send(t, http.DefaultClient, "GET", s.ops+"/metrics", foreign...); status != 403 || strings.Contains(body, "finece_requests") {
				t.Errorf("%q: HTTP %d", foreign, status)
			}
		}
		if resp, body := get(t, s.url+"/metrics"); resp.StatusCode != 404 || strings.Contains(body, "finece_requests") {
			t.Errorf("clients read the metrics: HTTP %d", resp.StatusCode)
		}
		s.stop(syscall.SIGTERM)
	}
	finece(t, nil, "serve", "--metrics-listen", "127.0.0.1:none", "--upstream", upstream.URL).wants(t, exit.IO, "--metrics-listen")
}

// TestReadiness of a server whose upstream or confidence model is gone, without a key.
func TestReadiness(t *testing.T) {
	upstream, confidence := planted(t)
	gone := "http://127.0.0.1:1/v1/" + secretPath
	path := filepath.Join(t.TempDir(), "keys.txt")
	key := newKey(t, path)
	for _, c := range []struct {
		upstream, model string
		status          int
		want            string
	}{
		{upstream.URL, "logprob", 200, `{"status":"ready","core":"ok","upstream":"ok"}`},
		{upstream.URL, confidence.URL, 200, `{"status":"ready","core":"ok","upstream":"ok","model":"ok"}`},
		{upstream.URL, gone, 503, `{"status":"not-ready","core":"ok","upstream":"ok","model":"failed"}`},
		{gone, "logprob", 503, `{"status":"not-ready","core":"ok","upstream":"failed"}`},
	} {
		s := serve(t, []string{upstreamKey + "=" + secretKey}, "--metrics-listen", "127.0.0.1:0", "--keys", path, "--upstream", c.upstream, "--estimator", c.model)
		for _, url := range []string{s.url, s.ops} {
			resp, body := get(t, url+"/readyz")
			if resp.StatusCode != c.status || strings.TrimSpace(body) != c.want {
				t.Errorf("%v: HTTP %d %s", c, resp.StatusCode, body)
			}
			hides(t, "/readyz", body, key)
		}
		s.stop(syscall.SIGTERM)
	}
}

// TestAStreamUnderWayEndsAfterTheServerWasStopped, and no new one begins.
func TestAStreamUnderWayEndsAfterTheServerWasStopped(t *testing.T) {
	recorded, err := os.ReadFile(demo)
	if err != nil {
		t.Fatal(err)
	}
	goesOn := make(chan struct{})
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inPieces(w, string(recorded[:20_000]), 5000)
		<-goesOn
		io.WriteString(w, string(recorded[20_000:]))
	}))
	defer upstream.Close()
	s := serve(t, nil, "--metrics-listen", "127.0.0.1:0", "--grace", hung.String(), "--upstream", upstream.URL+"/v1")
	resp, err := http.Post(s.url+"/v1/chat/completions", "application/json", strings.NewReader(chatRequest))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	s.kill(syscall.SIGTERM)
	for limit := time.Now().Add(hung); ; time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("hung: the server does not drain")
		}
		c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			break
		}
		c.Close()
	}
	if ready, body := get(t, s.ops+"/readyz"); ready.StatusCode != 503 || !strings.Contains(body, `"draining"`) {
		t.Errorf("HTTP %d %s", ready.StatusCode, body)
	}
	close(goesOn)
	body, err := io.ReadAll(resp.Body)
	if err != nil || !strings.HasSuffix(string(body), "data: [DONE]\n\n") {
		t.Errorf("the stream was cut: %v %s", err, body[max(0, len(body)-200):])
	}
	s.wait().wants(t, exit.OK)
}
