//go:build train

package train_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/finece/finece/host/train"
)

// resumes kills a training at two instants and damages its last checkpoint. The resumed
// training must give the model of an uninterrupted one.
func resumes(w *workshop, args []string) {
	args = slices.Concat(args, []string{"--epochs", "3", "--save-every", "7", "--log-every", "1"})
	whole, out := w.path("whole", w.Name()), w.path("resumed", w.Name())
	want := w.train(append(slices.Clone(args), "--out", whole)...)
	steps := want[len(want)-1].Of
	for _, r := range want {
		steps = max(steps, r.Of)
	}
	for _, at := range []int{steps / 4, steps * 2 / 3} {
		cmd := exec.CommandContext(w.Context(), w.python, slices.Concat([]string{"python/finece_train.py"}, args, []string{"--out", out, "--finece", w.finece})...)
		pipe, err := cmd.StdoutPipe()
		if err != nil {
			w.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			w.Fatal(err)
		}
		killed := false
		for lines := bufio.NewScanner(pipe); lines.Scan(); {
			var r train.Report
			if json.Unmarshal(lines.Bytes(), &r) == nil && r.Step >= at && !killed {
				killed = true
				if err := cmd.Process.Kill(); err != nil {
					w.Fatal(err)
				}
			}
		}
		if err := cmd.Wait(); err == nil || !killed {
			w.Fatalf("it ended before step %d: %v", at, err)
		}
	}
	torn := filepath.Join(out, "checkpoint-99999")
	if err := os.MkdirAll(torn, 0o755); err != nil {
		w.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(torn, "trainer_state.json"), []byte(`{"epo`), 0o600); err != nil {
		w.Fatal(err)
	}
	all := w.train(append(slices.Clone(args), "--out", out)...)
	from, last := "", 0
	for _, r := range all {
		from += r.Resumed
		last = max(last, r.Step)
	}
	if !strings.HasPrefix(from, filepath.Join(out, "checkpoint-")) || last != steps {
		w.Errorf("it went on from %q to step %d, want %d", from, last, steps)
	}
	a, b := w.reports(whole, 3), w.reports(out, 3)
	for i := range a {
		if math.Abs(*a[i].Brier-*b[i].Brier) > 1e-6 || a[i].Best != b[i].Best {
			w.Errorf("epoch %d: %+v (Brier %v), uninterrupted %+v (%v)", i+1, b[i], *b[i].Brier, a[i], *a[i].Brier)
		}
	}
	again := w.train(append(slices.Clone(args), "--out", out)...)
	for _, r := range again {
		if r.Step > 0 {
			w.Errorf("what was finished was trained on: %+v", r)
		}
	}
	w.reports(out, 3)
}

// alike checks that two processes make the same model as one, up to the order of sums.
func alike(w *workshop, args []string) {
	var found []epoch
	for _, n := range []string{"1", "2"} {
		out := w.path("processes", n)
		w.train(slices.Concat(args, []string{"--epochs", "2", "--processes", n, "--out", out})...)
		found = append(found, w.reports(out, 2)...)
	}
	for i := range 2 {
		one, two := found[i], found[i+2]
		if math.Abs(*one.Brier-*two.Brier) > 1e-3 || math.Abs(*one.AUROC-*two.AUROC) > 0.02 {
			w.Errorf("epoch %d: Brier %v and AUROC %v of one process, %v and %v of two", i+1, *one.Brier, *one.AUROC, *two.Brier, *two.AUROC)
		}
	}
}

func trainerErrors(w *workshop, generator, data, dev string) {
	bad := w.path("bad.jsonl")
	if err := os.WriteFile(bad, []byte("{}\n{\n"), 0o600); err != nil {
		w.Fatal(err)
	}
	for _, c := range []struct {
		args   []string
		finece string
		says   string
	}{
		{[]string{"ift"}, w.finece, "required: --model"},
		{[]string{"ift", "--model", generator, "--data", bad, "--dev", dev, "--out", w.path("e")}, w.finece, "want messages, or instruction, input and output"},
		{[]string{"value", "--model", generator, "--data", data, "--dev", dev, "--out", w.path("e"), "--context", "4"}, w.finece, "give a larger --context"},
		{[]string{"ift", "--model", generator, "--data", data, "--dev", dev, "--out", w.path("e")}, "/nowhere/finece", "want the finece command"},
		{[]string{"ift", "--model", generator, "--data", data, "--dev", dev, "--out", w.path("e"), "--surprise", "1"}, w.finece, "--surprise and --freeze need --grow"},
		{[]string{"ift", "--model", generator, "--data", data, "--dev", dev, "--out", w.path("e"), "--grown", "6"}, w.finece, "want fewer"},
		{[]string{"ift", "--model", generator, "--data", data, "--dev", dev, "--out", w.path("e"), "--grow", "1", "--lora-rank", "4"}, w.finece, "leave out --lora-rank"},
		{[]string{"ift", "--model", generator, "--data", data, "--dev", dev, "--out", w.path("e"), "--processes", "0"}, w.finece, "--processes 0: want 1 or more"},
		{[]string{"ift", "--model", generator, "--data", bad, "--dev", dev, "--out", w.path("e"), "--processes", "2"}, w.finece, "want messages, or instruction, input and output"},
	} {
		t := train.Trainer{Python: w.python, Finece: c.finece}
		if err := t.Run(w.Context(), nil, c.args...); err == nil || !strings.Contains(err.Error(), c.says) {
			w.Errorf("%s: %v, want %q", strings.Join(c.args, " "), err, c.says)
		}
	}
	ctx, cancel := context.WithCancel(w.Context())
	cancel()
	t := train.Trainer{Python: w.python, Finece: w.finece}
	if err := t.Run(ctx, nil, "ift"); !errors.Is(err, context.Canceled) {
		w.Errorf("of a context that has ended it says %v", err)
	}
}

// yamlReads checks that the file of LLaMAFactory is valid YAML.
func yamlReads(w *workshop) {
	folder := w.path("llamafactory")
	if err := train.LLaMAFactory(folder, changed(func(c *train.LLaMAFactoryConfig) { c.Model, c.Template, c.LoRARank = `a "b": #c`, "x", 4 })); err != nil {
		w.Fatal(err)
	}
	cmd := exec.Command(w.python, "-c", "import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))")
	f, err := os.Open(filepath.Join(folder, "finece.yaml"))
	if err != nil {
		w.Fatal(err)
	}
	defer f.Close()
	cmd.Stdin = f
	out, err := cmd.CombinedOutput()
	var got map[string]any
	if err != nil || json.Unmarshal(out, &got) != nil {
		w.Fatalf("%v: %s", err, out)
	}
	for key, v := range map[string]any{"model_name_or_path": `a "b": #c`, "learning_rate": 1e-4, "adam_beta2": 0.5, "warmup_steps": 300., "bf16": true, "lora_rank": 4.} {
		if got[key] != v {
			w.Errorf("%s: %v, want %v", key, got[key], v)
		}
	}
}
