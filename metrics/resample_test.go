package metrics

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestDrawnFiguresAreThoseOfASample compares the figures that are computed from the
// counts of a draw with those of the same pairs as a sample.
func TestDrawnFiguresAreThoseOfASample(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, shape := range shapes {
		for _, n := range []int{1, 2, 7, 300, 5000} {
			conf, correct := simulated(n, shape.draw)
			conf[0], conf[n-1] = 0, 1
			s, err := NewSample(conf, correct)
			if err != nil {
				t.Fatal(err)
			}
			for rule := range ruleCount {
				b := Binning{rule, 1 + rng.IntN(20)}
				every := []Metric{MetricAccuracy, MetricECE, MetricBrier, MetricAUROC, MetricAURC, MetricBrierSkill, MetricNLL, MetricAUPRC, MetricAUGRC}
				p := newPopulation(s, every, b)
				p.cells = cellsInOrder(s, conf, correct)
				p.sums = harmonicSums(2 * uint64(n))
				d := p.resample()
				take([][]*resample{{d}}, nil, []splitMix{splitMix(rng.Uint64())})
				for _, m := range every {
					want, err := d.asSample().Value(m, b)
					if err != nil {
						want = math.NaN()
					}
					got := d.figure(m)
					if math.IsNaN(got) != math.IsNaN(want) || math.Abs(got-want) > 1e-13*max(1, math.Abs(want)) {
						t.Errorf("%s, n=%d, rule %d with %d bins, metric %d: %v, want %v", shape.name, n, rule, b.Bins, m, got, want)
					}
				}
			}
		}
	}
}

// TestCellsAgree: cellsInOrder and cellsOf give the same cells, in different orders.
func TestCellsAgree(t *testing.T) {
	conf, correct := simulated(1000, shapes[2].draw)
	s, _ := NewSample(conf, correct)
	count := map[uint32]int{}
	for _, c := range cellsOf(s.tied()) {
		count[c]++
	}
	for _, c := range cellsInOrder(s, conf, correct) {
		count[c]--
	}
	for c, n := range count {
		if n != 0 {
			t.Errorf("cell %d: %d more", c, n)
		}
	}
}

func BenchmarkBootstraps(b *testing.B) {
	conf, correct := simulated(100_000, shapes[0].draw)
	s, _ := NewSample(conf, correct)
	figures := []Metric{MetricAccuracy, MetricECE, MetricBrier, MetricAUROC, MetricAURC}
	for b.Loop() {
		if _, err := s.Bootstraps(figures, resampling(100, 0)); err != nil {
			b.Fatal(err)
		}
	}
}

// TestManyPairsAreDrawnAlike: every pair of a large sample is drawn once on average, wherever
// it stands.
func TestManyPairsAreDrawnAlike(t *testing.T) {
	const n = 6*stretch + 100
	conf, correct := simulated(n, shapes[0].draw)
	s, _ := NewSample(conf, correct)
	p := newPopulation(s, nil, DefaultBinning())
	p.cells = cellsOf(s.tied())
	d := p.resample()
	times := map[uint32]int{}
	drawn, last := 0, 0
	const draws = 20
	for i := range draws {
		take([][]*resample{{d}}, nil, []splitMix{splitMix(mix(uint64(i)))})
		for at, cell := range p.cells {
			times[d.counts[cell]]++
			drawn += int(d.counts[cell])
			if at >= n-100 {
				last += int(d.counts[cell])
			}
		}
	}
	if drawn != draws*n {
		t.Errorf("%d pairs drawn, want %d", drawn, draws*n)
	}
	// Binomial: a share of (1-1/n)^n, or 1/e, is not drawn, and as many are drawn once.
	for k, want := range map[uint32]float64{0: 1 / math.E, 1: 1 / math.E, 2: 0.5 / math.E, 3: 1 / (6 * math.E)} {
		near(t, "share drawn so often", float64(times[k])/(draws*n), want, 0.002)
	}
	near(t, "pairs of the last, short stretch", float64(last)/(100*draws), 1, 0.1)
}
