// Package experiment repeats the experiments of the FineCE paper (arXiv 2508.12040)
// with any generator and any confidence models on OpenAI-compatible servers, and writes
// a report. It is what `finece experiment` runs.
//
//	c := experiment.DefaultConfig()
//	c.Domain, c.Engine, c.Generator, c.Grader = "in", engine, generator, grade.NumberGrader{}
//	c.Subjects = []experiment.Subject{{Name: experiment.FineCE, Asker: asker, Main: true}}
//	var records []*experiment.Record
//	err := experiment.Collect(ctx, c, questions, func(r *experiment.Record) error {
//		records = append(records, r)
//		return nil
//	})
//	...
//	report, err := experiment.Analyse(records, c.Seed)
//	...
//	err = report.Markdown(w, experiment.About{Models: "FineCE is an adapter of the generator."})
//
// # The core
//
// The positions and the confidences come from the core that users run. Each sampled
// answer is written as the stream that its server would have sent. Package host/follow
// follows that stream on the engine of Config.Engine. The core integrates nothing here:
// fusion is measured on trees, see below.
//
// # What is measured
//
// [Collect] samples answers to each test question and grades them. At each position of an
// answer, the confidence models and the baselines (package baseline) estimate how likely
// the answer is to be correct. A pair is one such confidence and the correctness of its
// answer. All figures are computed by package metrics. Pairs of one question are not
// independent, so intervals are bootstrapped over questions.
//
// A domain is a set of questions. Its main tables have a row for each method, at eight
// places: p(0), p(1), p(z-1), p(z), and after 10, 30, 50 and 100% of the answer's tokens.
// After a share of the tokens, a method has the latest confidence that a reader of the
// stream would have by then. Methods that use only log-probabilities see exactly the
// tokens so far, with the log-probabilities that the answer was sampled with.
//
// Many baselines put answers in order, but their values are not probabilities. So Brier
// score and ECE are also measured after Platt's map ([Mapped]). Every method's map is
// fitted on the same [MapLabels] labelled answers and measured on the other questions.
// This is repeated for many draws of the labelled answers.
//
// Each estimate has a cost: the tokens of the generator and of trained models, prompts
// included ([Spent]). FineCE, FineCE with fusion and the value head are compared, on the same
// answers, with the best baseline of equal or lower cost, and with the best baseline of any
// cost ([Comparison]). The tables have all comparisons. RESULTS.md has those at equal or lower
// cost at p(1), p(z-1) and p(z); of the value head and of p(z), only those of the first
// domain, and of several with the same outcome, only one. It claims the differences whose
// interval excludes 0 in FineCE's favour. The differences in the other direction are under
// "Not claimed", and the names of the undecided ones at p(1) and p(z-1).
//
// Trajectory models are fitted on 100 and on 1,000 labelled answers to other questions, as
// finece calibrate fits them. They are compared with the mean log-probability ([Gain]).
// Another table shows what happens if answers are stopped early ([Stopping]).
//
// With [Config.Recorded], answers that were sampled before are measured, and no server is
// asked. Further samples and labels can be recorded, too. Methods that need a server are
// listed as unavailable.
//
// Each baseline is tried on the first twelve whole answers. A baseline that has a
// confidence for none of them is not asked again. The report lists it as unavailable, with
// the reason.
//
// Some rows leave a part of a method out, to show what that part is worth: FineCE's
// estimate of the question alone, kept for all later positions; FineCE without fusion; the
// lowest and the mean log-probability of the generator, and of the solver that the
// confidence model was trained from; LECO by the mean and by the lowest step.
//
// The other tables follow the paper: answers kept at a threshold; the three strategies;
// fusion by depth, width and revision coefficient; confidence models with other training.
// A model that is not given has no row.
//
// The paper leaves open which positions suit open-ended answers. In such answers, entropy
// is high where the model is in doubt, but also where it is free to choose. A domain of
// open-ended questions needs a grader that knows all true statements
// (grade.StatementsGrader). It has the same tables, without the baselines that compare
// final answers.
//
// # Labels
//
// One answer says little about the probability at a state: if half of the answers from a
// state are correct, a single one is correct or wrong by chance. With [Config.Labels],
// further continuations of p(0), p(1) and p(z-1) are sampled and graded. The share of
// correct ones is the state's Monte Carlo label, as in FineCE's training. Labels have two
// uses:
//
//   - As a confidence, a label shows how good any confidence can be.
//   - p(1) and p(z-1) are measured again. Each confidence is then compared with all
//     continuations instead of one answer, so less is left to chance.
//
// The report has the standard error of the labels.
//
// # Fusion
//
// Fusion is Backward Confidence Integration at p(1). [Config.Width] continuations of the
// answer so far are sampled, and each is cut after its next paragraph. From the end of
// each, the next continuations are sampled the same way, until the tree is
// [Config.Depth] paragraphs deep. Every node gets a confidence, and package bci
// integrates the tree. Fusion is also measured at each smaller depth, and at widths 2, 4
// and so on below the full width: a narrower tree consists of the first branches.
package experiment
