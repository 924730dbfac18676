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
// answer. ECE (ten bins) and AUROC are those of package metrics. Pairs of one question
// are not independent, so intervals are bootstrapped over questions.
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
// The last three need models that were trained in other ways. A model that is not
// given has no row, and the report says so.
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
// table 1 is repeated with each confidence compared with all continuations, which
// leaves less to chance. Beside each ECE stands the ECE that true confidences would
// have: with some hundred answers, it is several points.
//
// # Fusion
//
// For Backward Confidence Integration at p(1), [Config.Width] continuations of the
// answer so far are sampled and each is cut after its next paragraph. The same is done
// from there, [Config.Depth] paragraphs deep. Every node is scored. Package bci
// integrates the tree, also at each smaller depth and at every second smaller width: the
// tree of a width consists of the first branches.
package experiment
