package metrics

import (
	"math"
	"math/bits"
)

// sum adds non-negative float64 values without rounding (a Kulisch accumulator). It is a
// fixed-point number in words, the lowest first. Its lowest bit is 2^-1074, the smallest
// float64. So addition is exactly associative and commutative, and accumulators can be
// merged in any order. The 78 bits before the point are more than enough for 2^52 values
// below 2^6.
type sum [sumWords]uint64

const (
	sumWords = 18
	mantBits = 52
	mantMask = 1<<mantBits - 1
)

// add adds times*x for 0 <= x < 64. The sum of all times must stay under 2^53.
func (s *sum) add(x float64, times uint64) {
	b := math.Float64bits(x)
	m, shift := b&mantMask, uint(b>>mantBits)
	if shift > 0 {
		m |= 1 << mantBits
		shift--
	}
	hi, lo := uint64(0), m
	if times != 1 {
		hi, lo = bits.Mul64(m, times)
	}
	i, r := int(shift>>6), shift&63
	w0, w1, w2 := lo<<r, lo>>(64-r)|hi<<r, hi>>(64-r)
	var c uint64
	s[i], c = bits.Add64(s[i], w0, 0)
	s[i+1], c = bits.Add64(s[i+1], w1, c)
	if c|w2 == 0 {
		return
	}
	for i += 2; i < sumWords && c|w2 != 0; i++ {
		s[i], c = bits.Add64(s[i], w2, c)
		w2 = 0
	}
}

// addFixed adds u*2^-63.
func (s *sum) addFixed(u uint128) {
	const at = 1074 - 63 // position of 2^-63
	const i, r = at >> 6, at & 63
	var c uint64
	s[i], c = bits.Add64(s[i], u.lo<<r, 0)
	s[i+1], c = bits.Add64(s[i+1], u.lo>>(64-r)|u.hi<<r, c)
	s[i+2], _ = bits.Add64(s[i+2], u.hi>>(64-r), c)
}

// merge adds t.
func (s *sum) merge(t *sum) {
	var c uint64
	for i := range s {
		s[i], c = bits.Add64(s[i], t[i], c)
	}
}

// value rounds the sum to the nearest float64, ties to even.
func (s *sum) value() float64 {
	top := sumWords - 1
	for top > 0 && s[top] == 0 {
		top--
	}
	length := 64*top + bits.Len64(s[top])
	if length <= mantBits+1 {
		return math.Float64frombits(s[0]) // exact: these bits are those of the float64
	}
	shift := length - (mantBits + 1) // bits below the mantissa
	m := s.word(shift) & (1<<(mantBits+1) - 1)
	half := s.word(shift-1) & 1
	if half == 1 && (m&1 == 1 || s.anyBelow(shift-1)) {
		m++
	}
	// m still has its leading bit, which adds the missing 1 to the exponent.
	return math.Float64frombits(uint64(shift)<<mantBits + m)
}

// word is the 64 bits from position at.
func (s *sum) word(at int) uint64 {
	i, r := at>>6, uint(at&63)
	w := s[i] >> r
	if r > 0 && i+1 < sumWords {
		w |= s[i+1] << (64 - r)
	}
	return w
}

// anyBelow reports whether a bit below position at is set.
func (s *sum) anyBelow(at int) bool {
	for i := 0; i < at>>6; i++ {
		if s[i] != 0 {
			return true
		}
	}
	return s[at>>6]&(1<<uint(at&63)-1) != 0
}

// uint128 is an exact count of pairs.
type uint128 struct{ hi, lo uint64 }

func (u *uint128) add(a uint64) {
	var c uint64
	u.lo, c = bits.Add64(u.lo, a, 0)
	u.hi += c
}

func (u *uint128) addProduct(a, b uint64) {
	hi, lo := bits.Mul64(a, b)
	var c uint64
	u.lo, c = bits.Add64(u.lo, lo, 0)
	u.hi, _ = bits.Add64(u.hi, hi, c)
}

func (u uint128) plus(v uint128) uint128 {
	lo, c := bits.Add64(u.lo, v.lo, 0)
	hi, _ := bits.Add64(u.hi, v.hi, c)
	return uint128{hi, lo}
}

func (u uint128) minus(v uint128) uint128 {
	lo, b := bits.Sub64(u.lo, v.lo, 0)
	hi, _ := bits.Sub64(u.hi, v.hi, b)
	return uint128{hi, lo}
}

// float64 rounds to nearest, ties to even.
func (u uint128) float64() float64 {
	if u.hi == 0 {
		return float64(u.lo)
	}
	z := uint(bits.LeadingZeros64(u.hi))
	m := u.hi<<z | u.lo>>(64-z)
	if u.lo<<z != 0 {
		m |= 1 // a sticky bit: m has 11 bits more than a float64 keeps
	}
	return float64(m) * math.Float64frombits(uint64(1023+64-z)<<mantBits)
}

// compensated is Neumaier's sum, for terms in an order that the sample decides.
type compensated struct{ s, c float64 }

func (k *compensated) add(x float64) {
	x = float64(x) // if x is a product, it must not be fused with the sums here
	t := k.s + x
	if math.Abs(k.s) >= math.Abs(x) {
		k.c += (k.s - t) + x
	} else {
		k.c += (x - t) + k.s
	}
	k.s = t
}

func (k *compensated) value() float64 { return k.s + k.c }
