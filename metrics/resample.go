package metrics

import (
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/finece/finece/metrics/portable"
)

// bootstrapped returns intervals of the figures. If there are several populations, they are
// intervals of the figure of the first one minus those of the others, from the same draws.
// A draw takes units with replacement, as many as there are. A unit is a list of pairs, or
// a single pair if units is nil. Each resample has a generator of its own, so it does not
// depend on the goroutine that draws it.
func bootstrapped(from []*population, units [][]int, figures []Metric, r Resampling) []Interval {
	if slices.Contains(figures, MetricAURC) && from[0].cells != nil {
		most := uint64(len(from[0].cells))
		if units != nil {
			most *= 2 // a draw of clusters may have more pairs than there are
		}
		sums := harmonicSums(most)
		for _, p := range from {
			p.sums = sums
		}
	}
	values := make([][]float64, len(figures))
	for k := range values {
		values[k] = make([]float64, r.Resamples)
	}
	several := 1
	if from[0].chances != nil {
		several = lanes
	}
	var next atomic.Int64
	claim := func() int { return int(next.Add(int64(several))) - several }
	var all sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), r.Resamples) {
		all.Go(func() {
			draws := make([][]*resample, several)
			for j := range draws {
				for _, p := range from {
					draws[j] = append(draws[j], p.resample())
				}
			}
			states := make([]splitMix, several)
			for first := claim(); first < r.Resamples; first = claim() {
				some := draws[:min(several, r.Resamples-first)]
				for j := range some {
					states[j] = splitMix(mix(r.Seed) ^ mix(^uint64(first+j)))
				}
				take(some, units, states)
				for j, draw := range some {
					for k, figure := range figures {
						values[k][first+j] = difference(draw, figure)
					}
				}
			}
		})
	}
	all.Wait()
	out := make([]Interval, len(figures))
	for k, v := range values {
		out[k] = percentiles(slices.DeleteFunc(v, math.IsNaN), r)
	}
	return out
}

// resample is one draw, and the memory for the next.
type resample struct {
	*population
	counts       []uint32 // pairs drawn from each cell
	stretches    []int    // pairs drawn from each stretch
	right, wrong uint64
	sample       Sample // the draw as a sample, once asSample has filled it
	filled       bool
}

func (p *population) resample() *resample {
	return &resample{population: p, counts: make([]uint32, 2*len(p.groups))}
}

// take draws resamples, each with a generator. A resample is a draw of each population. All of
// them get the same units.
func take(draws [][]*resample, units [][]int, states []splitMix) {
	for _, draw := range draws {
		for _, d := range draw {
			clear(d.counts)
			d.filled = false
		}
	}
	if draws[0][0].chances != nil {
		counted(draws, states)
	} else {
		for j, draw := range draws {
			drawUnits(draw, units, &states[j])
		}
	}
	for _, draw := range draws {
		for _, d := range draw {
			d.right, d.wrong = 0, 0
			for i := 0; i+1 < len(d.counts); i += 2 {
				d.right += uint64(d.counts[i])
				d.wrong += uint64(d.counts[i+1])
			}
		}
	}
}

// drawUnits draws the units of a resample one by one.
func drawUnits(draw []*resample, units [][]int, state *splitMix) {
	switch {
	case units == nil && len(draw) == 1:
		draw[0].pairs(state)
	case units == nil:
		n := uint64(len(draw[0].cells))
		for range n {
			at := state.below(n)
			for _, d := range draw {
				d.counts[d.cells[at]]++
			}
		}
	default:
		for range units {
			unit := units[state.below(uint64(len(units)))]
			for _, d := range draw {
				for _, at := range unit {
					d.counts[d.cells[at]]++
				}
			}
		}
	}
}

// stretch is the number of neighbouring pairs that are drawn together.
const stretch = 1 << 14

// pairs draws pairs. If there are many, it first draws how many fall into each stretch, and
// then draws within each stretch. So the counts that it increments at random are in the
// processor's cache.
func (d *resample) pairs(state *splitMix) {
	n := len(d.cells)
	if n <= 4*stretch {
		d.among(d.cells, n, state)
		return
	}
	d.stretches = append(d.stretches[:0], make([]int, (n+stretch-1)/stretch)...)
	for range n {
		d.stretches[state.below(uint64(n))/stretch]++
	}
	for i, times := range d.stretches {
		d.among(d.cells[i*stretch:min((i+1)*stretch, n)], times, state)
	}
}

// among draws some of the pairs of these cells.
func (d *resample) among(cells []uint32, times int, state *splitMix) {
	n := uint64(len(cells))
	for range times {
		d.counts[cells[state.below(n)]]++
	}
}

// difference is a figure of the first draw minus those of the others, and NaN if one of them
// is undefined.
func difference(draw []*resample, figure Metric) float64 {
	v := draw[0].figure(figure)
	for _, d := range draw[1:] {
		v -= d.figure(figure)
	}
	return v
}

