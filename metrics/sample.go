package metrics

import (
	"math"
	"sync/atomic"
)

// group counts the pairs of one confidence: a tied group.
type group struct {
	conf         float64
	right, wrong uint64
}

func (g *group) size() uint64 { return g.right + g.wrong }

// Sample is a multiset of (confidence, correct) pairs, sorted by confidence. Every
// metric is a method. No metric depends on the order of the input. [Sample.Reset]
// reuses all memory. The methods share scratch space, so a Sample is not safe for
// concurrent use.
type Sample struct {
	groups       []group  // ascending by confidence; see tied
	keys         []uint64 // sorted pairs whose groups are not made yet
	right, wrong uint64
	rejected     uint64

	table   distinct
	sorter  *sorter
	scratch []group
	slots   []slot
	blocks  atomic.Pointer[[blockGroups]group] // memory of a walk that has ended
}

// NewSample returns the sample of the pairs (conf[i], correct[i]). The error is a
// [*LengthError], a [*ValueError] for the first confidence that is not in [0,1], or
// [ErrOverflow] for more than 2^32-1 pairs.
func NewSample(conf []float64, correct []bool) (*Sample, error) {
	s := new(Sample)
	return s, s.Reset(conf, correct)
}

// Reset replaces the pairs, with the errors of [NewSample]; after an error the
// sample is empty. Time is linear in the number of pairs.
func (s *Sample) Reset(conf []float64, correct []bool) error {
	return s.reset(conf, correct, true)
}

// ResetValid replaces the pairs as Reset does, but leaves out the confidences
// that are not in [0,1] and counts them in [Sample.Rejected].
func (s *Sample) ResetValid(conf []float64, correct []bool) error {
	return s.reset(conf, correct, false)
}

func (s *Sample) reset(conf []float64, correct []bool, strict bool) error {
	s.groups, s.keys, s.right, s.wrong, s.rejected = nil, nil, 0, 0, 0
	if len(conf) != len(correct) {
		return &LengthError{len(conf), len(correct)}
	}
	if uint64(len(conf)) > math.MaxUint32 {
		return ErrOverflow // the sort counts in 32 bits; an Accumulator takes more pairs
	}
	grouped, err := s.count(conf, correct, strict)
	if err == nil && !grouped {
		err = s.sort(conf, correct, strict)
	}
	if err != nil {
		s.groups, s.keys, s.right, s.wrong, s.rejected = nil, nil, 0, 0, 0
	}
	return err
}

// count groups the pairs without sorting them. It returns false if there are more than
// MaxDistinct confidences.
func (s *Sample) count(conf []float64, correct []bool, strict bool) (bool, error) {
	s.table.reset()
	names, counts := s.table.names, s.table.counts
	for i, v := range conf {
		if !valid(v) {
			if strict {
				return false, &ValueError{i, v}
			}
			s.rejected++
			continue
		}
		label := 0
		if correct[i] {
			label = 1
		}
		v += 0 // -0 + 0 is 0
		name := nameOf(v)
		if h := int(hash(name)) & (len(names) - 1); h >= 0 && h < len(names) && names[h] == name { // nearly always
			counts[h][label&1]++
			continue
		}
		if !s.table.addOne(v, label) {
			return false, nil
		}
		names, counts = s.table.names, s.table.counts
	}
	s.groups = s.table.sorted(s.scratch)
	s.scratch = s.groups
	for i := range s.groups {
		s.right += s.groups[i].right
		s.wrong += s.groups[i].wrong
	}
	return true, nil
}

// sort leaves the pairs as sorted keys.
func (s *Sample) sort(conf []float64, correct []bool, strict bool) error {
	if s.sorter == nil {
		s.sorter = new(sorter)
	}
	keys, right, invalid := s.sorter.sortPairs(conf, correct)
	if strict && len(keys) < len(conf) {
		return &ValueError{invalid, conf[invalid]}
	}
	s.keys = keys
	s.right, s.wrong = right, uint64(len(keys))-right
	s.rejected = uint64(len(conf) - len(keys))
	return nil
}

// tied returns the tied groups. They are made from the sorted keys when first needed, since a
// group is three times as long as a key, and AUROC and ECE need only keys.
func (s *Sample) tied() []group {
	if s.groups != nil || len(s.keys) == 0 {
		return s.groups
	}
	distinct := 1
	for i := 1; i < len(s.keys); i++ {
		if s.keys[i-1]>>1 != s.keys[i]>>1 {
			distinct++
		}
	}
	if cap(s.scratch) < distinct {
		s.scratch = make([]group, distinct)
	}
	s.groups = s.scratch[:distinct]
	at := 0
	for i := range s.groups {
		value, first, right := keyConf(s.keys[at]), at, uint64(0)
		at, right = endOfTie(s.keys, at)
		s.groups[i] = group{value, right, uint64(at-first) - right}
	}
	return s.groups
}

// endOfTie returns the end of the tied keys that start at from, and how many of
// them are correct.
func endOfTie(keys []uint64, from int) (end int, right uint64) {
	value := keys[from] >> 1
	for end = from; end < len(keys) && keys[end]>>1 == value; end++ {
		right += keys[end] & 1
	}
	return end, right
}

// N returns the number of pairs.
func (s *Sample) N() uint64 { return s.right + s.wrong }

// Correct returns the number of pairs whose answer is correct.
func (s *Sample) Correct() uint64 { return s.right }

// Rejected returns the number of pairs that [Sample.ResetValid] left out.
func (s *Sample) Rejected() uint64 { return s.rejected }

// Distinct returns the number of different confidences.
func (s *Sample) Distinct() int { return len(s.tied()) }

// Accuracy returns the share of correct answers.
func (s *Sample) Accuracy() (float64, error) {
	if s.N() == 0 {
		return math.NaN(), ErrEmpty
	}
	return ratio(s.right, s.N()), nil
}

// MeanConfidence returns the mean confidence: the exact sum, rounded once, divided by n.
func (s *Sample) MeanConfidence() (float64, error) {
	if s.N() == 0 {
		return math.NaN(), ErrEmpty
	}
	var t sum
	for groups := range s.up {
		for i := range groups {
			g := &groups[i]
			t.add(g.conf, g.size())
		}
	}
	return t.value() / float64(s.N()), nil
}

// ranked returns the reason why a ranking of the sample is undefined, or nil.
func (s *Sample) ranked() error {
	switch {
	case s.N() == 0:
		return ErrEmpty
	case s.right == 0 || s.wrong == 0:
		return ErrOneClass
	}
	return nil
}

func ratio(a, b uint64) float64 { return float64(a) / float64(b) }
