package jsonscan

import (
	"math"
	"math/bits"
)

// natural is a natural number in base 2^32, lowest digit first: enough of them
// for 10^1130. Digits from n up are zero.
type natural struct {
	digits [120]uint32
	n      int
}

// muladd replaces x by x*factor + term.
func (x *natural) muladd(factor, term uint32) {
	carry := uint64(term)
	for i := range x.digits[:x.n] {
		carry += uint64(x.digits[i]) * uint64(factor)
		x.digits[i] = uint32(carry)
		carry >>= 32
	}
	if carry != 0 {
		x.digits[x.n] = uint32(carry)
		x.n++
	}
}

func (x *natural) bitLen() int {
	return 32*x.n - bits.LeadingZeros32(x.digits[x.n-1])
}

// shift replaces x by x * 2^by.
func (x *natural) shift(by int) {
	words, rest := by/32, uint(by%32)
	n := x.n + words + 1
	for i := n - 1; i >= words; i-- {
		v := x.digits[i-words] << rest
		if rest > 0 && i > words {
			v |= x.digits[i-words-1] >> (32 - rest)
		}
		x.digits[i] = v
	}
	clear(x.digits[:words])
	if x.digits[n-1] == 0 {
		n--
	}
	x.n = n
}

// subtract replaces x by x - y, unless that is negative: false.
func (x *natural) subtract(y *natural) bool {
	for i := max(x.n, y.n) - 1; i >= 0 && x.digits[i] <= y.digits[i]; i-- {
		if x.digits[i] < y.digits[i] {
			return false
		}
	}
	var borrow uint32
	for i := range x.digits[:x.n] {
		x.digits[i], borrow = bits.Sub32(x.digits[i], y.digits[i], borrow)
	}
	for x.n > 0 && x.digits[x.n-1] == 0 {
		x.n--
	}
	return true
}

// mostDigits is as many digits as can matter: no tie between two neighbouring
// float64 has more than 767, so of what follows only whether it is zero counts.
const mostDigits = 800

// exact returns the float64 nearest to a decimal number without its sign and
// exponent, times a power of ten that counts from its last digit. It is infinite
// if it is too large. This is by long division, for the few numbers that scale
// does not decide.
func exact(number []byte, exponent int) float64 {
	var x, y natural
	count, rest := 0, false // the digits in x; whether any later digit is not 0
	for _, c := range number {
		switch {
		case c == '.' || c == '0' && count == 0:
		case count < mostDigits:
			x.muladd(10, uint32(c-'0'))
			count++
		default:
			rest = rest || c != '0'
			exponent++
		}
	}
	switch {
	case count == 0 || exponent+count < -330:
		return 0
	case exponent+count > 310:
		return math.Inf(1)
	}
	if rest {
		x.muladd(10, 1)
		exponent--
	}
	y.digits[0], y.n = 1, 1
	for ; exponent > 0; exponent-- {
		x.muladd(10, 0)
	}
	for ; exponent < 0; exponent++ {
		y.muladd(10, 0)
	}
	// x/y = quotient * 2^power, and some more unless remainder is false.
	power := x.bitLen() - y.bitLen()
	if power > 0 {
		y.shift(power)
	} else {
		x.shift(-power)
	}
	power -= 63
	var quotient uint64
	for range 64 {
		quotient <<= 1
		if x.subtract(&y) {
			quotient |= 1
		}
		x.muladd(2, 0)
	}
	remainder := x.n > 0
	// Round to 53 bits, or to where subnormal numbers end.
	drop := max(bits.Len64(quotient)-53, -1074-power)
	if drop > 64 {
		return 0
	}
	mantissa := quotient >> uint(drop)
	half := uint64(1) << uint(drop-1)
	below := quotient & (half<<1 - 1)
	if below > half || below == half && (remainder || mantissa&1 != 0) {
		mantissa++
	}
	biased := uint64(power + drop + 1074)
	if mantissa >= 1<<52 {
		mantissa += biased << 52 // a carry out of the mantissa adds one, as it should
	}
	if mantissa > 0x7FF<<52 {
		mantissa = 0x7FF << 52
	}
	return math.Float64frombits(mantissa)
}
