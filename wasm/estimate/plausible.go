package estimate

const (
	// mostPlausible is the highest plausible log-probability. Rounding can put one above 0.
	mostPlausible = 1e-3
	// leastPlausible is the lowest plausible log-probability of a sampled token or a listed
	// alternative. Servers write values such as -9999 for tokens that sampling excludes.
	leastPlausible = -100
)

// IsPlausible reports whether lp can be the natural log-probability of a token: a number from
// -100 to 0.001.
func IsPlausible(lp float64) bool { return lp >= leastPlausible && lp <= mostPlausible }

// Plausible reads the log-probabilities of one answer and decides whether they can be true.
// Some servers send numbers that are not log-probabilities. For example, llama.cpp with
// speculative decoding sends 0, a probability of exactly 1, for each token that the draft
// model proposed. A statistic of such numbers would always be 100%.
//
// The rule: if an answer has [FewestZeros] or more log-probabilities so far, and all are
// exactly 0, none of them is believed. If the server lists an alternative, it knows the
// distribution. Then zeros are rounded values, and are believed. [IsPlausible] is the rule for
// single values.
//
// The zero value is ready for the first token. The state does not grow.
type Plausible struct {
	zeros int  // log-probabilities of exactly 0, counted up to FewestZeros
	shown bool // another log-probability, or an alternative, was seen
}

// FewestZeros is how many log-probabilities of 0 make an answer implausible. Fewer may be
// true: a model can be so sure of each token of a short answer.
const FewestZeros = 8

// Token takes the natural log-probability of the next token, NaN if unknown, and those of its
// alternatives. listed says that top contains the token itself.
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
