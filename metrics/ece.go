package metrics

import "math"

// Bin is one bar of a reliability diagram.
type Bin struct {
	Low, High      float64 // edges
	Count, Correct uint64
	Confidence     float64 // mean in the bin, NaN when it is empty
	Accuracy       float64 // share correct in the bin, NaN when it is empty
}

// ECE returns the expected calibration error of the pairs (conf[i], correct[i]),
//
//	sum over bins b of (n_b/n) * |accuracy_b - mean confidence_b|
//
// (Naeini et al. 2015, Guo et al. 2017). It takes one pass, or for EqualMass a sort and a
// pass. Errors: those of [NewSample], [ErrBinning], and [ErrEmpty]; ECE is then NaN.
func ECE(conf []float64, correct []bool, b Binning) (float64, error) {
	if b.Rule == EqualMass || !b.valid() || len(conf) != len(correct) {
		s, err := NewSample(conf, correct)
		if err != nil {
			return math.NaN(), err
		}
		return s.ECE(b)
	}
	t := newTally(b.fixed(), nil)
	for i, v := range conf {
		if !(v >= 0 && v <= 1) {
			return math.NaN(), &ValueError{i, v}
		}
		right := uint64(0)
		if correct[i] {
			right = 1
		}
		at, v := t.place(v)
		t.add(at, v, right, 1-right)
	}
	if len(conf) == 0 {
		return math.NaN(), ErrEmpty
	}
	return t.ece(), nil
}

// ECE is [ECE] of the sample. It has the same bits.
func (s *Sample) ECE(b Binning) (float64, error) {
	return s.binned(b, (*tally).ece)
}

// MCE returns the largest |accuracy_b - mean confidence_b| of all bins b that are not
// empty (Naeini et al. 2015).
func (s *Sample) MCE(b Binning) (float64, error) {
	return s.binned(b, (*tally).mce)
}

// RMSCE is the root mean squared calibration error,
//
//	sqrt(sum over bins b of (n_b/n) * (accuracy_b - mean confidence_b)^2)
//
// also called the l2 ECE. It is never below the ECE.
func (s *Sample) RMSCE(b Binning) (float64, error) {
	return s.binned(b, (*tally).rmsce)
}

// DebiasedECE is the l2 ECE minus the noise of each bin's accuracy,
//
//	sqrt(max(0, sum over b of (n_b/n) * (gap_b^2 - accuracy_b*(1-accuracy_b)/(n_b-1))))
//
// (Ferro and Fricker 2012; Kumar, Liang and Ma 2019, section 5; ECE-debias of
// Roelofs et al. 2022), where gap_b is as in RMSCE. A bin with one pair adds nothing, since
// its noise cannot be estimated. Compare DebiasedECE with RMSCE, not with ECE.
func (s *Sample) DebiasedECE(b Binning) (float64, error) {
	return s.binned(b, (*tally).debiased)
}

// Reliability returns the bins, empty ones included, from low to high
// confidence. Under the Guo rule, confidences of exactly 0 are in no bin.
func (s *Sample) Reliability(b Binning) ([]Bin, error) {
	t, err := s.tally(b, false)
	if err != nil {
		return nil, err
	}
	return t.reliability(), nil
}

func (s *Sample) binned(b Binning, figure func(*tally) float64) (float64, error) {
	t, err := s.tally(b, false)
	if err != nil {
		return math.NaN(), err
	}
	return figure(&t), nil
}

// excess is the summed confidence minus the number correct: n_b times the gap.
func (s *slot) excess() float64 { return s.conf.value() - float64(s.right) }

func (s *slot) gap() float64 { return math.Abs(s.excess()) / float64(s.size()) }

func (t *tally) ece() float64 {
	var e compensated
	for i := range t.inBins() {
		e.add(math.Abs(t.slots[i].excess()))
	}
	return e.value() / float64(t.size())
}

func (t *tally) mce() float64 {
	worst := 0.0
	for i := range t.inBins() {
		if s := &t.slots[i]; s.size() > 0 {
			worst = max(worst, s.gap())
		}
	}
	return worst
}

func (t *tally) rmsce() float64 {
	e := 0.0
	for i := range t.inBins() {
		if s := &t.slots[i]; s.size() > 0 {
			gap := s.gap()
			e += float64(float64(gap*gap) * float64(s.size()))
		}
	}
	return math.Sqrt(e / float64(t.size()))
}

func (t *tally) debiased() float64 {
	e := 0.0
	for i := range t.inBins() {
		s := &t.slots[i]
		if s.size() < 2 {
			continue
		}
		gap, acc := s.gap(), ratio(s.right, s.size())
		noise := float64(acc*(1-acc)) / float64(s.size()-1)
		e += float64((float64(gap*gap) - noise) * float64(s.size()))
	}
	return math.Sqrt(max(e, 0) / float64(t.size()))
}

func (t *tally) reliability() []Bin {
	slots := t.inBins()
	out := make([]Bin, len(slots))
	for i := range slots {
		s := &slots[i]
		b := Bin{Low: 1, High: 1, Count: s.size(), Correct: s.right, Confidence: math.NaN(), Accuracy: math.NaN()}
		if i+1 < len(t.edges) {
			b.Low, b.High = t.edges[i], t.edges[i+1]
		}
		if b.Count > 0 {
			b.Confidence = s.conf.value() / float64(b.Count)
			b.Accuracy = ratio(s.right, b.Count)
		}
		out[i] = b
	}
	return out
}
