package metrics

import "math"

// MaxDistinct is how many different confidences an [Accumulator] keeps exactly.
const MaxDistinct = 1024

const maxPairs = 1 << 52

// Accumulator evaluates a stream of pairs in memory that does not grow with
// their number, and merges with others: the state is a function of the set of
// pairs alone, so any order and any split over workers give the same digits as
// one pass over all, and the same bytes from AppendBinary.
//
// Up to [MaxDistinct] different confidences (labels k/30, tenths, percents) it
// holds how often each was right and wrong, and every figure is that of a
// [Sample]. Beyond that it folds: the bins of its binning, and the sums of
// Brier score, NLL and mean confidence, stay exact, so these figures do not
// change by a bit. The ranking is then known to 8197 cells, which grow finer
// towards 0 and 1; AUROC, AURC, AUGRC and PRR become estimates with bounds that
// contain the true value, and what needs the single confidences (equal-mass
// bins, smooth ECE, average precision, risk at a coverage) is unavailable with
// [ErrTooManyDistinct].
//
// Not for concurrent use. Make one with [NewAccumulator] or [ParseAccumulator].
type Accumulator struct {
	binning      Binning
	right, wrong uint64
	rejected     uint64
	exact        distinct
	folded       *folded // nil while exact
}

// NewAccumulator returns an empty accumulator. Its binning, which must not be
// EqualMass, cannot change.
func NewAccumulator(b Binning) (*Accumulator, error) {
	if !b.valid() || b.Rule == EqualMass {
		return nil, ErrBinning
	}
	return &Accumulator{binning: b}, nil
}

// Add counts one pair. A confidence that is not in [0,1] is left out, counted in
// Rejected, and reported by false.
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

// N is the number of pairs counted.
func (a *Accumulator) N() uint64 { return a.right + a.wrong }

// Correct is the number of them whose answer is correct.
func (a *Accumulator) Correct() uint64 { return a.right }

// Rejected is the number of pairs left out.
func (a *Accumulator) Rejected() uint64 { return a.rejected }

// Exact tells whether every figure is still exact.
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

// fold leaves the exact regime. What the folded state becomes does not depend on
// when that happens.
func (a *Accumulator) fold() {
	a.folded = newFolded(a.binning)
	a.exact.each(func(g group) { a.folded.add(&g) })
	a.exact = distinct{}
}

// Merge adds the pairs of b, which stays as it is. The error is [ErrMerge] or
// [ErrOverflow], and a is unchanged then.
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

// Sample returns all pairs, or [ErrTooManyDistinct] once it has folded.
func (a *Accumulator) Sample() (*Sample, error) {
	if a.folded != nil {
		return nil, ErrTooManyDistinct
	}
	return &Sample{groups: a.exact.sorted(nil), right: a.right, wrong: a.wrong, rejected: a.rejected}, nil
}

// ECE is the expected calibration error over the accumulator's bins, always exact.
func (a *Accumulator) ECE() (float64, error) {
	t, err := a.tally()
	if err != nil {
		return math.NaN(), err
	}
	return t.ece(), nil
}

// Reliability returns the accumulator's bins, as [Sample.Reliability].
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

// AUROC is the area under the ROC curve with its bounds: three equal numbers
// while exact. Once folded, pairs inside one cell count as ties in the value and
// as all lost or all won in the bounds.
func (a *Accumulator) AUROC() (Bounded, error) {
	if a.folded != nil {
		return a.folded.sample().auroc(true)
	}
	s, _ := a.Sample()
	return s.auroc(false)
}
