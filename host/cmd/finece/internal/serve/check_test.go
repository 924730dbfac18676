package serve

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/models"
)

// checked runs the check and compares its exit code and some of its lines: the outcome, the
// check, and a part of the text.
func checked(t *testing.T, name string, code int, lines [][3]string, env []string, args ...string) {
	t.Helper()
	r := finece(t, env, append([]string{"serve", "--check"}, args...)...)
	if r.code != code {
		t.Errorf("%s: exit code %d, want %d:\n%s%s", name, r.code, code, r.out, r.err)
	}
	for _, want := range lines {
		found := false
		for line := range strings.Lines(r.out) {
			outcome, rest, _ := strings.Cut(line, " ")
			rest = strings.TrimSpace(rest)
			found = found || outcome == want[0] && strings.HasPrefix(rest, want[1]+"  ") && strings.Contains(rest, want[2])
		}
		if !found {
			t.Errorf("%s: no line %q:\n%s", name, want, r.out)
		}
	}
	if strings.Contains(r.out+r.err, operatorsKey) {
		t.Errorf("%s: a key is printed:\n%s%s", name, r.out, r.err)
	}
}

func TestCheckWithRealModels(t *testing.T) {
	url, done, err := models.Serve()
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	checked(t, "all is well", exit.OK, [][3]string{
		{"ok", "settings", "2 settings given"}, {"ok", "core", "wazero"}, {"ok", "upstream", "4 models"}, {"ok", "log-probabilities", "generator sends them"},
		{"ok", "continuation", "generator continues a message (continue-final)"}, {"ok", "confidence model", "it answers a question"},
	}, nil, "--upstream", url, "--model", url)
	checked(t, "the built-in model", exit.OK, [][3]string{{"ok", "upstream", "none"}, {"ok", "confidence model", "it answers"}}, nil)
	checked(t, "a model that is not there", exit.Unavailable, [][3]string{{"fail", "answer", "does not exist"}}, nil, "--upstream", url, "--check-model", "none")

	// A server in front of the real one refuses to send log-probabilities and to continue a
	// message.
	bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if text := string(body); strings.Contains(text, "logprobs") || strings.Contains(text, `"assistant"`) || strings.HasSuffix(r.URL.Path, "/v1/completions") {
			http.Error(w, `{"error":{"message":"unknown parameter"}}`, http.StatusBadRequest)
			return
		}
		out, err := http.NewRequest(r.Method, strings.TrimSuffix(url, "/v1")+r.URL.Path, strings.NewReader(string(body)))
		if err != nil {
			t.Error(err)
			return
		}
		resp, err := http.DefaultClient.Do(out)
		if err != nil {
			t.Error(err)
			return
		}
		defer resp.Body.Close()
		w.WriteHeader(resp.StatusCode)
		io.Copy(w, resp.Body)
	}))
	defer bare.Close()
	checked(t, "no log-probabilities", exit.Unavailable, [][3]string{
		{"fail", "log-probabilities", "generator sends none, so its answers get no confidence; name a confidence model with --estimator URL"},
		{"warn", "continuation", "does not seem to continue"},
	}, nil, "--upstream", bare.URL+"/v1")
	checked(t, "none are needed", exit.OK, [][3]string{{"ok", "log-probabilities", "none are needed"}}, nil, "--upstream", bare.URL+"/v1", "--model", url)
}

func TestCheckOfServersThatDoNotWork(t *testing.T) {
	status := func(code int) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"error":{"message":"no `+operatorsKey+`"}}`, code)
		}))
		t.Cleanup(s.Close)
		return s.URL + "/v1"
	}
	key := []string{upstreamKey + "=" + operatorsKey}
	checked(t, "a dead upstream", exit.Unavailable, [][3]string{{"ok", "settings", ""}, {"fail", "upstream", "connection refused"}}, nil, "--upstream", "http://127.0.0.1:1/v1")
	checked(t, "a key that is wrong", exit.Unavailable, [][3]string{{"fail", "upstream", "401"}}, key, "--no-auth", "--upstream", status(401))
	checked(t, "clients with keys of their own", exit.OK, [][3]string{{"warn", "upstream", "clients send"}}, nil, "--upstream", status(401))
	checked(t, "no list of models", exit.OK, [][3]string{{"warn", "upstream", "--check-model"}}, key, "--no-auth", "--upstream", status(404))
	checked(t, "a confidence model that fails", exit.Unavailable, [][3]string{{"fail", "confidence model", "check estimator, model and adapter"}},
		[]string{"FINECE_MODEL_KEY=" + operatorsKey}, "--upstream", status(404), "--model", "m", "--estimator", status(404))
	checked(t, "a wrong setting", exit.Usage, [][3]string{{"fail", "settings", "policy warn acts on a threshold"}}, nil, "--upstream", status(404), "--policy", "warn")
	finece(t, nil, "serve", "--check-model", "m").wants(t, exit.Usage, "--check-model needs --check")
}

func TestCheckOfFiles(t *testing.T) {
	folder := t.TempDir()
	path := file(t, folder, "tls_cert: cert.pem\ntls_key: key.pem\nmodel_key: "+operatorsKey+"\nroutes:\n  - {model: a, policy: annotate}\n")
	checked(t, "no certificate", exit.IO, [][3]string{{"fail", "settings", "cert.pem: no such file"}}, nil, "--config", path)
	certify(t, folder, time.Now().Add(-time.Minute))
	checked(t, "an old certificate", exit.Unavailable, [][3]string{{"fail", "certificate", "expired on"}}, nil, "--config", path)
	certify(t, folder, time.Now().Add(48*time.Hour))
	checked(t, "a certificate that expires", exit.OK, [][3]string{{"warn", "certificate", "expires on"}, {"ok", "settings", "3 settings given, 1 route"}}, nil, "--config", path)
	certify(t, folder, time.Now().Add(100*24*time.Hour))
	if err := os.Chmod(filepath.Join(folder, "serve.yaml"), 0o644); err != nil {
		t.Fatal(err)
	}
	checked(t, "a file that all can read", exit.OK, [][3]string{{"ok", "certificate", "is valid until"}, {"warn", "settings", "chmod 600"}, {"warn", "settings", "FINECE_POLCY is not a setting; did you mean FINECE_POLICY?"}},
		[]string{"FINECE_POLCY=warn"}, "--config", path)
}
