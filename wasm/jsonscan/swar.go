package jsonscan

import "github.com/finece/finece/wasm/internal/word"

// In the masks below, the lowest set bit and the bits below it are right. Higher bits may be
// wrong. See package word.

// special marks the characters that need an escape in a string: quotes, backslashes and control
// characters. Bytes from 0x80 on are never marked.
func special(x uint64) uint64 {
	quote := (x ^ '"'*word.Ones) - word.Ones
	slash := (x ^ '\\'*word.Ones) - word.Ones
	return (quote | slash | (x - ' '*word.Ones)) & ^x & word.Tops
}

// digits reports whether all eight bytes are decimal digits.
func digits(x uint64) bool {
	return ((x+0x46*word.Ones)|(x-'0'*word.Ones))&word.Tops == 0
}

// decimal returns the value of eight digits.
func decimal(x uint64) uint64 {
	x -= '0' * word.Ones
	x = x*10 + x>>8 // pairs, in every other byte
	const pair = 0x000000FF000000FF
	return ((x&pair)*(100+1000000<<32) + (x>>16&pair)*(1+10000<<32)) >> 32
}
