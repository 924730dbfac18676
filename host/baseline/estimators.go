package baseline

// Further returns estimators that came after the paper or vary one of its baselines: the
// lowest and the mean log-probability, LECO by the lowest step, P(True), the two-sample
// hybrid and discrete semantic entropy. They need no other model than the generator.
func Further() []Estimator {
	leco := DefaultLECO()
	leco.Least = true
	return []Estimator{Probability{Least: true}, Probability{}, leco, PTrue{}, TwoSample{}, SemanticEntropy{Weighting: Discrete}}
}

// Solver returns the estimators that use the log-probabilities of Config.Solver.
func Solver() []Estimator {
	return []Estimator{Probability{Least: true, Solver: true}, Probability{Solver: true}}
}

// Estimators returns the nine estimators of the paper with their default options (without SuC
// if suc is nil), and the lowest group confidence.
func Estimators(suc *SuC) []Estimator {
	list := []Estimator{PIK{}, SelfConsistency{}, FirstProb{}}
	if suc != nil {
		list = append(list, suc)
	}
	return append(list, Verb{}, SemanticEntropy{}, CoCoA{}, MultiStep{}, DefaultLECO(), DefaultLowestGroup())
}
