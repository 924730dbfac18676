// Package metrics says how good confidences are: whether they mean what they say
// (calibration), whether they rank correct answers above wrong ones
// (discrimination), and what answering only the confident ones would give
// (selective prediction).
//
// A pair is a confidence c in [0,1], the probability that an answer is correct,
// and whether it is. Higher is better everywhere. Notation: n pairs, y = 1 for a
// correct answer and 0 for a wrong one; a is the accuracy.
//
// # Definitions
//
// Each has one definition, stated with its source at the function that computes
// it:
//
//   - ECE, MCE, RMSCE, DebiasedECE, Reliability: over bins, equal-width or
//     equal-mass ([Binning]). Naeini et al. 2015; Guo et al. 2017; Kumar et al.
//     2019; Roelofs et al. 2022.
//   - SmoothECE: Blasiok and Nakkiran 2023, discretised as their relplot.
//   - Brier, BrierSkill and BrierDecomposition: Brier 1950; Murphy 1973; Stephenson
//     et al. 2008.
//   - NLL: clipped at 1e-15, and the clipped pairs counted.
//   - AUROC: Mann-Whitney, a tied pair counts one half. WithinQuestion: the same
//     among the answers to one question (Taubenfeld et al. 2025).
//     AveragePrecision: the step sum.
//   - AURC (Geifman et al. 2019), AUGRC (Traub et al. 2024), PRR (Malinin and
//     Gales 2021), CoverageAtRisk, RiskAtCoverage, RiskCoverage: tied pairs count
//     by the mean over all their orders.
//   - Bootstrap, BootstrapClusters and BootstrapDifferences (percentile; see
//     [Interval.Around] for calibration errors), DeLong, WilsonInterval,
//     ClopperPearson. CompareAUROC: DeLong's test, of clusters by Obuchowski 1997.
//   - ThresholdForRisk: a threshold with a bound of its error rate for new
//     answers. Angelopoulos et al. 2021.
//
// # Edges
//
// Confidences that are multiples of 0.1, as labels and verbal answers are, lie on
// the edges of ten bins, where libraries disagree in the second digit. The default
// here is ten bins (lo, hi], the first closed at 0, with edges
// float64(i)/float64(bins), found by comparison with the edges. The rules Guo,
// Sklearn, Netcal and Torchmetrics do what those programs do, so that published
// figures can be reproduced; the tests hold them to what the programs returned.
//
// # What is undefined
//
// A figure that the data do not define is NaN with an [Undefined] error that
// says why: AUROC of one class is not 0 and not 0.5. Confidences that are NaN,
// infinite or outside [0,1] are an error with index and value. Where the caller asks
// for it (ResetValid, SkipInvalid, an Accumulator), they are left out and counted.
//
// # Design
//
// Every figure is a function of the multiset of pairs, and is computed from its
// sorted form, one (confidence, right, wrong) group for each distinct confidence.
// [Sample] makes that once: by counting when there are few distinct confidences,
// by sorting in linear time when there are many. AUROC and ECE read the sorted keys
// directly. BenchmarkMillionPairs compares them with gonum in the same run.
//
// [Accumulator] does the same for streams and for workers whose results are merged.
// It keeps the groups while they are few, and otherwise counts for each bin and
// cell. Counts are integers. Sums of real numbers are exact (a fixed-point number as
// wide as the range of float64) and rounded once, when they are read. So the order
// of pairs and merges does not matter, and an accumulated ECE has all digits of the
// batch's.
//
// Squares and logarithms are the only addends that are rounded, each pair's by
// itself. AP, AURC and smooth ECE add in the order of the confidences.
//
// # The same bits everywhere
//
// The package runs natively and in the WebAssembly core. It uses Exp and Log of
// package portable and the correctly rounded operations. Where a product is added,
// it writes float64(x*y), so that no compiler fuses the two. It draws bootstrap
// resamples with a generator of its own, and does no I/O. There are exceptions, whose
// last bits may differ: ClopperPearson and ThresholdForRisk, because gonum's incomplete
// beta function has nine digits everywhere, and the P of CompareAUROC.
//
// # Packages
//
// Package calibrate applies calibration maps, calibrate/fit makes them, and
// calibrate/drift tests whether one still holds. Package portable has exp and log.
package metrics
