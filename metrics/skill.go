package metrics

import "math"

// BrierSkill compares the Brier score with that of a constant confidence, the accuracy a:
//
//	1 - Brier / (a (1 - a))
//
// (Brier 1950; Murphy 1973). 1 is perfect, 0 is no better than the constant, less than 0 is
// worse. If all answers are correct, or all are wrong, the constant is perfect, and the
// skill is NaN with [ErrOneClass].
func (s *Sample) BrierSkill() (float64, error) {
	brier, err := s.Brier()
	if err != nil {
		return brier, err
	}
	return brierSkill(brier, s.right, s.wrong)
}

func brierSkill(brier float64, right, wrong uint64) (float64, error) {
	if right == 0 || wrong == 0 {
		return math.NaN(), ErrOneClass
	}
	n := right + wrong
	return 1 - brier/float64(ratio(right, n)*ratio(wrong, n)), nil
}
