package jsonscan

import (
	"math"
	"math/bits"
)

// natural is a natural number in base 2^32, lowest digit first. It has enough digits for
// 10^1130. The digits from n on are zero.
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

// subtract replaces x by x - y. If that is negative, it returns false and changes nothing.
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

// mostDigits is the number of digits that can matter. The middle between two neighbouring
// float64 values has at most 767 digits. Of later digits, it only matters whether all are 0.
const mostDigits = 800

// exact returns the float64 nearest to number * 10^exponent. number has no sign, and its point
// is ignored: exponent counts from its last digit. The result is infinite if it is too large.
// exact is slow, by long division. It is for the few numbers that scale cannot decide.
func exact(number []byte, exponent int) float64 {
	var x, y natural
	count, rest := 0, false // number of digits in x; whether any later digit is not 0
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
	// x/y is quotient * 2^power, or a little more if remainder is true.
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
	// Round to 53 bits, or to the last bit of subnormal numbers.
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
		mantissa += biased << 52 // a carry out of the mantissa correctly adds one to the exponent
	}
	if mantissa > 0x7FF<<52 {
		mantissa = 0x7FF << 52
	}
	return math.Float64frombits(mantissa)
}
