package experiment

import (
	"strings"
	"testing"
)

// RESULTS.md describes the models of the run, and no others.
func TestModelsAreDescribed(t *testing.T) {
	for _, c := range []struct {
		flags options
		says  map[string]bool
	}{
		{options{baselines: true}, map[string]bool{"1.9 million": true, "P(IK)": true, "published prompts": true, "solver": true}},
		{options{}, map[string]bool{"1.9 million": true, "P(IK)": false, "published prompts": false}},
		{options{baselines: true, confidence: []string{"FineCE=chat:m"}, head: "chat:h", about: "Mine."}, map[string]bool{"1.3 million": true, "1.9 million": false, "P(IK)": false, "solver": false, "Mine.": true}},
	} {
		f := c.flags
		f.builtIn()
		for says, want := range c.says {
			if strings.Contains(f.about+strings.Join(f.notes, " "), says) != want {
				t.Errorf("%q: that it says %q is %v", f.about, says, !want)
			}
		}
	}
}
