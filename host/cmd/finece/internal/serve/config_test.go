package serve

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/models"
	"github.com/finece/finece/host/cmd/finece/internal/settings"
	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/wasm/calibration"
	"github.com/finece/finece/wasm/contract"
)

// Every setting of the file except secrets is a flag, and every flag that is a setting may be
// in the file.
func TestTheFileHasTheFlags(t *testing.T) {
	flags := New().Flags()
	for _, s := range contract.Served {
		if f := flags.Lookup(s.Flag()); (f == nil) != s.Secret {
			t.Errorf("%s: the flag is %v", s.Name, f)
		}
	}
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Annotations[settings.Annotation] == nil || f.Name == contract.ConfigFile.Flag() {
			return
		}
		if !slices.ContainsFunc(contract.Served, func(s *contract.Setting) bool { return s.Flag() == f.Name }) {
			t.Errorf("--%s is not in contract.Served", f.Name)
		}
	})
	for _, s := range slices.Concat(contract.Routed, contract.Files) {
		if !slices.Contains(contract.Served, s) {
			t.Errorf("%s is not in contract.Served", s.Name)
		}
	}
}

// file makes a file of settings in a folder, and returns its path.
func file(t *testing.T, folder, text string) string {
	t.Helper()
	path := filepath.Join(folder, "serve.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// replaying is an upstream that answers with the recorded stream.
func replaying(t *testing.T) *httptest.Server {
	t.Helper()
	recorded, err := os.ReadFile(demo)
	if err != nil {
		t.Fatal(err)
	}
	u := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { inPieces(w, string(recorded), 5000) }))
	t.Cleanup(u.Close)
	return u
}

// ask sends a chat request for a model and returns the answer's headers and its text.
func ask(t *testing.T, s serving, model string, header ...string) (http.Header, string) {
	t.Helper()
	_, text, got := call(t, "POST", s.url+"/v1/chat/completions", "", strings.Replace(chatRequest, `"demo"`, `"`+model+`"`, 1), header...)
	return got, text
}

func TestServeTakesItsSettingsFromAFile(t *testing.T) {
	u := replaying(t)
	folder := t.TempDir()
	path := file(t, folder, `
upstream: `+u.URL+`/v1
settle: `+hung.String()+`
carrier: comment
uncalibrated: allow
routes:
  - model: small
    policy: withhold
    withhold_below: 0.999
    failure: closed
  - model: large
    policy: stop
    stop_below: 0
    carrier: field
`)
	for _, c := range []struct {
		env, args []string
		carrier   string // where no route says it
	}{
		{nil, nil, "comment"},
		{[]string{"FINECE_CARRIER=field"}, nil, "field"},
		{[]string{"FINECE_CARRIER=field"}, []string{"--carrier", "comment"}, "comment"},
		{[]string{"FINECE_CONFIG=" + path}, []string{"--config", ""}, "comment"},
	} {
		s := serve(t, c.env, append([]string{"--config", path}, c.args...)...)
		for _, want := range []struct{ model, policy, carrier string }{{"other", "annotate", c.carrier}, {"small", "withhold", c.carrier}, {"large", "stop", "field"}} {
			header, text := ask(t, s, want.model)
			if header.Get("X-Finece-Policy") != want.policy || header.Get("X-Finece-Carrier") != want.carrier {
				t.Errorf("%v, %s: %v", c, want.model, header)
			}
			if ended := strings.Contains(text, `"action":"end"`); ended != (want.policy == "withhold") {
				t.Errorf("%v, %s: ended %v", c, want.model, ended)
			}
		}
		s.stop(syscall.SIGTERM).wants(t, exit.OK)
	}
}

