package serve

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

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
