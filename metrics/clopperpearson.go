package metrics

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// ClopperPearson returns the exact interval of the proportion k/n at a level such as 0.95
// (Clopper and Pearson 1934), from quantiles of the beta distribution. Whatever the true
// proportion is, the interval contains it with at least this probability. [WilsonInterval]
// does so only on average. For n = 0 the interval is NaN with [ErrEmpty].
func ClopperPearson(k, n uint64, level float64) (Interval, error) {
	iv := Interval{Low: math.NaN(), High: math.NaN(), Level: level, Method: Exact}
	if _, err := twoSidedZ(level); err != nil {
		return iv, err
	}
	tail := (1 - level) / 2
	high, err := ClopperPearsonUpper(k, n, tail)
	if err != nil {
		return iv, err
	}
	low, err := ClopperPearsonUpper(n-k, n, tail)
	iv.Low, iv.High = 1-low, high
	return iv, err
}

// ClopperPearsonUpper returns the exact one-sided upper bound of a proportion, after k
// successes in n trials: the p at which k or fewer successes have probability delta. The
// true proportion exceeds the bound with probability at most delta, 0 < delta < 1. The
// bound is 1 for k = n, and 1 - delta^(1/n) for k = 0. Otherwise it has nine digits. For
// n = 0 it is NaN with [ErrEmpty].
func ClopperPearsonUpper(k, n uint64, delta float64) (float64, error) {
	switch {
	case !(delta > 0 && delta < 1):
		return math.NaN(), ErrDelta
	case k > n:
		return math.NaN(), ErrCount
	case n == 0:
		return math.NaN(), ErrEmpty
	case k == n:
		return 1, nil
	case k == 0:
		return -math.Expm1(math.Log(delta) / float64(n)), nil
	}
	return mathext.InvRegIncBeta(float64(k+1), float64(n-k), 1-delta), nil // the quantile 1-delta of Beta(k+1, n-k)
}
