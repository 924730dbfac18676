package follow_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/follow"
	"github.com/finece/finece/wasm/stream/fixture"
)

// TestRecordsAreAsTheSchemaSays: every record of every fixture is valid, and a record
// that a change has broken is not.
func TestRecordsAreAsTheSchemaSays(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("../../wasm/contract/schema/record.json")
	if err != nil {
		t.Fatal(err)
	}
	f := &follow.Follower{Engine: host.Native()}
	samples := map[string]map[string]any{} // a record of each type
	for _, fx := range fixture.All() {
		for line := range strings.Lines(withoutText(follows(t, f, config(), bytes.NewReader(fx.Data)))) {
			r, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
			if err != nil {
				t.Fatalf("%s: %v in %s", fx.Name, err, line)
			}
			if err := schema.Validate(r); err != nil {
				t.Errorf("%s: %s: %v", fx.Name, strings.TrimSpace(line), err)
			}
			o := r.(map[string]any)
			if kind := o["type"].(string); len(o) > len(samples[kind]) {
				samples[kind] = o
			}
		}
	}
	for _, kind := range []string{"position", "confidence", "fault", "end"} {
		sample := samples[kind]
		if sample == nil {
			t.Errorf("no fixture has a record of the type %s", kind)
			continue
		}
		for _, c := range []struct {
			what   string
			change func(map[string]any)
		}{
			{"another type", func(o map[string]any) { o["type"] = "guess" }},
			{"no type", func(o map[string]any) { delete(o, "type") }},
			{"no choice", func(o map[string]any) { delete(o, "choice") }},
			{"a negative choice", func(o map[string]any) { o["choice"] = json.Number("-1") }},
			{"a choice in words", func(o map[string]any) { o["choice"] = "0" }},
		} {
			broken := maps.Clone(sample)
			c.change(broken)
			if schema.Validate(broken) == nil {
				t.Errorf("%s with %s is valid: %v", kind, c.what, broken)
			}
		}
	}
	for name, value := range map[string]any{"state": "sure", "revision": json.Number("0.5"), "fused": "0.7", "kinds": "end", "source": []any{}} {
		broken := maps.Clone(samples["confidence"])
		broken[name] = value
		if schema.Validate(broken) == nil {
			t.Errorf("a confidence with the %s %v is valid", name, value)
		}
	}
}
