package portable

import "math"

// ln 2 split so that k*ln2Hi is exact for every |k| < 2048 (ln2Hi has its low
// 21 bits clear).
const (
	ln2Hi  = 6.93147180369123816490e-01
	ln2Lo  = 1.90821492927058770002e-10
	invLn2 = 1.44269504088896338700e+00

	expMax = 7.09782712893383973096e+02  // above it e^x overflows
	expMin = -7.45133219101941108420e+02 // below it e^x is zero
)

// Exp returns e**x, within 1 ulp of the true value for normal results, with
// identical bits on every engine. Exp(+Inf) = +Inf, Exp(-Inf) = 0, Exp(NaN) =
// NaN; it overflows to +Inf and underflows to 0 as [math.Exp] does.
//
//go:noinline
func Exp(x float64) float64 {
	switch {
	case x != x:
		return x
	case x > expMax:
		return math.Inf(1)
	case x < expMin:
		return 0
	}
	k := nearest(float64(x * invLn2))
	kf := float64(k)
	r := (x - float64(kf*ln2Hi)) - float64(kf*ln2Lo)
	// The Taylor series, from 1/13! to 1/2!: on |r| <= ln(2)/2 the first term left out
	// is below 2^-57 of the sum.
	p := 1.0 / 6227020800
	p = float64(p*r) + 1.0/479001600
	p = float64(p*r) + 1.0/39916800
	p = float64(p*r) + 1.0/3628800
	p = float64(p*r) + 1.0/362880
	p = float64(p*r) + 1.0/40320
	p = float64(p*r) + 1.0/5040
	p = float64(p*r) + 1.0/720
	p = float64(p*r) + 1.0/120
	p = float64(p*r) + 1.0/24
	p = float64(p*r) + 1.0/6
	p = float64(p*r) + 1.0/2
	y := 1 + (r + float64(float64(r*r)*p))
	return scale(y, k)
}

func nearest(x float64) int {
	if x < 0 {
		return int(x - 0.5)
	}
	return int(x + 0.5)
}

// scale returns y*2**k for y near 1. It multiplies in two steps if a single factor would
// be outside the range of normal numbers.
func scale(y float64, k int) float64 {
	const bias, shift = 1023, 52
	switch {
	case k > bias:
		y, k = y*2, k-1
	case k < 1-bias:
		return y * pow2(k+shift+1) * pow2(-(shift + 1))
	}
	return y * pow2(k)
}

func pow2(k int) float64 { return math.Float64frombits(uint64(k+1023) << 52) }

// Log returns the natural logarithm of x, within 2 ulp, with identical bits on
// every engine. Log(+Inf) = +Inf, Log(0) = -Inf, and NaN for x < 0 or NaN.
//
//go:noinline
func Log(x float64) float64 {
	switch {
	case x != x || x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	case x > math.MaxFloat64:
		return x
	}
	m, e := frexp(x)
	// log m = 2 atanh(s), s = (m-1)/(m+1).
	s := (m - 1) / (m + 1)
	s2 := float64(s * s)
	// Eleven terms of atanh's series: on |s| <= 0.1716 the first one left out is below
	// 2^-56 of the sum.
	p := 1.0 / 23
	p = float64(p*s2) + 1.0/21
	p = float64(p*s2) + 1.0/19
	p = float64(p*s2) + 1.0/17
	p = float64(p*s2) + 1.0/15
	p = float64(p*s2) + 1.0/13
	p = float64(p*s2) + 1.0/11
	p = float64(p*s2) + 1.0/9
	p = float64(p*s2) + 1.0/7
	p = float64(p*s2) + 1.0/5
	p = float64(p*s2) + 1.0/3
	logm := 2*s + float64(2*s)*float64(s2*p)
	return float64(float64(e)*ln2Hi) + (logm + float64(float64(e)*ln2Lo))
}

// frexp splits x > 0 into m*2**e with m in [sqrt(1/2), sqrt(2)). It does not branch on m, because
// a processor cannot predict that for numbers near 1.
func frexp(x float64) (m float64, e int) {
	const (
		bias, shift, mask = 1023, 52, 1<<52 - 1
		root              = 0x6A09E667F3BCD // the fraction of math.Sqrt2
	)
	if x < math.Float64frombits(1<<shift) { // subnormal
		x *= 1 << shift
		e = -shift
	}
	b := math.Float64bits(x)
	fraction := b & mask
	high := (root - 1 - fraction) >> 63 // 1 if fraction >= root
	return math.Float64frombits(fraction | (bias-high)<<shift), e + int(b>>shift+high) - bias
}