// figure measures a draw. It is NaN if the figure is undefined. Most figures are computed
// directly from the counts: that is several times as fast as [Sample] and gives the same
// value up to rounding.
func (d *resample) figure(m Metric) float64 {
	n := d.right + d.wrong
	switch {
	case m == MetricAccuracy && n > 0:
		return ratio(d.right, n)
	case m == MetricECE && n > 0 && d.runs != nil:
		return d.ece() / float64(n)
	case m == MetricBrier && n > 0:
		return d.brier() / float64(n)
	case m == MetricBrierSkill && d.right > 0 && d.wrong > 0:
		skill, _ := brierSkill(d.brier()/float64(n), d.right, d.wrong)
		return skill
	case m == MetricNLL && n > 0:
		return d.nll() / float64(n)
	case m == MetricAUPRC && d.right > 0 && d.wrong > 0:
		return d.averagePrecision() / float64(d.right)
	case m == MetricAUGRC && n > 0 && n <= math.MaxUint32:
		return generalizedRisk(uint128{lo: d.mannWhitney()}, d.right, d.wrong)
	case m == MetricAURC && n > 0 && (d.cells == nil || n < uint64(len(d.sums))): // nearly always
		return d.areaUnderRisk() / float64(n)
	case m == MetricAUROC && d.right > 0 && d.wrong > 0 && n <= math.MaxUint32:
		return pairShare(uint128{lo: d.mannWhitney()}, d.right, d.wrong)
	}
	v, err := d.asSample().Value(m, d.binning)
	if err != nil {
		return math.NaN()
	}
	return v
}

func (d *resample) ece() float64 {
	var e compensated
	for _, r := range d.runs {
		if r.none {
			continue
		}
		var sum uint128
		var right uint64
		counts := d.counts[2*r.from : 2*r.to]
		for i, v := range d.fixed[r.from:r.to] {
			a, b := uint64(counts[2*i]), uint64(counts[2*i+1])
			right += a
			sum.addProduct(v, a+b)
		}
		e.add(math.Abs(fromFixed(sum) - float64(right)))
	}
	return e.value()
}

func (d *resample) brier() float64 {
	var sum uint128
	for i, v := range d.squares {
		sum.addProduct(v, uint64(d.counts[i]))
	}
	return fromFixed(sum)
}

func (d *resample) nll() float64 {
	var sum compensated
	for i, v := range d.losses {
		sum.add(v * float64(d.counts[i]))
	}
	return sum.value()
}

// averagePrecision is the average precision of the draw, times its number of correct answers.
func (d *resample) averagePrecision() float64 {
	var ap compensated
	var right, all uint64
	for i := len(d.counts) - 2; i >= 0; i -= 2 {
		here := uint64(d.counts[i])
		right += here
		all += here + uint64(d.counts[i+1])
		if here > 0 {
			ap.add(float64(here) * ratio(right, all))
		}
	}
	return ap.value()
}

// mannWhitney is twice the Mann-Whitney count. That is at most half the square of the number
// of pairs, so it fits in 64 bits for up to 2^32-1 pairs.
func (d *resample) mannWhitney() (twice uint64) {
	below := uint64(0)
	for i := 0; i+1 < len(d.counts); i += 2 {
		right, wrong := uint64(d.counts[i]), uint64(d.counts[i+1])
		twice += right * (2*below + wrong)
		below += wrong
	}
	return twice
}

// areaUnderRisk is the sum of E_k/k over k = 1..n (see selective.go), added up by errors. An
// error at rank k is in the risk of every coverage from k to n. So it adds H(n) - H(k-1),
// where H(k) = 1 + 1/2 + ... + 1/k. In a tied group, each rank has an equal share of the
// group's errors.
func (d *resample) areaUnderRisk() float64 {
	var below compensated          // of H(k-1)
	seen, before := uint64(0), 0.0 // before is d.harmonicSum(seen), which holds for 0
	for i := len(d.counts) - 2; i >= 0; i -= 2 {
		right, wrong := uint64(d.counts[i]), uint64(d.counts[i+1])
		end := seen + right + wrong
		after := d.harmonicSum(end)
		if wrong > 0 {
			share := after - before
			if right > 0 {
				share *= ratio(wrong, right+wrong)
			}
			below.add(share)
		}
		seen, before = end, after
	}
	return float64(float64(d.wrong)*harmonic(0, seen)) - below.value()
}

// harmonicSum is the sum of H(0) to H(k-1).
func (d *resample) harmonicSum(k uint64) float64 {
	if k < uint64(len(d.sums)) {
		return d.sums[k]
	}
	h := 0.0
	if k < directTerms {
		h = harmonic(0, k)
	} else {
		h = portable.Log(float64(k)) + eulerGamma + harmonicTail(float64(k))
	}
	return float64(float64(k) * (h - 1)) // Graham, Knuth and Patashnik, equation 6.67
}

// harmonicSums returns the sums of H(0) to H(k-1), for each k from 0 to n.
func harmonicSums(n uint64) []float64 {
	out := make([]float64, n+1)
	var sum, current compensated
	for k := range n {
		sum.add(current.value())
		out[k+1] = sum.value()
		current.add(1 / float64(k+1))
	}
	return out
}

// asSample returns the draw as a sample.
func (d *resample) asSample() *Sample {
	s := &d.sample
	if d.filled {
		return s
	}
	if s.groups == nil {
		s.groups = slices.Clone(d.groups)
	}
	for i := range s.groups {
		s.groups[i].right, s.groups[i].wrong = uint64(d.counts[2*i]), uint64(d.counts[2*i+1])
	}
	s.right, s.wrong, d.filled = d.right, d.wrong, true
	return s
}
