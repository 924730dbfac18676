// Package trajectory fits trajectory models (estimate.TrajectoryModel) on labelled answers
// with log-probabilities. It is what `finece calibrate --estimator trajectory` runs.
//
//	states, err := trajectory.Observe(config, stream) // of each answer
//	model, report, err := trajectory.Fit(answers, trajectory.DefaultOptions())
//
// # What is fitted
//
// [Observe] runs an answer through a session like the one that will score later answers, and
// keeps the features of each position. So a model is fitted on the kinds of positions that
// it will estimate. Positions within an answer and whole answers have weights of their own,
// and positions before the median number of tokens too, if both sides have [Least]
// answers. In each of these parts an answer counts once, however many positions it has.
//
// # How
//
// A logistic regression with a ridge penalty (fit.Ridge). Few labels carry few features,
// so the choice is among [Sets] of features and [Penalties], by the negative
// log-likelihood in a cross-validation by question: the simplest choice that is within a
// standard error of the best (Breiman et al. 1984, "Classification and Regression
// Trees"). The figures of the [Report] are those of a second cross-validation around the
// first: the answers that they are measured on had no part in the choice or the weights.
//
// The same answers in the same order and the same seed give the same model, bit for bit.
package trajectory
