package lm

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/finece/finece/wasm/calibration"
)

// The files of a model folder.
const (
	configName          = "config.json"
	weightsName         = "model.safetensors"
	tokenizerName       = "tokenizer.json"
	tokenizerConfigName = "tokenizer_config.json"
	templateName        = "chat_template.jinja"
	generationName      = "generation_config.json"
)

// CardName is the name of a confidence model's card, a file in its folder that says what
// the model was trained on (see package calibration). A folder may have none.
const CardName = "card.json"

// Load reads a model folder as Hugging Face's save_pretrained writes it: config.json,
// model.safetensors and tokenizer.json. The chat template is in chat_template.jinja or
// tokenizer_config.json; without one, the model takes whole prompts only. A confidence model
// may have a card.json, see [CardName]. For a model that this package cannot run, the error
// names the field.
func Load(fsys fs.FS) (*Model, error) {
	m, err := load(fsys, fsys, func(weights map[string]tensor) error { return nil })
	if err != nil {
		return nil, err
	}
	return m, m.readCard(fsys)
}

// LoadLayers is like [Load], but reads only the first layers of the model. If a model was
// made by adding layers to another one, this gives that other model. It has no card.
func LoadLayers(fsys fs.FS, layers int) (*Model, error) {
	file, err := fs.ReadFile(fsys, configName)
	if err != nil {
		return nil, fmt.Errorf("lm: %w", err)
	}
	c, err := parseConfig(file)
	if err != nil {
		return nil, fmt.Errorf("lm: %s: %w", configName, err)
	}
	if layers < 1 || layers > c.Layers {
		return nil, fmt.Errorf("lm: %d layers: want 1 to %d", layers, c.Layers)
	}
	return loadWith(fsys, fsys, layers, func(weights map[string]tensor) error {
		for i := layers; i < c.Layers; i++ {
			maps.DeleteFunc(weights, func(name string, _ tensor) bool { return strings.HasPrefix(name, fmt.Sprintf("model.layers.%d.", i)) })
		}
		return nil
	})
}

// load reads a model from one folder and the tokenizer from another. change may modify the
// weights.
func load(fsys, tokenizer fs.FS, change func(map[string]tensor) error) (*Model, error) {
	return loadWith(fsys, tokenizer, 0, change)
}

// loadWith is like load, but reads only the first layers; 0 reads all.
func loadWith(fsys, tokenizer fs.FS, layers int, change func(map[string]tensor) error) (*Model, error) {
	file, err := fs.ReadFile(fsys, configName)
	if err != nil {
		return nil, fmt.Errorf("lm: %w", err)
	}
	c, err := parseConfig(file)
	if err != nil {
		return nil, fmt.Errorf("lm: %s: %w", configName, err)
	}
	if layers > 0 {
		c.Layers = layers
	}
	weights, err := readTensors(fsys, weightsName)
	if err != nil {
		return nil, err
	}
	if err := change(weights); err != nil {
		return nil, err
	}
	t, err := loadTokenizer(fsys, tokenizer)
	if err != nil {
		return nil, err
	}
	if t.Size() > c.Vocab {
		return nil, fmt.Errorf("lm: %s has %d tokens, vocab_size of %s is %d", tokenizerName, t.Size(), configName, c.Vocab)
	}
	_, scored := weights["score.weight"]
	c.ValueHead = c.ValueHead || scored
	if len(t.ends) == 0 && !c.ValueHead {
		return nil, fmt.Errorf("lm: no token ends an answer: want eos_token in %s, or eos_token_id in %s or %s", tokenizerConfigName, generationName, configName)
	}
	m, err := build(c, weights)
	if err != nil {
		return nil, fmt.Errorf("lm: %s: %w", weightsName, err)
	}
	m.tokenizer = t
	return m, nil
}

// readCard reads the card of a folder, if there is one.
func (m *Model) readCard(fsys fs.FS) error {
	text, err := fs.ReadFile(fsys, CardName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("lm: %w", err)
	}
	card, err := calibration.ParseCard(text)
	if err != nil {
		return fmt.Errorf("lm: %s: %w", CardName, err)
	}
	m.card = calibration.AppendCard(nil, card)
	return nil
}

