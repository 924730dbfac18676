package train

import (
	"slices"
	"testing"
)

func TestFlagsOfTheTrainer(t *testing.T) {
	kinds := []string{"int", "float", "text", "path", "file", "files", "switch", "choice"}
	for _, command := range []string{"tokenizer", "base", "ift", "value"} {
		flags := Flags(command)
		seen := map[string]bool{}
		for _, f := range flags {
			if seen[f.Name] {
				t.Errorf("%s: --%s is there twice", command, f.Name)
			}
			seen[f.Name] = true
			if f.Help == "" || !slices.Contains(kinds, f.Type) {
				t.Errorf("%s --%s: help %q, type %q", command, f.Name, f.Help, f.Type)
			}
			if needs := !f.Required && f.Either == "" && (f.Type == "int" || f.Type == "float"); needs && f.DefaultOf(command) == "" {
				t.Errorf("%s --%s has no default", command, f.Name)
			}
		}
		if !seen["out"] || !flags[0].Required {
			t.Errorf("%s: required flags do not come first: %+v", command, flags[0])
		}
	}
	// The paper's settings, for the confidence model alone.
	for _, want := range []struct{ command, flag, value string }{
		{"ift", "beta2", "0.5"}, {"value", "lr", "0.0001"}, {"ift", "warmup", "300"}, {"base", "beta2", "0.95"},
	} {
		flags := Flags(want.command)
		i := slices.IndexFunc(flags, func(f Flag) bool { return f.Name == want.flag })
		if got := flags[i].DefaultOf(want.command); got != want.value {
			t.Errorf("%s --%s: default %s, want %s", want.command, want.flag, got, want.value)
		}
	}
}
