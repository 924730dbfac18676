package jsonscan

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

func checkFloat(t *testing.T, s *Scanner, number []byte) {
	t.Helper()
	s.Reset(number)
	got, ok := s.Float()
	want, err := strconv.ParseFloat(string(number), 64)
	if err != nil {
		want = 0
	}
	if ok != (err == nil) || math.Float64bits(got) != math.Float64bits(want) || !s.End() {
		t.Fatalf("%s: %x, %v; strconv has %x, %v (%v)", number, got, ok, want, err, s.Err())
	}
}

func TestFloat(t *testing.T) {
	for _, number := range []string{
		"0", "-0", "0.0", "0e0", "0e999999999999", "-0.0e-999999999999", "1", "-1", "10", "9007199254740993", "9007199254740992",
		"9007199254740992.5", "9007199254740993.0", "9007199254740993.00000001", // halfway, and just above
		"1234567890123456.5", "4503599627370496.5", "4503599627370497.5", "0.5", "0.25", "2.5e-1",
		"0.31326165795326233", "-9999.0", "-1.9361264946837764e-07", "-7.89631238207221e-06", "1e-22", "1e22", "1e23", "1e-23",
		"18446744073709551615", "9999999999999999999", "0.9999999999999999999", "99999999999999999999", "1.8446744073709551615",
		"0.00000000000000000000000000000000000000012345678901234567", "123456789012345678901234567890",
		"1.7976931348623157e308", "1.7976931348623159e308", "1e400", "-1e400", "5e-324", "2e-324", "2.2250738585072011e-308",
		"0.000000000000000000000000000000000000000000001", "7.3177701707893310e+15", "12345678", "1234567812345678",
	} {
		var s Scanner
		checkFloat(t, &s, []byte(number))
	}
}

// TestRandomFloats compares with strconv: numbers of all lengths and exponents, numbers in the
// form of log-probabilities, and numbers near the middle between two float64 values.
func TestRandomFloats(t *testing.T) {
	n := 1000000
	if testing.Short() {
		n = 50000
	}
	random := rand.New(rand.NewPCG(1, 2))
	var s Scanner
	var b []byte
	for range n {
		b = strconv.AppendFloat(b[:0], -random.ExpFloat64(), 'g', -1, 64)
		checkFloat(t, &s, b)

		b = strconv.AppendFloat(b[:0], float64(float32(-random.ExpFloat64()*math.Pow(10, -8*random.Float64()))), 'g', -1, 64)
		checkFloat(t, &s, b)

		b = strconv.AppendUint(b[:0], random.Uint64()>>random.IntN(64), 10)
		if point := random.IntN(len(b) + 1); point > 0 && point < len(b) {
			b = append(b[:point], append([]byte{'.'}, b[point:]...)...)
		}
		if random.IntN(2) == 0 {
			b = strconv.AppendInt(append(b, 'e'), int64(random.IntN(90)-60), 10)
		}
		checkFloat(t, &s, b)

		// Half way between two neighbours, written to 17 to 19 digits.
		f := math.Float64frombits(random.Uint64()>>12 | uint64(1023-random.IntN(64))<<52)
		half := new(big.Float).SetPrec(200).SetFloat64(f)
		half.Add(half, new(big.Float).SetFloat64(math.Nextafter(f, 2)))
		half.Quo(half, big.NewFloat(2))
		b = half.Append(b[:0], 'e', 16+random.IntN(3))
		checkFloat(t, &s, b)
	}
}

// TestLongFloats has numbers of up to 2000 digits, over the whole range of float64 and a little
// beyond, and exact ties. The reference is math/big, because strconv takes some numbers of more
// than 800 digits for zero.
func TestLongFloats(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var s Scanner
	check := func(number []byte) {
		t.Helper()
		s.Reset(number)
		got, ok := s.Float()
		exact, _, err := big.ParseFloat(string(number), 10, 8000, big.ToNearestEven)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := exact.Float64()
		if math.IsInf(want, 0) {
			want = 0
		} else if !ok {
			t.Fatalf("%s was not read (%v)", number, s.Err())
		}
		if math.Float64bits(got) != math.Float64bits(want) {
			t.Fatalf("%s: %x, want %x", number, got, want)
		}
	}
	for range 1000 {
		b := []byte{byte('1' + random.IntN(9))}
		for range random.IntN(1 << random.IntN(12)) {
			b = append(b, byte('0'+random.IntN(10)))
		}
		if random.IntN(2) == 0 {
			b = append([]byte("0."), b...)
		}
		check(strconv.AppendInt(append(b, 'e'), int64(random.IntN(700)-len(b)-350), 10))

		f := math.Float64frombits(random.Uint64() & (1<<62 - 1) >> random.IntN(12))
		tie := new(big.Float).SetPrec(2000).SetFloat64(f)
		tie.Add(tie, new(big.Float).SetFloat64(math.Nextafter(f, math.Inf(1))))
		tie.Quo(tie, big.NewFloat(2))
		b = tie.Append(nil, 'f', 1100)
		check(b)
		check(append(b, '1'))
		check(tie.Append(nil, 'e', 800))
	}
	check([]byte(strings.Repeat("9", 2000) + "e-2330"))
	check([]byte("0." + strings.Repeat("0", 2000) + "1e2000"))
}

func TestReciprocals(t *testing.T) {
	for k := 1; k < len(reciprocal); k++ {
		power := new(big.Int).Exp(big.NewInt(5), big.NewInt(int64(k)), nil)
		if n := pow5Bits(k); n != power.BitLen() {
			t.Errorf("5^%d: %d bits, want %d", k, n, power.BitLen())
		}
		want := new(big.Int).Lsh(big.NewInt(1), uint(127+power.BitLen()))
		want.Quo(want, power)
		got := new(big.Int).SetUint64(reciprocal[k][0])
		got.Lsh(got, 64).Or(got, new(big.Int).SetUint64(reciprocal[k][1]))
		if got.Cmp(want) != 0 {
			t.Errorf("reciprocal of 5^%d is %v, want %v", k, got, want)
		}
	}
}

func FuzzFloat(f *testing.F) {
	for _, seed := range []string{"-0.31326165795326233", "1e22", "9007199254740993", "0.000001", "1.5e-07"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, number string) {
		if number == "" || number[0] != '-' && number[0]-'0' >= 10 {
			return
		}
		var s Scanner
		if s.skipNumber([]byte(number), 0) != len(number) {
			s.Reset([]byte(number))
			if _, ok := s.Float(); ok && s.End() && strings.TrimRight(number, " \t\r\n") == number {
				t.Fatalf("%q was read", number)
			}
			return
		}
		checkFloat(t, &s, []byte(number))
	})
}
