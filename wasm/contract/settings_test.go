package contract

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/finece/finece/wasm/session"
)

// The tables of the core and of this package have the same settings, in the same order.
func TestTheContractHasTheSessionsSettings(t *testing.T) {
	c := session.DefaultConfig()
	all := session.Settings(&c)
	if len(all) != len(Session) {
		t.Fatalf("the session has %d settings, the contract %d", len(all), len(Session))
	}
	for i, s := range all {
		if Session[i].Name != s.Name || Session[i].Help == "" {
			t.Errorf("setting %d is %q in the session and %q, with help %q, in the contract", i, s.Name, Session[i].Name, Session[i].Help)
		}
	}
}

func TestASettingHasOneNameInFourSpellings(t *testing.T) {
	for _, c := range []struct {
		setting                   *Setting
		flag, env, camel, allowed string
	}{
		{EntropyThreshold, "entropy-threshold", "FINECE_ENTROPY_THRESHOLD", "entropyThreshold", "at least 0"},
		{Alpha, "alpha", "FINECE_ALPHA", "alpha", "0 to 1"},
		{ModelName, "model", "FINECE_MODEL", "name", ""},
		{MaxTokens, "max-tokens", "FINECE_MAX_TOKENS", "maxTokens", "1 to 1048576"},
		{Every, "every", "FINECE_EVERY", "every", "at least 1"},
	} {
		s := c.setting
		if s.Flag() != c.flag || s.Env() != c.env || s.Camel() != c.camel || s.Range() != c.allowed {
			t.Errorf("%s: %q, %q, %q, %q", s.Name, s.Flag(), s.Env(), s.Camel(), s.Range())
		}
	}
	if !MaxTokens.In("model") || MaxTokens.In("") || !Alpha.In("") || !AboutPartial.In("model.instructions") || AboutPartial.In("model") {
		t.Error("In")
	}
}

// The schema accepts every default. It refuses a value out of range and an unknown name.
func TestTheSchemaOfSettings(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("schema/settings.json")
	if err != nil {
		t.Fatal(err)
	}
	valid := func(text string) error {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		return schema.Validate(v)
	}
	c := session.DefaultConfig()
	if err := valid(`{"session":` + string(session.AppendConfig(nil, &c)) + `}`); err != nil {
		t.Errorf("the default session: %v", err)
	}
	for _, g := range Groups {
		defaults := map[string]any{}
		for _, s := range g.Settings {
			defaults[s.Name] = s.Default
			if d, isDuration := s.Default.(time.Duration); isDuration {
				defaults[s.Name] = d.String()
			}
		}
		text, err := json.Marshal(map[string]any{strings.ToLower(g.Name): defaults})
		if err != nil {
			t.Fatal(err)
		}
		if err := valid(string(text)); err != nil {
			t.Errorf("the defaults of %s: %v", g.Name, err)
		}
	}
	for _, wrong := range []string{
		`{"session":{"alpha":1.5}}`, `{"session":{"alpha":"0.5"}}`, `{"session":{"withhold_below":0.5}}`, `{"session":{"model":{"adapter":"telepathy"}}}`,
		`{"gateway":{"withhold_below":1.5}}`, `{"gateway":{"settle":"soon"}}`, `{"gateway":{"policy":"hope"}}`, `{"model":{"requests":0}}`, `{"other":{}}`,
	} {
		if valid(wrong) == nil {
			t.Errorf("%s is valid", wrong)
		}
	}
}
