package estimate

import (
	"math"

	"github.com/finece/finece/metrics/portable"
)

// Feature is one of the numbers that a [Trajectory] computes from the log-probabilities of a
// text so far:
//
//   - x is the surprise of a token, its negative log-probability in nats.
//   - n is the number of tokens with a plausible log-probability.
//   - u is the lowest surprise of a token and its listed alternatives. It is the min-entropy
//     of the distribution from which the token was drawn.
//
// Features other than Tokens do not grow with the length of the text, so they can be compared
// between texts. A root is a square root.
type Feature uint8

const (
	Mean          Feature = iota // root of the mean of x
	Max                          // root of the largest x
	Second                       // root of the second largest x, 0 for one token
	Deviation                    // standard deviation of x
	Median                       // median of x in octaves, -12 to 3.75: k + q/4, where the median's bin begins at 2^k (1 + q/4)
	Quantile90                   // the 0.9 quantile of x, in the same octaves
	Slope                        // 12 times the mean of x * ((i+1/2)/n - 1/2), where i tokens are before the token
	AboveEighth                  // share of tokens with x of at least 0.125
	AboveHalf                    // share of tokens with x of at least 0.5
	AboveOne                     // share of tokens with x of at least 1
	AboveThree                   // share of tokens with x of at least 3
	Run                          // length of the longest run of tokens with x of at least 0.5, divided by n
	Recent                       // root of the mean of x over the last 5 tokens
	RecentMax                    // root of the largest x of the last 5 tokens
	First                        // root of the mean of x over the first 5 tokens
	Tokens                       // ln n
	Entropy                      // root of the mean of u
	EntropyMax                   // root of the largest u
	EntropyRecent                // root of the mean of u over the last 5 tokens
	Passed                       // share of tokens that were less probable than a listed alternative
	Features      = iota         // the number of features
)

var featureNames = [Features]string{
	"mean", "max", "second", "deviation", "median", "quantile-90", "slope", "above-eighth", "above-half",
	"above-one", "above-three", "run", "recent", "recent-max", "first", "tokens", "entropy", "entropy-max",
	"entropy-recent", "passed",
}

// AllFeatures returns every feature, in the order of their numbers.
func AllFeatures() []Feature { return all[Feature](Features) }

// String returns the feature's name in a trajectory model's file.
func (f Feature) String() string { return nameOf(featureNames[:], int(f)) }

// ParseFeature reads a name that String returns.
func ParseFeature(name string) (Feature, error) {
	i, err := parse("feature", featureNames[:], name)
	return Feature(i), err
}

// OfAlternatives reports whether the feature needs the alternatives to each token
// (top_logprobs).
func (f Feature) OfAlternatives() bool { return f >= Entropy }

const (
	recentTokens = 5
	surpriseBins = 64
	// The histogram has four bins of equal width for each octave. The exponent of x and the
	// first two bits of its mantissa are the number of its bin. The first bin also has all
	// values below 2^-12, the last bin all values from 14 on.
	firstBin    = (1023 - 12) << 2
	octaveBins  = 4
	firstOctave = -12
)

// The first bins that count in the features AboveEighth to AboveThree.
const (
	binEighth = (-3 - firstOctave) * octaveBins
	binHalf   = (-1 - firstOctave) * octaveBins
	binOne    = (0 - firstOctave) * octaveBins
	binThree  = (1-firstOctave)*octaveBins + 2
)

// Trajectory computes [Feature]s from the log-probabilities of one text. Its state does not
// grow with the text. A token takes a few operations and no logarithm. The zero value is ready
// for the first token.
type Trajectory struct {
	n, listed     int64 // number of tokens, and of tokens with alternatives
	next          int   // index of the next token in recent
	passed        int64
	run, longest  int64
	max, second   float64
	sum, squares  float64 // sums of x and of x*x
	moments       float64 // sum of x times the number of tokens before
	first         float64 // sum of x over the first tokens
	entropy, peak float64 // sum and maximum of u
	recent        [recentTokens]float64
	entropies     [recentTokens]float64 // u; NaN without alternatives
	bins          [surpriseBins]uint32
}

