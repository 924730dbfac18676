package position

import (
	"math"

	"github.com/finece/finece/metrics/portable"
)

// Vocabulary is the number of tokens that the upper bound of [EntropyBounds] spreads
// unseen probability over: 2^18, the size of the largest vocabularies in common
// use. A smaller true vocabulary only makes the bound looser.
const Vocabulary = 1 << 18

// massSlack is how far the sum of rounded probabilities may exceed 1.
const massSlack = 1e-3

// EntropyBounds bounds the entropy, in nats, of a next-token distribution from the
// log-probabilities that a provider discloses. top lists the log-probabilities of the
// most probable tokens, in any order. If the sampled token is not in top, chosen is
// its log-probability; otherwise chosen is NaN.
//
// Write t for the total probability of all tokens that are not listed, and c for the
// smallest probability in top. No unlisted token is more probable than c. The entropy
// is smallest when t is spread over as few tokens as c allows. It is largest when t
// is spread evenly over the other tokens of a [Vocabulary]. lo and hi are these two
// values, so lo <= H <= hi. With t = 0 they are equal.
//
// ok is false, and the bounds are NaN, when top is empty or is not part of a
// distribution: it contains a NaN, a log-probability over 0 by more than rounding, or
// probabilities that add up to more than 1.
//
//go:noinline
func EntropyBounds(top []float64, chosen float64) (lo, hi float64, ok bool) {
	if len(top) == 0 {
		return math.NaN(), math.NaN(), false
	}
	var h, mass float64
	c := math.Inf(1)
	n := len(top)
	for _, lp := range top {
		if !(lp <= massSlack) {
			return math.NaN(), math.NaN(), false
		}
		p := portable.Exp(lp)
		h += surprise(p, lp)
		mass += p
		c = min(c, p)
	}
	if chosen <= 0 {
		p := portable.Exp(chosen)
		h += surprise(p, chosen)
		mass += p
		n++
	}
	if mass > 1+massSlack {
		return math.NaN(), math.NaN(), false
	}
	h = max(h, 0)
	t := 1 - mass
	if t <= 0 {
		return h, h, true
	}
	lo, hi = h, h
	if c > 0 && t > c {
		whole := math.Floor(t / c)
		lo += float64(whole * surprise(c, portable.Log(c)))
		rest := max(t-float64(whole*c), 0)
		lo += surprise(rest, portable.Log(rest))
	} else {
		lo += surprise(t, portable.Log(t))
	}
	if n < Vocabulary {
		hi += surprise(t, portable.Log(t/float64(Vocabulary-n)))
	}
	return lo, max(lo, hi), true
}

// surprise returns -p*lp, where lp is log p, and the limit 0 at p = 0.
func surprise(p, lp float64) float64 {
	if p == 0 {
		return 0
	}
	return -float64(p * lp)
}
