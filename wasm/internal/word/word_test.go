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
		below := true // no byte from 0x80 is below
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

func TestBlocksAreSkippedUpToALowByte(t *testing.T) {
	for length := range 150 {
		for low := -1; low < length; low++ {
			b := make([]byte, length)
			for i := range b {
				b[i] = "a\xff\x0e\x80"[i%4]
			}
			if low >= 0 {
				b[low] = '\r'
			}
			for _, from := range []int{0, 3} {
				want := from
				for want+Block <= length && !(low >= want && low < want+Block) {
					want += Block
				}
				if got := SkipBlocks(b, min(from, length), '\r'+1); from <= length && got != want {
					t.Fatalf("%d bytes, a low one at %d, from %d: %d, want %d", length, low, from, got, want)
				}
			}
		}
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
