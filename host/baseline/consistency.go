package baseline

import "github.com/finece/finece/host/grade"

// SelfConsistency is the share of the n samples that have the most common final answer (Wang
// et al. 2023, arXiv 2203.11171). With n(c) samples in class c:
//
//	max over c of n(c) / n
//
// At p(z) it is the share of samples that agree with the given answer: n(its class) / n
// (consistency in Xiong et al. 2024, arXiv 2306.13063). A sample without a final answer
// counts in n, but agrees with nothing.
type SelfConsistency struct{}

// Name is "self-consistency".
func (SelfConsistency) Name() string { return "self-consistency" }

// Needs is Classes, and Agreement at p(z).
func (SelfConsistency) Needs() Needs { return Classes | Agreement }

// Confidence is unavailable if no sample has a final answer or, at p(z), if the given answer
// has none.
func (SelfConsistency) Confidence(s *Statistics) (float64, error) {
	if err := s.need(Classes | Agreement); err != nil {
		return 0, err
	}
	if len(s.Samples) == 0 {
		return 0, unavailable("there are no samples")
	}
	counts := map[int]int{}
	most := 0
	for _, a := range s.Samples {
		if a.Class != grade.NoAnswer {
			counts[a.Class]++
			most = max(most, counts[a.Class])
		}
	}
	switch {
	case s.State.Complete && s.Chosen.Class == grade.NoAnswer:
		return 0, unavailable("no final answer was found in the given answer")
	case s.State.Complete:
		most = counts[s.Chosen.Class]
	case most == 0:
		return 0, unavailable("no final answer was found in any sample")
	}
	return float64(most) / float64(len(s.Samples)), nil
}
