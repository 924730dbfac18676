// Package fit makes calibration maps (package calibrate) from confidences of answers
// that were checked. It measures by cross-validation how good the maps are, and finds
// thresholds with a guarantee.
//
// # Data
//
// A [Row] is one confidence and how many of n outcomes were correct: 1 or 0 of 1
// for a checked answer, k of N for a state with N sampled completions. Each outcome
// weighs the same, so a row of 30 completions weighs as much as 30 checked answers of
// that confidence. Rows of one question are not independent. They have the same
// Row.Group, are never split between two folds, and are drawn together by the
// bootstrap.
//
// # Fits
//
// [Fit] minimizes the negative log-likelihood. Histogram and isotonic take means
// instead. The parametric maps are logistic regressions of at most three parameters,
// which Newton's method solves to the last digits in about ten steps. It is written
// out here because gonum/optimize uses the math package, whose last bits differ from
// engine to engine. Slopes below 0 are held at 0, so that a greater confidence never
// becomes a smaller one. That is the constrained optimum, since the problem is convex.
//
//   - temperature: one parameter, 1/T from 0.01 to 100 (Guo et al. 2017).
//   - platt: the targets are smoothed, (N+ + 1)/(N+ + 2) for a correct outcome and
//     1/(N- + 2) for a wrong one (Platt 1999, section 2.2), on the logit.
//   - beta: no smoothing, as its authors' betacal (Kull et al. 2017).
//   - isotonic: pool adjacent violators, ties pooled too; each block is one knot at
//     its mean confidence (Oron and Flournoy 2017). Before the first and after the
//     last knot the map is nearly level: it changes by a thousandth of the distance
//     to 0 or 1, so that it is strictly increasing everywhere.
//   - histogram: the share of correct outcomes in each bin.
//
// A block or bin with fewer than 20 outcomes ([Bins].Least) is merged with its
// neighbours, from the lowest confidence up. A merged bin without a correct outcome,
// or without a wrong one, would have the value 0 or 1, which a finite sample cannot
// show. Its value is 1/(2(n+1)) away from that instead, with n the outcomes of that
// bin. The map keeps n and a 95% interval of the share for each knot and bin. The
// interval counts outcomes as independent.
//
// # Cross-validation
//
// A seeded shuffle divides the questions into folds. Each row's calibrated value
// comes from a map that was fitted without its fold. Auto chooses the method with the
// lowest cross-validated NLL, identity included. The maps that it compares have merged
// bins, too, so a method gains nothing from bins of a few outcomes. The lowest NLL is too optimistic,
// because it was picked on these very rows. So the values come from a nested
// cross-validation: for each fold, the other folds choose the method, by a
// cross-validation among themselves. Figures of these values show how good such a map
// is for new questions of the same kind, made from somewhat fewer rows. The returned
// map is chosen by all rows and fitted on all rows.
//
// # Thresholds
//
// The guarantee of a threshold is about uncalibrated confidences. It holds for
// calibrated ones only if the map rises at the threshold. If it is level there, as
// with a slope of 0 or within a bin, there is no calibrated threshold.
package fit
