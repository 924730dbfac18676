package jsonscan

import (
	"github.com/finece/finece/wasm/internal/word"

	"math"
	"math/bits"
)

// Float reads a number as the nearest float64, ties to even. If the value is of another kind,
// or out of the range of float64, it is skipped and Float returns false.
func (s *Scanner) Float() (float64, bool) {
	c := s.next()
	if c != '-' && c-'0' >= 10 {
		s.Skip()
		return 0, false
	}
	f := s.number(s.pos)
	if f != f {
		return 0, false
	}
	return f, true
}

// number reads the number that begins at data[i]. It returns NaN after an error, and for a
// number out of the range of float64.
func (s *Scanner) number(i int) float64 {
	data := s.data
	negative := data[i] == '-'
	begin := i
	if negative {
		i++
	}
	first := i
	var m uint64 // all digits, if there are at most 19
	for uint(i) < uint(len(data)) && data[i]-'0' < 10 {
		m = m*10 + uint64(data[i]-'0')
		i++
	}
	if i == first || data[first] == '0' && i-first > 1 {
		return s.badNumber(begin)
	}
	significant, exponent := first, 0 // significant is the index of the first digit that counts
	if uint(i) < uint(len(data)) && data[i] == '.' {
		i++
		point := i
		if data[first] == '0' {
			for uint(i) < uint(len(data)) && data[i] == '0' {
				i++
			}
			significant = i
		}
		for i <= len(data)-8 {
			x := word.Load(data, i)
			if !digits(x) {
				break
			}
			m = m*1e8 + decimal(x)
			i += 8
		}
		for uint(i) < uint(len(data)) && data[i]-'0' < 10 {
			m = m*10 + uint64(data[i]-'0')
			i++
		}
		if i == point {
			return s.badNumber(begin)
		}
		if significant < point {
			significant++ // the point is not a digit
		}
		exponent = point - i
	}
	end := i // the end of the digits
	if uint(i) < uint(len(data)) && data[i]|0x20 == 'e' {
		var e int
		i, e = readExponent(data, i+1)
		if i < 0 {
			return s.badNumber(begin)
		}
		exponent += e
	}
	s.pos = i
	f := math.NaN()
	if end-significant <= 19 {
		f = scale(m, exponent)
	}
	if f != f {
		f = exact(data[first:end], exponent)
	}
	if math.IsInf(f, 0) {
		return math.NaN()
	}
	if negative {
		f = -f
	}
	return f
}

// ParseFloat reads a text that is one JSON number and nothing else, by the rules of
// [Scanner.Float].
func ParseFloat(text []byte) (value float64, ok bool) {
	s := Scanner{data: text}
	value, ok = s.Float()
	return value, ok && s.pos == len(text)
}

// badNumber reports what is wrong with the number that begins at data[i].
//
//go:noinline
func (s *Scanner) badNumber(i int) float64 {
	if i := s.skipNumber(s.data, i); i >= 0 { // the number has a zero before other digits
		s.fail(i, "the end of the number")
	}
	return math.NaN()
}

// readExponent reads the exponent after the e. It returns the index of its end, or -1. A huge
// exponent is cut to a smaller one that is still out of every range.
func readExponent(data []byte, i int) (end, e int) {
	negative := false
	if i < len(data) && (data[i] == '+' || data[i] == '-') {
		negative = data[i] == '-'
		i++
	}
	start := i
	for ; i < len(data) && data[i]-'0' < 10; i++ {
		if e < 1e8 {
			e = e*10 + int(data[i]-'0')
		}
	}
	if i == start {
		return -1, 0
	}
	if negative {
		e = -e
	}
	return i, e
}

// powers are the powers of ten that a float64 can represent exactly.
var powers = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// scale returns the float64 nearest to m * 10^e, or NaN if it cannot decide.
//
// If m and e are small, both operands of one multiplication or division are exact, and the
// result is rounded only once. For other negative exponents, m is multiplied by the reciprocal
// of 5^-e; the powers of two only shift. The reciprocal is cut off after 128 bits, so the
// product is too small by less than m units in its last place. That is enough to round, unless
// the dropped bits are within that error of one half. The first 64 bits of the reciprocal are
// nearly always enough. The method and its analysis are in D. Lemire, "Number Parsing at a
// Gigabyte per Second" (2021).
func scale(m uint64, e int) float64 {
	k := -e
	if m < 1<<53 {
		switch {
		case uint(k) < uint(len(powers)):
			return float64(int64(m)) / powers[k]
		case uint(e) < uint(len(powers)):
			return float64(int64(m)) * powers[e]
		case m == 0:
			return 0
		}
	}
	if k <= 0 || k >= len(reciprocal) {
		return math.NaN()
	}
	zeros := bits.LeadingZeros64(m)
	m <<= uint(zeros)
	r := &reciprocal[k]
	high, low := bits.Mul64(m, r[0])
	// high has 63 or 64 bits. 53 of them are kept.
	drop := 10 + uint(high>>63)
	half := uint64(1) << (drop - 1)
	rest := high & (2*half - 1)
	if rest == half-1 {
		more, _ := bits.Mul64(m, r[1])
		var carry uint64
		low, carry = bits.Add64(low, more, 0)
		if low == math.MaxUint64 {
			return math.NaN()
		}
		high += carry
		rest += carry
	}
	mantissa := high >> drop
	if rest >= half {
		mantissa++
	}
	// The mantissa's own top bit adds one to the exponent, and a carry another.
	exponent := int(drop) + 1 - pow5Bits(k) - zeros - k + 1074
	return math.Float64frombits(uint64(exponent)<<52 + mantissa)
}

// pow5Bits is the bit length of 5^k, for k up to 600.
func pow5Bits(k int) int { return k*152170>>16 + 1 } // log2(5) = 2.321928...

// Int reads an integer. If the value is of another kind, has a fraction or an exponent, or is
// out of the range of int64, it is skipped and Int returns false.
func (s *Scanner) Int() (int64, bool) {
	c := s.next()
	if c != '-' && c-'0' >= 10 {
		s.Skip()
		return 0, false
	}
	i, data := s.pos, s.data
	s.Skip()
	if c == '-' {
		i++
	}
	if s.failed || s.pos-i > 19 {
		return 0, false
	}
	var m uint64
	for _, c := range data[i:s.pos] {
		if c-'0' >= 10 {
			return 0, false
		}
		m = m*10 + uint64(c-'0')
	}
	if m > math.MaxInt64 {
		return 0, false
	}
	if c == '-' {
		return -int64(m), true
	}
	return int64(m), true
}
