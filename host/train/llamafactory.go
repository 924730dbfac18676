package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/finece/finece/wasm/contract/defaults"
)

// LLaMAFactoryConfig configures a fine-tuning by LLaMA-Factory. Start from
// [DefaultLLaMAFactoryConfig] and set Model, Template and Train.
type LLaMAFactoryConfig struct {
	Model    string  // name or folder, such as Qwen/Qwen2.5-7B-Instruct
	Template string  // the name of its chat template in LLaMA-Factory, such as qwen
	Train    string  // name of a file in the [Alpaca] layout, in the folder that LLaMAFactory writes to
	Dev      string  // the same with held-out questions; "" for none
	Output   string  // folder of the checkpoints
	LoRARank int     // 0 trains all weights
	Epochs   float64 // passes over the data
	Batch    int     // sequences per device and step
	Cutoff   int     // most tokens of a sequence
	Seed     uint64
}

// DefaultLLaMAFactoryConfig trains all weights, in three passes.
func DefaultLLaMAFactoryConfig() LLaMAFactoryConfig {
	return LLaMAFactoryConfig{
		Output: "out", Epochs: 3, Batch: 8, Cutoff: 2048, Seed: defaults.TrainingSeed,
	}
}

// LLaMAFactory writes dataset_info.json and finece.yaml into a folder, for
// `llamafactory-cli train finece.yaml`. The settings are the paper's: AdamW with
// beta1 0.9 and beta2 0.5, learning rate 1e-4, 300 steps of warm-up.
func LLaMAFactory(folder string, c LLaMAFactoryConfig) error {
	if c.Model == "" || c.Template == "" || c.Train == "" {
		return errors.New("train: LLaMA-Factory needs Model, Template and Train")
	}
	for _, file := range []string{c.Train, c.Dev} {
		if file != "" && file != filepath.Base(file) {
			return fmt.Errorf("train: %s: want the name of a file in %s, where LLaMA-Factory looks for data", file, folder)
		}
	}
	type dataset struct {
		File       string            `json:"file_name"`
		Formatting string            `json:"formatting"`
		Columns    map[string]string `json:"columns"`
	}
	info := map[string]dataset{}
	add := func(name, file string) {
		info[name] = dataset{file, "alpaca", map[string]string{"prompt": "instruction", "query": "input", "response": "output"}}
	}
	add("finece_train", c.Train)
	var b strings.Builder
	set := func(key string, v any) { fmt.Fprintf(&b, "%s: %v\n", key, v) }
	quoted := func(s string) string { q, _ := json.Marshal(s); return string(q) } // a JSON string is also a YAML string
	set("stage", "sft")
	set("do_train", true)
	set("model_name_or_path", quoted(c.Model))
	set("template", quoted(c.Template))
	set("dataset_dir", ".")
	set("dataset", "finece_train")
	if c.Dev != "" {
		add("finece_dev", c.Dev)
		set("eval_dataset", "finece_dev")
		set("eval_strategy", "epoch")
	}
	if c.LoRARank > 0 {
		set("finetuning_type", "lora")
		set("lora_rank", c.LoRARank)
		set("lora_alpha", 2*c.LoRARank)
		set("lora_target", "all")
	} else {
		set("finetuning_type", "full")
	}
	set("optim", "adamw_torch")
	set("adam_beta1", 0.9)
	set("adam_beta2", 0.5)
	set("learning_rate", "1.0e-4")
	set("warmup_steps", 300)
	set("lr_scheduler_type", "cosine")
	set("num_train_epochs", c.Epochs)
	set("per_device_train_batch_size", c.Batch)
	set("cutoff_len", c.Cutoff)
	set("bf16", true)
	set("seed", c.Seed)
	set("save_strategy", "epoch")
	set("logging_steps", 10)
	set("output_dir", quoted(c.Output))

	text, err := json.MarshalIndent(info, "", "  ")
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	for name, content := range map[string][]byte{"dataset_info.json": append(text, '\n'), "finece.yaml": []byte(b.String())} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			return fmt.Errorf("train: %w", err)
		}
	}
	return nil
}

func orDefault[T comparable](v, fallback T) T {
	var zero T
	if v == zero {
		return fallback
	}
	return v
}
