package lm

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"strings"
	"testing"
	"testing/fstest"
)

// changed returns a folder of testdata in which a file is changed, or removed if change
// returns nothing.
func changed(t *testing.T, name, file string, change func(string) string) fstest.MapFS {
	t.Helper()
	all := fstest.MapFS{}
	source := folder(t, name)
	if err := fs.WalkDir(source, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(source, path)
		all[path] = &fstest.MapFile{Data: data}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	before := ""
	if f, ok := all[file]; ok {
		before = string(f.Data)
	}
	after := change(before)
	if after == before {
		t.Fatalf("%s is not changed", file)
	}
	if all[file] = (&fstest.MapFile{Data: []byte(after)}); after == "" {
		delete(all, file)
	}
	return all
}

func replace(old, new string) func(string) string {
	return func(s string) string { return strings.Replace(s, old, new, 1) }
}

// with sets a member of a JSON object.
func with(key, value string) func(string) string {
	return func(s string) string {
		var all map[string]json.RawMessage
		json.Unmarshal([]byte(s), &all)
		all[key] = json.RawMessage(value)
		out, _ := json.Marshal(all)
		return string(out)
	}
}

func TestWhatIsNotSupportedIsNamed(t *testing.T) {
	gone := func(string) string { return "" }
	for _, c := range []struct {
		file   string
		change func(string) string
		says   string
	}{
		{configName, gone, "config.json: file does not exist"},
		{configName, func(string) string { return "[" }, "config.json: "},
		{configName, with("architectures", `["MistralForCausalLM"]`), "architectures"},
		{configName, with("attention_bias", "true"), "attention_bias"},
		{configName, with("mlp_bias", "true"), "mlp_bias"},
		{configName, with("hidden_act", `"gelu"`), "hidden_act"},
		{configName, with("rope_parameters", `{"rope_type":"llama3","rope_theta":5e5}`), "rope_type"},
		{configName, with("rope_scaling", `{"factor":2}`), "rope_scaling"},
		{configName, with("quantization_config", `{}`), "quantization_config"},
		{configName, with("num_key_value_heads", "3"), "num_key_value_heads"},
		{configName, with("num_hidden_layers", "0"), "num_hidden_layers is 0"},
		{configName, with("num_hidden_layers", "3"), `"model.layers.2.input_layernorm.weight" is missing`},
		{configName, with("num_hidden_layers", "1"), `"model.layers.1.input_layernorm.weight" does not belong to a Llama model`},
		{configName, with("hidden_size", "1000000"), "has shape [300 16]: want [300 1000000]"},
		{configName, with("head_dim", "7"), "head_dim"},
		{configName, with("rms_norm_eps", "0"), "rms_norm_eps"},
		{configName, with("rope_parameters", `{"rope_theta":0.5}`), "rope_theta is 0.5"},
		{configName, with("vocab_size", "200"), "300 tokens"},
		{weightsName, gone, "model.safetensors: file does not exist"},
		{weightsName, func(s string) string { return s[:len(s)-4] }, "model.safetensors"},
		{weightsName, replace("mlp.down_proj", "mlp.down_port"), "is missing"},
		{weightsName, replace(`"dtype":"F32"`, `"dtype":"I32"`), "I32"},
		{tokenizerName, gone, "tokenizer.json"},
		{tokenizerName, with("normalizer", `{"type":"NFC"}`), "normalizer"},
		{tokenizerName, with("decoder", "null"), "decoder"},
		{tokenizerName, with("pre_tokenizer", "null"), "pre_tokenizer"},
		{tokenizerName, with("pre_tokenizer", `{"type":"Metaspace"}`), "Metaspace"},
		{tokenizerName, with("pre_tokenizer", `{"type":"ByteLevel","add_prefix_space":true}`), "add_prefix_space"},
		{tokenizerName, with("post_processor", `{"type":"TemplateProcessing","special_tokens":{"<s>":{}}}`), "post_processor"},
		{tokenizerName, with("post_processor", `{"type":"RobertaProcessing","sep":["</s>",2],"cls":["<s>",0]}`), "post_processor: RobertaProcessing"},
		{tokenizerName, with("post_processor", `{"type":"BertProcessing","sep":["</s>",2],"cls":["<s>",0]}`), "post_processor: BertProcessing"},
		{tokenizerName, with("post_processor", `{"type":"Sequence","processors":[{"type":"ByteLevel"},{"type":"TemplateProcessing","special_tokens":{"<s>":{}}}]}`), "post_processor: TemplateProcessing"},
		{tokenizerName, with("post_processor", `{"type":"Sequence","processors":[{"type":"Sequence","processors":[{"type":"BertProcessing"}]}]}`), "post_processor: BertProcessing"},
		{tokenizerName, replace(`"type": "BPE"`, `"type": "Unigram"`), "Unigram"},
		{tokenizerName, replace(`"content": "<|end|>"`, `"content": "<|eot|>"`), `eos_token "<|end|>" is not in added_tokens`},
		{tokenizerName, replace(`"content": "<|end|>"`, `"content": " "`), `token " " has id`},
		{tokenizerName, replace(`"byte_fallback": false`, `"byte_fallback": true`), "byte_fallback"},
		{tokenizerConfigName, func(string) string { return "[" }, "tokenizer_config.json"},
	} {
		if _, err := Load(changed(t, "untied", c.file, c.change)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v: want %q", c.file, err, c.says)
		}
	}
}

// TestPostProcessorsThatAddNothing checks that post-processors without added tokens are
// accepted.
func TestPostProcessorsThatAddNothing(t *testing.T) {
	const template = `{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":0}}],"special_tokens":{}}`
	for _, p := range []string{`null`, `{"type":"ByteLevel","trim_offsets":false}`, `{"type":"Sequence","processors":[{"type":"ByteLevel"},` + template + `]}`} {
		if _, err := Load(changed(t, "untied", tokenizerName, with("post_processor", p))); err != nil {
			t.Errorf("%s: %v", p, err)
		}
	}
}

// TestOutputLayerOfATiedModel checks that the output layer of an adapter is used, unless it
// equals the embedding.
func TestOutputLayerOfATiedModel(t *testing.T) {
	base := model(t, "half")
	prompt := someTokens(30, 2)
	want, err := engine(t, base, DefaultOptions()).Score(t.Context(), prompt, 0)
	if err != nil {
		t.Fatal(err)
	}
	adapter := func(rows int, factor float32) fstest.MapFS {
		var data []byte
		for _, w := range base.embedding[:rows*base.config.Hidden] {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(w*factor))
		}
		header := fmt.Sprintf(`{"base_model.model.lm_head.weight":{"dtype":"F32","shape":[%d,%d],"data_offsets":[0,%d]}}`, rows, base.config.Hidden, len(data))
		return changed(t, "lora", adapterWeightsName, func(string) string { return string(safetensors(header, data)) })
	}
	for _, factor := range []float32{1, 2} {
		m, err := LoadAdapter(folder(t, "half"), adapter(base.config.Vocab, factor))
		if err != nil {
			t.Fatal(err)
		}
		got, err := engine(t, m, DefaultOptions()).Score(t.Context(), prompt, 0)
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range want.Logits { // multiplying by a power of two is exact
			if got.Logits[i] != factor*x {
				t.Fatalf("%v times the embedding: logit %d is %v, want %v", factor, i, got.Logits[i], factor*x)
			}
		}
	}
	if _, err := LoadAdapter(folder(t, "half"), adapter(300, 1)); err == nil || !strings.Contains(err.Error(), `"lm_head.weight" has shape [300 24]: want [340 24]`) {
		t.Error(err)
	}
}

