package metrics

import "math"

// folded is the state of an accumulator with more than MaxDistinct confidences.
type folded struct {
	tally
	conf, brier, nll sum
	clipped          uint64
	cells            [cellCount]cell
}

// cell counts the pairs of a range of confidences.
type cell struct{ right, wrong uint64 }

// Cells divide confidences by their distance to the nearer of 0 and 1. Distance 0 has a cell
// of its own, and so have distances below 2^-17. From there on, each octave [2^-k, 2^(1-k))
// has 256 cells.
const (
	cellShift = mantBits - 8
	cellBase  = (1023 - 17) << 8 // the cell key of 2^-17
	cellHalf  = 2 + 16<<8        // cell of 0.5
	cellCount = 2*cellHalf + 1
)

// cellOf is monotone in conf.
func cellOf(conf float64) int {
	if conf < 0.5 {
		return cellFromZero(conf)
	}
	return cellCount - 1 - cellFromZero(1-conf) // 1-conf is exact here
}

func cellFromZero(d float64) int {
	switch {
	case d == 0:
		return 0
	case d < 0x1p-17:
		return 1
	}
	return 2 + int(math.Float64bits(d)>>cellShift-cellBase)
}

func newFolded(b Binning) *folded {
	return &folded{tally: newTally(b.fixed(), nil)}
}

func (f *folded) add(g *group) {
	i, v := f.place(g.conf)
	f.tally.add(i, v, g.right, g.wrong)
	f.slots[i].addMoments(v, g.right, g.wrong)
	f.conf.add(g.conf, g.size())
	addBrier(&f.brier, g)
	f.clipped += addNLL(&f.nll, g)
	c := &f.cells[cellOf(g.conf)]
	c.right += g.right
	c.wrong += g.wrong
}

func (f *folded) merge(o *folded) {
	for i := range f.slots {
		s, t := &f.slots[i], &o.slots[i]
		s.right += t.right
		s.wrong += t.wrong
		s.conf.merge(&t.conf)
		s.confRight.merge(&t.confRight)
		s.square.merge(&t.square)
	}
	f.conf.merge(&o.conf)
	f.brier.merge(&o.brier)
	f.nll.merge(&o.nll)
	f.clipped += o.clipped
	for i := range f.cells {
		f.cells[i].right += o.cells[i].right
		f.cells[i].wrong += o.cells[i].wrong
	}
}

// sample returns the cells as tied groups without confidences. Only rankings can be computed
// from them.
func (f *folded) sample() *Sample {
	s := new(Sample)
	for _, c := range f.cells {
		if c.right+c.wrong > 0 {
			s.groups = append(s.groups, group{right: c.right, wrong: c.wrong})
		}
		s.right += c.right
		s.wrong += c.wrong
	}
	return s
}
