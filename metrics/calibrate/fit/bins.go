package fit

import (
	"math"

	"github.com/finece/finece/metrics"
	"github.com/finece/finece/metrics/calibrate"
)

// DefaultLeastInBin is the minimum number of outcomes in a bin of [DefaultBins].
const DefaultLeastInBin = 20

// Bins says how isotonic and histogram maps form their bins. Start from
// [DefaultBins].
type Bins struct {
	Count int // bins of a histogram, 1 to calibrate.MaxKnots
	// Least is the minimum number of outcomes in a bin, at least 1. Smaller bins are merged
	// with their neighbours. With 1, only empty bins are merged.
	Least int
}

// DefaultBins returns metrics.DefaultBins bins with DefaultLeastInBin outcomes or more.
func DefaultBins() Bins { return Bins{metrics.DefaultBins, DefaultLeastInBin} }

func (b *Bins) validate() error {
	if b.Count < 1 || b.Count > calibrate.MaxKnots || b.Least < 1 {
		return ErrBins
	}
	return nil
}

// block is a bin: outcomes of adjacent confidences, which get one value.
type block struct {
	right, all float64
	moment     float64 // sum of the confidences
	parts      int     // how many blocks or bins it was merged from
}

func (b *block) centre() float64 { return b.moment / b.all }

// share is the share of outcomes that are correct.
func (b *block) share() float64 { return b.right / b.all }

// value is the share, but at least 1/(2(n+1)) away from 0 and 1, where n is the number of
// outcomes. n outcomes cannot show that a share is 0 or 1.
func (b *block) value() float64 {
	least := 0.5 / (b.all + 1)
	return math.Min(math.Max(b.share(), least), 1-least)
}

func (b *block) add(o *block) {
	b.right += o.right
	b.all += o.all
	b.moment += o.moment
	b.parts += o.parts
}

// atLeast merges blocks, from the left, until each has at least least outcomes. Blocks that
// remain at the right end are merged with the last one.
func atLeast(blocks []block, least int) []block {
	var out []block
	var open block
	for i := range blocks {
		open.add(&blocks[i])
		if open.all >= float64(least) {
			out, open = append(out, open), block{}
		}
	}
	switch {
	case open.parts == 0:
	case len(out) == 0:
		out = append(out, open)
	default:
		out[len(out)-1].add(&open)
	}
	return out
}

// rising merges neighbouring blocks until the values of(block) rise ("pool adjacent
// violators").
func rising(blocks []block, of func(*block) float64) []block {
	var out []block
	for _, b := range blocks {
		for len(out) > 0 && of(&out[len(out)-1]) >= of(&b) {
			last := out[len(out)-1]
			last.add(&b)
			b = last
			out = out[:len(out)-1]
		}
		out = append(out, b)
	}
	return out
}

// steps returns one block for each distinct confidence, or for each width of them.
func (d *points) steps(width int) []block {
	var out []block
	for i := 0; i < len(d.p); i += width {
		b := block{parts: 1}
		for k := i; k < min(i+width, len(d.p)); k++ {
			all := d.right[k] + d.wrong[k]
			b.right += d.right[k]
			b.all += all
			b.moment += float64(all * d.p[k])
		}
		out = append(out, b)
	}
	return out
}

// appendTo appends a value to a map, with the number of this block's outcomes and the interval
// of their share.
func (b *block) appendTo(m *calibrate.Map, value float64) error {
	iv, err := metrics.WilsonInterval(uint64(b.right), uint64(b.all), 0.95)
	if err != nil {
		return err
	}
	m.Y = append(m.Y, value)
	m.Counts = append(m.Counts, int(b.all))
	m.Lower, m.Upper = append(m.Lower, iv.Low), append(m.Upper, iv.High)
	return nil
}

// histogram gives each bin of equal width the value of the merged bin that it
// belongs to.
func (d *points) histogram(m *calibrate.Map, b Bins) error {
	if err := b.validate(); err != nil {
		return err
	}
	bins := make([]block, b.Count)
	for i := range bins {
		bins[i].parts = 1
	}
	for i, p := range d.p {
		at := &bins[calibrate.Bin(p, b.Count)]
		at.right += d.right[i]
		at.all += d.right[i] + d.wrong[i]
	}
	for _, merged := range atLeast(bins, b.Least) {
		for range merged.parts {
			if err := merged.appendTo(m, merged.value()); err != nil {
				return err
			}
		}
	}
	return nil
}

// level says how far an isotonic map changes outside its blocks: by this part of the distance
// to 0 or 1.
const level = 1e-3

// isotonic makes each block a knot. Knots at 0 and 1 are added if they lie outside the blocks.
// They have the outcomes of the nearest block.
func (d *points) isotonic(m *calibrate.Map, b Bins) error {
	if err := b.validate(); err != nil {
		return err
	}
	blocks := rising(d.steps(1), (*block).share)
	for width := 2; len(blocks) > calibrate.MaxKnots-2; width *= 2 {
		blocks = rising(d.steps(width), (*block).share)
	}
	blocks = rising(atLeast(blocks, b.Least), (*block).value)
	first, last := &blocks[0], &blocks[len(blocks)-1]
	if first.centre() > 0 {
		m.X = append(m.X, 0)
		if err := first.appendTo(m, float64(first.value()*(1-level))); err != nil {
			return err
		}
	}
	for i := range blocks {
		m.X = append(m.X, blocks[i].centre())
		if err := blocks[i].appendTo(m, blocks[i].value()); err != nil {
			return err
		}
	}
	if last.centre() < 1 {
		m.X = append(m.X, 1)
		return last.appendTo(m, last.value()+float64(level*(1-last.value())))
	}
	return nil
}
