package baseline

// Further are estimators that came after the paper, or vary one of its baselines, and need
// no model beside the generator: its own log-probabilities, least and mean, LECO by the
// least step, P(True) and the two-sample hybrid.
func Further() []Estimator {
	leco := DefaultLECO()
	leco.Least = true
	return []Estimator{Probability{Least: true}, Probability{}, leco, PTrue{}, TwoSample{}}
}

// Solver are the estimators by the log-probabilities of Config.Solver.
func Solver() []Estimator {
	return []Estimator{Probability{Least: true, Solver: true}, Probability{Solver: true}}
}

// Estimators are the nine of the paper with their default options, without SuC
// if it is nil, and what the field has added since.
func Estimators(suc *SuC) []Estimator {
	list := []Estimator{PIK{}, SelfConsistency{}, FirstProb{}}
	if suc != nil {
		list = append(list, suc)
	}
	return append(list, Verb{}, SemanticEntropy{}, CoCoA{}, MultiStep{}, DefaultLECO(), DefaultLowestGroup())
}
