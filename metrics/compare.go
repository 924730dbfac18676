package metrics

import (
	"math"
	"slices"
)

// Comparison is DeLong's test of whether two confidences of the same answers have the same
// AUROC.
type Comparison struct {
	A, B       float64  // the AUROCs
	Difference float64  // A minus B
	Interval   Interval // of the difference, by the normal approximation
	Z          float64  // the difference divided by its standard error
	P          float64  // the two-sided p-value of Z, if the AUROCs are equal
}

// CompareAUROC tests the difference of the AUROCs of two confidences of the same answers
// (DeLong, DeLong and Clarke-Pearson 1988). a[i] and b[i] are the confidences of answer i,
// and correct[i] says whether it is correct. The placement of a correct answer is the share
// of wrong answers that it is ranked above; the placement of a wrong answer is the share of
// correct answers that are ranked above it. The variance is that of the differences between
// a's and b's placements.
//
// Answers to one question depend on each other. cluster[i] is then the question of answer
// i, as in [BootstrapClusters], and the placements of a cluster are added up first
// (Obuchowski 1997, section 2). If cluster is nil, all answers are treated as
// independent.
//
// The test takes n log n steps. If a and b rank the answers in the same way, Z is 0 and P is
// 1. If the AUROCs differ and all placements differ by the same amount, Z is infinite and P
// is 0, as with a perfect a and a perfectly wrong b. That is a limit of the method, not
// certainty.
//
// The error is [ErrOneClass] if all answers are correct or all wrong, and [ErrTooFew] if
// fewer than two answers (or clusters) are correct or wrong. Other errors: those of
// [NewSample], and [ErrLevel].
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

// placed is the placement of each answer (see CompareAUROC) minus the mean placement, which
// is the AUROC. Ties count one half.
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

// variance returns the variance of a sum: the mean of p.of over correct answers plus its
// mean over wrong answers. Clusters are independent, answers within a cluster are not.
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
