// Package metrics says how good confidences are. It measures whether they are right as
// probabilities (calibration), and whether correct answers have higher confidences than
// wrong ones (discrimination). It also measures the error rate if only answers with a
// high confidence are given (selective prediction).
//
// For example, two correct answers have the confidences 0.95 and 0.85, and two wrong ones
// 0.65 and 0.35. Then the AUROC is 1: every correct answer has a higher confidence
// than every wrong one. Each of the four has a bin of its own, so the ECE is the mean
// distance of the confidences from 1 or 0: 0.30.
//
// A pair is a confidence c in [0,1] of an answer, and whether the answer is correct. A
// higher confidence always means that a correct answer is more likely. Notation: n pairs,
// y = 1 for a correct answer and 0 for a wrong one; a is the accuracy, the share of
// correct answers.
//
// # Definitions
//
// Each figure has one definition. The function that computes the figure documents it, with its
// source:
//
//   - ECE, MCE, RMSCE, DebiasedECE, Reliability: over bins, equal-width or
//     equal-mass ([Binning]). Naeini et al. 2015; Guo et al. 2017; Kumar et al.
//     2019; Roelofs et al. 2022.
//   - SmoothECE: Blasiok and Nakkiran 2023, discretised like their program relplot.
//   - Brier, BrierSkill and BrierDecomposition: Brier 1950; Murphy 1973; Stephenson
//     et al. 2008.
//   - NLL: probabilities are clipped at 1e-15, and the clipped pairs are counted.
//   - AUROC: Mann-Whitney; a correct and a wrong answer with equal confidences count
//     one half. WithinQuestion: the same among the answers to one question (Taubenfeld
//     et al. 2025). AveragePrecision: the step sum.
//   - AURC (Geifman et al. 2019), AUGRC (Traub et al. 2024), PRR (Malinin and
//     Gales 2021), CoverageAtRisk, RiskAtCoverage, RiskCoverage: if several pairs
//     have the same confidence, the figure is the mean over all their orders.
//   - Intervals: Bootstrap, BootstrapClusters and BootstrapDifferences (percentiles; see
//     [Interval.Around] for calibration errors), DeLong, WilsonInterval, ClopperPearson.
//   - CompareAUROC: DeLong's test, for clusters by Obuchowski 1997.
//   - ThresholdForRisk: a threshold with a bound on its error rate for new
//     answers. Angelopoulos et al. 2021.
//
// # Edges
//
// Labels and verbal answers are often multiples of 0.1. These lie on the edges of ten
// bins, so the second digit of an ECE depends on the library. The default here is ten bins
// (lo, hi], the first closed at 0, with the edges float64(i)/float64(bins). Confidences
// are compared with these edges. The rules Guo, Sklearn, Netcal and Torchmetrics do what
// those programs do, so that published figures can be reproduced. The tests compare them
// with values that the programs returned.
//
// # Undefined figures
//
// A figure that the data do not define is NaN, and an [Undefined] error says why. For
// example, if all answers are correct, the AUROC is NaN, not 0 or 0.5. A confidence
// that is NaN, infinite or outside [0,1] is an error with its index and value.
// ResetValid, SkipInvalid and an Accumulator leave such confidences out and count
// them.
//
// # Design
//
// The order of the pairs changes no figure. Figures are computed from sorted groups: one
// (confidence, right, wrong) group for each distinct confidence. [Sample] makes the groups
// once. If there are few distinct confidences, it counts the pairs of each. If there
// are many, it sorts the pairs in linear time. AUROC and ECE read the sorted keys
// directly. BenchmarkMillionPairs compares them with gonum in the same run.
//
// [Accumulator] does the same for streams, and for workers whose results are merged. It
// keeps the groups while there are few of them. Otherwise it keeps counts for each bin, and
// for each cell, a narrow range of confidences. Counts are integers. Sums of real numbers
// are exact (a fixed-point number as wide as the range of float64) and rounded once, when
// they are read. So the order of pairs and merges does not matter, and the ECE has the same
// digits as that of a Sample.
//
// The squares and logarithms of single pairs are rounded before they are added;
// nothing else is. The exceptions are average precision, AURC and smooth ECE: they
// add rounded numbers in the order of the confidences.
//
// # The same bits everywhere
//
// The package runs natively and in the WebAssembly core. It uses Exp and Log of package
// portable, and otherwise only operations that IEEE 754 rounds correctly. Where a product
// is added, the code has float64(x*y), so that no compiler fuses the two. Bootstrap
// resamples come from the package's own random number generator. The last bits may
// differ in three places: ClopperPearson and ThresholdForRisk, because gonum's
// incomplete beta function has nine digits, and the P of CompareAUROC.
//
// # Packages
//
// Package calibrate applies calibration maps, calibrate/fit makes them, and
// calibrate/drift tests whether a map still holds. Package portable has exp and log.
// These packages do no I/O.
package metrics
