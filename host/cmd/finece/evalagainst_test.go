package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
)

// TestEvalAgainst compares the figures of --against with those of each column alone.
func TestEvalAgainst(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var in strings.Builder
	in.WriteString("id,confidence,other,correct\n")
	for i := range 400 {
		c := rng.Float64()
		fmt.Fprintf(&in, "q%d,%.3f,%.3f,%v\n", i/2, c, (c+2*rng.Float64())/3, rng.Float64() < c)
	}
	alone := func(column string) (figures map[string]any) {
		t.Helper()
		r := finece(t, in.String(), "eval", "--confidence", column, "--format", "json", "--resamples", "20", "-")
		if err := json.Unmarshal([]byte(r.out), &figures); err != nil {
			t.Fatal(err)
		}
		return figures
	}
	own, other := alone("confidence"), alone("other")
	r := finece(t, in.String(), "eval", "--against", "other", "--format", "json", "--resamples", "20", "-")
	r.wants(t, 0)
	var got map[string]any
	if err := json.Unmarshal([]byte(r.out), &got); err != nil {
		t.Fatal(err)
	}
	against := got["against"].(map[string]any)
	difference := against["difference"].(map[string]any)
	for name, v := range own {
		if fmt.Sprint(got[name]) != fmt.Sprint(v) {
			t.Errorf("%s is %v, alone %v", name, got[name], v)
		}
		if strings.HasSuffix(name, "_ci") {
			continue
		}
		if against[name] != other[name] {
			t.Errorf("%s of the other is %v, alone %v", name, against[name], other[name])
		}
		switch name {
		case "n", "questions", "accuracy":
			continue
		}
		if d := v.(float64) - other[name].(float64); math.Abs(difference[name].(float64)-d) > 1e-15 {
			t.Errorf("%s differs by %v, want %v", name, difference[name], d)
		}
	}
	for _, name := range []string{"ece", "brier", "brier_skill", "nll", "auroc", "auprc", "aurc", "augrc"} {
		ci := difference[name+"_ci"].([]any)
		if low, high, d := ci[0].(float64), ci[1].(float64), difference[name].(float64); name != "ece" && !(low < d && d < high) {
			t.Errorf("%s: %v outside %v to %v", name, d, low, high)
		}
	}
	if test := against["delong"].(map[string]any); !(test["z"].(float64) > 1 && test["p"].(float64) < 0.1) {
		t.Errorf("DeLong: %v", test)
	}

	r = finece(t, in.String(), "eval", "--against", "other", "-")
	r.wants(t, 0)
	if !strings.Contains(r.out, "DeLong's test of equal AUROCs: z = ") || !strings.Contains(r.out, "  confidence\n") {
		t.Errorf("no test or no better column in\n%s", r.out)
	}
	r = finece(t, in.String(), "eval", "--against", "confidence", "-")
	r.wants(t, 0)
	if !strings.Contains(r.out, "z = 0.000, p = 1.0000") || strings.Contains(r.out, "  confidence\n") {
		t.Errorf("a column differs from itself:\n%s", r.out)
	}
	r = finece(t, in.String(), "eval", "--against", "other", "--by", "correct", "-")
	r.wants(t, 0)
	if !strings.HasPrefix(r.out, "confidence minus other, on the same rows\n") || strings.Count(r.out, "no brier_skill, auroc") != 2 {
		t.Errorf("by groups of one class:\n%s", r.out)
	}
}

// TestEvalAgainstLeavesOut: a row counts only if it has both confidences.
func TestEvalAgainstLeavesOut(t *testing.T) {
	r := finece(t, `{"confidence":0.5,"b":0.6,"correct":1}
{"confidence":0.5,"b":null,"correct":1}
{"confidence":0.5,"b":1.5,"correct":0}
{"confidence":NaN,"b":0.5,"correct":0}
{"confidence":0.5,"correct":0}
{"confidence":0.25,"b":0.5,"correct":0}`, "eval", "--against", "b", "--format", "json", "-")
	r.wants(t, exit.Faults, `"b" is blank: 1 (line 2)`, `"b" is above 1: 1 (line 3)`, "confidence is NaN: 1 (line 4)", `no key "b": 1 (line 5)`)
	if !strings.HasPrefix(r.out, `{"n":2,`) {
		t.Errorf("%s", r.out)
	}
	finece(t, "confidence,correct\n1,1\n", "eval", "--against", "b", "-").wants(t, exit.Faults, `no column "b"; the file has "confidence", "correct": name the column with --against`)
	finece(t, "", "eval", "--against", "b", "--positions", "-").wants(t, exit.Usage, "it cannot be used with --positions")
}
