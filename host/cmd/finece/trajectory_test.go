package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/finece/finece/wasm/calibration"
)

// toldByTheEnd returns labelled answers. The less likely an answer is to be right, the less
// likely are its last tokens; its first tokens do not depend on that.
func toldByTheEnd(questions int) string {
	rng := rand.New(rand.NewPCG(1, 1))
	var b strings.Builder
	for q := range questions {
		truth, style := rng.Float64(), rng.ExpFloat64()
		var tokens []string
		text := ""
		for i := range 20 {
			word, lp := " word", -rng.ExpFloat64()*style
			if i > 10 {
				lp = -rng.ExpFloat64() * (1.1 - truth)
			}
			if i == 10 {
				word = ".\n\n"
			}
			quoted, _ := json.Marshal(word)
			tokens = append(tokens, fmt.Sprintf(`{"token":%s,"logprob":%v,"top_logprobs":[{"token":"a","logprob":%v}]}`, quoted, lp, lp/2))
			text += word
		}
		answer, _ := json.Marshal(text)
		fmt.Fprintf(&b, `{"id":%d,"question":"Q%d?","answer":%s,"correct":%t,"logprobs":{"content":[%s]}}`+"\n", q, q, answer, rng.Float64() < truth, strings.Join(tokens, ","))
	}
	return b.String()
}

func TestATrajectoryModelIsFittedAndScores(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trajectory.json")
	in := toldByTheEnd(150)
	args := []string{"calibrate", "--estimator", "trajectory", "--resamples", "50", "--domain", "words", "-o", path, "-"}
	r := finece(t, in, args...)
	r.wants(t, 0)
	if !strings.HasPrefix(r.out, "positions  answers  AUROC") || !strings.Contains(r.out, "end: ") {
		t.Errorf("the table is\n%s", r.out)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, report, err := calibration.ParseTrajectory(text)
	if err != nil || m.Card.Labels != 150 || m.Card.Domain != "words" || m.Source != "standard input" || !strings.Contains(string(report), `"auroc_gain"`) {
		t.Errorf("%v, %s", err, text)
	}
	again := finece(t, in, args...)
	again.wants(t, 0)
	if second, err := os.ReadFile(path); err != nil || string(second) != string(text) || again.out != r.out {
		t.Errorf("a second run differs: %v", err)
	}
	// Both engines score with it, and call the result a probability.
	var outs []string
	for _, engine := range []string{"wazero", "native"} {
		scored := finece(t, toldByTheEnd(5), "score", "--engine", engine, "--estimator", "trajectory", "--trajectory", path, "-")
		scored.wants(t, 0)
		outs = append(outs, scored.out)
	}
	if outs[0] != outs[1] || strings.Count(outs[0], `"finece":{"version":1,"calibrated":true,"source":{"estimator":"trajectory"}`) != 5 {
		t.Errorf("scored\n%.600s\nand\n%.600s", outs[0], outs[1])
	}
}

func TestWhatATrajectoryModelCannotBeFittedOn(t *testing.T) {
	good := toldByTheEnd(60)
	few := strings.Join(strings.SplitAfter(good, "\n")[:20], "")
	for _, c := range []struct {
		name, in string
		args     []string
		code     int
		want     string
	}{
		{"few answers", few, nil, 1, "want at least 50 labelled answers"},
		{"no labels", strings.ReplaceAll(few, `"correct"`, `"right"`), nil, 1, `standard input:1: "correct" is missing; it has to be true, false, 1 or 0`},
		{"no log-probabilities", `{"id":1,"answer":"x","correct":true}` + "\n" + good, nil, 1, "standard input:1: no log-probabilities that can be used"},
		{"a label that is none", `{"id":1,"answer":"x","correct":"yes"}` + "\n" + good, nil, 1, `"correct" is "yes"`},
		{"a line that is cut", good + `{"id":`, nil, 1, "60 answers were used; 1 were left out"},
		{"a line that is too long", good + strings.Repeat("x", 17<<20), nil, 1, "standard input:61: longer than 16777216 bytes"},
		{"a flag of maps", good, []string{"--method", "platt"}, 2, "--method is about calibration maps"},
		{"another estimator", good, []string{"--estimator", "model"}, 2, `--estimator "model": want trajectory`},
		{"a strategy that is none", good, []string{"--strategy", "none"}, 2, "--strategy"},
	} {
		r := finece(t, c.in, append([]string{"calibrate", "--estimator", "trajectory", "--resamples", "10", "-"}, c.args...)...)
		if r.code != c.code || !strings.Contains(r.err, c.want) {
			t.Errorf("%s: exit %d, %s, want %d, %q", c.name, r.code, r.err, c.code, c.want)
		}
	}
	r := finece(t, good, "score", "--estimator", "trajectory", "-")
	if r.code != 2 || !strings.Contains(r.err, "--estimator trajectory needs --trajectory FILE") {
		t.Errorf("exit %d, %s", r.code, r.err)
	}
}
