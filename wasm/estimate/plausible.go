package estimate

const (
	// mostPlausible is how far above 0 a rounded log-probability may be.
	mostPlausible = 1e-3
	// leastPlausible is the least log-probability that a sampled token, or a listed
	// alternative, can have. Servers write values such as -9999 for tokens that
	// sampling had ruled out.
	leastPlausible = -100
)

// IsPlausible reports whether lp can be the natural log-probability of a token: it is
// a number from -100 to 0.001.
func IsPlausible(lp float64) bool { return lp >= leastPlausible && lp <= mostPlausible }

// Plausible follows the log-probabilities of one answer and says whether they
// can be true. Some servers send numbers that only look like log-probabilities:
// llama.cpp with speculative decoding sends 0, a probability of exactly 1, for
// each token that the draft model proposed. A statistic of such numbers would
// report full certainty.
//
// The rule: if the first [FewestZeros] log-probabilities of an answer, and all
// later ones so far, are exactly 0, none of them is believed. A listed
// alternative shows that the server does know the distribution; then zeros are
// rounded, and are believed. [IsPlausible] is the rule for single values.
//
// The zero value has seen no token. Its state does not grow.
type Plausible struct {
	zeros int  // log-probabilities of exactly 0, counted up to FewestZeros
	shown bool // another log-probability, or an alternative, was seen
}

// FewestZeros is how many log-probabilities of 0 make an answer implausible.
// Fewer may be true: of a short answer, a model can be that sure of each token.
const FewestZeros = 8

// Token takes the natural log-probability of the next token, NaN if unknown,
// and those of the listed alternatives. listed says that the token itself is
// among the alternatives.
func (p *Plausible) Token(lp float64, top []float64, listed bool) {
	switch {
	case p.shown:
		return
	case lp < 0 && IsPlausible(lp):
		p.shown = true
		return
	case lp >= 0:
		p.zeros = min(p.zeros+1, FewestZeros)
	}
	others := 0
	for _, alternative := range top {
		if alternative >= leastPlausible {
			others++
		}
	}
	if listed {
		others--
	}
	p.shown = others > 0
}

// Believed reports whether the log-probabilities so far can be true.
func (p *Plausible) Believed() bool { return p.shown || p.zeros < FewestZeros }
