package config

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/finece/finece/wasm/contract"
)

const (
	example = "../../../serve.yaml"
	schema  = "../../../../../../wasm/contract/schema/serve.json"
)

func nothing(string) string { return "" }

// write makes a file of settings.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "serve.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// valid checks a text against the schema.
func valid(t *testing.T, text []byte) error {
	t.Helper()
	compiled, err := jsonschema.NewCompiler().Compile(schema)
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := yaml.NewDecoder(bytes.NewReader(text)).Decode(&value); err != nil {
		t.Fatal(err)
	}
	return compiled.Validate(value)
}

func TestAFlagPrecedesTheEnvironmentAndThatTheFile(t *testing.T) {
	path := write(t, "policy: warn\nsettle: 1s\nlog: json\nkeys: [{name: ci, hash: "+"sha256:"+strings.Repeat("0", 64)+"}]\n")
	typed := []*Value{{Setting: contract.Policy, Texts: []string{"stop"}, From: Flag}}
	c, err := Load(path, typed, func(name string) string {
		return map[string]string{"FINECE_POLICY": "vote", "FINECE_SETTLE": "2s", "FINECE_ALLOW_HOST": "a,b", "FINECE_LOG": "", "FINECE_UPSTREAM_KEY": "sk-1", "FINECE_KEYS": "keys.txt"}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	for s, want := range map[*contract.Setting][2]string{
		contract.Policy: {"stop", "--policy"}, contract.Settle: {"2s", "FINECE_SETTLE"}, contract.AllowHost: {"a,b", "FINECE_ALLOW_HOST"},
		contract.Log: {"json", path + ":3"}, contract.UpstreamKey: {"sk-1", "FINECE_UPSTREAM_KEY"}, contract.ClientKeys: {"keys.txt", "FINECE_KEYS"},
	} {
		if v := c.Values[s]; v == nil || v.Text() != want[0] || c.Where(v) != want[1] {
			t.Errorf("%s is %+v, want %q", s.Name, v, want)
		}
	}
	if c.Values[contract.Carrier] != nil || len(c.Clients) != 0 {
		t.Errorf("%+v, %+v", c.Values[contract.Carrier], c.Clients)
	}
}

// An error names the file, the line, the key, what is allowed, and for an unknown name the most
// similar one.
func TestErrorsOfAFile(t *testing.T) {
	const key = "finece-a-real-key-0123456789"
	for _, c := range []struct{ text, want string }{
		{"upstrem: x", `serve.yaml:1: "upstrem" is not a setting; did you mean upstream?`},
		{"\nwarn-below: 0.5", `serve.yaml:2: "warn-below" is not a setting; did you mean warn_below?`},
		{"withholdBelow: 0.5", `did you mean withhold_below?`},
		{"threshold: 0.5", `serve.yaml:1: "threshold" is not a setting; "finece serve --help" lists them as flags`},
		{"policy: withold", `serve.yaml:1: policy: "withold" is not allowed: want annotate, warn, withhold, stop, escalate, best-of, vote; did you mean withhold?`},
		{"log: off\nwarn_below: 1.5", `serve.yaml:2: warn_below: "1.5" is not allowed: want a number, 0 to 1`},
		{"settle: 5", `settle: "5" is not allowed: want a time such as 1m30s, at least 0s, with its unit`},
		{"max_streams: 0", `max_streams: "0" is not allowed: want a whole number, at least 1`},
		{"answers: 2.5", `answers: "2.5" is not allowed: want a whole number, 1 to 16`},
		{"h2c: yes", `h2c: "yes" is not allowed: want true or false`},
		{"policy:", "serve.yaml:1: policy has no value"},
		{"policy: [warn]", "policy: want one value"},
		{"policy: warn\npolicy: warn", "serve.yaml:2: policy is set in line 1 already"},
		{"- policy", "serve.yaml:1: want settings, such as policy: annotate"},
		{"a: b\n c: d", "serve.yaml:2: this is not YAML"},
		{"log: off\n---\nlog: off", "serve.yaml:2: a second document; want one"},
		{"routes: {policy: warn}", "serve.yaml:1: routes: want a list, each of its elements beginning with -"},
		{"routes:\n  - modle: a", `serve.yaml:2: routes[1]: "modle" is not a setting; did you mean model?`},
		{"routes:\n  - model: a\n    listen: ':80'", "serve.yaml:3: routes[1]: listen applies to all routes; set it outside of routes"},
		{"routes:\n  - model: a\n    warn_below: -1", "serve.yaml:3: warn_below"},
		{"keys: [{name: ci, hash: " + key + "}]", "serve.yaml:1: keys[1]: want a name and a hash: sha256: with 64 hexadecimal digits"},
		{"keys: [{name: a b, hash: " + key + "}]", "keys[1]: name is missing, or has spaces in it"},
		{"keys: [{name: ci, rate: 0}]", `rate: "0" is not allowed: want a whole number, at least 1`},
		{"keys: [{name: ci, rates: 1}]", "did you mean rate?"},
	} {
		_, err := Load(write(t, c.text), nil, nothing)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.text, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), key) {
			t.Errorf("%q: the error quotes a key: %v", c.text, err)
		}
	}
	twice := "{name: ci, hash: sha256:" + strings.Repeat("0", 64) + "}"
	if _, err := Load(write(t, "keys:\n- "+twice+"\n- "+twice), nil, nothing); err == nil || !strings.Contains(err.Error(), "serve.yaml:2 has a client of this name already") {
		t.Error(err)
	}
	_, err := Load(write(t, "polcy: warn\nsettle: x\n"), nil, func(name string) string { return map[string]string{"FINECE_POLICY": "hope"}[name] })
	if err == nil || strings.Count(err.Error(), "\n") != 2 || !strings.Contains(err.Error(), `FINECE_POLICY: "hope" is not allowed`) {
		t.Errorf("three things are wrong: %v", err)
	}
}

