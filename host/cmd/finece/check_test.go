package main

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
)

// labelsOf returns n labelled answers as CSV. Each is correct with its confidence plus shift
// as the probability.
func labelsOf(seed uint64, n int, shift float64) string {
	rng := rand.New(rand.NewPCG(seed, 1))
	var b strings.Builder
	b.WriteString("id,confidence,correct\n")
	for i := range n {
		p := 0.2 + 0.7*rng.Float64()
		fmt.Fprintf(&b, "%d,%v,%d\n", i, p, btoi(rng.Float64() < p+shift))
	}
	return b.String()
}

func TestAMapIsTestedOnNewLabels(t *testing.T) {
	path := filepath.Join(t.TempDir(), "map.json")
	finece(t, labelsOf(1, 1000, -0.1), "calibrate", "--method", "platt", "--resamples", "10", "-o", path, "-").wants(t, 0)
	alarms := 0
	for seed := range uint64(20) {
		r := finece(t, labelsOf(100+seed, 300, -0.1), "calibrate", "--check", path, "-")
		if r.code == 1 {
			alarms++
		} else if r.code != 0 || !strings.Contains(r.out, "labels    300, one of each question") || !strings.Contains(r.out, "nothing speaks against the map") {
			t.Errorf("exit %d\n%s%s", r.code, r.out, r.err)
		}
	}
	if alarms > 4 { // 3 in 100 at a rate of 1 in 20 each
		t.Errorf("%d alarms of 20 about a map that holds", alarms)
	}
	for shift, want := range map[float64]string{-0.4: "less often correct than it says", 0.1: "more often correct than it says"} {
		r := finece(t, labelsOf(7, 300, shift), "calibrate", "--check", path, "-")
		if r.code != 1 || !strings.Contains(r.err, "the map does not hold here") || !strings.Contains(r.err, want) {
			t.Errorf("shift %v: exit %d, %s%s", shift, r.code, r.out, r.err)
		}
	}
	// Rows of one question count once.
	one := "id,confidence,correct\n" + strings.Repeat("1,0.9,0\n", 500)
	if r := finece(t, one, "calibrate", "--check", path, "-"); r.code != 0 || !strings.Contains(r.out, "labels    1,") {
		t.Errorf("exit %d\n%s%s", r.code, r.out, r.err)
	}
	if r := finece(t, one, "calibrate", "--check", path, "-o", "x.json", "-"); r.code != 2 {
		t.Errorf("exit %d, %s", r.code, r.err)
	}
}
