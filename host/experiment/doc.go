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
// Of each test question some answers are sampled ([Collect]). An answer is
// correct or not, and at each of its positions the confidence models and the
// baselines of package baseline say how likely it is to be. A pair is such a
// confidence with the correctness of that one answer; ECE and AUROC are package
// metrics' (ten bins). Pairs of one question are not independent: intervals are
// bootstrapped over questions.
//
//	Table 1   ECE and AUROC at p(1) and p(z-1), FineCE and the baselines
//	Table 2   the same at p(0), before an answer, and at p(z), of a whole one
//	Table 3   accuracy of the answers kept at a threshold, and their share
//	Table 4   the three strategies: where their positions lie, ECE and AUROC;
//	          beside it, entropy positions above other thresholds
//	Figure 4  accuracy and share kept over thresholds; ECE of p(1) over fusion
//	          depth and width, with what that costs
//	Figures 5 and 6  confidence models trained on data of another generator
//	Figure 7  instruction fine-tuning against a value head
//	Sweeps    over the temperature and the number of clusters of the training data
//
// The last three need models that were trained otherwise. A model that is not
// given has no row, and the report says so.
//
// Which positions suit answers that have no one right text is a question that the
// paper leaves open: entropy is high there where the model is free to choose as well
// as where it is in doubt. Records of a domain of such answers, with a grader that
// knows what may be said of a question (construct.StatementsGrader), have the same
// tables; the baselines that go by one final answer have no rows.
//
// # Labels
//
// One answer says little about the probability at a state: that of a question which
// is answered correctly every other time is right or wrong by chance, and no
// estimate can tell which. Where [Config.Labels] is set, so many further
// continuations of p(0), p(1) and p(z-1) are sampled and graded. Their share of
// correct ones is the state's Monte Carlo label, as in FineCE's training, and does
// two things. As a confidence it shows about how good one can be. And table 1 is
// repeated with each confidence held against all continuations, where less is left
// to chance. An ECE is set beside what it would be were the confidences true: with
// some hundred answers that is several points.
//
// # Fusion
//
// For Backward Confidence Integration at p(1), [Config.Width] continuations of
// the answer so far are sampled, each is cut behind its next paragraph, and so
// again from there, [Config.Depth] paragraphs deep. Every node is scored, and
// package bci integrates the tree at each smaller depth and every other smaller
// width, too: its first branches are the tree of that width.
package experiment
