package lm

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"slices"
	"strings"
)

// The files of an adapter folder.
const (
	adapterConfigName  = "adapter_config.json"
	adapterWeightsName = "adapter_model.safetensors"
)

// adapterConfig has the fields of PEFT's adapter_config.json that are read.
type adapterConfig struct {
	Type       string  `json:"peft_type"`
	Rank       int     `json:"r"`
	Alpha      float64 `json:"lora_alpha"`
	RankStable bool    `json:"use_rslora"`
	Bias       string  `json:"bias"`
}

// adapterVariants are the fields of variants of LoRA that are not plain sums of W and BA.
// If one is set, the adapter is not supported.
var adapterVariants = []string{
	"alora_invocation_tokens", "alpha_pattern", "arrow_config", "fan_in_fan_out", "layer_replication", "lora_bias", "monteclora_config",
	"rank_pattern", "target_parameters", "trainable_token_indices", "use_bdlora", "use_dora", "use_qalora", "velora_config",
}

func parseAdapterConfig(file []byte) (adapterConfig, error) {
	c := adapterConfig{Bias: "none"}
	if err := json.Unmarshal(file, &c); err != nil {
		return c, err
	}
	switch {
	case c.Type != "LORA":
		return c, fmt.Errorf("peft_type is %q: want LORA", c.Type)
	case c.Rank < 1 || c.Rank > maxDim:
		return c, fmt.Errorf("r is %d: want 1 or more", c.Rank)
	case !(c.Alpha > 0) || math.IsInf(c.Alpha, 0):
		return c, fmt.Errorf("lora_alpha is %v: want a positive number", c.Alpha)
	case c.Bias != "none":
		return c, fmt.Errorf("bias is %q: want none", c.Bias)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(file, &all); err != nil {
		return c, err
	}
	for _, name := range adapterVariants {
		switch string(all[name]) {
		case "", "null", "false", "{}", "[]":
		default:
			return c, fmt.Errorf("%s is set: not supported", name)
		}
	}
	return c, nil
}

// scale returns the factor of BA: alpha/r (Hu et al., arXiv 2106.09685), or
// alpha/sqrt(r) for rank-stabilized LoRA (Kalajdzievski, arXiv 2312.03732).
func (c *adapterConfig) scale() float32 {
	if c.RankStable {
		return float32(c.Alpha / math.Sqrt(float64(c.Rank)))
	}
	return float32(c.Alpha / float64(c.Rank))
}

// LoadAdapter reads a model folder and merges a LoRA adapter into the model. The adapter's
// folder has adapter_config.json and adapter_model.safetensors, as PEFT's save_pretrained
// writes them. Weights that were trained in full (PEFT's modules_to_save, such as the value
// head "score") replace those of the base. If the adapter's folder has a tokenizer, that
// one is used.
func LoadAdapter(base, adapter fs.FS) (*Model, error) {
	file, err := fs.ReadFile(adapter, adapterConfigName)
	if err != nil {
		return nil, fmt.Errorf("lm: %w", err)
	}
	c, err := parseAdapterConfig(file)
	if err != nil {
		return nil, fmt.Errorf("lm: %s: %w", adapterConfigName, err)
	}
	changes, err := readTensors(adapter, adapterWeightsName)
	if err != nil {
		return nil, err
	}
	tokenizer := base
	if _, err := fs.Stat(adapter, tokenizerName); err == nil {
		tokenizer = adapter
	}
	m, err := load(base, tokenizer, func(weights map[string]tensor) error {
		if err := c.merge(weights, changes); err != nil {
			return fmt.Errorf("lm: %s: %w", adapterWeightsName, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return m, m.readCard(adapter)
}

const (
	adapterPrefix = "base_model.model."
	suffixA       = ".lora_A.weight"
	suffixB       = ".lora_B.weight"
)

// merge applies the tensors of an adapter (changes) to the weights.
func (c *adapterConfig) merge(weights, changes map[string]tensor) error {
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		target, ok := strings.CutPrefix(name, adapterPrefix)
		if !ok {
			return fmt.Errorf("tensor %q: want a name that begins with %s", name, adapterPrefix)
		}
		if module, ok := strings.CutSuffix(target, suffixA); ok {
			b, ok := changes[adapterPrefix+module+suffixB]
			if !ok {
				return fmt.Errorf("tensor %q has no matching %s", name, suffixB)
			}
			w, ok := weights[module+".weight"]
			if !ok {
				return fmt.Errorf("tensor %q: the base has no %s.weight", name, module)
			}
			if err := c.add(w, changes[name], b); err != nil {
				return fmt.Errorf("tensor %q: %w", name, err)
			}
			continue
		}
		if module, ok := strings.CutSuffix(target, suffixB); ok {
			if _, ok := changes[adapterPrefix+module+suffixA]; !ok {
				return fmt.Errorf("tensor %q has no matching %s", name, suffixA)
			}
			continue
		}
		if strings.Contains(target, "lora_") {
			return fmt.Errorf("tensor %q: not supported", name)
		}
		weights[target] = changes[name] // build checks the shape
	}
	return nil
}

// add adds scale*BA to w.
func (c *adapterConfig) add(w, a, b tensor) error {
	if len(w.shape) != 2 || !slices.Equal(a.shape, []int{c.Rank, w.shape[1]}) || !slices.Equal(b.shape, []int{w.shape[0], c.Rank}) {
		return fmt.Errorf("lora_A has shape %v and lora_B %v for weights of shape %v and r %d", a.shape, b.shape, w.shape, c.Rank)
	}
	out, in := w.shape[0], w.shape[1]
	delta := make([]float32, in)
	for i := range out {
		clear(delta)
		for r := range c.Rank {
			f := b.data[i*c.Rank+r]
			for j, v := range a.data[r*in : (r+1)*in] {
				delta[j] += f * v
			}
		}
		for j, d := range delta {
			w.data[i*in+j] += d * c.scale()
		}
	}
	return nil
}
