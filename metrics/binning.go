package metrics

import (
	"math"
	"math/bits"
)

// Rule says which bin a confidence belongs to. Libraries differ at the edges of bins.
// Confidences that are multiples of 0.1 lie on the edges of ten bins, so the rule decides
// the second digit of their ECE.
type Rule uint8

const (
	// RightClosed is the rule of DefaultBinning: bins (lo, hi], the first closed at 0,
	// edges float64(i)/float64(bins).
	RightClosed Rule = iota
	// EqualMass: bins (lo, hi] with about the same number of pairs. Edge i is the
	// confidence of rank ceil(i*n/bins) in ascending order, always an observed value.
	// Pairs of equal confidence are never split: equal edges become one, so there may be
	// fewer bins than asked for. Other libraries differ. sklearn and netcal interpolate
	// between two ranks, and netcal closes bins on the left. torch-uncertainty cuts the
	// sorted list at ranks, so it splits ties by input order.
	EqualMass
	// Guo is the rule of the code of Guo et al. 2017 and of most published figures: bins
	// (lo, hi], and the first is not closed at 0. So a confidence of 0 is in no bin, but n
	// still counts it. Its authors use 15 bins. Confidences are rounded to float32 first.
	// Edges are those of torch.linspace in float32 on a processor with a fused
	// multiply-add: with 15 bins, edge 9 is 0.59999996, and 0.6 is above it.
	Guo
	// Sklearn is sklearn.calibration.calibration_curve(strategy="uniform"):
	// RightClosed with the edges of numpy.linspace, which are i*(1/bins).
	Sklearn
	// Netcal is netcal.metrics.ECE: confidences are clipped to [2^-52, 1-2^-52],
	// bins are [lo, hi), edges those of numpy.linspace.
	Netcal
	// Torchmetrics is torchmetrics' BinaryCalibrationError on float64: bins
	// [lo, hi), edges those of torch.linspace, and one bin more that holds only
	// confidences of exactly 1.
	Torchmetrics
	ruleCount
)

var ruleNames = [ruleCount]string{"right-closed", "equal-mass", "guo", "sklearn", "netcal", "torchmetrics"}

// String returns the rule's name, such as "right-closed", and "unknown" for another number.
func (r Rule) String() string {
	if r < ruleCount {
		return ruleNames[r]
	}
	return "unknown"
}

// Rules returns every rule, in the order of their numbers.
func Rules() []Rule {
	all := make([]Rule, ruleCount)
	for i := range all {
		all[i] = Rule(i)
	}
	return all
}

// DefaultBins is the number of bins of [DefaultBinning], MaxBins the largest.
const (
	DefaultBins = 10
	MaxBins     = 1 << 16
)

// Binning is a rule and a number of bins, 1 to 65536. Start from [DefaultBinning].
type Binning struct {
	Rule Rule
	Bins int
}

// DefaultBinning is ten equal-width bins, right-closed.
func DefaultBinning() Binning { return Binning{RightClosed, DefaultBins} }

func (b Binning) valid() bool {
	return b.Rule < ruleCount && b.Bins >= 1 && b.Bins <= MaxBins
}

// partition places confidences in slots. There is one slot for each bin. Guo has one more
// for zeros, which are in no bin, and torchmetrics one more for ones.
type partition struct {
	rule  Rule
	edges []float64 // edges[i] to edges[i+1] is bin i
}

// fixed returns the partition of a rule that does not depend on the data.
func (b Binning) fixed() partition {
	n := b.Bins
	p := partition{b.Rule, make([]float64, n+1)}
	step := 1 / float64(n)
	single := float64(1 / float32(n)) // products of single and a count are exact
	for i := range p.edges {
		switch b.Rule {
		case Sklearn, Netcal:
			p.edges[i] = float64(i) * step
		case Guo:
			p.edges[i] = float64(float32(float64(i) * single))
			if i >= (n+1)/2 {
				p.edges[i] = float64(float32(1 - float64(float64(n-i)*single)))
			}
		case Torchmetrics:
			p.edges[i] = float64(i) * step
			if i >= (n+1)/2 {
				p.edges[i] = oneMinus(n-i, step)
			}
		default:
			p.edges[i] = float64(i) / float64(n)
		}
	}
	p.edges[n] = 1
	return p
}

