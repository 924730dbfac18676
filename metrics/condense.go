package metrics

import (
	"math"
	"slices"

	"github.com/finece/finece/metrics/portable"
)

const (
	// With condenseFrom pairs or more, a bootstrap treats neighbouring confidences as
	// tied, in about condensedGroups groups.
	condenseFrom    = 1<<15 + 1
	condensedGroups = 1 << 12
	// With countFrom pairs or more, a resample draws a count for each cell. With
	// fewer pairs it draws pair by pair.
	countFrom = 1 << 17
)

// condensed is newPopulation for many pairs. Neighbouring confidences of one bin become one
// group. A group has about a 4096th of the pairs, or more if more are tied. Figures add up
// the mean values of a group. So the spread within a group is lost, and for AUROC and AURC
// the order within it. That changes the width of an interval by less than a thousandth.
func condensed(s *Sample, figures []Metric, b Binning) *population {
	p := &population{binning: b, condensed: true}
	c := condenser{p: p, most: (s.N() + condensedGroups - 1) / condensedGroups, slot: -1}
	c.brier, c.nll = squared(figures), slices.Contains(figures, MetricNLL)
	parts := partition{}
	if c.ece = binned(figures, b); c.ece {
		parts = b.fixed()
	}
	slot := 0
	for groups := range s.up {
		for i := range groups {
			g := &groups[i]
			placed := g.conf
			if c.ece {
				slot, placed = parts.placeFrom(slot, g.conf)
			}
			if slot != c.slot || c.now.size()+g.size() > c.most {
				c.close()
			}
			if c.ece && slot != c.slot {
				p.runs = append(p.runs, binRun{from: len(p.groups), none: parts.rule == Guo && slot == len(parts.edges)-1})
			}
			c.slot = slot
			c.add(g, placed)
		}
	}
	c.close()
	for i := range p.runs {
		p.runs[i].to = len(p.groups)
		if i+1 < len(p.runs) {
			p.runs[i].to = p.runs[i+1].from
		}
	}
	return p
}

// exact reports whether a condensed population has the same figure as its sample, up to
// rounding.
func (p *population) exact(m Metric) bool {
	switch m {
	case MetricAccuracy, MetricBrier, MetricBrierSkill, MetricNLL:
		return true
	case MetricECE:
		return p.runs != nil
	}
	return false
}

// whole returns a draw that has each pair once.
func (p *population) whole() *resample {
	d := p.resample()
	for i, g := range p.groups {
		d.counts[2*i], d.counts[2*i+1] = uint32(g.right), uint32(g.wrong)
		d.right += g.right
		d.wrong += g.wrong
	}
	return d
}

// condenser adds up one group after the other for condensed.
type condenser struct {
	p               *population
	most            uint64 // pairs of a group, unless more are tied
	slot            int
	ece, brier, nll bool

	now                      group
	conf, placed             uint128 // sums in units of 2^-63
	squareRight, squareWrong uint128 // sums of squares of the right and of the wrong pairs, in the same units
	lossRight, lossWrong     compensated
}

func (c *condenser) add(g *group, placed float64) {
	c.now.right += g.right
	c.now.wrong += g.wrong
	c.conf.addProduct(toFixed(g.conf), g.size())
	c.placed.addProduct(toFixed(placed), g.size())
	if c.brier {
		right, wrong := squares(g.conf)
		c.squareRight.addProduct(right, g.right)
		c.squareWrong.addProduct(wrong, g.wrong)
	}
	if c.nll {
		right, wrong := losses(g.conf)
		c.lossRight.add(right * float64(g.right))
		c.lossWrong.add(wrong * float64(g.wrong))
	}
}

// close adds the group to the population, unless it is empty, and starts a new one.
func (c *condenser) close() {
	p, g := c.p, c.now
	if g.size() == 0 {
		return
	}
	mean := func(sum uint128, n uint64) uint64 { return toFixed(fromFixed(sum) / float64(max(n, 1))) }
	g.conf = min(fromFixed(c.conf)/float64(g.size()), 1)
	p.groups = append(p.groups, g)
	if c.ece {
		p.fixed = append(p.fixed, mean(c.placed, g.size()))
	}
	if c.brier {
		p.squares = append(p.squares, mean(c.squareRight, g.right), mean(c.squareWrong, g.wrong))
	}
	if c.nll {
		p.losses = append(p.losses, c.lossRight.value()/float64(max(g.right, 1)), c.lossWrong.value()/float64(max(g.wrong, 1)))
	}
	*c = condenser{p: p, most: c.most, slot: c.slot, ece: c.ece, brier: c.brier, nll: c.nll}
}

// chance is the probability that a pair falls into a cell, if it is in none of the cells before.
type chance struct {
	cell int
	p    float64 // 1 for the last cell
}

// chancesOf returns the chances of the cells that are not empty.
func chancesOf(groups []group) (out []chance) {
	var weight uint64
	for i := range groups {
		weight += groups[i].size()
	}
	for i := range groups {
		g := &groups[i]
		for k, w := range [2]uint64{g.right, g.wrong} {
			if w > 0 {
				out = append(out, chance{2*i + k, ratio(w, weight)})
				weight -= w
			}
		}
	}
	return out
}

