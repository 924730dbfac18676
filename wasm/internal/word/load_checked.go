//go:build !tinygo.wasm

package word

import "bytes"

// Load returns the eight bytes b[i:i+8]. b must be long enough. The compiler makes one load
// instruction of it.
func Load(b []byte, i int) uint64 {
	b = b[i:]
	_ = b[7]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

// Ends returns the first and the last eight bytes of b[i:i+n], for n from 8 to 16. b must be
// long enough.
func Ends(b []byte, i, n int) (first, last uint64) {
	return Load(b, i), Load(b, i+n-8)
}

// LineEnd returns the index of the first LF or CR in b from i on, or len(b). It uses package
// bytes, which has vector instructions. It searches b part by part: if all lines end in CR,
// a search for LF through all of b would be repeated for each line.
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