// oneMinus is 1 - k*step rounded once, for k <= 2^16. torch.linspace computes the upper
// half of its edges from the end, with a fused multiply-add.
func oneMinus(k int, step float64) float64 {
	high := math.Float64frombits(math.Float64bits(step) &^ (1<<27 - 1))
	return (1 - float64(float64(k)*high)) - float64(float64(k)*(step-high))
}

func (p *partition) count() int {
	n := len(p.edges) - 1
	if p.rule == Guo || p.rule == Torchmetrics {
		n++
	}
	return n
}

// place returns the slot of v and the value that counts in the bin's mean confidence. The
// product is only a first guess; then v is compared with the edges.
func (p *partition) place(v float64) (int, float64) {
	return p.placeFrom(int(v*float64(len(p.edges)-1)), v)
}

// placeFrom is place from any guess of the slot. One or two comparisons are enough when the
// guess is right.
func (p *partition) placeFrom(guess int, v float64) (int, float64) {
	last := len(p.edges) - 2
	i := min(guess, last)
	switch p.rule {
	case Netcal:
		v = min(max(v, 0x1p-52), 1-0x1p-52)
	case Torchmetrics:
		if v == 1 {
			return last + 1, v
		}
	case Guo:
		single := float64(float32(v))
		if single == 0 {
			return last + 1, v
		}
		return p.rightClosed(i, single), v
	}
	if p.rule == Netcal || p.rule == Torchmetrics {
		for i > 0 && v < p.edges[i] {
			i--
		}
		for i < last && v >= p.edges[i+1] {
			i++
		}
		return i, v
	}
	return p.rightClosed(i, v), v
}

// rightClosed is the slot (lo, hi] of v.
func (p *partition) rightClosed(i int, v float64) int {
	for i > 0 && v <= p.edges[i] {
		i--
	}
	for i < len(p.edges)-2 && v > p.edges[i+1] {
		i++
	}
	return i
}

// slot has the counts and sums of a bin.
type slot struct {
	right, wrong uint64
	conf         sum // of the confidences
	confRight    sum // of the confidences of correct answers
	square       sum // of the squared confidences, each rounded to a float64
}

func (s *slot) size() uint64 { return s.right + s.wrong }

// addMoments adds to the sums that only the Brier decomposition reads.
func (s *slot) addMoments(v float64, right, wrong uint64) {
	if right > 0 {
		s.confRight.add(v, right)
	}
	s.square.add(v*v, right+wrong)
}

// tally is a sample in bins. The ECE family and the Brier decomposition need nothing else.
// It does not depend on the order of the pairs.
type tally struct {
	partition
	slots []slot
}

func newTally(p partition, buffer []slot) tally {
	if n := p.count(); cap(buffer) < n {
		buffer = make([]slot, n)
	} else {
		buffer = buffer[:n]
		clear(buffer)
	}
	return tally{p, buffer}
}

// add puts pairs of one confidence in the slot that place found.
func (t *tally) add(i int, v float64, right, wrong uint64) {
	s := &t.slots[i]
	s.right += right
	s.wrong += wrong
	s.conf.add(v, right+wrong)
}

// inBins returns the slots that are bins: all but that of Guo's zeros.
func (t *tally) inBins() []slot {
	if t.rule == Guo {
		return t.slots[:len(t.slots)-1]
	}
	return t.slots
}

func (t *tally) size() (n uint64) {
	for i := range t.slots {
		n += t.slots[i].size()
	}
	return n
}

