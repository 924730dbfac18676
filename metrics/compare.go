package metrics

import (
	"math"
	"slices"
)

// Comparison is DeLong's test of whether two confidences of the same answers have the same
// AUROC.
type Comparison struct {
	A, B       float64  // the AUROCs
	Difference float64  // A less B
	Interval   Interval // of the difference, by the normal approximation
	Z          float64  // the difference by its standard error
	P          float64  // two-sided: how likely so large a Z is if the AUROCs are equal
}

// CompareAUROC tests the difference of the AUROCs of two confidences of the same answers
// (DeLong, DeLong and Clarke-Pearson 1988): a[i] and b[i] are of the answer that correct[i]
// is about. The variance is that of the placements, of a's less b's. With cluster, as in
// [BootstrapClusters], the placements of a cluster are added up first (Obuchowski 1997,
// section 2), which allows for answers of one question that depend on each other; nil
// takes all answers for independent.
//
// The test needs n log n steps. Two confidences that order the answers alike have Z = 0 and
// P = 1. If the AUROCs differ and no placement does, as with a perfect a and a perfectly
// wrong b, Z is infinite and P is 0, which is a limit of the method and no certainty. With
// one class only the error is [ErrOneClass], with fewer than two answers (or clusters) of a
// class [ErrTooFew]. Other errors: those of [NewSample] and [ErrLevel].
func CompareAUROC(a, b []float64, correct []bool, cluster []int, level float64) (Comparison, error) {
	nan := math.NaN()
	c := Comparison{nan, nan, nan, Interval{Low: nan, High: nan, Level: level, Method: DeLong}, nan, nan}
	z, err := twoSidedZ(level)
	if err != nil {
		return c, err
	}
	deviations, err := placements(a, correct)
	if err != nil {
		return c, err
	}
	others, err := placements(b, correct)
	if err != nil {
		return c, err
	}
	c.A, c.B = deviations.auroc, others.auroc
	c.Difference = c.A - c.B
	for i, v := range others.of {
		deviations.of[i] -= v
	}
	variance, err := deviations.variance(correct, cluster)
	if err != nil {
		return c, err
	}
	half := float64(z * math.Sqrt(variance))
	c.Interval.Low, c.Interval.High = max(c.Difference-half, -1), min(c.Difference+half, 1)
	c.Z, c.P = 0, 1
	if c.Difference != 0 {
		c.Z = c.Difference / math.Sqrt(variance)
		c.P = math.Erfc(math.Abs(c.Z) / math.Sqrt2)
	}
	return c, nil
}

// placed is the placement of each answer less the AUROC, their mean. The placement of a
// correct answer is the share of wrong answers with less confidence, that of a wrong one
// the share of correct answers with more, ties counting one half.
type placed struct {
	auroc float64
	of    []float64
}

func placements(conf []float64, correct []bool) (*placed, error) {
	s, err := NewSample(conf, correct)
	if err != nil {
		return nil, err
	}
	p := &placed{}
	if p.auroc, err = s.AUROC(); err != nil {
		return nil, err
	}
	cells := make([]float64, 0, 2*len(s.tied()))
	var rightBelow, wrongBelow uint64
	for _, g := range s.tied() {
		above := s.right - rightBelow - g.right
		cells = append(cells,
			ratio(2*wrongBelow+g.wrong, 2*s.wrong)-p.auroc,
			ratio(2*above+g.right, 2*s.right)-p.auroc)
		rightBelow += g.right
		wrongBelow += g.wrong
	}
	p.of = make([]float64, len(conf))
	for i, cell := range cellsInOrder(s, conf, correct) {
		p.of[i] = cells[cell]
	}
	return p, nil
}

// variance is that of the mean over correct answers plus the mean over wrong answers of
// what deviates, cluster by cluster.
func (p *placed) variance(correct []bool, cluster []int) (float64, error) {
	if cluster == nil {
		cluster = make([]int, len(correct))
		for i := range cluster {
			cluster[i] = i
		}
	}
	if len(cluster) != len(correct) {
		return 0, &LengthError{len(correct), len(cluster)}
	}
	if slices.Min(cluster) < 0 {
		return 0, ErrCount
	}
	type part struct {
		right, wrong       float64 // sums
		hasRight, hasWrong bool
	}
	parts := make([]part, slices.Max(cluster)+1)
	var right, wrong float64
	for i, c := range cluster {
		if q := &parts[c]; correct[i] {
			q.right, q.hasRight = q.right+p.of[i], true
			right++
		} else {
			q.wrong, q.hasWrong = q.wrong+p.of[i], true
			wrong++
		}
	}
	var ofRight, ofWrong, ofBoth compensated
	var withRight, withWrong, all float64
	for _, q := range parts {
		ofRight.add(q.right * q.right)
		ofWrong.add(q.wrong * q.wrong)
		ofBoth.add(q.right * q.wrong)
		if q.hasRight {
			withRight++
		}
		if q.hasWrong {
			withWrong++
		}
		if q.hasRight || q.hasWrong {
			all++
		}
	}
	if withRight < 2 || withWrong < 2 {
		return 0, ErrTooFew
	}
	variance := withRight/(withRight-1)*ofRight.value()/float64(right*right) +
		withWrong/(withWrong-1)*ofWrong.value()/float64(wrong*wrong) +
		2*all/(all-1)*ofBoth.value()/float64(right*wrong)
	return max(variance, 0), nil
}
