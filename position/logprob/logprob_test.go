package logprob

import (
	"math"
	"math/rand/v2"
	"testing"
)

// ulps is the distance between two floats in units in the last place of want.
func ulps(got, want float64) float64 {
	if got == want || (math.IsNaN(got) && math.IsNaN(want)) {
		return 0
	}
	unit := math.Nextafter(math.Abs(want), math.Inf(1)) - math.Abs(want)
	return math.Abs(got-want) / unit
}

func TestExpAgreesWithMath(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		x := (rng.Float64()*2 - 1) * 740
		if rng.IntN(2) == 0 {
			x = -rng.ExpFloat64()
		}
		want := math.Exp(x)
		if want < 0x1p-1022 {
			continue // the last place of a subnormal is a coarse unit
		}
		if d := ulps(Exp(x), want); d > 2 { // 1 of ours and 1 of math's
			t.Fatalf("Exp(%v) = %v, math gives %v: %v ulp apart", x, Exp(x), want, d)
		}
	}
}

func TestLogAgreesWithMath(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200_000 {
		x := math.Float64frombits(rng.Uint64() >> 1)
		switch rng.IntN(3) {
		case 0:
			x = rng.Float64()
		case 1:
			x = 1 + (rng.Float64()-0.5)/8
		}
		if x < 0x1p-1022 {
			continue // math.Log is far off below the normal numbers on amd64
		}
		if d := ulps(Log(x), math.Log(x)); d > 3 {
			t.Fatalf("Log(%v) = %v, math gives %v: %v ulp apart", x, Log(x), math.Log(x), d)
		}
	}
}

func TestSpecialValues(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"exp of 0", Exp(0), 1},
		{"exp of -0", Exp(math.Copysign(0, -1)), 1},
		{"exp of +Inf", Exp(inf), inf},
		{"exp of -Inf", Exp(-inf), 0},
		{"exp overflows", Exp(710), inf},
		{"exp underflows", Exp(-746), 0},
		{"exp of OpenAI's floor", Exp(-9999), 0},
		{"exp at the top of the range", Exp(709.78), math.Exp(709.78)},
		{"smallest subnormal", Exp(-745), 5e-324},
		{"log of 1", Log(1), 0},
		{"log of 0", Log(0), -inf},
		{"log of +Inf", Log(inf), inf},
		{"log of a subnormal", Log(5e-324), -1074 * math.Ln2}, // 2^-1074
	} {
		if ulps(c.got, c.want) > 1 {
			t.Errorf("%s = %v, want %v", c.name, c.got, c.want)
		}
	}
	if !math.IsNaN(Exp(math.NaN())) || !math.IsNaN(Log(math.NaN())) || !math.IsNaN(Log(-1)) {
		t.Error("NaN is not passed on")
	}
}

func logs(p ...float64) []float64 {
	out := make([]float64, len(p))
	for i, v := range p {
		out[i] = math.Log(v)
	}
	return out
}

func TestEntropy(t *testing.T) {
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
		lo, hi, ok := Entropy(c.top, c.chosen)
		if ok != c.ok || !near(lo, c.lo) || !near(hi, c.hi) {
			t.Errorf("%s: Entropy = %v, %v, %v; want %v, %v, %v", c.name, lo, hi, ok, c.lo, c.hi, c.ok)
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
		lo, hi, ok := Entropy(logs(p[:k]...), math.NaN())
		if !ok || lo > h+1e-9 || hi < h-1e-9 {
			t.Fatalf("top %d of %d: [%v, %v] does not hold %v", k, n, lo, hi, h)
		}
	}
}

func BenchmarkEntropy5(b *testing.B) {
	top := logs(0.6, 0.2, 0.1, 0.05, 0.01)
	for b.Loop() {
		Entropy(top, math.NaN())
	}
}
