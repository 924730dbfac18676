//go:build !tinygo.wasm

package word

import "bytes"

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

// LineEnd returns where the next LF or CR is from b[i], or len(b). Package bytes has
// vector instructions. It looks at a part of b at a time, so that a stream whose lines
// end in CR alone is not searched for LF again and again.
func LineEnd(b []byte, i int) int {
	const part = 1024
	for i < len(b) {
		line := b[i:min(i+part, len(b))]
		lf := bytes.IndexByte(line, '\n')
		if lf >= 0 {
			line = line[:lf]
		}
		if cr := bytes.IndexByte(line, '\r'); cr >= 0 {
			return i + cr
		}
		i += len(line)
		if lf >= 0 {
			break
		}
	}
	return i
}

// Begins reports whether b begins with head.
func Begins(b, head []byte) bool {
	return len(b) >= len(head) && string(b[:len(head)]) == string(head)
}
