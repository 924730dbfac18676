package contract

import (
	"testing"

	"github.com/finece/finece/wasm/session"
)

// The core's table and the contract's are about the same settings, in one order.
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
