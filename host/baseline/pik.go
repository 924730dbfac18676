package baseline

// PIK is P(IK), "I know": the probability that the model would answer the
// question correctly, by a value head that was trained to predict the share of
// sampled answers that are correct from the question alone (Kadavath et al. 2022,
// arXiv 2207.05221). Config.Head is the head; a model fine-tuned to
// write the number does as well. The answer is not looked at: the value is the
// same at every position.
type PIK struct{}

// Name is "p(ik)".
func (PIK) Name() string { return "p(ik)" }

// Needs is Known.
func (PIK) Needs() Needs { return Known }

// Confidence is the head's value.
func (PIK) Confidence(s *Statistics) (float64, error) {
	if err := s.need(Known); err != nil {
		return 0, err
	}
	return s.Known.value()
}
