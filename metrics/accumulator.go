package metrics

import "math"

// MaxDistinct is the number of different confidences that an [Accumulator] keeps exactly.
const MaxDistinct = 1024

const maxPairs = 1 << 52

// Accumulator evaluates a stream of pairs in memory that does not grow with the number of
// pairs. Accumulators can be merged. The state depends only on the multiset of pairs: any
// order of the pairs, and any split over workers, gives the same digits as one pass over
// all of them, and the same bytes from AppendBinary.
//
// With up to [MaxDistinct] different confidences (labels k/30, tenths, percents), the
// accumulator counts the right and wrong answers of each. Every figure is then that of a
// [Sample]. With more of them, it folds:
//
//   - The bins of its binning, and the sums of Brier score, NLL and mean confidence, stay
//     exact. So these figures keep the same bits.
//   - The confidences are counted in 8197 cells, which are narrower towards 0 and 1. So
//     AUROC, AURC, AUGRC and PRR become estimates, with bounds that contain the true value.
//   - Figures that need the single confidences are unavailable with [ErrTooManyDistinct]:
//     equal-mass bins, smooth ECE, average precision, coverage at a risk, risk at a
//     coverage, and the interval of the AUROC.
//
// It is not safe for concurrent use. Make one with [NewAccumulator] or [ParseAccumulator].
type Accumulator struct {
	binning      Binning
	right, wrong uint64
	rejected     uint64
	exact        distinct
	folded       *folded // nil while exact
}

// NewAccumulator returns an empty accumulator with a fixed binning. The error is
// [ErrBinning] if b is out of range or EqualMass.
func NewAccumulator(b Binning) (*Accumulator, error) {
	if !b.valid() || b.Rule == EqualMass {
		return nil, ErrBinning
	}
	return &Accumulator{binning: b}, nil
}

// Add counts one pair. If the confidence is not in [0,1], or if there are 2^52 pairs
// already, the pair is left out and counted in Rejected, and Add returns false.
func (a *Accumulator) Add(conf float64, correct bool) bool {
	if !(conf >= 0 && conf <= 1) || a.N() >= maxPairs {
		a.rejected++
		return false
	}
	g := group{conf: conf + 0, wrong: 1} // -0 + 0 is 0
	if correct {
		g.right, g.wrong = 1, 0
	}
	a.addGroup(&g)
	return true
}

// N returns the number of pairs, without those left out.
func (a *Accumulator) N() uint64 { return a.right + a.wrong }

// Correct returns the number of pairs whose answer is correct.
func (a *Accumulator) Correct() uint64 { return a.right }

// Rejected returns the number of pairs left out.
func (a *Accumulator) Rejected() uint64 { return a.rejected }

// Exact reports whether every figure is still exact: the accumulator has not folded.
func (a *Accumulator) Exact() bool { return a.folded == nil }

func (a *Accumulator) addGroup(g *group) {
	a.right += g.right
	a.wrong += g.wrong
	if a.folded != nil {
		a.folded.add(g)
		return
	}
	if !a.exact.add(g.conf, g.right, g.wrong) {
		a.fold()
		a.folded.add(g)
	}
}

// fold changes from the exact state to the folded one. The folded state does not depend on
// when that happens.
func (a *Accumulator) fold() {
	a.folded = newFolded(a.binning)
	a.exact.each(func(g group) { a.folded.add(&g) })
	a.exact = distinct{}
}

// Merge adds the pairs of b to a. b does not change. The error is [ErrMerge] or
// [ErrOverflow]; a does not change then.
func (a *Accumulator) Merge(b *Accumulator) error {
	switch {
	case a.binning != b.binning:
		return ErrMerge
	case a.N()+b.N() > maxPairs || a.rejected+b.rejected > maxPairs:
		return ErrOverflow
	}
	a.rejected += b.rejected
	if b.folded == nil {
		b.exact.each(func(g group) { a.addGroup(&g) })
		return nil
	}
	if a.folded == nil {
		a.fold()
	}
	a.right += b.right
	a.wrong += b.wrong
	a.folded.merge(b.folded)
	return nil
}

// Sample returns all pairs, or [ErrTooManyDistinct] if a has folded.
func (a *Accumulator) Sample() (*Sample, error) {
	if a.folded != nil {
		return nil, ErrTooManyDistinct
	}
	return &Sample{groups: a.exact.sorted(nil), right: a.right, wrong: a.wrong, rejected: a.rejected}, nil
}

// ECE returns the expected calibration error over the accumulator's bins. It is always exact.
func (a *Accumulator) ECE() (float64, error) {
	t, err := a.tally()
	if err != nil {
		return math.NaN(), err
	}
	return t.ece(), nil
}

// Reliability returns the accumulator's bins, like [Sample.Reliability].
func (a *Accumulator) Reliability() ([]Bin, error) {
	t, err := a.tally()
	if err != nil {
		return nil, err
	}
	return t.reliability(), nil
}

func (a *Accumulator) tally() (tally, error) {
	if a.N() == 0 {
		return tally{}, ErrEmpty
	}
	if a.folded != nil {
		return a.folded.tally, nil
	}
	s, _ := a.Sample()
	return s.tally(a.binning, true)
}

// AUROC returns the area under the ROC curve and its bounds, three equal numbers while a is
// exact. After a has folded, the value treats pairs in one cell as ties. For the
// bounds, all of these pairs are ranked wrongly, or all correctly.
func (a *Accumulator) AUROC() (Bounded, error) {
	if a.folded != nil {
		return a.folded.sample().auroc(true)
	}
	s, _ := a.Sample()
	return s.auroc(false)
}
