// Package fit makes calibration maps (package calibrate) from confidences of answers
// that were checked. It measures by cross-validation how good the maps are, and finds
// thresholds with a guarantee.
//
// For example, a model says 0.9 and is right six times in ten; it says 0.6 and is right
// three times in ten:
//
//	rows := []fit.Row{{Confidence: 0.9, Correct: 60, N: 100}, {Confidence: 0.6, Correct: 30, N: 100}}
//	m, err := fit.Fit(calibrate.Platt, rows, fit.DefaultBins()) // m.Apply(0.9) is 0.60
//
// # Data
//
// A [Row] is one confidence with its outcomes. A checked answer has one outcome, correct or
// not. A state with N sampled completions has N outcomes, of which k are correct. Each
// outcome has the same weight, so a row of 30 completions weighs as much as 30 checked
// answers of that confidence. Rows of one question are not independent. They have the same
// Row.Group, always belong to the same fold, and are drawn together by the bootstrap.
//
// # Fits
//
// Histogram and isotonic maps take means. For the other methods, [Fit] minimizes the
// negative log-likelihood. They are logistic regressions with at most three parameters.
// Newton's method solves these in about ten steps. This package has its own code for
// it, because gonum/optimize uses the math package, whose last bits differ between
// engines. A slope below 0 is replaced by 0, so that a higher confidence never gets a
// lower value. The problem is convex, so that is the best map without a negative
// slope.
//
//   - temperature: one parameter, 1/T from 0.01 to 100 (Guo et al. 2017).
//   - platt: slope and intercept on the logit. The targets are smoothed: (N+ + 1)/(N+ + 2)
//     for a correct outcome and 1/(N- + 2) for a wrong one (Platt 1999, section 2.2).
//   - beta: no smoothing, as in its authors' program betacal (Kull et al. 2017).
//   - isotonic: neighbouring confidences whose shares of correct outcomes do not rise are
//     pooled into blocks ("pool adjacent violators"). Each block is one knot at its mean
//     confidence (Oron and Flournoy 2017). Before the first and after the last knot, the
//     map changes only by a thousandth of the distance to 0 or 1. So it is nearly level
//     there, but still strictly increasing.
//   - histogram: the share of correct outcomes in each bin.
//
// A block or bin with fewer than 20 outcomes ([Bins].Least) is merged with its neighbours,
// from the lowest confidence up. If all n outcomes of a merged bin are wrong, or all
// correct, their share is 0 or 1. A finite sample cannot show that the true share is
// 0 or 1. So the value of such a bin is 1/(2(n+1)) away from 0 or 1. The map
// keeps n and a 95% interval of the share for each knot and bin. The interval treats
// the outcomes as independent.
//
// # Cross-validation
//
// A seeded shuffle divides the questions into folds. Each row's calibrated value comes from
// a map that was fitted without its fold. The choice "auto" takes the method with the lowest
// cross-validated NLL; identity is one of the methods. The compared maps have merged bins,
// too, so no method gains from bins with few outcomes.
//
// The lowest NLL is too optimistic, because it was chosen on the same rows. So the reported
// values come from a nested cross-validation: for each fold, the other folds choose the
// method, by a cross-validation among themselves. Figures of these values show how good the
// map is for new questions of the same kind. They are slightly pessimistic, since each value
// comes from fewer rows. The returned map is chosen on all rows and fitted on all rows.
//
// # Thresholds
//
// The guarantee of a threshold is about uncalibrated confidences. It holds for calibrated
// ones only if the map rises at the threshold. If the map is level there, as with a slope of
// 0 or within a bin, there is no calibrated threshold.
package fit
