// Package construct builds training data for a confidence model by Monte Carlo
// sampling: Algorithm 1 of FineCE (arXiv 2508.12040), with any OpenAI-compatible
// server as the generator.
//
//	c := construct.DefaultConfig()
//	c.Generator, c.Grader = generator, grade.NumberGrader{}
//	err := construct.Run(ctx, c, questions, func(r *construct.Result) error {
//		for i := range r.States {
//			line, err := r.States[i].Line() // one line of training data
//			...
//		}
//		return nil
//	})
//
// # Algorithm 1
//
// For each question x:
//
//   - K answers are sampled at a high temperature. Conf(x) is the share that is
//     correct.
//   - Each answer is cut after its first fragment: a paragraph or a line, as
//     package position finds it. The fragments are clustered bottom-up by
//     cosine distance and average linkage, up to a distance threshold. From
//     each of at most M clusters, the member nearest to the centroid becomes a
//     partial answer.
//   - For t = 1..T, each partial answer of t fragments is completed K times. Its
//     Conf is the share of correct completions. Below T, the K new answers are
//     cut after fragment t+1. The one nearest to the centroid of their new
//     fragments is the next, longer partial answer.
//   - Complete answers are labelled 1 or 0.
//
// These are K(1+MT) completions for each question, unless something ends early. An answer
// without a further fragment cannot become a partial answer. So there can be fewer than M
// clusters, and a branch can end before T. [Tally] also counts the completions that were not
// requested: its counts always add up to the [Plan].
//
// # Choices that the paper leaves open
//
// The paper's loop runs over t = 2..T, after the first fragments. The paper's cost, K(1+MT),
// counts T sampled depths. So does this package. Clusters are merged while the
// distance of the two nearest is below the threshold. If more than M clusters are
// left, either the M largest are used ([Largest], as in the authors' released code) or
// merging continues until M are left ([Merge]). A position is the end of a fragment
// that more text follows, so an answer of z fragments has z-1 partial answers. A
// state's text ends with its last fragment, without the white space after it, unless
// [Config.KeepSpace] is set.
//
// # Labels
//
// A [State] keeps how many completions were correct and how many were graded, with the
// Wilson interval. Nothing is rounded. A completion that the token limit cut off is
// graded like any other, but it is not a complete answer.
//
// Questions with one right answer are graded by rule, and so are open-ended ones whose
// true statements are all known ([grade.StatementsGrader]). For other open-ended
// questions a [grade.Judge] grades each distinct answer or, with a [grade.Entailment],
// one answer of each meaning. An answer is compared with a representative of each
// meaning so far; two answers mean the same if each entails the other (the clusters of
// semantic entropy). Each branch starts from a copy of the root's meanings, so the
// labels do not depend on which branch is faster. A judgement of entailment costs a
// request, as a verdict does. The [Tally] says how many verdicts were saved by it, and the
// cost.
//
// Algorithm 1 labels only the prefixes that it chooses, and these are seldom wrong
// turns. With [Config.Pool], every fragment of the K answers makes a state, and a
// partial answer is labelled by all completions that pass through it. A completion
// passes through a prefix if one of its fragments ends there and more text follows. A
// completion of the prefix itself that ends at once, or continues the prefix's last
// fragment, does not pass through it. The text after a prefix does not depend on where
// the sampling started, so the label is the share of correct ones among these
// completions.
//
// # Reproducibility
//
// Every request has a seed that depends on the run's seed, the question and the place in the
// answer. A server that uses seeds gives the same data again. With the same replies,
// the data are the same at any concurrency. Replies are saved in an [openai.Store] before
// they are used, so a run that was killed and is started again asks only for the replies
// that had not arrived.
package construct
