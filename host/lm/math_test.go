package lm

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestExp checks that both forms are within 2e-7 of math.Exp.
func TestExp(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	worst := 0.0
	s := make([]float32, 100_000)
	for i := range s {
		x := float32(r.Float64()*174 - 87)
		s[i] = min(x, 0)
		want := math.Exp(float64(x))
		worst = max(worst, math.Abs(float64(exp32(x))-want)/want)
	}
	s[0] = 0
	want := append([]float32(nil), s...)
	sum := expAll(s, 1)
	total := 0.0
	for i, x := range want {
		total += math.Exp(float64(x))
		if got := float64(s[i]); math.Abs(got-math.Exp(float64(x))) > 2e-7*got {
			t.Fatalf("e^%v is %v", x, got)
		}
	}
	if worst > 2e-7 || math.Abs(float64(sum)-total) > 1e-3*total {
		t.Errorf("the greatest relative error is %.1e, the sum %v, want %v", worst, sum, total)
	}
	if exp32(-1000) != 0 || exp32(0) != 1 || math.IsInf(float64(exp32(1000)), 0) {
		t.Errorf("%v, %v, %v", exp32(-1000), exp32(0), exp32(1000))
	}
	if got := expAll([]float32{-1000, 3, 3}, 5); got != 2 {
		t.Errorf("the sum is %v", got)
	}
}
