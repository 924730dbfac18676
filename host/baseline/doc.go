// Package baseline has the estimators of confidence that the FineCE paper
// (arXiv 2508.12040) is compared with, nine ways to say how likely a model's
// answer is to be correct, at any state of it, and what came later ([Further], [Solver]).
//
// A [State] is a question with a partial answer: the question alone, p(0); a
// partial answer, p(i); or the whole answer, p(z). An [Estimator] gives the
// confidence of a state, in [0,1], higher is better, or an [Unavailable] that
// says why there is none. Nothing is clamped into a number that was not there.
// Only P(IK) and SuC are fitted to labels; the others are not calibrated.
//
//	estimator         what it goes by                                        at p(0)           at p(z)
//	P(IK)             a trained head that sees the question alone            -                 as at p(0)
//	Self-consistency  the share of samples with the commonest final answer   -                 share that agrees with the answer
//	First-Prob        the probability of the answer's first token            of the next token -
//	SuC               accuracy on training questions that are alike          -                 as at p(0)
//	Verb              what the model says when it is asked                   asked beforehand  -
//	SE                semantic entropy of the samples                        -                 as at p(0)
//	CoCoA             probability of an answer, and how samples resemble it  greedy answer     the answer
//	MS                what the model says after each step                    unavailable       -
//	LECO              token probabilities within and between steps           unavailable       -
//	Lowest group      the least probable run of tokens                       unavailable       -
//	min-prob          the least probable token                               unavailable       -
//	perplexity        the mean log-probability                               unavailable       -
//	LECO, least       LECO of the step that is least sure                    unavailable       -
//	P(True)           probability of 1 where 0 or 1 is asked for             unavailable       -
//	Two-sample        agreement of two answers, and Verb                     unavailable       with the answer
//
// Samples are completions of the state; at p(z), where nothing is left to
// complete, they are answers to the question.
//
// A trace profile ([Profile]) is no confidence by itself: package experiment fits one.
//
// # Statistics
//
// Several estimators share what costs requests. A [Collector] makes the
// [Statistics] of a state that some estimators need, once, and each derives its
// confidence from these without I/O:
//
//	all := baseline.Estimators(suc)
//	c, err := baseline.NewCollector(config)
//	...
//	s, err := c.Collect(ctx, state, baseline.NeedsOf(all...))
//	...
//	for _, e := range all {
//		confidence, err := e.Confidence(s)
//		cost := s.Cost(e.Needs())
//	}
//
// Replies go to a [openai.Store] before they are used, so that work which is
// killed asks only for what had not arrived, and the states of a question share
// what is the same. [Statistics.Cost] is what an estimator would take alone: a
// reply that was saved, or that another one needs too, counts in full.
package baseline
