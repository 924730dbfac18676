package baseline

import "github.com/finece/finece/host/grade"

// TwoSample is the hybrid of two samples (Del et al. 2026, arXiv 2603.19118): the mean of
// self-consistency and of verbalized confidence, with equal weights,
//
//	C = (SC + VC) / 2
//
// SC is 1 if two answers mean the same, and 1/2 if not. At p(z) these are the given answer
// and one sample, at other states two samples. VC is the confidence that the model states
// about the state. (In the paper, the model is asked after each of the two answers. Here it
// is not asked about the second one.)
type TwoSample struct{}

// Name is "two-sample".
func (TwoSample) Name() string { return "two-sample" }

// Needs is Verbal, Classes, and Agreement at p(z).
func (TwoSample) Needs() Needs { return Verbal | Classes | Agreement }

// samples returns the most samples that a confidence uses.
func (TwoSample) samples() int { return 2 }

// Confidence is unavailable if the model did not give a number, or without samples.
func (h TwoSample) Confidence(s *Statistics) (float64, error) {
	if err := s.need(h.Needs()); err != nil {
		return 0, err
	}
	said, err := s.Verbal.value()
	if err != nil {
		return 0, err
	}
	classes := []int{}
	if s.State.Complete {
		classes = append(classes, s.Chosen.Class)
	}
	for i := range s.Samples {
		classes = append(classes, s.Samples[i].Class)
	}
	if len(classes) < 2 {
		return 0, unavailable("two answers are needed")
	}
	same := 0.5
	if classes[0] == classes[1] && classes[0] != grade.NoAnswer {
		same = 1
	}
	return (same + said) / 2, nil
}
