package position

import (
	"math"

	"github.com/finece/finece/metrics/portable"
)

// Vocabulary is the number of tokens that the upper bound of [EntropyBounds] spreads
// unseen probability over: 2^18, the size of the largest vocabularies in common
// use. A smaller true vocabulary only makes the bound looser.
const Vocabulary = 1 << 18

// massSlack is how far over 1 a list of rounded probabilities may add up.
const massSlack = 1e-3

// EntropyBounds bounds the entropy, in nats, of a next-token distribution from the
// log-probabilities that a provider discloses: top, its most probable tokens in
// any order, and chosen, the log-probability of the sampled token when it is
// not among top (NaN when it is).
//
// Write t for the mass that is not listed and c for the smallest probability in
// top, which no unlisted token exceeds. The entropy is smallest when t sits on
// as few tokens as c allows, and largest when it is spread evenly over the rest
// of a [Vocabulary] of tokens; lo and hi are these two values, so lo <= H <= hi.
// With t = 0 they are equal.
//
// ok is false, and the bounds NaN, when top is empty or holds something that is
// not a distribution's head: a NaN, a positive log-probability beyond rounding,
// or masses that add up to more than 1.
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

// surprise is -p log p given both, with its limit 0 at p = 0.
func surprise(p, lp float64) float64 {
	if p == 0 {
		return 0
	}
	return -float64(p * lp)
}
