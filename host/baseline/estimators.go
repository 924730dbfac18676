package baseline

// Estimators are the nine of the paper with their default options, without SuC
// if it is nil, and what the field has added since.
func Estimators(suc *SuC) []Estimator {
	list := []Estimator{PIK{}, SelfConsistency{}, FirstProb{}}
	if suc != nil {
		list = append(list, suc)
	}
	return append(list, Verb{}, SemanticEntropy{}, CoCoA{}, MultiStep{}, DefaultLECO(), DefaultLowestGroup())
}
