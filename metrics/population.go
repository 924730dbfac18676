package metrics

import (
	"cmp"
	"slices"

	"github.com/finece/finece/metrics/portable"
)

// population has the pairs that resamples are drawn from, and the parts of the figures that
// are the same in every resample. bootstrapped completes it. After that, goroutines only
// read it.
//
// A group is a tied group, or several neighbouring ones that count as tied: see condensed.
// A cell is the right pairs or the wrong pairs of one group: cell 2i has the right pairs of
// group i, cell 2i+1 the wrong ones.
type population struct {
	groups    []group
	condensed bool     // groups are several tied groups
	cells     []uint32 // the cell of each pair; nil if whole cells are drawn
	chances   []chance // of the cells, if whole cells are drawn: see counted
	binning   Binning

	runs    []binRun
	fixed   []uint64  // the confidence of each group, as placed in its bin, in units of 2^-63
	squares []uint64  // (confidence - correct)^2 of each cell, in units of 2^-63
	losses  []float64 // the NLL of each cell
	sums    []float64 // harmonicSums, shared by populations
}

// binRun is a run of groups in one bin: groups[from:to].
type binRun struct {
	from, to int
	none     bool // the groups lie in no bin: zeros under the Guo rule, which count only in n
}

func newPopulation(s *Sample, figures []Metric, b Binning) *population {
	p := &population{groups: s.tied(), binning: b}
	if binned(figures, b) {
		p.bin(b.fixed())
	}
	if slices.Contains(figures, MetricNLL) {
		p.losses = make([]float64, 2*len(p.groups))
		for i := range p.groups {
			p.losses[2*i], p.losses[2*i+1] = losses(p.groups[i].conf)
		}
	}
	if squared(figures) {
		p.squares = make([]uint64, 2*len(p.groups))
		for i := range p.groups {
			p.squares[2*i], p.squares[2*i+1] = squares(p.groups[i].conf)
		}
	}
	return p
}

func binned(figures []Metric, b Binning) bool {
	return slices.Contains(figures, MetricECE) && b.Rule != EqualMass
}

func squared(figures []Metric) bool {
	return slices.Contains(figures, MetricBrier) || slices.Contains(figures, MetricBrierSkill)
}

// losses returns the NLL of a right and of a wrong answer.
func losses(conf float64) (right, wrong float64) {
	q := min(max(conf, NLLEpsilon), 1-NLLEpsilon)
	return -portable.Log(q), -portable.Log(1 - q)
}

// squares returns (confidence - correct)^2 of a right and of a wrong answer, in units of
// 2^-63.
func squares(conf float64) (right, wrong uint64) {
	return toFixed(float64((1 - conf) * (1 - conf))), toFixed(float64(conf * conf))
}

// cellsOf returns the cell of each pair, group by group, right pairs first.
func cellsOf(groups []group) (out []uint32) {
	for i, g := range groups {
		for range g.right {
			out = append(out, uint32(2*i))
		}
		for range g.wrong {
			out = append(out, uint32(2*i+1))
		}
	}
	return out
}

// cellsInOrder returns the cell of each pair in the order of conf.
func cellsInOrder(s *Sample, conf []float64, correct []bool) []uint32 {
	out := make([]uint32, len(conf))
	groups := s.tied()
	for at, v := range conf {
		i, _ := slices.BinarySearchFunc(groups, v, func(g group, v float64) int { return cmp.Compare(g.conf, v) })
		out[at] = uint32(2 * i)
		if !correct[at] {
			out[at]++
		}
	}
	return out
}

// toFixed is x, 0 to 1, in units of 2^-63.
func toFixed(x float64) uint64 { return uint64(x * (1 << 63)) }

// fromFixed is the value of a sum in units of 2^-63.
func fromFixed(sum uint128) float64 { return sum.float64() * 0x1p-63 }

// bin finds the runs of groups that lie in the same bin.
func (p *population) bin(parts partition) {
	p.fixed = make([]uint64, len(p.groups))
	slot, last := 0, -1
	for i := range p.groups {
		var v float64
		slot, v = parts.placeFrom(slot, p.groups[i].conf)
		p.fixed[i] = toFixed(v)
		if slot != last {
			p.runs = append(p.runs, binRun{from: i, none: parts.rule == Guo && slot == len(parts.edges)-1})
			last = slot
		}
		p.runs[len(p.runs)-1].to = i + 1
	}
}
