package metrics

// Figure is one number that says how good a sample's confidences are.
type Figure struct {
	ID   uint16 // a number that is never given to another figure
	Name string // its name in files and programs, see [Summary.Each]
	Of   func(s *Sample, b Binning) (float64, error)
}

// Figures are the figures that finece.wasm computes, in the order of its answers.
// Append a new one at the end, with the next ID.
var Figures = []Figure{
	{1, "n", func(s *Sample, _ Binning) (float64, error) { return float64(s.N()), nil }},
	{2, "correct", func(s *Sample, _ Binning) (float64, error) { return float64(s.Correct()), nil }},
	{3, "ece", (*Sample).ECE},
	{4, "mce", (*Sample).MCE},
	{5, "brier", func(s *Sample, _ Binning) (float64, error) { return s.Brier() }},
	{6, "auroc", func(s *Sample, _ Binning) (float64, error) { return s.AUROC() }},
	{7, "augrc", func(s *Sample, _ Binning) (float64, error) { return s.AUGRC() }},
	{8, "brier_skill", func(s *Sample, _ Binning) (float64, error) { return s.BrierSkill() }},
	{9, "smooth_ece", func(s *Sample, _ Binning) (float64, error) { v, _, err := s.SmoothECE(); return v, err }},
}
