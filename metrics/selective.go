package metrics

import (
	"math"

	"github.com/finece/finece/metrics/portable"
)

// Selective prediction gives only the most confident answers. The coverage is their share
// of all answers, the selective risk is their error rate. Within a tied group any order is
// possible, so each figure here is the mean over all orders of the tied pairs. E_k is the
// mean number of errors among the first k pairs. If the last j of them are in a group with
// error rate r, E_k is the errors before the group plus j*r.

// AURC returns the area under the risk-coverage curve, the mean selective risk over the n
// coverages,
//
//	(1/n) sum over k = 1..n of E_k/k
//
// (Geifman, Uziel and El-Yaniv 2019). Lower is better. It is also defined if all answers are
// correct, or all are wrong.
func (s *Sample) AURC() (float64, error) {
	aurc, _, err := s.riskAreas(s.areaUnderRisk(), false)
	return aurc.Value, err
}

// AUGRC returns the area under the generalized risk-coverage curve. Its risk is the share of
// all n answers that are given and wrong:
//
//	(1 - AUROC) a (1 - a) + (1 - a)^2 / 2,  a = accuracy
//
// (Traub et al. 2024, equation 6). Lower is better. It is the trapezoid over the coverages
// from 0 to 1, computed here from whole counts. It is 0 if all answers are correct, and 1/2
// if all are wrong.
func (s *Sample) AUGRC() (float64, error) {
	_, augrc, err := s.riskAreas(0, false) // the area is only for the AURC
	return augrc.Value, err
}

// generalizedRisk is (2RW - twice + W^2) / (2 n^2).
func generalizedRisk(twice uint128, right, wrong uint64) float64 {
	var pairs, all uint128
	pairs.addProduct(2*right, wrong)
	pairs.addProduct(wrong, wrong)
	all.addProduct(2*(right+wrong), right+wrong)
	return pairs.minus(twice).float64() / all.float64()
}

// PRR returns the prediction rejection ratio,
//
//	(random - AURC) / (random - oracle)
//
// where random = 1 - accuracy is the expected AURC of a random order, and oracle is the AURC
// of the order with all correct answers first. 1 is a perfect ranking, 0 a random one, and
// less than 0 is worse than random (Malinin and Gales 2021). As in lm-polygraph, areas are
// means over k = 1..n of the quality of the k kept answers; quality here is accuracy. If all
// answers are correct, or all are wrong, PRR is NaN with [ErrOneClass].
func (s *Sample) PRR() (float64, error) {
	b, err := s.prr(s.areaUnderRisk(), false)
	return b.Value, err
}

// rejectionRatio is the PRR of an area under risk.
func rejectionRatio(area float64, right, wrong uint64) float64 {
	oracle := areaUnderRisk([]group{{wrong: wrong}, {right: right}})
	return (float64(wrong) - area) / (float64(wrong) - oracle)
}

// areaUnderRisk is the sum of E_k/k over k = 1..n.
func areaUnderRisk(groups []group) float64 {
	var a riskArea
	a.add(groups)
	return a.sum.value()
}

func (s *Sample) areaUnderRisk() float64 {
	var a riskArea
	for groups := range s.down {
		a.add(groups)
	}
	return a.sum.value()
}

// riskArea adds up E_k/k from the highest confidence down.
type riskArea struct {
	sum        compensated
	errs, seen uint64
}

func (a *riskArea) add(groups []group) {
	for i := len(groups) - 1; i >= 0; i-- {
		g := &groups[i]
		a.sum.add(groupRisk(float64(a.errs), a.seen, g))
		a.errs += g.wrong
		a.seen += g.size()
	}
}

// directTerms is how many terms are added one by one. More are added by a formula.
const directTerms = 256

// groupRisk is the sum of (errs + j*r)/(seen + j) over j = 1..size.
func groupRisk(errs float64, seen uint64, g *group) float64 {
	size := g.size()
	switch size {
	case 0:
		return 0
	case 1: // nearly always, in large samples
		return (errs + float64(g.wrong)) / float64(seen+1)
	}
	rate := ratio(g.wrong, size)
	if size <= directTerms {
		t := 0.0
		for j := uint64(1); j <= size; j++ {
			t += (errs + float64(float64(j)*rate)) / float64(seen+j)
		}
		return t
	}
	// (errs + j*r)/(seen + j) = r + (errs - seen*r)/(seen + j)
	rest := errs - float64(float64(seen)*rate)
	return float64(g.wrong) + float64(rest*harmonic(seen, seen+size))
}