func readTensors(fsys fs.FS, name string) (map[string]tensor, error) {
	file, err := fs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		if _, sharded := fs.Stat(fsys, name+".index.json"); sharded == nil {
			return nil, fmt.Errorf("lm: the weights are in several files: save them as one %s", name)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("lm: %w", err)
	}
	tensors, err := parseTensors(file)
	if err != nil {
		return nil, fmt.Errorf("lm: %s: %w", name, err)
	}
	return tensors, nil
}

// builder takes weights by name and checks their shapes.
type builder struct {
	weights map[string]tensor
	params  int
	err     error
}

func (b *builder) take(name string, shape ...int) []float32 {
	t, ok := b.weights[name]
	switch {
	case b.err != nil:
	case !ok:
		b.err = fmt.Errorf("tensor %q is missing", name)
	case !slices.Equal(t.shape, shape):
		b.err = fmt.Errorf("tensor %q has shape %v: want %v", name, t.shape, shape)
	default:
		delete(b.weights, name)
		b.params += len(t.data)
		return t.data
	}
	return nil
}

// linear packs linear layers with the same input as one.
func (b *builder) linear(in int, names []string, outs ...int) matrix {
	var all []float32
	total := 0
	for i, name := range names {
		all = append(all, b.take(name, outs[i], in)...)
		total += outs[i]
	}
	if b.err != nil {
		return matrix{}
	}
	return pack(all, total, in)
}

func build(c Config, weights map[string]tensor) (*Model, error) {
	b := &builder{weights: weights}
	m := &Model{config: c}
	m.embedding = b.take("model.embed_tokens.weight", c.Vocab, c.Hidden)
	m.norm = b.take("model.norm.weight", c.Hidden)
	for i := range c.Layers {
		if b.err != nil { // so that a wrong number of layers in config.json allocates nothing
			break
		}
		p := fmt.Sprintf("model.layers.%d.", i)
		m.layers = append(m.layers, layer{
			attentionNorm: b.take(p+"input_layernorm.weight", c.Hidden),
			qkv: b.linear(c.Hidden, []string{p + "self_attn.q_proj.weight", p + "self_attn.k_proj.weight", p + "self_attn.v_proj.weight"},
				c.queryWidth(), c.kvWidth(), c.kvWidth()),
			attentionOut: b.linear(c.queryWidth(), []string{p + "self_attn.o_proj.weight"}, c.Hidden),
			mlpNorm:      b.take(p+"post_attention_layernorm.weight", c.Hidden),
			gateUp:       b.linear(c.Hidden, []string{p + "mlp.gate_proj.weight", p + "mlp.up_proj.weight"}, c.Intermediate, c.Intermediate),
			down:         b.linear(c.Intermediate, []string{p + "mlp.down_proj.weight"}, c.Hidden),
		})
	}
	head, ok := weights["lm_head.weight"]
	repeated := ok && slices.Equal(head.shape, []int{c.Vocab, c.Hidden}) && slices.Equal(head.data, m.embedding)
	switch {
	case c.ValueHead:
		m.output = b.linear(c.Hidden, []string{"score.weight"}, 1)
		delete(weights, "lm_head.weight") // left over from the base
	case c.Tied && b.err == nil && (!ok || repeated):
		m.output = pack(m.embedding, c.Vocab, c.Hidden)
		delete(weights, "lm_head.weight")
	default: // not tied, or tied and replaced by an adapter that trained it in full
		m.output = b.linear(c.Hidden, []string{"lm_head.weight"}, c.Vocab)
	}
	if b.err != nil {
		return nil, b.err
	}
	m.params = b.params
	return m, rest(weights)
}

// rest returns an error if weights were not used: the model would then not be run as it
// was made.
func rest(weights map[string]tensor) error {
	var names []string
	for name := range weights {
		if !strings.HasSuffix(name, "rotary_emb.inv_freq") { // older files have it; it follows from rope_theta
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	sort.Strings(names)
	return fmt.Errorf("tensor %q does not belong to a Llama model (%d such)", names[0], len(names))
}
