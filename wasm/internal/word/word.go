// Package word looks at eight bytes of text at once, in an ordinary register:
// as the digits of a number in base 256, the first byte lowest. There are no
// vector instructions in the core.
//
// A mask has the top bit of a byte set where the text has what is asked for.
package word

const (
	Ones = 0x0101010101010101
	Tops = 0x8080808080808080
)

// Equal marks the bytes of x that are c, exactly.
func Equal(x uint64, c byte) uint64 {
	x ^= Ones * uint64(c)
	return ^(x&^Tops + (Tops - Ones) | x) & Tops
}

// Digits marks the bytes of x that are decimal digits. Above a byte from 0x80,
// which is never marked, it may be wrong.
func Digits(x uint64) uint64 {
	return ^(x ^ '0'*Ones + 0x76*Ones | x) & Tops
}

// Block is how many bytes are looked at at once.
const Block = 32