// equalMass returns the partition of the EqualMass rule.
func (s *Sample) equalMass(bins int) partition {
	p := partition{EqualMass, []float64{0}}
	below, next := uint64(0), uint64(1)
	for groups := range s.up {
		for i := range groups {
			below += groups[i].size()
			if below < quantileRank(next, uint64(bins), s.N()) {
				continue
			}
			p.edges = append(p.edges, groups[i].conf)
			for next <= uint64(bins) && below >= quantileRank(next, uint64(bins), s.N()) {
				next++
			}
		}
	}
	return p
}

// quantileRank is ceil(i*n/bins). It does not overflow, since n <= 2^52 and i, bins <= 2^16.
func quantileRank(i, bins, n uint64) uint64 {
	q, r := n/bins, n%bins
	return i*q + (i*r+bins-1)/bins
}

// partition returns the partition of the rule for a sample.
func (b Binning) partition(s *Sample) partition {
	if b.Rule == EqualMass {
		return s.equalMass(b.Bins)
	}
	return b.fixed()
}

// tally bins the sample, with the moments if wanted.
func (s *Sample) tally(b Binning, moments bool) (tally, error) {
	if !b.valid() {
		return tally{}, ErrBinning
	}
	if s.N() == 0 {
		return tally{}, ErrEmpty
	}
	t := newTally(b.partition(s), s.slots)
	s.slots = t.slots
	if s.groups == nil && !moments {
		t.addSorted(s.keys)
		return t, nil
	}
	for groups := range s.up {
		t.addGroups(groups, moments)
	}
	return t, nil
}

// addGroups adds ascending groups.
func (t *tally) addGroups(groups []group, moments bool) {
	i, v := 0, 0.0
	for k := range groups {
		g := &groups[k]
		if g.size() == 0 {
			continue // not drawn in a resample
		}
		i, v = t.placeFrom(i, g.conf)
		t.add(i, v, g.right, g.wrong)
		if moments {
			t.slots[i].addMoments(v, g.right, g.wrong)
		}
	}
}

// addSorted adds sorted pairs, whole runs of one slot where that is exact. Confidences from
// 2^-11 to 1 are multiples of 2^-63, so 128 bits hold the sum of any number of them.
func (t *tally) addSorted(keys []uint64) {
	for at, guess := 0, 0; at < len(keys); {
		i, v := t.placeFrom(guess, keyConf(keys[at]))
		guess = i
		s := &t.slots[i]
		if !t.fixedFrom(i, v) {
			t.add(i, v, keys[at]&1, 1-keys[at]&1)
			at++
			continue
		}
		first, right := at, uint64(0)
		var fixed uint128
		at, right, fixed = run(keys, at, t.last(i))
		s.right += right
		s.wrong += uint64(at-first) - right
		s.conf.addFixed(fixed)
	}
}

// fixedFrom reports whether a slot adds up the pairs from confidence v on as multiples of 2^-63.
func (t *tally) fixedFrom(i int, v float64) bool {
	return v >= 0x1p-11 && i < len(t.edges)-1 && t.rule != Netcal && t.rule != Guo
}

// last is the greatest key that a confidence of bin i can have.
func (t *tally) last(i int) uint64 {
	switch {
	case t.rule == Torchmetrics: // bins are open above
		return makeKey(t.edges[i+1], false) - 1
	case i == len(t.edges)-2:
		return makeKey(1, true)
	}
	return makeKey(t.edges[i+1], true)
}

// run adds up the keys from at to the last that is at most limit, as multiples
// of 2^-63.
func run(keys []uint64, at int, limit uint64) (end int, right uint64, fixed uint128) {
	var carry uint64
	for end = at; end < len(keys) && keys[end] <= limit; end++ {
		k := keys[end]
		right += k & 1
		fixed.lo, carry = bits.Add64(fixed.lo, fixedOf(k), 0)
		fixed.hi += carry
	}
	return end, right, fixed
}

// fixedOf returns the confidence of a key, at least 2^-11, in units of 2^-63.
func fixedOf(k uint64) uint64 {
	b := k >> 1
	return (b&mantMask | 1<<mantBits) << ((b>>mantBits - (1023 - 11)) & 63)
}
