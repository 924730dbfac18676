//go:build tinygo.wasm

package word

import (
	"math/bits"
	"unsafe"
)

// Load returns the eight bytes b[i:i+8], which have to be there: this is not
// checked. In the core's inner loops the two comparisons of a check cost as
// much as the rest, and the callers have made them already.
func Load(b []byte, i int) uint64 {
	return *(*uint64)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(b)), i))
}

// Ends returns the first and the last eight bytes of b[i:i+n], which have to be
// there, for n from 8 to 16. As everywhere in this file, the last are read first: an
// engine that has checked their address need not check the others'.
func Ends(b []byte, i, n int) (first, last uint64) {
	p := (*[16]byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(b)), i))
	last = *(*uint64)(unsafe.Pointer(&p[n-8]))
	return *(*uint64)(unsafe.Pointer(p)), last
}

// LineEnd returns where the next LF or CR is from b[i], or len(b).
func LineEnd(b []byte, i int) int {
	const low = '\r' + 1
	for i <= len(b)-Block { // the last are read first, as everywhere here
		p := block(b, i)
		z := p[3]
		w, x, y := p[0], p[1], p[2]
		if ((w-low*Ones)&^w|(x-low*Ones)&^x|(y-low*Ones)&^y|(z-low*Ones)&^z)&Tops != 0 {
			break
		}
		i += Block
	}
	for i <= len(b)-8 {
		x := Load(b, i)
		// Control characters up to CR, of which others are rare; above the first
		// one the mask may be wrong.
		if m := (x - low*Ones) &^ x & Tops; m != 0 {
			i += bits.TrailingZeros64(m) >> 3
			if b[i] == '\n' || b[i] == '\r' {
				return i
			}
			i++
			continue
		}
		i += 8
	}
	for i < len(b) && b[i] != '\n' && b[i] != '\r' {
		i++
	}
	return i
}

func block(b []byte, i int) *[4]uint64 {
	return (*[4]uint64)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(b)), i))
}

// Begins reports whether b begins with head.
//
//go:noinline
func Begins(b, head []byte) bool {
	n := len(head)
	if len(b) < n {
		return false
	}
	i := 0
	for ; i <= n-Block; i += Block {
		p, q := block(b, i), block(head, i)
		if (p[3]^q[3])|(p[0]^q[0])|(p[1]^q[1])|(p[2]^q[2]) != 0 {
			return false
		}
	}
	for ; i <= n-8; i += 8 {
		if Load(b, i) != Load(head, i) {
			return false
		}
	}
	for ; i < n; i++ {
		if b[i] != head[i] {
			return false
		}
	}
	return true
}
