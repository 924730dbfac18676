package train_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/finece/finece/host/train"
)

// settings reads a YAML file that has a key and a plain or JSON value on every
// line.
func settings(t *testing.T, path string) map[string]string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, line := range strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n") {
		key, v, ok := strings.Cut(line, ": ")
		if _, again := out[key]; !ok || again || strings.TrimSpace(key) != key {
			t.Fatalf("line %q", line)
		}
		if strings.HasPrefix(v, `"`) {
			if err := json.Unmarshal([]byte(v), &v); err != nil {
				t.Fatalf("line %q: %v", line, err)
			}
		} else if strings.ContainsAny(v, `:#"'{}[]&*!|>%@`) {
			t.Fatalf("line %q: YAML reads something else in it", line)
		}
		out[key] = v
	}
	return out
}

func TestLLaMAFactory(t *testing.T) {
	paper := map[string]string{
		"stage": "sft", "do_train": "true", "optim": "adamw_torch", "adam_beta1": "0.9", "adam_beta2": "0.5",
		"learning_rate": "1.0e-4", "warmup_steps": "300", "dataset": "finece_train", "dataset_dir": ".",
	}
	for _, c := range []struct {
		config train.LLaMAFactoryConfig
		want   map[string]string
		not    []string
	}{
		{
			changed(func(c *train.LLaMAFactoryConfig) { c.Model, c.Template = "Qwen/Qwen2.5-7B-Instruct", "qwen" }),
			map[string]string{
				"model_name_or_path": "Qwen/Qwen2.5-7B-Instruct", "template": "qwen", "finetuning_type": "full", "num_train_epochs": "3",
				"per_device_train_batch_size": "8", "cutoff_len": "2048", "output_dir": "out", "seed": "1",
			},
			[]string{"eval_dataset", "eval_strategy", "lora_rank"},
		},
		{
			train.LLaMAFactoryConfig{
				Model: `a "b": #c`, Template: "x", Train: "t.json", Dev: "d.json", LoRARank: 16, Epochs: 0.5, Batch: 2, Cutoff: 512, Seed: 7, Output: "o p",
			},
			map[string]string{
				"model_name_or_path": `a "b": #c`, "finetuning_type": "lora", "lora_rank": "16", "lora_alpha": "32", "lora_target": "all",
				"eval_dataset": "finece_dev", "eval_strategy": "epoch", "num_train_epochs": "0.5", "per_device_train_batch_size": "2",
				"cutoff_len": "512", "seed": "7", "output_dir": "o p",
			},
			nil,
		},
	} {
		folder := filepath.Join(t.TempDir(), "data")
		if err := train.LLaMAFactory(folder, c.config); err != nil {
			t.Fatal(err)
		}
		got := settings(t, filepath.Join(folder, "finece.yaml"))
		for _, want := range []map[string]string{paper, c.want} {
			for key, v := range want {
				if got[key] != v {
					t.Errorf("%s: %q, want %q", key, got[key], v)
				}
			}
		}
		for _, key := range c.not {
			if v, ok := got[key]; ok {
				t.Errorf("%s: %q, which was not asked for", key, v)
			}
		}
		raw, err := os.ReadFile(filepath.Join(folder, "dataset_info.json"))
		if err != nil {
			t.Fatal(err)
		}
		var info map[string]struct {
			File       string `json:"file_name"`
			Formatting string
			Columns    map[string]string
		}
		if err := json.Unmarshal(raw, &info); err != nil {
			t.Fatal(err)
		}
		for name, file := range map[string]string{"finece_train": c.config.Train, "finece_dev": c.config.Dev} {
			d, ok := info[name]
			if ok != (file != "") || ok && (d.File != file || d.Formatting != "alpaca" ||
				d.Columns["prompt"] != "instruction" || d.Columns["query"] != "input" || d.Columns["response"] != "output") {
				t.Errorf("%s: %+v", name, d)
			}
		}
	}
}

func TestLLaMAFactoryErrors(t *testing.T) {
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	good := changed(func(c *train.LLaMAFactoryConfig) { c.Model, c.Template = "m", "t" })
	for _, c := range []struct {
		folder string
		change func(*train.LLaMAFactoryConfig)
		says   string
	}{
		{t.TempDir(), func(c *train.LLaMAFactoryConfig) { c.Model = "" }, "needs Model, Template and Train"},
		{t.TempDir(), func(c *train.LLaMAFactoryConfig) { c.Train = "data/a.jsonl" }, "data/a.jsonl: want the name of a file in "},
		{t.TempDir(), func(c *train.LLaMAFactoryConfig) { c.Dev = "../a.jsonl" }, "../a.jsonl: want the name of a file in "},
		{blocked, func(*train.LLaMAFactoryConfig) {}, "train: mkdir"},
	} {
		config := good
		c.change(&config)
		if err := train.LLaMAFactory(c.folder, config); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v, want %q", err, c.says)
		}
	}
}

// changed is the default configuration with a file to train on and a change.
func changed(change func(*train.LLaMAFactoryConfig)) train.LLaMAFactoryConfig {
	c := train.DefaultLLaMAFactoryConfig()
	c.Train = "train.jsonl"
	change(&c)
	return c
}
