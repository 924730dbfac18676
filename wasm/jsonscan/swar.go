package jsonscan

// Eight bytes of text are looked at at once, as the digits of a number in base
// 256. A byte of the masks below has its top bit set where the text has what is
// asked for; bits above the lowest one that is set may be wrong, those below
// never are.

const (
	ones = 0x0101010101010101
	tops = 0x8080808080808080
)

// load reads the eight bytes from b[0], little-endian; compilers make one
// instruction of it.
func load(b []byte) uint64 {
	_ = b[7]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

// special marks what cannot stand in a string as it is: quotes, backslashes
// and control characters. Bytes from 0x80 are never marked.
func special(x uint64) uint64 {
	quote := (x ^ '"'*ones) - ones
	slash := (x ^ '\\'*ones) - ones
	return (quote | slash | (x - ' '*ones)) & ^x & tops
}

// digits reports whether all eight bytes are decimal digits.
func digits(x uint64) bool {
	return ((x+0x46*ones)|(x-'0'*ones))&tops == 0
}

// decimal is the number that eight digits write.
func decimal(x uint64) uint64 {
	x -= '0' * ones
	x = x*10 + x>>8 // pairs, in every other byte
	const pair = 0x000000FF000000FF
	return ((x&pair)*(100+1000000<<32) + (x>>16&pair)*(1+10000<<32)) >> 32
}
