package score

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// TestAKeyIsOfWhatDiffersFromTheDefaults, so a setting that the core gets later leaves
// the keys of earlier scores as they are.
func TestAKeyIsOfWhatDiffersFromTheDefaults(t *testing.T) {
	c := session.DefaultConfig()
	c.Fusion.Alpha, c.Format, c.Positions.Strategy = 0.9, stream.OpenAIChat, position.Line|position.Entropy
	c.Model.Instructions[0] = "How\nsure?"
	for _, test := range []struct {
		name      string
		config    session.Config
		estimator string
		want      string
	}{
		{"defaults", session.DefaultConfig(), "logprob", ""},
		{"another server", session.DefaultConfig(), "http://127.0.0.1:8000/v1", "server \"http://127.0.0.1:8000/v1\"\n"},
		{"settings", c, "logprob", "alpha 0.9\n" + `format "openai-chat"` + "\n" + `model.instructions.question "How\nsure?"` + "\n" + `strategy "line+entropy"` + "\n"},
	} {
		sum := sha256.Sum256([]byte("finece score 1\n" + test.want))
		if got, want := SettingsKey(test.config, test.estimator), hex.EncodeToString(sum[:8]); got != want {
			t.Errorf("%s: key %s, want %s", test.name, got, want)
		}
	}
}

// TestEverySettingIsInTheKey changes one after the other.
func TestEverySettingIsInTheKey(t *testing.T) {
	c := session.DefaultConfig()
	keys := map[string]string{SettingsKey(c, "logprob"): "the defaults", SettingsKey(c, "x"): "a server"}
	check := func(name string, c *session.Config) {
		key := SettingsKey(*c, "logprob")
		if other := keys[key]; other != "" {
			t.Errorf("%s has the key of %s", name, other)
		}
		keys[key] = name
	}
	for i := range session.Settings(&c) {
		c := session.DefaultConfig()
		switch s := session.Settings(&c)[i]; {
		case s.Text != nil:
			*s.Text += "x"
			check(s.Name, &c)
		case s.Truth != nil:
			*s.Truth = !*s.Truth
			check(s.Name, &c)
		case s.Whole != nil:
			*s.Whole++
			check(s.Name, &c)
		case s.Number != nil:
			*s.Number += 0.125
			check(s.Name, &c)
		case s.Set != nil:
			for _, name := range []string{"model", "openai-chat", "line", "reward", "sigmoid", "yes", "perplexity"} {
				if was := s.Get(); s.Set(name) == nil && s.Get() != was {
					check(s.Name, &c)
					break
				}
			}
		}
	}
	c.Calibration = &calibrate.Calibration{}
	check("calibration", &c)
	c.Calibration, c.Card = nil, &calibrate.Card{}
	check("card", &c)
	c.Card, c.Trajectory = nil, &estimate.TrajectoryModel{}
	check("trajectory", &c)
	c.Trajectory, c.FallbackCalibration = nil, &calibrate.Calibration{}
	check("fallback_calibration", &c)
	if want := len(session.Settings(&c)) + 2; len(keys) != want {
		t.Errorf("%d keys, want %d", len(keys), want)
	}
}

// TestDefaultsOfTheKey: a key leaves defaults out, so a default that changes has to change
// keyVersion, or old scores would count as scores by the new one. Then both change here. A
// new setting is only added here.
func TestDefaultsOfTheKey(t *testing.T) {
	const version = "finece score 1\n"
	want := []string{
		`question ""`, `format "auto"`, `strategy "paragraph"`, "min_length 1", "every 50",
		"entropy_threshold 1e-10", "min_gap 10", "alpha 0.5", "depth 2", "width 1", `estimator "perplexity"`,
		`model.adapter "chat"`, `model.name ""`, "model.one_message false", `model.instructions.question ""`,
		`model.instructions.partial ""`, `model.instructions.complete ""`, "model.max_tokens 16",
		"model.top_logprobs 20", "model.class 1", `model.label ""`, `model.activation "none"`,
		"calibration ", `fallback "none"`, "fallback_calibration ", "trajectory ", "card ", `generator ""`, `domain ""`, `conversation "unknown"`, "text false",
		"frames false", "max_event 262144", "max_choices 16", "max_positions 8192", "max_pending 128",
		"max_text 65536", "max_missing 0.2",
	}
	c := session.DefaultConfig()
	var got []string
	for _, s := range session.Settings(&c) {
		got = append(got, s.Name+" "+valueOf(&s))
	}
	if keyVersion != version || !slices.Equal(got, want) {
		t.Errorf("version %q, defaults\n%s\nwant version %q, defaults\n%s", keyVersion, strings.Join(got, "\n"), version, strings.Join(want, "\n"))
	}
}
