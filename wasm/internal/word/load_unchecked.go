//go:build tinygo.wasm

package word

import "unsafe"

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

// SkipBlocks returns i plus as many Blocks as there are in b[i:] before one with
// a byte below low, which is at most 0x80.
func SkipBlocks(b []byte, i int, low byte) int {
	lows := uint64(low) * Ones
	for i <= len(b)-Block {
		p := block(b, i)
		z := p[3]
		w, x, y := p[0], p[1], p[2]
		if ((w-lows)&^w|(x-lows)&^x|(y-lows)&^y|(z-lows)&^z)&Tops != 0 {
			break
		}
		i += Block
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