// The schema is about the same settings as the reader, and refuses what the reader refuses.
func TestTheSchemaAgrees(t *testing.T) {
	for text, want := range map[string]bool{
		"policy: warn": true, "polcy: warn": false, "policy: hope": false, "warn_below: 2": false, "settle: 5": false, "h2c: 'yes'": false,
		"keys: keys.txt": true, "keys: [{name: ci}]": false, "routes: [{policy: warn}]": false, "routes: [{model: a, listen: ':80'}]": false,
		"routes: [{model: a, policy: warn}]": true, "log: off": true, "allow_host: [a]": true, "model: m": true, "adapter: chat": true,
		"keys: [{name: ci, hash: 'sha256:" + strings.Repeat("0", 64) + "', rate: 1}]": true,
	} {
		_, err := Load(write(t, text), nil, nothing)
		// The reader accepts a route without a pattern; the gateway refuses it later.
		if err == nil != want && text != "routes: [{policy: warn}]" {
			t.Errorf("the reader: %s: %v", text, err)
		}
		if err := valid(t, []byte(text)); err == nil != want {
			t.Errorf("the schema: %s: %v", text, err)
		}
	}
}

// The configuration is printed as a file that the schema accepts and that means the same.
func TestAPrintedConfigurationMeansTheSame(t *testing.T) {
	text, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	if err := valid(t, text); err != nil {
		t.Errorf("the example: %v", err)
	}
	absolute, err := filepath.Abs(example)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Load(absolute, nil, func(name string) string { return map[string]string{"FINECE_MODEL_KEY": "sk-secret"}[name] })
	if err != nil {
		t.Fatal(err)
	}
	printed, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if err := valid(t, printed); err != nil {
		t.Errorf("%v:\n%s", err, printed)
	}
	if s := string(printed); strings.Contains(s, "sk-secret") || !strings.Contains(s, "# model_key: (hidden), from FINECE_MODEL_KEY") ||
		!strings.Contains(s, "settle: 500ms # "+absolute+":") || !strings.Contains(s, "\ngrace: 10s\n") {
		t.Errorf("printed:\n%s", s)
	}
	again, err := Load(write(t, string(printed)), nil, nothing)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range contract.Served {
		if !s.Secret && !slices.Equal(c.Texts(s), again.Texts(s)) {
			t.Errorf("%s is %q, and %q when it was printed", s.Name, c.Texts(s), again.Texts(s))
		}
	}
	if len(again.Routes) != len(c.Routes) || len(again.Clients) != 2 || again.Clients[1].line != c.Clients[1].line {
		t.Errorf("%+v, %+v", again.Routes, again.Clients)
	}
	for i := range c.Routes {
		if a, b := c.Routes[i].String(), again.Routes[i].String(); a != b {
			t.Errorf("route %d is %s, and %s when it was printed", i+1, a, b)
		}
	}
}

func TestASecretInAFile(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{"key": "sk-1\n", "empty": "\n", "two": "sk-1\nsk-2\n", "a.yaml": "upstream_key_file: key\n", "both.yaml": "upstream_key_file: key\nupstream_key: sk-2\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	in := func(name string) string { return filepath.Join(folder, name) }
	for _, c := range []struct {
		name, file string
		env        map[string]string
		want       string // the secret
		wrong      string // in the error
	}{
		{"a file", in("a.yaml"), nil, "sk-1", ""},
		{"the environment has precedence", in("a.yaml"), map[string]string{"FINECE_UPSTREAM_KEY": " sk-3\n"}, "sk-3", ""},
		{"a file by the environment", in("both.yaml"), map[string]string{"FINECE_UPSTREAM_KEY_FILE": in("key")}, "sk-1", ""},
		{"both", in("both.yaml"), nil, "", "both.yaml:2 and " + in("both.yaml") + ":1: give one of the two"},
		{"none", "", nil, "", ""},
		{"empty", "", map[string]string{"FINECE_UPSTREAM_KEY_FILE": in("empty")}, "", "want one line, the key"},
		{"two lines", "", map[string]string{"FINECE_UPSTREAM_KEY_FILE": in("two")}, "", "want one line, the key"},
		{"no file", "", map[string]string{"FINECE_UPSTREAM_KEY_FILE": in("other")}, "", "FINECE_UPSTREAM_KEY_FILE: open "},
	} {
		loaded, err := Load(c.file, nil, func(name string) string { return c.env[name] })
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		got, err := loaded.Secret(contract.UpstreamKey, contract.UpstreamKeyFile)
		if got != c.want || (err == nil) != (c.wrong == "") || err != nil && (!strings.Contains(err.Error(), c.wrong) || strings.Contains(err.Error(), "sk-")) {
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
	}
}
