// Package construct builds training data for a confidence model by Monte Carlo
// sampling: Algorithm 1 of FineCE (arXiv 2508.12040), against any
// OpenAI-compatible server.
//
// For each question x:
//
//   - K answers are sampled at a high temperature. Conf(x) is the share that is
//     correct.
//   - Each answer is cut behind its first fragment, a paragraph or a line as
//     package position finds it. The fragments are clustered bottom-up, by
//     cosine distance and average linkage, up to a distance threshold; of at
//     most M clusters one fragment each, the member nearest to the cluster's
//     centroid, becomes a partial answer.
//   - For t = 1..T, each partial answer of t fragments is completed K times. Its
//     Conf is the share of completions that is correct. Below T, the K new
//     answers are cut behind fragment t+1, and the one nearest to the centroid
//     of their new fragments is the next, longer partial answer.
//   - Complete answers are labelled 1 or 0.
//
// That is K(1+MT) completions a question, exactly, unless something ends early:
// an answer that has no further fragment cannot become a partial answer, so
// there can be fewer clusters than M, and a branch can end before T. What was
// not asked for that reason is counted: [Tally] always adds up to the [Plan].
//
// # Choices that the paper leaves open
//
// The paper's loop runs over t = 2..T with the first fragments made before it;
// its cost, K(1+MT), counts T depths that are sampled, and so does this package.
// Merging goes on while the distance of the two nearest clusters is below the
// threshold. Where more than M clusters are left, the M largest are used
// ([Largest], as the authors' released code does) or merging goes on to M
// ([Merge]). A position is the end of a fragment behind which text goes on, so
// an answer of z fragments has z-1 partial answers. A state's text ends where
// its last fragment does, without the white space behind it, unless
// [Config.KeepSpace] is set.
//
// # Labels
//
// A [State] keeps how many completions were correct and how many were graded,
// with the Wilson interval: nothing is rounded. A completion that was cut off by
// its token limit is graded like any other but is no complete answer.
//
// What has one right answer is graded by rule, and so is an open-ended answer of
// which all true statements are known ([StatementsGrader]). For other open-ended
// questions a [Judge] grades each different answer or, with an [Entailment], one
// answer of each meaning: answers are compared with a representative of each
// meaning so far, and mean the same if each entails the other (semantic entropy's
// clusters). What the root's answers mean is where each branch goes on from, so the
// labels do not depend on which branch is faster. A judgement of entailment is a
// request like a verdict: the [Tally] says how many verdicts were saved, and what
// that took.
//
// With [Config.Pool], a state is made of every fragment of the K answers, and K
// and N of a partial answer are of all completions that pass through it: Algorithm
// 1 labels the prefixes that it chooses, which are seldom wrong turns. To pass
// through a prefix is to have a fragment that ends with it, and text behind that:
// a completion of the prefix itself that ends at once, or writes on within the
// fragment, is not counted. Given that much of an answer, what follows does not
// depend on where it was sampled from, so the label is the share, of the completions
// with a fragment that ends there, that is correct.
//
// # Reproducibility
//
// Every request carries a seed derived from the run's seed, the question and the
// place in it, so that a server that heeds seeds gives the same data again.
// Given the replies, everything is deterministic, whatever the concurrency.
// Replies go to a [Store] before they are used: work that is killed and begun
// again asks only for what had not arrived.
package construct
