package metrics

import (
	"cmp"
	"math"
	"slices"
)

// distinct counts the pairs of at most MaxDistinct different confidences: a hash
// table with open addressing, at most half full.
type distinct struct {
	names  []uint64    // 1 + the bits of the confidence, or 0 for a free place; their number is a power of two
	counts [][2]uint64 // wrong and right pairs of each
	used   int
}

// minTable is the smallest table. It is sparse, so that the first comparison finds nearly
// every confidence.
const minTable = 1024

// add counts pairs of one confidence. If there are MaxDistinct others already, it returns
// false and changes nothing.
func (d *distinct) add(conf float64, right, wrong uint64) bool {
	i := d.place(conf)
	if i < 0 {
		return false
	}
	d.counts[i][0] += wrong
	d.counts[i][1] += right
	return true
}

// addOne is add of a single pair, of label 0 for wrong and 1 for right.
func (d *distinct) addOne(conf float64, label int) bool {
	i := d.place(conf)
	if i < 0 {
		return false
	}
	d.counts[i][label&1]++
	return true
}

func nameOf(conf float64) uint64 { return math.Float64bits(conf) + 1 }

func hash(name uint64) uint32 { return uint32((name ^ name>>32) * 0x9E3779B97F4A7C15 >> 40) }

// place returns the index of a confidence. A new confidence gets a free place, or -1 if
// there are MaxDistinct others already.
func (d *distinct) place(conf float64) int {
	name := nameOf(conf)
	if len(d.names) > 0 {
		if i := d.find(name); d.names[i] == name {
			return i
		}
	}
	if d.used == MaxDistinct {
		return -1
	}
	if 2*(d.used+1) > len(d.names) {
		d.grow()
	}
	d.used++
	i := d.find(name)
	d.names[i] = name
	return i
}

// find returns the index of name, or of the free place where it belongs.
func (d *distinct) find(name uint64) int {
	mask := uint32(len(d.names) - 1)
	h := hash(name) & mask
	for {
		if n := d.names[h]; n == name || n == 0 {
			return int(h)
		}
		h = (h + 1) & mask
	}
}

func (d *distinct) grow() {
	names, counts := d.names, d.counts
	size := max(minTable, 2*len(names))
	d.names, d.counts = make([]uint64, size), make([][2]uint64, size)
	for k, name := range names {
		if name != 0 {
			i := d.find(name)
			d.names[i], d.counts[i] = name, counts[k]
		}
	}
}

// reset empties the table and keeps its memory.
func (d *distinct) reset() {
	clear(d.names)
	clear(d.counts)
	d.used = 0
}

// each visits the groups in no particular order.
func (d *distinct) each(visit func(group)) {
	for i, name := range d.names {
		if name != 0 {
			visit(group{math.Float64frombits(name - 1), d.counts[i][1], d.counts[i][0]})
		}
	}
}

// sorted writes the groups to out, ascending.
func (d *distinct) sorted(out []group) []group {
	out = slices.Grow(out[:0], d.used)
	d.each(func(g group) { out = append(out, g) })
	slices.SortFunc(out, func(a, b group) int { return cmp.Compare(a.conf, b.conf) })
	return out
}
