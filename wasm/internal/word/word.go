// Package word examines eight bytes of text at once, in an ordinary 64-bit register. The core
// has no vector instructions. The bytes are a number in base 256; the first byte is the
// lowest digit.
//
// The functions return masks. In a mask, the top bit of a byte is set if the byte at the
// same place of the text matches. For example, Equal of "a,b,...." and ',' has the top bits
// of bytes 1 and 3.
package word

const (
	Ones = 0x0101010101010101
	Tops = 0x8080808080808080
)

// Equal marks exactly the bytes of x that are c.
func Equal(x uint64, c byte) uint64 {
	x ^= Ones * uint64(c)
	return ^(x&^Tops + (Tops - Ones) | x) & Tops
}

// Digits marks the bytes of x that are decimal digits. Bytes from 0x80 on are never marked,
// but the marks of the bytes after one may be wrong.
func Digits(x uint64) uint64 {
	return ^(x ^ '0'*Ones + 0x76*Ones | x) & Tops
}

// Block is the number of bytes that LineEnd and Begins examine at once.
const Block = 32