// lanes is the most resamples that are drawn at once.
const lanes = 4

// counted draws the counts of the cells of at most lanes resamples, as many pairs as there are.
// The counts are multinomial: the count of a cell is binomial, given the counts of the cells
// before. The resamples are drawn cell by cell, since a processor works on several at once: each
// has its own generator and its own number of pairs that are left.
func counted(draws [][]*resample, states []splitMix) {
	var left [lanes]uint64
	for j := range draws {
		for i := range draws[j][0].groups {
			left[j] += draws[j][0].groups[i].size()
		}
	}
	for _, c := range draws[0][0].chances {
		for j := range draws {
			n := left[j]
			if n > 0 && c.p < 1 {
				n = states[j].binomial(n, c.p)
			}
			draws[j][0].counts[c.cell] = uint32(n)
			left[j] -= n
		}
	}
}

// uniform is a number strictly between 0 and 1.
func (s *splitMix) uniform() float64 { return (float64(s.next()>>11) + 0.5) * 0x1p-53 }

// binomial draws how many of n trials succeed, each with probability p, 0 < p < 1.
func (s *splitMix) binomial(n uint64, p float64) uint64 {
	if p > 0.5 {
		return n - s.binomial(n, 1-p)
	}
	if float64(float64(n)*p) < 10 {
		return s.inverted(n, p)
	}
	return s.rejected(n, p)
}

// inverted draws by inversion (Kachitvichyanukul and Schmeiser 1988, algorithm BINV).
func (s *splitMix) inverted(n uint64, p float64) uint64 {
	odds := p / (1 - p)
	first := portable.Exp(float64(float64(n) * portable.Log(1-p)))
	for {
		u, chance := s.uniform(), first
		for k := uint64(0); k <= min(n, 110); k++ { // larger k have a probability under 1e-60
			if u < chance {
				return k
			}
			u -= chance
			chance *= float64(odds * ratio(n-k, k+1))
		}
	}
}

// rejected draws by transformed rejection (Hormann 1993, algorithm BTRS).
func (s *splitMix) rejected(trials uint64, p float64) uint64 {
	n := float64(trials)
	spread := math.Sqrt(float64(n*p) * (1 - p))
	b := 1.15 + float64(2.53*spread)
	a := -0.0873 + float64(0.0248*b) + float64(0.01*p)
	centre := float64(n*p) + 0.5
	squeeze := 0.92 - 4.2/b
	for {
		u, v := s.uniform()-0.5, s.uniform()
		us := 0.5 - math.Abs(u)
		k := math.Floor(float64((2*a/us+b)*u) + centre)
		if us >= 0.07 && v <= squeeze {
			return uint64(k)
		}
		if k < 0 || k > n {
			continue
		}
		alpha := float64((2.83 + 5.1/b) * spread)
		mode := math.Floor(float64((n + 1) * p))
		height := portable.Log(float64(v*alpha) / (a/float64(us*us) + b))
		switch low, high := heights(math.Abs(k-mode), spread); {
		case height < low:
			return uint64(k)
		case height > high:
			continue
		}
		if height <= logRatio(n, p, k, mode) {
			return uint64(k)
		}
	}
}

// logRatio returns the logarithm of the probability of k divided by that of mode.
func logRatio(n, p, k, mode float64) float64 {
	odds := p / (1 - p)
	return float64((mode+0.5)*portable.Log((mode+1)/float64(odds*(n-mode+1)))) +
		float64((n+1)*portable.Log((n-mode+1)/(n-k+1))) +
		float64((k+0.5)*portable.Log(float64(odds*(n-k+1))/(k+1))) +
		stirlingTail(mode) + stirlingTail(n-mode) - stirlingTail(k) - stirlingTail(n-k)
}

// heights returns bounds of logRatio at a distance from the mode, in much less time (the squeezes
// of Kachitvichyanukul and Schmeiser 1988, algorithm BTPE, step 5.2). Far from the mode they do
// not hold, and heights returns infinite bounds. The margin is larger than any rounding error.
func heights(distance, spread float64) (low, high float64) {
	variance := spread * spread
	if distance >= variance/2-1 {
		return math.Inf(-1), math.Inf(1)
	}
	const margin = 1e-5
	r := distance / variance
	middle := -distance * r / 2
	around := r*((distance*(distance/3+0.625)+1.0/6)/variance+0.5) + margin
	return middle - around, middle + around
}

// stirlingTail is ln k! minus Stirling's approximation, ln sqrt(2 pi) + (k + 1/2) ln(k + 1)
// - (k + 1).
func stirlingTail(k float64) float64 {
	if k < 10 {
		return stirlingTails[int(k)]
	}
	square := float64((k + 1) * (k + 1))
	return (1.0/12 - (1.0/360-1.0/1260/square)/square) / (k + 1)
}

var stirlingTails = [...]float64{
	0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.0207906721037650, 0.0166446911898211,
	0.0138761288230707, 0.0118967099458917, 0.0104112652619720, 0.0092554621827127, 0.0083305634333631,
}
