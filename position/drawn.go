package position

import "math"

// drawn is the entropy of the distribution that a token was drawn from. It costs an
// exponential for each alternative, and only some tokens need it, so it is computed
// when it is asked for.
type drawn struct {
	lo, hi float64
	top    []float64 // a copy
	chosen float64
	due    bool // lo and hi are those of top and chosen, and not computed yet
}

// maxDue is how many alternatives are kept: a stream may list many more to fill memory.
const maxDue = 64

// set takes a token.
func (d *drawn) set(t *Token) {
	d.due = false
	switch {
	case len(t.Top) == 0:
		d.lo, d.hi = t.EntropyLo, t.EntropyHi
	case len(t.Top) > maxDue:
		d.lo, d.hi, _ = EntropyBounds(t.Top, t.Chosen)
	default:
		d.top, d.chosen, d.due = append(d.top[:0], t.Top...), t.Chosen, true
	}
}

// forget says that the entropy is not known.
func (d *drawn) forget() { d.lo, d.hi, d.due = math.NaN(), math.NaN(), false }

// bounds computes the entropy if that is due.
//
//go:noinline
func (d *drawn) bounds() (lo, hi float64) {
	if d.due {
		d.lo, d.hi, _ = EntropyBounds(d.top, d.chosen)
		d.due = false
	}
	return d.lo, d.hi
}

// next makes room for the next token's entropy and returns it. The entropy at the last
// place stays.
func (s *text) next() *drawn {
	if s.now == s.lastNow {
		s.now ^= 1
	}
	return &s.draws[s.now]
}