// harmonic is the sum of 1/k over k = lo+1..hi, which is H(hi) - H(lo). From directTerms on
// it is computed by the asymptotic series of H (Knuth, TAOCP 1.2.7), whose next term is
// below 1e-17 there.
func harmonic(lo, hi uint64) float64 {
	t := 0.0
	for ; lo < hi && lo < directTerms; lo++ {
		t += 1 / float64(lo+1)
	}
	if lo == hi {
		return t
	}
	a, b := float64(lo), float64(hi)
	return t + (portable.Log(b/a) + (harmonicTail(b) - harmonicTail(a)))
}

const eulerGamma = 0.57721566490153286061

// harmonicTail is H(n) - ln n - gamma.
func harmonicTail(n float64) float64 {
	i := 1 / n
	i2 := float64(i * i)
	return float64(i/2) - float64(i2*(1.0/12-float64(i2/120)))
}

// Operating is an operating point: answers whose confidence reaches the threshold are given.
type Operating struct {
	Threshold float64
	Coverage  float64 // share of the answers given
	Risk      float64 // share of the given answers that are wrong
}

// CoverageAtRisk returns the largest coverage at which the selective risk is at most
// maxRisk. Only coverages of thresholds count: a threshold keeps all pairs of a tied group,
// or none. If no threshold has so low a risk, the coverage is 0, and threshold and risk are
// NaN, without an error. The risk is that of this sample, not a bound for new answers; see
// [ThresholdForRisk].
func (s *Sample) CoverageAtRisk(maxRisk float64) (Operating, error) {
	nan := math.NaN()
	if !(maxRisk >= 0 && maxRisk <= 1) {
		return Operating{nan, nan, nan}, ErrOption
	}
	if s.N() == 0 {
		return Operating{nan, nan, nan}, ErrEmpty
	}
	best := Operating{nan, 0, nan}
	s.eachThreshold(best.within(maxRisk))
	return best, nil
}

// within returns a function that sets o to each point whose risk is at most maxRisk, so in
// the end to the last one.
func (o *Operating) within(maxRisk float64) func(Operating) {
	return func(at Operating) {
		if at.Risk <= maxRisk {
			*o = at
		}
	}
}

// RiskAtCoverage returns the expected selective risk at a coverage, 0 < coverage <= 1: E_k/k
// at k = coverage*n, where E_k is linear between whole numbers. Unlike a threshold, a
// coverage may cut through a tied group.
func (s *Sample) RiskAtCoverage(coverage float64) (float64, error) {
	if !(coverage > 0 && coverage <= 1) {
		return math.NaN(), ErrOption
	}
	if s.N() == 0 {
		return math.NaN(), ErrEmpty
	}
	r := riskAt{k: float64(coverage * float64(s.N()))}
	for groups := range s.down {
		if r.add(groups); r.done {
			break
		}
	}
	return r.value(), nil
}

// riskAt finds the risk of the k most confident answers, from the highest confidence down.
type riskAt struct {
	k, risk    float64
	errs, seen uint64
	done       bool
}

func (r *riskAt) add(groups []group) {
	for i := len(groups) - 1; i >= 0 && !r.done; i-- {
		g := &groups[i]
		if g.size() == 0 {
			continue
		}
		if inside := r.k - float64(r.seen); inside <= float64(g.size()) {
			r.risk, r.done = (float64(r.errs)+float64(inside*ratio(g.wrong, g.size())))/r.k, true
		}
		r.errs += g.wrong
		r.seen += g.size()
	}
}

func (r *riskAt) value() float64 {
	if r.done {
		return r.risk
	}
	return ratio(r.errs, r.seen)
}

// RiskCoverage returns the risk-coverage curve: one point for each different confidence, from
// the highest down.
func (s *Sample) RiskCoverage() []Operating {
	var out []Operating
	s.eachThreshold(func(o Operating) { out = append(out, o) })
	return out
}

func (s *Sample) eachThreshold(visit func(Operating)) {
	t := thresholds{n: s.N()}
	for groups := range s.down {
		t.each(groups, visit)
	}
}

// thresholds visits the operating point of each threshold, from the highest confidence down.
type thresholds struct{ n, errs, seen uint64 }

func (t *thresholds) each(groups []group, visit func(Operating)) {
	for i := len(groups) - 1; i >= 0; i-- {
		g := &groups[i]
		if g.size() == 0 {
			continue
		}
		t.errs += g.wrong
		t.seen += g.size()
		visit(Operating{g.conf, ratio(t.seen, t.n), ratio(t.errs, t.seen)})
	}
}
