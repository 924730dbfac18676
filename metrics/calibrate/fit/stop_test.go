package fit

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// path is a random walk of confidences around a level of its own.
func path(rng *rand.Rand) []float64 {
	var p []float64
	level := rng.NormFloat64()
	for range 1 + rng.IntN(12) {
		level += 0.5 * rng.NormFloat64()
		p = append(p, 1/(1+math.Exp(-level)))
	}
	return p
}

// TestTheShareOfRightAnswersStoppedHolds draws many samples and a further answer for each.
// The theorem says which share is stopped: without ties, the bound itself.
func TestTheShareOfRightAnswersStoppedHolds(t *testing.T) {
	const samples = 20_000
	rng := rand.New(rand.NewPCG(1, 1))
	for _, alpha := range []float64{0.05, 0.1, 0.2} {
		stopped, bound := 0, 0.0
		for range samples {
			right := make([][]float64, 20+rng.IntN(30))
			for i := range right {
				right[i] = path(rng)
			}
			s, err := StopBelow(right, alpha)
			if err != nil || s.Bound > alpha || s.Right != len(right) {
				t.Fatalf("%+v, %v", s, err)
			}
			bound += s.Bound / samples
			if s.Stops(path(rng)) >= 0 {
				stopped++
			}
		}
		share := float64(stopped) / samples
		if noise := 4 * math.Sqrt(alpha/samples); math.Abs(share-bound) > noise {
			t.Errorf("alpha %v: %.4f of the right answers were stopped, the bound is %.4f", alpha, share, bound)
		}
	}
}

func TestStopBelow(t *testing.T) {
	paths := [][]float64{{0.9, 0.5, 0.7}, {0.3, 0.8}, {0.2, 0.1}, {}}
	for alpha, want := range map[float64]float64{0.19: 0, 0.2: 0.1, 0.4: 0.3, 0.6: 0.5, 0.8: 1} {
		s, err := StopBelow(paths, alpha)
		if err != nil || s.Threshold != want {
			t.Errorf("alpha %v: %+v, %v, want %v", alpha, s, err, want)
		}
		stopped := 0
		for _, p := range paths {
			if s.Stops(p) >= 0 {
				stopped++
			}
		}
		if float64(stopped) > alpha*float64(len(paths)) {
			t.Errorf("alpha %v: %d of its own answers are stopped", alpha, stopped)
		}
	}
	s := Stop{Threshold: 0.5}
	if at := s.Stops([]float64{0.6, 0.5, 0.4, 0.3}); at != 2 {
		t.Errorf("stopped at %d", at)
	}
	for _, alpha := range []float64{0, 1, math.NaN()} {
		if _, err := StopBelow(paths, alpha); !errors.Is(err, ErrStop) {
			t.Errorf("%v: %v", alpha, err)
		}
	}
	if _, err := StopBelow([][]float64{{math.NaN()}}, 0.1); err == nil {
		t.Error("a confidence that is none was taken")
	}
}

// FewestRight is the least number for which a threshold can be over 0.
func TestFewestRight(t *testing.T) {
	for _, alpha := range []float64{0.01, 0.05, 0.1, 0.2, 0.3, 1.0 / 3, 0.5} {
		for _, more := range []int{-1, 0} {
			paths := make([][]float64, FewestRight(alpha)+more)
			for i := range paths {
				paths[i] = []float64{0.5}
			}
			if s, err := StopBelow(paths, alpha); err != nil || (s.Threshold > 0) != (more == 0) {
				t.Errorf("alpha %v with %d right answers: %+v, %v", alpha, len(paths), s, err)
			}
		}
	}
}
