package position

import "math"

// drawn is the entropy of the distribution from which a token was drawn. Its
// computation needs an exponential for each alternative, and only some tokens need
// the entropy. So it is computed on demand.
type drawn struct {
	lo, hi float64
	top    []float64 // a copy
	chosen float64
	due    bool // lo and hi still have to be computed from top and chosen
}

// maxDue is how many alternatives are kept. A hostile stream may list many more; then the
// entropy is computed at once.
const maxDue = 64

// set takes the entropy of t, or the alternatives to compute it from.
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

// next returns the place for the next token's entropy. The entropy at s.last is kept.
func (s *text) next() *drawn {
	if s.now == s.lastNow {
		s.now ^= 1
	}
	return &s.draws[s.now]
}
