package session

import (
	"reflect"
	"strings"
	"testing"

	"github.com/finece/finece/bci"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/stream"
)

func TestAConfigurationIsReadAsItWasWritten(t *testing.T) {
	full := Config{
		Question: "Is \"<b>\" 1 < 2?\n", Format: stream.Text,
		Positions: position.Options{Strategy: position.Line | position.Entropy, MinLength: 3, Every: 30, EntropyThreshold: 0.1, MinGap: 2},
		Fusion:    bci.Params{Alpha: 0.3, Depth: 4, Width: 1}, Estimator: Model, Method: DefaultConfig().Method,
		Model: estimate.Model{
			Adapter: estimate.Pooling, Name: "m", Instructions: [3]string{"a", "b", "c"}, OneMessage: true,
			MaxTokens: 5, TopLogprobs: 3, Class: 2, Label: "yes", Activation: estimate.Sigmoid,
		},
		Text: true, MaxEvent: 1 << 20, MaxChoices: 2, MaxPositions: 3, MaxPending: 9, MaxText: 10,
	}
	for name, c := range map[string]Config{"default": DefaultConfig(), "everything set": full} {
		got, err := ParseConfig(AppendConfig(nil, &c))
		if err != nil || !reflect.DeepEqual(got, c) {
			t.Errorf("%s: %v\n got %+v\nwant %+v", name, err, got, c)
		}
	}
	if got, err := ParseConfig([]byte("{}")); err != nil || !reflect.DeepEqual(got, DefaultConfig()) {
		t.Errorf("an empty configuration is not the default: %+v, %v", got, err)
	}
}

func TestConfigurationErrorsSayWhere(t *testing.T) {
	for text, want := range map[string]string{
		``:                                       "not a JSON object",
		`[]`:                                     "not a JSON object",
		`{"alpha":0.5`:                           "not JSON",
		`{"alpha":"high"}`:                       `"alpha": want a number`,
		`{"alpah":0.5}`:                          `unknown setting "alpah"`,
		`{"depth":1.5}`:                          `"depth": want a whole number`,
		`{"depth":-1}`:                           `"depth": want a whole number`,
		`{"depth":99999999999}`:                  `"depth": want a whole number`,
		`{"strategy":"sentence"}`:                "sentence",
		`{"format":"morse"}`:                     "morse",
		`{"estimator":"guess"}`:                  "guess",
		`{"text":1}`:                             `"text": want true or false`,
		`{"threshold":1}`:                        `"threshold" is now "entropy_threshold"`,
		`{"mode":{}}`:                            `unknown setting "mode"`,
		`{"model":{"instruction":{}}}`:           `unknown setting "model.instruction"`,
		`{"model":[]}`:                           `"model": want an object`,
		`{"model":{"temp":1}}`:                   `unknown setting "model.temp"`,
		`{"model":{"instructions":{"late":""}}}`: `unknown setting "model.instructions.late"`,
	} {
		if _, err := ParseConfig([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one that says %s", text, err, want)
		}
	}
}

func TestLimitsOfAConfiguration(t *testing.T) {
	for _, c := range []struct {
		set  func(*Config)
		want string // "" means no error
	}{
		{func(c *Config) {}, ""},
		{func(c *Config) { c.MaxEvent, c.MaxChoices, c.MaxPositions, c.MaxPending, c.MaxText = 1<<10, 1, 1, 8, 0 }, ""},
		{func(c *Config) {
			c.MaxEvent, c.MaxChoices, c.MaxPositions, c.MaxPending, c.MaxText = 16<<20, 128, 1<<20, 4096, 16<<20
			c.Fusion.Depth = MaxDepth
		}, ""},
		{func(c *Config) { c.MaxEvent = 1023 }, "max_event is 1023: want 1024 to 16777216"},
		{func(c *Config) { c.MaxEvent = 16<<20 + 1 }, "max_event"},
		{func(c *Config) { c.MaxChoices = 0 }, "max_choices"},
		{func(c *Config) { c.MaxChoices = 129 }, "max_choices"},
		{func(c *Config) { c.MaxPositions = 0 }, "max_positions"},
		{func(c *Config) { c.MaxPositions = 1<<20 + 1 }, "max_positions"},
		{func(c *Config) { c.MaxPending = 7 }, "max_pending"},
		{func(c *Config) { c.MaxPending = 4097 }, "max_pending"},
		{func(c *Config) { c.MaxPending, c.Fusion.Depth = 8, 8 }, "max_pending must be larger than depth"},
		{func(c *Config) { c.MaxText = -1 }, "max_text"},
		{func(c *Config) { c.Positions.Strategy = 0 }, "Strategy is none: want paragraph, line"},
		{func(c *Config) { c.Positions.Every = 0 }, "every is 0: want 1 to 2147483647"},
		{func(c *Config) { c.Model.TopLogprobs = 101 }, ""}, // the estimator is not a model
		{func(c *Config) { c.Estimator, c.Model.TopLogprobs = Model, 101 }, "TopLogprobs"},
		{func(c *Config) { c.Estimator, c.Model.Adapter, c.Model.TopLogprobs = Model, estimate.Reward, 101 }, "model.top_logprobs is 101: want 0 to 100"},
		{func(c *Config) { c.MaxText = 16<<20 + 1 }, "max_text"},
		{func(c *Config) { c.Fusion.Depth = MaxDepth + 1 }, "depth"},
		{func(c *Config) { c.Estimator = Trajectory + 1 }, "Estimator"},
		{func(c *Config) { c.Format = stream.Text + 1 }, "Format"},
		{func(c *Config) { c.Estimator, c.Model.MaxTokens = Model, -1 }, "MaxTokens"},
	} {
		config := DefaultConfig()
		c.set(&config)
		if _, _, err := Open(config); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one that says %q", err, c.want)
		}
	}
}

func FuzzConfig(f *testing.F) {
	c := DefaultConfig()
	f.Add(AppendConfig(nil, &c))
	f.Add([]byte(`{"model":{"instructions":{"partial":"\u00e9"}},"entropy_threshold":1e-10}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseConfig(data)
		if err != nil || c.Validate() != nil {
			return
		}
		again, err := ParseConfig(AppendConfig(nil, &c))
		if err != nil || !reflect.DeepEqual(again, c) {
			t.Fatalf("%v\n got %+v\nwant %+v", err, again, c)
		}
	})
}
