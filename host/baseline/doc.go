// Package baseline has the estimators of confidence that the FineCE paper (arXiv 2508.12040)
// compares its method with, and some later ones ([Further], [Solver]). Each says how likely
// a model's answer is to be correct, while the answer is being written or at its end.
//
// A [State] is a question with a partial answer: the question alone, p(0); a partial answer,
// p(i); or the whole answer, p(z). An [Estimator] gives the confidence of a state. It is in
// [0,1], and higher is better. If there is none, the error is an [Unavailable] that says
// why; no number is made up. Only P(IK) and SuC are fitted to labels. The others are not
// calibrated.
//
// The columns p(0) and p(z) say how an estimator differs at the question alone and at the
// whole answer.
//
//	estimator         what it uses                                           at p(0)           at p(z)
//	P(IK)             a trained head that sees only the question             -                 as at p(0)
//	Self-consistency  the share of samples with the most common answer       -                 share that agrees with the answer
//	First-Prob        the probability of the answer's first token            of the next token -
//	SuC               accuracy on similar training questions                 -                 as at p(0)
//	Verb              the confidence that the model states when asked        asked beforehand  -
//	SE                semantic entropy of the samples                        -                 as at p(0)
//	CoCoA             an answer's probability, and its likeness to samples   greedy answer     the answer
//	MS                the confidence that the model states after each step   unavailable       -
//	LECO              token probabilities within and between steps           unavailable       -
//	Lowest group      the least probable run of tokens                       unavailable       -
//	min-prob          the least probable token                               unavailable       -
//	perplexity        the mean log-probability                               unavailable       -
//	LECO, least       LECO of the least confident step                       unavailable       -
//	P(True)           the probability of 1 when asked for 0 or 1             unavailable       -
//	Two-sample        agreement of two answers, and Verb                     unavailable       with the answer
//
// Samples are completions of the state. At p(z), where nothing is left to complete, they are
// answers to the question.
//
// A trace profile ([Profile]) is not a confidence by itself. Package experiment fits a model
// on it.
//
// # Statistics
//
// Estimators share the parts that cost requests. A [Collector] makes the [Statistics] that
// some estimators need of a state, once. Each estimator derives its confidence from them
// without I/O:
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
// Replies go to an [openai.Store] before they are used. A run that was killed and is started
// again asks only for the replies that had not arrived, and the states of a question share
// equal requests. [Statistics.Cost] is the cost of an estimator by itself: a reply counts in
// full even if it was saved or another estimator needs it, too.
package baseline
