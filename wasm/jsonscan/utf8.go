package jsonscan

const replacement = '\uFFFD'

// Sequence returns the length of the UTF-8 sequence at the beginning of b. The first byte must
// be at least 0x80. If the sequence is ill-formed or incomplete, Sequence returns minus the
// length of its maximal subpart, which one U+FFFD replaces.
func Sequence(b []byte) int {
	lead := b[0]
	low, high := byte(0x80), byte(0xBF) // the range of the second byte
	n := 2
	switch {
	case lead < 0xC2 || lead >= 0xF5:
		return -1
	case lead < 0xE0:
	case lead < 0xF0:
		n = 3
		switch lead {
		case 0xE0: // no overlong forms
			low = 0xA0
		case 0xED: // no surrogates
			high = 0x9F
		}
	default:
		n = 4
		switch lead {
		case 0xF0: // no overlong forms
			low = 0x90
		case 0xF4: // nothing above U+10FFFF
			high = 0x8F
		}
	}
	if len(b) < 2 || b[1] < low || b[1] > high {
		return -1
	}
	for i := 2; i < n; i++ {
		if i >= len(b) || b[i]&0xC0 != 0x80 {
			return -i
		}
	}
	return n
}