func TestAdaptersThatAreNotSupportedAreNamed(t *testing.T) {
	for _, c := range []struct {
		file   string
		change func(string) string
		says   string
	}{
		{adapterConfigName, with("peft_type", `"IA3"`), "peft_type"},
		{adapterConfigName, with("r", "4"), "for weights of shape"},
		{adapterConfigName, with("lora_alpha", "0"), "lora_alpha"},
		{adapterConfigName, with("use_dora", "true"), "use_dora"},
		{adapterConfigName, with("bias", `"all"`), "bias"},
		{adapterConfigName, with("rank_pattern", `{"q_proj":2}`), "rank_pattern"},
		{adapterWeightsName, replace("q_proj.lora_A", "q_port.lora_A"), "no matching .lora_B.weight"},
		{adapterWeightsName, replace("base_model.model.model.layers.0.mlp.up_proj.lora_A", "base_model.model.model.layers.9.mlp.up_proj.lora_A"), "no matching"},
		{adapterWeightsName, func(string) string { return "" }, "does not exist"},
	} {
		if _, err := LoadAdapter(folder(t, "untied"), changed(t, "lora", c.file, c.change)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v: want %q", c.file, err, c.says)
		}
	}
}

func TestHalves(t *testing.T) {
	for h, want := range map[uint16]float64{
		0: 0, 0x3c00: 1, 0xc000: -2, 0x3555: 0.333251953125, 0x7bff: 65504, 1: math.Ldexp(1, -24), 0x03ff: 1023 * math.Ldexp(1, -24), 0x8400: -math.Ldexp(1, -14),
	} {
		if got := fromHalf(h); float64(got) != want {
			t.Errorf("%#04x is %v, want %v", h, got, want)
		}
	}
	if !math.IsInf(float64(fromHalf(0x7c00)), 1) || !math.IsNaN(float64(fromHalf(0x7e00))) {
		t.Error("infinity or NaN")
	}
}

