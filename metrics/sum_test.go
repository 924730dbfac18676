package metrics

import (
	"cmp"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSumIsExact compares with math/big at a precision that rounds nothing.
func TestSumIsExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	for range 300 {
		var s sum
		want := new(big.Float).SetPrec(1300)
		smallest := rng.IntN(1100) // some rounds stay among subnormals, some mix all sizes
		for range 1 + rng.IntN(40) {
			x := math.Ldexp(1+rng.Float64(), -rng.IntN(smallest+1))
			times := uint64(1)
			if rng.IntN(3) == 0 {
				times = rng.Uint64N(1 << 45)
			}
			s.add(x, times)
			term := new(big.Float).SetPrec(1300).SetFloat64(x)
			want.Add(want, term.Mul(term, new(big.Float).SetPrec(1300).SetUint64(times)))
		}
		if f, _ := want.Float64(); s.value() != f {
			t.Fatalf("sum = %v, big.Float has %v", s.value(), f)
		}
	}
}

func TestSumRounding(t *testing.T) {
	for _, c := range []struct {
		name  string
		terms []float64
		want  float64
	}{
		{"nothing", nil, 0},
		{"the smallest number", []float64{5e-324}, 5e-324},
		{"subnormals become normal", []float64{0x1p-1022 - 5e-324, 5e-324}, 0x1p-1022},
		{"half a last place, even below", []float64{1, 0x1p-53}, 1},
		{"half a last place, odd below", []float64{1 + 0x1p-52, 0x1p-53}, 1 + 0x1p-51},
		{"a bit far below half breaks the tie", []float64{1, 0x1p-53, 5e-324}, 1 + 0x1p-52},
		{"carry into the next power", []float64{2 - 0x1p-52, 0x1p-53}, 2},
	} {
		var s sum
		for _, x := range c.terms {
			s.add(x, 1)
		}
		if s.value() != c.want {
			t.Errorf("%s: %v, want %v", c.name, s.value(), c.want)
		}
	}
}

func TestAddFixed(t *testing.T) {
	for _, u := range []uint128{{0, 1}, {0, 1 << 63}, {5, 0xDEADBEEF12345678}, {1 << 50, 7}} {
		var s sum
		s.addFixed(u)
		want := new(big.Float).SetPrec(200).SetUint64(u.hi)
		want.SetMantExp(want, 64)
		want.Add(want, new(big.Float).SetUint64(u.lo))
		f, _ := want.SetMantExp(want, -63).Float64()
		if s.value() != f {
			t.Errorf("%v * 2^-63 = %v, want %v", u, s.value(), f)
		}
	}
}

func TestUint128ToFloat(t *testing.T) {
	rng := rand.New(rand.NewPCG(23, 24))
	for range 10_000 {
		u := uint128{rng.Uint64() >> rng.IntN(64), rng.Uint64() << rng.IntN(64)}
		b := new(big.Int).SetUint64(u.hi)
		b.Lsh(b, 64).Or(b, new(big.Int).SetUint64(u.lo))
		if want, _ := new(big.Float).SetInt(b).Float64(); u.float64() != want {
			t.Fatalf("%v = %v, want %v", u, u.float64(), want)
		}
	}
}

// TestSort sorts data for each path of the code. The result is sorted and has all pairs.
func TestSort(t *testing.T) {
	rng := rand.New(rand.NewPCG(25, 26))
	const n = 200_000
	for name, draw := range map[string]func() float64{
		"uniform":              rng.Float64,
		"few values":           func() float64 { return float64(rng.IntN(31)) / 30 },
		"crowded at one":       func() float64 { return 1 - math.Ldexp(rng.Float64(), -30) },
		"crowded at zero":      func() float64 { return math.Ldexp(rng.Float64(), -rng.IntN(1000)) },
		"descending neighbors": func() float64 { return 0.5 + math.Ldexp(float64(rng.IntN(1000)), -52) },
		"one value":            func() float64 { return 0.7 },
	} {
		conf, correct := make([]float64, n), make([]bool, n)
		want := make([]uint64, n)
		for i := range conf {
			conf[i], correct[i] = draw(), rng.IntN(2) == 0
			want[i] = makeKey(conf[i], correct[i])
		}
		keys, right, invalid := new(sorter).sort(conf, correct)
		if !slices.IsSortedFunc(keys, func(a, b uint64) int { return cmp.Compare(a>>1, b>>1) }) {
			t.Errorf("%s: not sorted by confidence", name)
		}
		got := slices.Clone(keys)
		slices.Sort(got)
		slices.Sort(want)
		ones := uint64(0)
		for _, k := range want {
			ones += k & 1
		}
		if !slices.Equal(got, want) || right != ones || invalid != n {
			t.Errorf("%s: pairs were lost or changed", name)
		}
	}
}