// The file that the help shows, and the example beside the dashboard, work once the files
// that they name are there.
func TestTheExamplesWork(t *testing.T) {
	folder := t.TempDir()
	newKey(t, filepath.Join(folder, "keys.txt"))
	fitted := calibrate.Map{Method: calibrate.Temperature, Clip: 1e-6, Parameters: []float64{1}, N: 9, High: 1}
	maps := calibration.Append(nil, &calibrate.Calibration{Source: "test", Maps: [calibrate.Bands]calibrate.Map{fitted, fitted, fitted}}, nil)
	for _, name := range []string{"tls", "maps", "secrets"} {
		if err := os.Mkdir(filepath.Join(folder, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	certify(t, folder, time.Now().Add(100*24*time.Hour))
	for name, text := range map[string]string{
		"secrets/upstream-key": operatorsKey, "gpt-4o-mini.json": string(maps), "maps/gpt-4o-mini.json": string(maps), "maps/small.json": string(maps),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for from, to := range map[string]string{"cert.pem": "tls/fullchain.pem", "key.pem": "tls/privkey.pem"} {
		if err := os.Rename(filepath.Join(folder, from), filepath.Join(folder, to)); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(New().Long, exampleFile) {
		t.Error("the help does not show its file")
	}
	long, err := os.ReadFile("../../serve.yaml")
	if err != nil {
		t.Fatal(err)
	}
	url, done, err := models.Serve()
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	for text, says := range map[string]string{exampleFile: "4 settings given, 1 route", string(long): "13 settings given, 2 routes"} {
		text = strings.NewReplacer("/run/secrets/", "secrets/", "https://api.openai.com/v1", url, "model: small", "model: generator", "gpt-4o\n", "generator\n").Replace(text)
		checked(t, "an example", exit.OK, [][3]string{{"ok", "settings", says}, {"ok", "log-probabilities", "generator sends them"}}, nil, "--config", file(t, folder, text))
	}
}

// An error in a file of settings names its line, also when a later check finds it.
func TestServeSaysWhatIsWrongWithItsFile(t *testing.T) {
	for _, c := range []struct{ text, says string }{
		{"polcy: warn", `serve.yaml:1: "polcy" is not a setting; did you mean policy?`},
		{"upstream: http://127.0.0.1:1/v1\nroutes:\n  - model: a\n    policy: warn", "route 1: the policy warn acts on a threshold, so it needs probabilities: "},
		{"upstream: http://127.0.0.1:1/v1\nroutes:\n  - model: a\n    policy: warn", "serve.yaml:4)"},
		{"upstream: http://127.0.0.1:1/v1\nroutes:\n  - model: a\n    policy: withhold", "--policy withhold needs --failure"},
		{"upstream: http://127.0.0.1:1/v1\nroutes:\n  - policy: warn\n    uncalibrated: allow", "route 1: a route needs a path or a model"},
		{"upstream: http://127.0.0.1:1/v1\nroutes:\n  - model: a\n    calibration: none.json", "calibration is from "},
		{"strategy: paragrap", "(strategy is from "},
		{"keys: none.txt", "none.txt: no such file"},
		{"listen: 0.0.0.0:0\nno_auth: true", "needs a loopback address"},
		{"tls_cert: a.pem", "--tls-cert and --tls-key need each other"},
	} {
		r := finece(t, nil, "serve", "--config", file(t, t.TempDir(), c.text))
		if r.code == exit.OK || !strings.Contains(r.err, c.says) {
			t.Errorf("%s: exit code %d: %s", c.text, r.code, r.err)
		}
	}
	finece(t, nil, "serve", "--config", "none.yaml").wants(t, exit.IO, "--config: open none.yaml")
}

func TestServePrintsItsConfiguration(t *testing.T) {
	r := finece(t, []string{upstreamKey + "=" + operatorsKey, "FINECE_LOG=json"}, "serve", "--config", file(t, t.TempDir(), "upstream: https://me:pass@api.example.com/v1\n"), "--settle", "3s", "--print-config")
	r.wants(t, exit.OK)
	for _, line := range []string{"settle: 3s # --settle", "log: json # FINECE_LOG", "grace: 10s\n", "upstream: https://me:xxxxx@api.example.com/v1 # ", "# upstream_key: (hidden), from FINECE_UPSTREAM_KEY"} {
		if !strings.Contains(r.out, line) {
			t.Errorf("it does not print %q:\n%s", line, r.out)
		}
	}
	if strings.Contains(r.out, operatorsKey) || strings.Contains(r.out, "pass@") {
		t.Errorf("it prints a secret:\n%s", r.out)
	}
}
