package lm

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// Config is a model's shape, from its config.json (Hugging Face's LlamaConfig).
type Config struct {
	Hidden       int     // width of the residual stream
	Intermediate int     // width between the two products of an MLP
	Layers       int     // transformer blocks
	Heads        int     // query heads
	KVHeads      int     // key and value heads; Heads is a multiple of it
	HeadDim      int     // width of a head; even
	Vocab        int     // rows of the embedding
	MaxContext   int     // most tokens of prompt and completion together
	NormEps      float64 // added to the mean square in RMSNorm
	RopeTheta    float64 // base of the rotary embedding's frequencies
	Tied         bool    // the output layer is the embedding
	ValueHead    bool    // the output is one logit instead of a distribution over tokens
}

// configFile has the fields of config.json that are read.
type configFile struct {
	Architectures []string `json:"architectures"`
	ModelType     string   `json:"model_type"`
	Hidden        int      `json:"hidden_size"`
	Intermediate  int      `json:"intermediate_size"`
	Layers        int      `json:"num_hidden_layers"`
	Heads         int      `json:"num_attention_heads"`
	KVHeads       int      `json:"num_key_value_heads"`
	HeadDim       int      `json:"head_dim"`
	Vocab         int      `json:"vocab_size"`
	MaxContext    int      `json:"max_position_embeddings"`
	NormEps       float64  `json:"rms_norm_eps"`
	Activation    string   `json:"hidden_act"`
	Tied          bool     `json:"tie_word_embeddings"`
	AttentionBias bool     `json:"attention_bias"`
	MLPBias       bool     `json:"mlp_bias"`

	Theta   *float64        `json:"rope_theta"`
	Scaling json.RawMessage `json:"rope_scaling"`
	Rope    *struct {
		Type  string   `json:"rope_type"`
		Theta *float64 `json:"rope_theta"`
	} `json:"rope_parameters"`
	Quantization json.RawMessage `json:"quantization_config"`
}

// The supported architectures, by their names in config.json.
const (
	causalArchitecture = "LlamaForCausalLM"
	valueArchitecture  = "LlamaForSequenceClassification"
)

// maxDim bounds every dimension.
const maxDim = 1 << 20

func parseConfig(file []byte) (Config, error) {
	f := configFile{Activation: "silu", NormEps: 1e-6, ModelType: "llama"}
	if err := json.Unmarshal(file, &f); err != nil {
		return Config{}, err
	}
	theta, err := f.theta()
	if err != nil {
		return Config{}, err
	}
	c := Config{
		Hidden: f.Hidden, Intermediate: f.Intermediate, Layers: f.Layers, Heads: f.Heads, KVHeads: f.KVHeads, HeadDim: f.HeadDim,
		Vocab: f.Vocab, MaxContext: f.MaxContext, NormEps: f.NormEps, RopeTheta: theta, Tied: f.Tied,
	}
	switch {
	case len(f.Architectures) != 1 || f.Architectures[0] != causalArchitecture && f.Architectures[0] != valueArchitecture:
		return c, fmt.Errorf("architectures is %q: want %s or %s", f.Architectures, causalArchitecture, valueArchitecture)
	case f.ModelType != "llama":
		return c, fmt.Errorf("model_type is %q: want llama", f.ModelType)
	case f.Activation != "silu":
		return c, fmt.Errorf("hidden_act is %q: want silu", f.Activation)
	case f.AttentionBias:
		return c, errors.New("attention_bias is true: not supported")
	case f.MLPBias:
		return c, errors.New("mlp_bias is true: not supported")
	case set(f.Quantization):
		return c, errors.New("quantization_config is set: not supported")
	}
	c.ValueHead = f.Architectures[0] == valueArchitecture
	if c.KVHeads == 0 {
		c.KVHeads = c.Heads
	}
	if c.HeadDim == 0 && c.Heads > 0 {
		c.HeadDim = c.Hidden / c.Heads
	}
	return c, c.validate()
}

func set(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// theta returns the base of the rotary embedding. transformers 5 and earlier versions write
// it in different places.
func (f *configFile) theta() (float64, error) {
	theta := 10000.0
	if f.Theta != nil {
		theta = *f.Theta
	}
	if set(f.Scaling) {
		return 0, errors.New("rope_scaling is set: not supported")
	}
	if f.Rope != nil {
		if f.Rope.Type != "" && f.Rope.Type != "default" {
			return 0, fmt.Errorf("rope_parameters.rope_type is %q: want default", f.Rope.Type)
		}
		if f.Rope.Theta != nil {
			theta = *f.Rope.Theta
		}
	}
	if !(theta >= 1) || math.IsInf(theta, 0) {
		return 0, fmt.Errorf("rope_theta is %v: want 1 or more", theta)
	}
	return theta, nil
}

func (c *Config) validate() error {
	for _, d := range []struct {
		name string
		n    int
	}{
		{"hidden_size", c.Hidden}, {"intermediate_size", c.Intermediate}, {"num_hidden_layers", c.Layers},
		{"num_attention_heads", c.Heads}, {"num_key_value_heads", c.KVHeads}, {"head_dim", c.HeadDim}, {"vocab_size", c.Vocab},
		{"max_position_embeddings", c.MaxContext},
	} {
		if d.n < 1 || d.n > maxDim {
			return fmt.Errorf("%s is %d: want 1 to %d", d.name, d.n, maxDim)
		}
	}
	switch {
	case c.Heads%c.KVHeads != 0:
		return fmt.Errorf("num_attention_heads is %d: want a multiple of num_key_value_heads, %d", c.Heads, c.KVHeads)
	case c.HeadDim%2 != 0:
		return fmt.Errorf("head_dim is %d: want an even number", c.HeadDim)
	case !(c.NormEps > 0 && c.NormEps < 1):
		return fmt.Errorf("rms_norm_eps is %v: want between 0 and 1", c.NormEps)
	}
	return nil
}
