//go:build train

package train_test

import (
	"os/exec"
	"path/filepath"
	"slices"
)

// unlike returns the names of the weights in which two models differ.
const unlike = `
import sys
from safetensors.torch import load_file
a, b = (load_file(path) for path in sys.argv[1:])
assert a.keys() == b.keys(), a.keys() ^ b.keys()
for name in sorted(a):
    if not a[name].equal(b[name]):
        print(name)
`

// goesOn checks that --grown continues with the layers that were added before, and that
// --freeze does not change the others.
func goesOn(w *workshop, common []string) {
	confidence, err := filepath.Abs("../lm/weights/confidence")
	if err != nil {
		w.Fatal(err)
	}
	out := w.path("grown")
	args := slices.Concat([]string{"ift"}, common, []string{"--model", confidence, "--grown", "1", "--freeze", "--surprise", "1", "--lr", "1e-3", "--limit", "200", "--epochs", "1", "--out", out})
	w.train(args...)
	file := "model.safetensors"
	changed, err := exec.CommandContext(w.Context(), w.python, "-c", unlike, filepath.Join(confidence, file), filepath.Join(out, "best", file)).CombinedOutput()
	if err != nil {
		w.Fatalf("%v: %s", err, changed)
	}
	const layer = "model.layers.8."
	want := []string{"input_layernorm", "mlp.down_proj", "mlp.gate_proj", "mlp.up_proj", "post_attention_layernorm", "self_attn.k_proj", "self_attn.o_proj", "self_attn.q_proj", "self_attn.v_proj"}
	text := ""
	for _, name := range want {
		text += layer + name + ".weight\n"
	}
	if string(changed) != text {
		w.Errorf("changed are\n%swant\n%s", changed, text)
	}
}
