package main

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/finece/finece/host/cmd/finece/internal/models"
	"github.com/finece/finece/host/lm/weights"
)

// The built-in value head, served as vLLM serves one: --activation turns the logit of /pooling
// into the probability that /classify gives. There is no /predict.
func TestScoreByAHead(t *testing.T) {
	url, done, err := models.Serve()
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	in := solved(t, 3)
	confidences := func(flags ...string) (all []float64) {
		r := finece(t, in, append([]string{"score", "--estimator", url, "--model", weights.Value}, append(flags, "-")...)...)
		r.wants(t, 0)
		for line := range strings.Lines(r.out) {
			var l struct{ Confidence float64 }
			if err := json.Unmarshal([]byte(line), &l); err != nil {
				t.Fatal(err)
			}
			all = append(all, l.Confidence)
		}
		return all
	}
	right, wrong := confidences("--adapter", "classify"), confidences("--adapter", "classify", "--class", "0")
	logit := confidences("--adapter", "pooling", "--activation", "sigmoid")
	for i := range right {
		if math.Abs(right[i]-logit[i]) > 1e-6 || right[i] <= 0 || right[i] >= 1 {
			t.Errorf("answer %d: /classify gives %v, /pooling %v", i, right[i], logit[i])
		}
		if math.Abs(right[i]+wrong[i]-1) > 1e-6 {
			t.Errorf("answer %d: class 1 has %v, class 0 %v", i, right[i], wrong[i])
		}
	}
	finece(t, in, "score", "--estimator", url, "--model", weights.Value, "--adapter", "reward", "-").wants(t, 1, "vLLM has no such path", "adapter classify")
	finece(t, in, "score", "--estimator", url, "--activation", "tanh", "-").wants(t, 2, `--activation`)
}
