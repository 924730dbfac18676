//go:build !tinygo.wasm

package word

// Load returns the eight bytes b[i:i+8], which have to be there. Compilers make
// one instruction of it.
func Load(b []byte, i int) uint64 {
	b = b[i:]
	_ = b[7]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

// Ends returns the first and the last eight bytes of b[i:i+n], which have to be
// there, for n from 8 to 16.
func Ends(b []byte, i, n int) (first, last uint64) {
	return Load(b, i), Load(b, i+n-8)
}

// SkipBlocks returns i plus as many Blocks as there are in b[i:] before one with
// a byte below low, which is at most 0x80.
func SkipBlocks(b []byte, i int, low byte) int {
	lows := uint64(low) * Ones
	for i <= len(b)-Block {
		w, x, y, z := Load(b, i), Load(b, i+8), Load(b, i+16), Load(b, i+24)
		if ((w-lows)&^w|(x-lows)&^x|(y-lows)&^y|(z-lows)&^z)&Tops != 0 {
			break
		}
		i += Block
	}
	return i
}

// Begins reports whether b begins with head.
func Begins(b, head []byte) bool {
	return len(b) >= len(head) && string(b[:len(head)]) == string(head)
}
