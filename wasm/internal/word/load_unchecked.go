//go:build tinygo.wasm

package word

import (
	"math/bits"
	"unsafe"
)

// Load returns the eight bytes b[i:i+8]. b must be long enough: this is not checked here. In
// the core's inner loops, the two comparisons of a check would take as much time as all
// the rest, and the callers have made them already.
func Load(b []byte, i int) uint64 {
	return *(*uint64)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(b)), i))
}

// Ends returns the first and the last eight bytes of b[i:i+n], for n from 8 to 16. b must be
// long enough. Here and in the other functions of this file, the last bytes are read first.
// An engine that has checked their address does not check the addresses before it.
func Ends(b []byte, i, n int) (first, last uint64) {
	p := (*[16]byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(b)), i))
	last = *(*uint64)(unsafe.Pointer(&p[n-8]))
	return *(*uint64)(unsafe.Pointer(p)), last
}

// LineEnd returns the index of the first LF or CR in b from i on, or len(b).
func LineEnd(b []byte, i int) int {
	const low = '\r' + 1
	for i <= len(b)-Block { // the last bytes are read first, see Ends
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
		// m marks control characters up to CR. Those other than LF and CR are rare. After
		// the first marked byte, m may be wrong.
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
