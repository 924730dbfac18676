package position

import (
	"math"
	"math/rand/v2"
	"testing"
)

func logs(p ...float64) []float64 {
	out := make([]float64, len(p))
	for i, v := range p {
		out[i] = math.Log(v)
	}
	return out
}

func TestEntropyOfAListedHead(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name   string
		top    []float64
		chosen float64
		lo, hi float64
		ok     bool
	}{
		{"a whole distribution has one value", logs(0.5, 0.25, 0.25), nan, 1.0397207708399179, 1.0397207708399179, true},
		{"a certain token", []float64{0, -9999, -9999}, nan, 0, 0, true},
		{"order does not matter", logs(0.25, 0.5, 0.25), nan, 1.0397207708399179, 1.0397207708399179, true},
		// t = 0.5 on two tokens of at most 0.25: 0.25 four times in all is ln 4.
		{"the tail at its most concentrated", logs(0.25, 0.25), nan, math.Log(4), 0.5*math.Log(4) + 0.5*math.Log(2*(Vocabulary-2)), true},
		{"a sampled token outside the head counts", logs(0.5, 0.3), math.Log(0.2), 1.0296530140645737, 1.0296530140645737, true},
		{"rounded masses just over one", []float64{math.Log(0.9), math.Log(0.1000001)}, nan, 0.3250831, 0.3250831, true},
		{"no list", nil, -0.1, nan, nan, false},
		{"NaN in the list", []float64{nan}, nan, nan, nan, false},
		{"a positive log-probability", []float64{0.5}, nan, nan, nan, false},
		{"twice the mass", logs(0.9, 0.9), nan, nan, nan, false},
	} {
		lo, hi, ok := EntropyBounds(c.top, c.chosen)
		if ok != c.ok || !near(lo, c.lo) || !near(hi, c.hi) {
			t.Errorf("%s: EntropyBounds = %v, %v, %v; want %v, %v, %v", c.name, lo, hi, ok, c.lo, c.hi, c.ok)
		}
	}
}

func near(a, b float64) bool {
	return math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) < 1e-6
}

// Any head of a random distribution must bound the entropy of the whole.
func TestEntropyBoundsHold(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 2000 {
		n := 2 + rng.IntN(60)
		p := make([]float64, n)
		sum := 0.0
		for i := range p {
			p[i] = rng.ExpFloat64() * math.Exp(-float64(i)*rng.Float64())
			sum += p[i]
		}
		h := 0.0
		for i := range p {
			p[i] /= sum
			h -= p[i] * math.Log(p[i])
		}
		for i := range p { // selection sort, largest first
			for j := i + 1; j < n; j++ {
				if p[j] > p[i] {
					p[i], p[j] = p[j], p[i]
				}
			}
		}
		k := 1 + rng.IntN(n)
		lo, hi, ok := EntropyBounds(logs(p[:k]...), math.NaN())
		if !ok || lo > h+1e-9 || hi < h-1e-9 {
			t.Fatalf("top %d of %d: [%v, %v] does not hold %v", k, n, lo, hi, h)
		}
	}
}

func BenchmarkEntropyBounds(b *testing.B) {
	top := logs(0.6, 0.2, 0.1, 0.05, 0.01)
	for b.Loop() {
		EntropyBounds(top, math.NaN())
	}
}
