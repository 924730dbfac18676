package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/finece/finece/wasm/contract"
)

// A setting of the Worker has the name in the environment that the contract gives it.
// The others are bindings of the Worker alone.
func TestTheWorkersSettingsAreTheContracts(t *testing.T) {
	known := map[string]bool{
		"FINECE_UPSTREAM_KEY": true, "FINECE_KEYS": true, "FINECE_SESSION": true, "FINECE_MODEL_KEY": true,
		contract.Routes.Env(): true,
		"FINECE_ORIGINS":      true, // of --allow-origin, with commas
		"FINECE_THRESHOLD":    true, // the former name of FINECE_WITHHOLD_BELOW
	}
	for _, s := range contract.Session {
		known[s.Env()] = true
	}
	for _, g := range contract.Groups {
		for _, s := range g.Settings {
			known[s.Env()] = true
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`setting\("(FINECE_[A-Z_]+)"\)`).FindAllSubmatch(text, -1) {
			if found++; !known[string(m[1])] {
				t.Errorf("%s: %s is no setting of the contract", file, m[1])
			}
		}
	}
	if found < 8 {
		t.Errorf("only %d settings are read", found)
	}
}
