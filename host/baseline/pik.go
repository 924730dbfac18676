package baseline

// PIK is P(IK), "I know": the probability that the model would answer the question correctly
// (Kadavath et al. 2022, arXiv 2207.05221). A value head (Config.Head) gives it from the
// question alone. The head was trained to predict the share of sampled answers that are
// correct. A model that was fine-tuned to write this number can be used instead. The answer
// is not used, so the value is the same at every position.
type PIK struct{}

// Name is "p(ik)".
func (PIK) Name() string { return "p(ik)" }

// Needs is Known.
func (PIK) Needs() Needs { return Known }

// Confidence returns the head's value.
func (PIK) Confidence(s *Statistics) (float64, error) {
	if err := s.need(Known); err != nil {
		return 0, err
	}
	return s.Known.value()
}
