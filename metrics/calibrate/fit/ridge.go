package fit

import "errors"

// ErrPenalty means that the penalty of a Ridge is not greater than 0. Without a penalty,
// separable outcomes would have no minimum.
var ErrPenalty = errors.New("fit: the penalty of a ridge regression has to be greater than 0")

// Ridge fits a logistic regression with a penalty on the squares of the weights. It minimises
// the negative log-likelihood plus penalty/2 times the sum of the squares (Hoerl and Kennard
// 1970; le Cessie and van Houwelingen 1992). The intercept has no penalty. The score,
// intercept + sum of weights*features, is the log-odds of a correct outcome.
//
// features has one column for each weight; the caller standardises the columns. right and
// wrong are as long as a column: right[i] is the weight of row i as a correct outcome,
// wrong[i] its weight as a wrong one, both 0 or more. Ridge is deterministic. It takes about
// ten passes of rows x columns^2.
//
// Errors: [ErrOneClass], [ErrPenalty].
func Ridge(features [][]float64, right, wrong []float64, penalty float64) (intercept float64, weights []float64, err error) {
	if !(penalty > 0) {
		return 0, nil, ErrPenalty
	}
	var allRight, allWrong float64
	one := make([]float64, len(right))
	for i := range right {
		allRight += right[i]
		allWrong += wrong[i]
		one[i] = 1
	}
	if !(allRight > 0 && allWrong > 0) {
		return 0, nil, ErrOneClass
	}
	d := len(features)
	l := logistic{features: append(append([][]float64(nil), features...), one), right: right, wrong: wrong, penalty: make([]float64, d+1)}
	for k := range d {
		l.penalty[k] = penalty
	}
	theta := make([]float64, d+1)
	theta[d] = logit(allRight / (allRight + allWrong))
	l.minimize(theta) // it always returns true here: with a penalty there is a minimum
	return theta[d], theta[:d], nil
}
