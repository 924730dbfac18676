// Package samples is the estimator "samples": how many further answers to the same question
// agree with an answer. A host computes it and hands it to the core as a reply of a
// confidence model, so the core knows nothing of it.
//
//	estimator := &samples.Estimator{Reader: grade.NumberGrader{}, Number: 2, Ask: ask}
//	samples.Configure(&config)
//	follower := follow.Follower{Engine: engine, Limits: model.DefaultLimits(), Post: estimator.Post, Samples: true}
//
// Two answers agree if a grader extracts the same final answer from both (grade.Reader).
// With two answers in all, the confidence is 0 or 1: it orders answers, and is no
// probability until finece calibrate has fitted a map (Del et al. 2026, arXiv 2603.19118,
// measure what a second sample is worth).
//
// The whole answer has a confidence. The question alone, and a position within an answer,
// have none: nothing can agree with an answer that is not there. An answer without a final
// answer has none either.
package samples