// safetensors returns a file with the given header and data.
func safetensors(header string, data []byte) []byte {
	return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...), data...)
}

func FuzzTensors(f *testing.F) {
	f.Add(safetensors(`{"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}`, make([]byte, 8)))
	f.Add(safetensors(`{"__metadata__":{"x":"y"},"a":{"dtype":"BF16","shape":[2],"data_offsets":[2,6]}}`, make([]byte, 8)))
	f.Add(safetensors(`{"a":{"dtype":"F16","shape":[1099511627776,16777216],"data_offsets":[0,0]}}`, nil))
	f.Add(safetensors(`{"a":{"dtype":"F16","shape":[-1],"data_offsets":[4,2]}}`, make([]byte, 4)))
	f.Add([]byte{255, 255, 255, 255, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, file []byte) {
		all, err := parseTensors(file)
		if err != nil {
			return
		}
		for name, tensor := range all {
			n := 1
			for _, d := range tensor.shape {
				n *= d
			}
			if n != len(tensor.data) || 2*n > len(file) {
				t.Fatalf("%q has shape %v and %d numbers, of %d bytes", name, tensor.shape, len(tensor.data), len(file))
			}
		}
	})
}

func FuzzTokenizerFile(f *testing.F) {
	for _, name := range []string{"untied", "half", "value"} {
		file, err := fs.ReadFile(testdata, name+"/"+tokenizerName)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(file, "It's 42 <|end|>")
	}
	f.Fuzz(func(t *testing.T, file []byte, text string) {
		tok, err := parseTokenizer(file)
		if err != nil {
			return
		}
		for _, id := range tok.EncodeSpecial(text) {
			if id < 0 || id >= tok.Size() {
				t.Fatalf("token %d of %d", id, tok.Size())
			}
		}
	})
}

// FuzzText checks that every text can be encoded and decoded again, and that its tokens are
// the same however it is cut into words.
func FuzzText(f *testing.F) {
	f.Add("It's  what they'll\n\n say: 42 apples é \xff \u00a0 日本")
	var all []*Tokenizer
	for _, name := range []string{"untied", "half", "value"} {
		m, err := Load(must(testdata, name))
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, m.tokenizer)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for i, tok := range all {
			var b []byte
			for _, id := range tok.Encode(text) {
				if tok.special[id] {
					t.Fatalf("%q has the special token %d", text, id)
				}
				b = append(b, tok.text(id)...)
			}
			if string(b) != text {
				t.Fatalf("tokenizer %d: %q comes back as %q", i, text, b)
			}
			rest := text
			for word := range tok.split.words(text) {
				if word == "" || !strings.HasPrefix(rest, word) {
					t.Fatalf("tokenizer %d: the word %q before %q", i, word, rest)
				}
				rest = rest[len(word):]
			}
			if rest != "" {
				t.Fatalf("tokenizer %d: %q is in no word", i, rest)
			}
		}
	})
}
