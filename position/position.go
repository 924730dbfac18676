package position

import "math"

// Position is a place in an answer at which a confidence is estimated.
type Position struct {
	Index   int     // 0 is the question, then 1, 2, ... in order, over all segments
	Kind    Kind    // every strategy that chose this place
	Segment Segment // the text in which the offsets count
	Byte    int64   // offset in the text of its segment, in bytes of UTF-8
	UTF16   int64   // the same offset in UTF-16 code units, as browsers count
	// Token is the number of the segment's tokens before the offset. A token that
	// the offset cuts is included.
	Token     int64
	Estimated bool // Token is an estimate
	// EntropyLo and EntropyHi bound the entropy, in nats, of the token that
	// ends at the offset or covers it; NaN when not known.
	EntropyLo, EntropyHi float64
}

// Ratio returns the share of the segment's tokens that lie before p. total is the
// number of the segment's tokens, see [Detector.Total]. Ratio is NaN when total is
// not positive.
func (p Position) Ratio(total int64) float64 {
	if total <= 0 {
		return math.NaN()
	}
	return float64(p.Token) / float64(total)
}

// Token is a piece of an answer: one token of the provider, or text of any
// length if the provider does not separate tokens.
type Token struct {
	// Text is UTF-8 and may be empty: if a character takes several tokens, the
	// last of them has its text. Text that is not Counted may be cut anywhere, even
	// inside a character.
	Text    []byte
	Segment Segment
	// Counted says that this is exactly one token of the provider. Otherwise
	// tokens are estimated from the text.
	Counted bool
	// EntropyLo and EntropyHi bound the entropy, in nats, of the distribution
	// from which the token was drawn, see [EntropyBounds]. They are NaN when not known,
	// and ignored unless Counted.
	EntropyLo, EntropyHi float64
	// Top and Chosen are the arguments of EntropyBounds. They replace EntropyLo and
	// EntropyHi, which are ignored if Top is not empty: the bounds are then computed
	// only when they are needed. Top is copied.
	Top    []float64
	Chosen float64
}
