// Package trajectory fits trajectory models on labelled answers with log-probabilities. A
// trajectory model (estimate.TrajectoryModel) estimates a confidence from the
// log-probabilities of the answer so far. `finece calibrate --estimator trajectory` runs
// this package.
//
//	states, err := trajectory.Observe(config, stream) // for each answer
//	model, report, err := trajectory.Fit(answers, trajectory.DefaultOptions())
//
// # What is fitted
//
// [Observe] runs an answer through a session like the one that will score later answers. It
// returns the features at each position. So a model is fitted on the kinds of positions that
// it will estimate. Whole answers have weights of their own, and so have positions within
// an answer. The latter are divided into early and late ones, at the median number of tokens,
// if both sides have [Least] answers. In each of these parts an answer counts once, however
// many positions it has.
//
// # How it is fitted
//
// The model is a logistic regression with a ridge penalty (fit.Ridge). With few labels, few
// features can be fitted. So a cross-validation by question chooses among [Sets] of features
// and [Penalties]. It takes the simplest choice whose negative log-likelihood is within a
// standard error of the best (Breiman et al. 1984, "Classification and Regression Trees").
// The figures of the [Report] come from a second cross-validation around the first: the
// answers that they are measured on were not used for the choice or the weights.
//
// The same answers in the same order and the same seed give the same model, bit for bit.
package trajectory
