// Package samples is the estimator "samples". The confidence of an answer is the share of
// further answers to the same question that agree with it. A host computes it and gives it to
// the core as the reply of a confidence model, so the core needs no code for it.
//
//	estimator := &samples.Estimator{Reader: grade.NumberGrader{}, Number: 2, Ask: ask}
//	samples.Configure(&config)
//	follower := follow.Follower{Engine: engine, Limits: model.DefaultLimits(), Post: estimator.Post, Samples: true}
//
// Two answers agree if a grader extracts the same final answer from both (grade.Reader).
// With two answers in all, the confidence is 0 or 1. It puts answers in order, but it is not a
// probability until finece calibrate has fitted a map. (Del et al. 2026, arXiv 2603.19118,
// measure how much a second sample helps.)
//
// Only the whole answer has a confidence. The question alone and positions within an answer
// have none, because there is no final answer yet to agree with. A whole answer without a
// final answer has none either.
package samples
