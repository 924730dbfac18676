// Package experiment repeats the experiments of the FineCE paper (arXiv
// 2508.12040) on any generator and confidence models behind OpenAI-compatible
// servers, and writes what came out.
//
// # Who computes
//
// The positions and the confidences of the models are those of the core that people
// run: an answer is written as its server would have streamed it and followed by
// package host/follow, on the engine of [Config.Engine]. The report's reader is told
// which core it was. Nothing is integrated there: fusion is measured on trees.
//
// # What is measured
//
// [Collect] samples answers to each test question. An answer is correct or not. At each
// of its positions, the confidence models and the baselines of package baseline say how
// likely it is to be correct. A pair is such a confidence with the correctness of that
// answer. All figures are those of package metrics. Pairs of one question are not
// independent, so intervals are bootstrapped over questions.
//
// The main table of a domain has a row for each method and eight places: p(0), p(1),
// p(z-1), p(z), and 10, 30, 50 and 100% of the answer's tokens. At a share of the tokens
// stands the latest confidence that a reader of the stream would have by then. Methods by
// log-probabilities alone see exactly the tokens so far, with the log-probabilities that
// the answer was sampled with.
//
// Many baselines order answers and are no probabilities. So Brier score and ECE are also
// measured after Platt's map, fitted for every method on the same [MapLabels] labelled
// answers and measured on the other questions, for many draws of these ([Mapped]).
//
// Each estimate has a cost: tokens of the generator and of trained models, prompts
// included ([Spent]). FineCE is compared, on the same answers, with the best baseline of
// equal or lower cost, and with the best of any cost ([Comparison]). RESULTS.md claims
// what such an interval supports, and lists what none does.
//
// Trajectory models are fitted on 100 and on 1,000 labelled answers to other questions, as
// finece calibrate fits them, and compared with the mean log-probability ([Gain]). Another
// table says what stopping early does ([Stopping]).
//
// With [Config.Recorded], answers that were sampled before are measured and no server is
// asked. Methods that need one are listed as unavailable. The further samples and the
// labels are recorded as well.
//
// A baseline that has no confidence of any of the first twelve whole answers is not asked
// again, and reported as unavailable with its count.
//
// Rows that take a part away: FineCE's estimate of the question alone, kept as it is; the
// least and the mean log-probability of the generator, and of the solver that the
// confidence model was made of; LECO by the mean and by the least step; FineCE with and
// without fusion.
//
// The other tables follow the paper: answers kept at a threshold; the three strategies;
// fusion over depth, width and coefficient; confidence models of other training side by
// side. A model that is not given has no row.
//
// The paper leaves open which positions suit open-ended answers. There, entropy is high
// where the model is in doubt, but also where it is free to choose. Records of such a
// domain, with a grader that knows all true statements (grade.StatementsGrader), have
// the same tables. Baselines that compare final answers have no rows.
//
// # Labels
//
// One answer says little about the probability at a state. If a question is answered
// correctly every other time, one answer is right or wrong by chance. With
// [Config.Labels], further continuations of p(0), p(1) and p(z-1) are sampled and
// graded. The share of correct ones is the state's Monte Carlo label, as in FineCE's
// training. It has two uses. As a confidence, it shows how good a confidence can be. And
// p(1) and p(z-1) are measured again with each confidence compared with all
// continuations, which leaves less to chance. The noise of the labels is reported.
//
// # Fusion
//
// For Backward Confidence Integration at p(1), [Config.Width] continuations of the
// answer so far are sampled and each is cut after its next paragraph. The same is done
// from there, [Config.Depth] paragraphs deep. Every node is scored. Package bci
// integrates the tree, also at each smaller depth and at every second smaller width: the
// tree of a width consists of the first branches.
package experiment
