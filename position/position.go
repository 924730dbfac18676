package position

import "math"

// Position is a place in an answer at which a confidence is estimated.
type Position struct {
	Index   int     // 0 is the question, then 1, 2, ... in order, over all segments
	Kind    Kind    // every strategy that fired here
	Segment Segment // whose text the offsets count
	Byte    int64   // offset in the text of its segment, in bytes of UTF-8
	UTF16   int64   // the same offset in UTF-16 code units, as browsers count
	// Token is the number of the segment's tokens that the text before the
	// offset takes up, the one that the offset cuts among them.
	Token     int64
	Estimated bool // Token is an estimate
	// EntropyLo and EntropyHi bound the entropy, in nats, of the token that
	// ends at the offset or covers it; NaN when not known.
	EntropyLo, EntropyHi float64
}

// Ratio is the share of the segment's tokens that lie before p, given their
// total (see [Detector.Total]); NaN when total is not positive.
func (p Position) Ratio(total int64) float64 {
	if total <= 0 {
		return math.NaN()
	}
	return float64(p.Token) / float64(total)
}

// Token is a piece of an answer: one token of the provider, or text of any
// length when tokens are not told apart.
type Token struct {
	// Text is UTF-8, and may be empty: of a character that takes several
	// tokens, the last one has the text. Text that is not Counted may be cut
	// anywhere, even inside a character.
	Text    []byte
	Segment Segment
	// Counted says that this is exactly one token of the provider. Otherwise
	// tokens are estimated from the text.
	Counted bool
	// EntropyLo and EntropyHi bound the entropy, in nats, of the distribution
	// that the token was drawn from, see [EntropyBounds]. NaN when not known; ignored
	// unless Counted.
	EntropyLo, EntropyHi float64
	// Top and Chosen are the arguments of EntropyBounds, if the bounds are to be
	// computed only when they are needed. If Top is not empty, EntropyLo and
	// EntropyHi are ignored. Top is copied.
	Top    []float64
	Chosen float64
}