// Token takes the natural log-probability of the next token. top is the highest one among the
// token and its alternatives, NaN if there are no alternatives. A token whose log-probability
// is not plausible (see [IsPlausible]) is left out.
func (t *Trajectory) Token(lp, top float64) {
	if !IsPlausible(lp) {
		return
	}
	x := surprise(lp)
	switch {
	case x > t.max:
		t.second, t.max = t.max, x
	case x > t.second:
		t.second = x
	}
	t.sum += x
	t.squares += float64(x * x)
	t.moments += float64(x * float64(t.n))
	if t.n < recentTokens {
		t.first += x
	}
	bin := min(max(int(math.Float64bits(x)>>50)-firstBin, 0), surpriseBins-1)
	t.bins[bin]++
	if bin < binHalf {
		t.run = 0
	} else if t.run++; t.run > t.longest {
		t.longest = t.run
	}
	u := math.NaN()
	if IsPlausible(top) {
		u = surprise(top)
		t.entropy += u
		if u > t.peak {
			t.peak = u
		}
		if u < x {
			t.passed++
		}
		t.listed++
	}
	t.recent[t.next], t.entropies[t.next] = x, u
	if t.next++; t.next == recentTokens {
		t.next = 0
	}
	t.n++
}

// surprise is -lp, and 0 for a log-probability that rounding put above 0. The built-in max
// would give the same but is slower.
func surprise(lp float64) float64 {
	if lp < 0 {
		return -lp
	}
	return 0
}

// Read writes every feature of the tokens so far, by its number. There must be at least one
// token. Features that need alternatives are NaN in two cases: none of the last 5 tokens has
// alternatives, or more than the share maxMissing, in [0,1], of all tokens has none.
func (t *Trajectory) Read(into *[Features]float64, maxMissing float64) {
	n := float64(t.n)
	mean := t.sum / n
	last := min(t.n, recentTokens)
	var recent, recentMax, entropies, listed float64
	for i := range last {
		recent += t.recent[i]
		recentMax = max(recentMax, t.recent[i])
		if u := t.entropies[i]; u == u {
			entropies += u
			listed++
		}
	}
	*into = [Features]float64{
		Mean: math.Sqrt(mean), Max: math.Sqrt(t.max), Second: math.Sqrt(t.second),
		Deviation: math.Sqrt(max(t.squares/n-float64(mean*mean), 0)),
		Median:    t.quantile((t.n + 1) / 2), Quantile90: t.quantile((9*t.n + 9) / 10),
		Slope:       12 * ((t.moments/n+mean/2)/n - mean/2),
		AboveEighth: t.above(binEighth) / n, AboveHalf: t.above(binHalf) / n,
		AboveOne: t.above(binOne) / n, AboveThree: t.above(binThree) / n,
		Run: float64(t.longest) / n, Recent: math.Sqrt(recent / float64(last)), RecentMax: math.Sqrt(recentMax),
		First: math.Sqrt(t.first / float64(last)), Tokens: portable.Log(n),
		Entropy: math.Sqrt(t.entropy / float64(t.listed)), EntropyMax: math.Sqrt(t.peak), EntropyRecent: math.Sqrt(entropies / listed),
		Passed: float64(t.passed) / float64(t.listed),
	}
	if listed == 0 || n-float64(t.listed) > float64(maxMissing*n) {
		for f := Entropy; f < Features; f++ {
			into[f] = math.NaN()
		}
	}
}

// quantile is the rank-th smallest x, in octaves. Ranks begin with 1.
func (t *Trajectory) quantile(rank int64) float64 {
	bin := 0
	for below := int64(t.bins[0]); below < rank; below += int64(t.bins[bin]) {
		bin++
	}
	return firstOctave + float64(bin)/octaveBins
}

// above is the number of tokens in a bin and in the bins after it.
func (t *Trajectory) above(bin int) float64 {
	count := uint32(0)
	for _, n := range t.bins[bin:] {
		count += n
	}
	return float64(count)
}
