package word

import (
	"math/rand/v2"
	"testing"
)

func TestMasksMarkWhatTheySay(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	alphabet := []byte("0123456789,/:;[]\x00\x01\x7f\x80\xb0\xff-")
	for range 100_000 {
		var b [8]byte
		for i := range b {
			b[i] = alphabet[rng.IntN(len(alphabet))]
		}
		x := Load(b[:], 0)
		equal, digits := Equal(x, ','), Digits(x)
		below := true // all bytes before are below 0x80
		for i, c := range b {
			mark := uint64(0x80) << (8 * i)
			if (equal&mark != 0) != (c == ',') {
				t.Fatalf("Equal(%q, ',') is %016x", b, equal)
			}
			if below = below && c < 0x80; below && (digits&mark != 0) != (c >= '0' && c <= '9') {
				t.Fatalf("Digits(%q) is %016x", b, digits)
			}
		}
		if equal&^Tops != 0 || digits&^Tops != 0 {
			t.Fatalf("%q: other bits than the top ones: %016x, %016x", b, equal, digits)
		}
	}
}

func TestEndsAreTheFirstAndTheLastBytes(t *testing.T) {
	b := []byte("..abcdefghijklmnop..")
	for n := 8; n <= 16; n++ {
		first, last := Ends(b, 2, n)
		if first != Load(b, 2) || last != Load(b, 2+n-8) {
			t.Errorf("Ends of %d bytes: %016x, %016x", n, first, last)
		}
	}
}

func TestLineEndIsTheFirstOfBoth(t *testing.T) {
	for length := range 100 {
		for end := -1; end < length; end++ {
			for _, from := range []int{0, 3} {
				for _, c := range []byte("\r\n") {
					b := make([]byte, length)
					for i := range b {
						b[i] = "a\xff\x0e\x80\t\x00"[i%6]
					}
					want := max(length, from)
					if end >= 0 {
						b[end] = c
						if end+2 < length {
							b[end+2] = '\r' + '\n' - c // the other line end comes later
						}
						if end >= from {
							want = end
						} else if end+2 >= from && end+2 < length {
							want = end + 2
						}
					}
					if from > length {
						continue
					}
					if got := LineEnd(b, from); got != want {
						t.Fatalf("%d bytes, an end at %d, from %d: %d, want %d", length, end, from, got, want)
					}
				}
			}
		}
	}
	long := append(make([]byte, 5000), '\n')
	if got := LineEnd(long, 1); got != 5000 {
		t.Errorf("a long line ends at %d", got)
	}
}

func TestBeginsComparesEveryByte(t *testing.T) {
	for length := range 100 {
		b := make([]byte, length+3)
		for i := range b {
			b[i] = byte(i)
		}
		head := append([]byte(nil), b[:length]...)
		if !Begins(b, head) || !Begins(b[:length], head) || length > 0 && Begins(b[:length-1], head) {
			t.Fatalf("%d bytes that are the same", length)
		}
		for i := range head {
			head[i] ^= 0x40
			if Begins(b, head) {
				t.Fatalf("byte %d of %d differs", i, length)
			}
			head[i] ^= 0x40
		}
	}
}
