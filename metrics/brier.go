package metrics

import (
	"math"

	"github.com/finece/finece/metrics/portable"
)

// Decomposition is the Brier score, the mean of (confidence - correct)^2, and its parts.
// Bin b has the mean confidence f_b, the accuracy a_b and the size n_b; a is the accuracy
// of all pairs:
//
//	Reliability      = sum (n_b/n) (f_b - a_b)^2       lower is better
//	Resolution       = sum (n_b/n) (a_b - a)^2         higher is better
//	Uncertainty      = a (1 - a)
//	WithinVariance   = (1/n) sum over pairs of (f_i - f_b)^2
//	WithinCovariance = (2/n) sum over pairs of (f_i - f_b)(y_i - a_b)
//
//	Brier = Reliability - Resolution + Uncertainty + WithinVariance - WithinCovariance
//
// The first three parts are Murphy's (1973). If a bin has two different confidences, the
// equation needs the two within-bin terms as well (Stephenson, Coelho and Jolliffe 2008).
// Under the Guo rule, confidences of 0 are in no bin; here they count as a bin of their
// own.
type Decomposition struct {
	Brier                            float64
	Reliability, Resolution          float64
	Uncertainty                      float64
	WithinVariance, WithinCovariance float64
}

// Brier returns the mean of (confidence - correct)^2 (Brier 1950). Each square is
// rounded to a float64, and their sum is exact.
func (s *Sample) Brier() (float64, error) {
	if s.N() == 0 {
		return math.NaN(), ErrEmpty
	}
	var t sum
	for groups := range s.up {
		for i := range groups {
			addBrier(&t, &groups[i])
		}
	}
	return t.value() / float64(s.N()), nil
}

func addBrier(t *sum, g *group) {
	if g.right > 0 {
		d := 1 - g.conf
		t.add(d*d, g.right)
	}
	if g.wrong > 0 {
		t.add(g.conf*g.conf, g.wrong)
	}
}

// BrierDecomposition splits the Brier score over the bins of b.
func (s *Sample) BrierDecomposition(b Binning) (Decomposition, error) {
	t, err := s.tally(b, true)
	if err != nil {
		return undefinedDecomposition(), err
	}
	brier, _ := s.Brier()
	return t.decompose(brier), nil
}

func undefinedDecomposition() Decomposition {
	nan := math.NaN()
	return Decomposition{nan, nan, nan, nan, nan, nan}
}

func (t *tally) decompose(brier float64) Decomposition {
	d := Decomposition{Brier: brier}
	var right uint64
	for i := range t.slots {
		right += t.slots[i].right
	}
	n := float64(t.size())
	a := float64(right) / n
	for i := range t.slots {
		s := &t.slots[i]
		if s.size() == 0 {
			continue
		}
		size := float64(s.size())
		acc, mean := ratio(s.right, s.size()), s.conf.value()/size
		gap, lift := mean-acc, acc-a
		d.Reliability += float64(size * float64(gap*gap))
		d.Resolution += float64(size * float64(lift*lift))
		d.WithinVariance += max(0, s.square.value()-float64(mean*s.conf.value()))
		d.WithinCovariance += s.confRight.value() - float64(mean*float64(s.right))
	}
	d.Reliability /= n
	d.Resolution /= n
	d.Uncertainty = a * (1 - a)
	d.WithinVariance /= n
	d.WithinCovariance = 2 * d.WithinCovariance / n
	return d
}

// NLLEpsilon is the limit at which NLL clips: to [NLLEpsilon, 1-NLLEpsilon]. The value is
// customary.
const NLLEpsilon = 1e-15

// NLL returns the mean negative log-likelihood in nats (log loss), the mean of -log q. Here
// q is the clipped confidence of a correct answer, and 1 minus that of a wrong answer.
// clipped is the number of pairs that count about 34.5 nats because of the clipping. Without
// it they would count more, up to infinitely many.
func (s *Sample) NLL() (nll float64, clipped uint64, err error) {
	if s.N() == 0 {
		return math.NaN(), 0, ErrEmpty
	}
	var t sum
	for groups := range s.up {
		for i := range groups {
			clipped += addNLL(&t, &groups[i])
		}
	}
	return t.value() / float64(s.N()), clipped, nil
}

func addNLL(t *sum, g *group) (clipped uint64) {
	p := min(max(g.conf, NLLEpsilon), 1-NLLEpsilon)
	if g.right > 0 {
		t.add(-portable.Log(p), g.right)
		if g.conf < p {
			clipped += g.right
		}
	}
	if g.wrong > 0 {
		t.add(-portable.Log(1-p), g.wrong)
		if g.conf > p {
			clipped += g.wrong
		}
	}
	return clipped
}
