package metrics

import "math"

// AUROC returns the area under the receiver operating characteristic: the probability that
// a correct answer has a higher confidence than a wrong one, where a tie counts one half
// (Mann and Whitney 1947; Hanley and McNeil 1982). Only the final ratio is rounded. If all
// answers are correct, or all are wrong, AUROC is NaN with [ErrOneClass]. Other errors:
// those of [NewSample].
func AUROC(conf []float64, correct []bool) (float64, error) {
	s, err := NewSample(conf, correct)
	if err != nil {
		return math.NaN(), err
	}
	return s.AUROC()
}

// AUROC is [AUROC] of the sample.
func (s *Sample) AUROC() (float64, error) {
	b, err := s.auroc(false)
	return b.Value, err
}

// mannWhitney returns twice the Mann-Whitney count, an integer, and the number
// of tied pairs of a correct and a wrong answer.
func (s *Sample) mannWhitney() (twice, tied uint128) {
	below := uint64(0) // wrong answers of lower confidence
	if s.groups == nil {
		for at := 0; at < len(s.keys); {
			if k := s.keys[at]; at+1 == len(s.keys) || s.keys[at+1]>>1 != k>>1 {
				right := k & 1 // no tie, so there is nothing to multiply
				twice.add(2 * below & -right)
				below += 1 - right
				at++
				continue
			}
			end, right := endOfTie(s.keys, at)
			wrong := uint64(end-at) - right
			twice.addProduct(right, 2*below+wrong)
			tied.addProduct(right, wrong)
			below += wrong
			at = end
		}
		return twice, tied
	}
	for i := range s.groups {
		g := &s.groups[i]
		twice.addProduct(g.right, 2*below+g.wrong)
		tied.addProduct(g.right, g.wrong)
		below += g.wrong
	}
	return twice, tied
}

// pairShare is twice/(2*right*wrong).
func pairShare(twice uint128, right, wrong uint64) float64 {
	var all uint128
	all.addProduct(2*right, wrong)
	return twice.float64() / all.float64()
}

// AveragePrecision returns the area under the precision-recall curve as a step sum,
//
//	sum over thresholds k, from the highest, of (R_k - R_(k-1)) * P_k
//
// where P_k is the precision and R_k the recall at threshold k. There is one threshold for
// all pairs of one confidence. The trapezoid rule would be optimistic (Davis and Goadrich
// 2006). A random ranking has an average precision equal to the accuracy. So if all answers
// are correct, the average precision is 1 for any ranking, as in scikit-learn. If all are
// wrong there is no recall, and it is NaN with [ErrOneClass].
func (s *Sample) AveragePrecision() (float64, error) {
	var p precision
	for groups := range s.down {
		p.add(groups)
	}
	return s.averagePrecision(&p)
}

func (s *Sample) averagePrecision(p *precision) (float64, error) {
	if err := s.ranked(); s.right == 0 {
		return math.NaN(), err
	}
	if s.wrong == 0 {
		return 1, nil // a sum could be off by rounding
	}
	return p.sum.value() / float64(s.right), nil
}

// precision adds up the average precision, times the number of correct answers, from the
// highest confidence down.
type precision struct {
	sum        compensated
	right, all uint64
}

func (p *precision) add(groups []group) {
	for i := len(groups) - 1; i >= 0; i-- {
		g := &groups[i]
		p.right += g.right
		p.all += g.size()
		if g.right > 0 {
			p.sum.add(float64(g.right) * ratio(p.right, p.all))
		}
	}
}

// DeLong returns the asymptotic confidence interval of the AUROC at a level such as 0.95
// (DeLong, DeLong and Clarke-Pearson 1988), clipped to [0,1]. It takes one pass. If the
// AUROC is exactly 0 or 1, the interval has width 0, and so has the bootstrap's. That is a
// limit of these methods, not certainty. With fewer than two correct or two wrong answers,
// the interval is NaN with [ErrTooFew].
func (s *Sample) DeLong(level float64) (Interval, error) {
	iv := Interval{Low: math.NaN(), High: math.NaN(), Level: level, Method: DeLong}
	z, err := twoSidedZ(level)
	if err != nil {
		return iv, err
	}
	auroc, err := s.AUROC()
	if err != nil {
		return iv, err
	}
	if s.right < 2 || s.wrong < 2 {
		return iv, ErrTooFew
	}
	right, wrong := float64(s.right), float64(s.wrong)
	var ofRight, ofWrong compensated // squared deviations of the placements
	var rightBelow, wrongBelow uint64
	for groups := range s.up {
		for i := range groups {
			g := &groups[i]
			above := s.right - rightBelow - g.right
			d := float64(2*wrongBelow+g.wrong)/(2*wrong) - auroc
			ofRight.add(float64(g.right) * float64(d*d))
			d = float64(2*above+g.right)/(2*right) - auroc
			ofWrong.add(float64(g.wrong) * float64(d*d))
			rightBelow += g.right
			wrongBelow += g.wrong
		}
	}
	variance := ofRight.value()/(right-1)/right + ofWrong.value()/(wrong-1)/wrong
	half := float64(z * math.Sqrt(variance))
	iv.Low, iv.High = max(auroc-half, 0), min(auroc+half, 1)
	return iv, nil
}
