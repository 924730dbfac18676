package portable

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

// TestTheSeriesInALoop compares the bits of Exp and Log with the same series in a loop.
func TestTheSeriesInALoop(t *testing.T) {
	expOf := func(x float64) float64 {
		k := nearest(float64(x * invLn2))
		r := (x - float64(float64(k)*ln2Hi)) - float64(float64(k)*ln2Lo)
		p, factorial := 0.0, 6227020800.0
		for n := 13; n >= 2; n-- {
			p = float64(p*r) + 1/factorial
			factorial /= float64(n)
		}
		return scale(1+(r+float64(float64(r*r)*p)), k)
	}
	logOf := func(x float64) float64 {
		m, e := frexp(x)
		s := (m - 1) / (m + 1)
		s2 := float64(s * s)
		p := 0.0
		for n := 11; n >= 1; n-- {
			p = float64(p*s2) + 1/float64(2*n+1)
		}
		return float64(float64(e)*ln2Hi) + (2*s + float64(2*s)*float64(s2*p) + float64(float64(e)*ln2Lo))
	}
	rng := rand.New(rand.NewPCG(5, 6))
	for range 200_000 {
		x := (rng.Float64()*2 - 1) * 700
		if rng.IntN(2) == 0 {
			x = -rng.ExpFloat64()
		}
		if got, want := Exp(x), expOf(x); got != want {
			t.Fatalf("Exp(%v) is %v, in a loop %v", x, got, want)
		}
		y := math.Float64frombits(rng.Uint64() >> 1)
		if rng.IntN(2) == 0 {
			y = rng.Float64()
		}
		if y == 0 || y > math.MaxFloat64 || y != y {
			continue
		}
		if got, want := Log(y), logOf(y); got != want {
			t.Fatalf("Log(%v) is %v, in a loop %v", y, got, want)
		}
	}
}

func TestFrexp(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	root := math.Sqrt2
	edges := []float64{1, root, math.Nextafter(root, 0), math.Nextafter(root, 2), root / 2, math.Nextafter(root, 0) / 2, 5e-324, 0x1p-1022, math.MaxFloat64}
	for i := range 100_000 {
		x := math.Float64frombits(rng.Uint64N(0x7FF << 52))
		if i < len(edges) {
			x = edges[i]
		}
		if x == 0 {
			continue
		}
		m, e := frexp(x)
		if !(m < root && m*2 >= root) || math.Ldexp(m, e) != x {
			t.Fatalf("%v is %v * 2^%d", x, m, e)
		}
	}
}
