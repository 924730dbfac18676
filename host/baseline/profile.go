package baseline

import (
	"math"

	"github.com/finece/finece/host/openai"
	"github.com/finece/finece/metrics/portable"
)

// ProfileFeatures is the number of features of a [Profile].
const ProfileFeatures = 10

// Profile returns the uncertainty-trace profile of the tokens of an answer so far
// (Gruenefeld et al. 2026, arXiv 2605.07776), or nil without log-probabilities. The profile
// has five features of each of two series over the tokens:
//
//	committal       p (1-p), where p is the probability of the token that was taken
//	distributional  - sum q ln q, over the alternatives that the server sends
//
// The features are the means of the first, second and last third, the slope over the share
// of tokens from 0 to 1, and the R^2 of that line. The profile is the input of a logistic
// regression, not a confidence. The paper also uses a series of gradients, and a second
// channel for the tokens of the final answer. Servers give neither.
func Profile(tokens []openai.Token) []float64 {
	var committal, distributional []float64
	for i := range tokens {
		t := &tokens[i]
		if !known(t.Logprob) {
			continue
		}
		p := portable.Exp(min(t.Logprob, 0))
		committal = append(committal, float64(p*(1-p)))
		entropy := 0.0
		for _, a := range t.Top {
			if known(a.Logprob) {
				lp := min(a.Logprob, 0)
				entropy -= float64(portable.Exp(lp) * lp)
			}
		}
		distributional = append(distributional, entropy)
	}
	if len(committal) == 0 {
		return nil
	}
	return append(shapeOf(committal), shapeOf(distributional)...)
}

// shapeOf returns the five features of a series that is not empty.
func shapeOf(v []float64) []float64 {
	n := len(v)
	third := func(k int) float64 {
		from, to := k*n/3, max((k+1)*n/3, k*n/3+1)
		from, to = min(from, n-1), min(to, n)
		sum := 0.0
		for _, x := range v[from:to] {
			sum += x
		}
		return sum / float64(to-from)
	}
	slope, fit := lineOf(v)
	return []float64{third(0), third(1), third(2), slope, fit}
}

// lineOf returns the least-squares slope of a series over [0,1], and R^2. Both are 0 for a
// series without spread.
func lineOf(v []float64) (slope, fit float64) {
	n := float64(len(v))
	mean := 0.0
	for _, x := range v {
		mean += x / n
	}
	var sxx, sxy, syy float64
	for i, y := range v {
		x := float64(i)/math.Max(n-1, 1) - 0.5
		sxx += float64(x * x)
		sxy += float64(x * (y - mean))
		syy += float64((y - mean) * (y - mean))
	}
	if len(v) < 2 || !(syy > 0) {
		return 0, 0
	}
	return sxy / sxx, min(float64(sxy*sxy)/float64(sxx*syy), 1)
}
