// Package fit makes calibration maps (package calibrate) from confidences whose
// answers were checked, says by cross-validation what they are worth, and finds
// thresholds with a guarantee.
//
// # Data
//
// A [Row] is one confidence and how many of n outcomes were correct: 1 or 0 of 1
// for a checked answer, k of N for a state with N sampled completions. Each
// outcome weighs the same, so a row of 30 completions weighs as much as 30
// checked answers of that confidence. Rows of one question are not independent:
// they are told by Row.Group, never split between two folds, and drawn together
// by the bootstrap.
//
// # Fits
//
// [Fit] minimizes the negative log-likelihood, but for histogram and isotonic,
// which are means. The parametric maps are logistic regressions of at most three
// parameters, which Newton's method solves to the last digits in some ten
// steps; it is written out here because package gonum/optimize would bring the
// last bits of the math package, which differ from engine to engine. Slopes
// below 0 are held at 0 (the constrained optimum, since the problem is convex): a
// greater confidence never becomes a smaller one.
//
//   - temperature: one parameter, 1/T from 0.01 to 100 (Guo et al. 2017).
//   - platt: the targets are smoothed, (N+ + 1)/(N+ + 2) for a correct outcome and
//     1/(N- + 2) for a wrong one (Platt 1999, section 2.2), on the logit.
//   - beta: no smoothing, as its authors' betacal (Kull et al. 2017).
//   - isotonic: pool adjacent violators, ties pooled too; each block is one knot at
//     its mean confidence (Oron and Flournoy 2017). Beyond the first and the last
//     knot the map goes on nearly level, by a thousandth of what is left to 0 or 1,
//     so that it is strictly increasing everywhere.
//   - histogram: the share correct of each bin; a bin that is empty keeps its
//     centre.
//
// A block or bin without a correct outcome, or without a wrong one, would say 0
// or 1, which a finite sample cannot show. It says 1/(2(n+1)) from it instead, n
// being the number of all outcomes.
//
// # Cross-validation
//
// Questions are dealt to folds by a seeded shuffle. Each row's calibrated value
// comes from a map that was fitted without its fold. Auto chooses the method of
// the lowest cross-validated NLL, identity included. That lowest one is too good,
// since it was picked for these very rows, so the values are of a nested
// cross-validation: for each fold the other folds choose, by a cross-validation
// among themselves. Figures of these values are what new questions of the same
// kind can expect of a map made so, from somewhat fewer rows. The map that is
// returned is chosen by and fitted on all rows.
//
// # Thresholds
//
// A threshold's guarantee is about uncalibrated confidences. It holds of
// calibrated ones only where the map rises at the threshold; where slopes are held
// at 0, and within a bin, there is no calibrated threshold.
package fit
