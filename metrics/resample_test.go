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
				every := []Metric{MetricAccuracy, MetricECE, MetricBrier, MetricAUROC, MetricAURC}
				p := newPopulation(s, every, b)
				p.cells = cellsInOrder(s, conf, correct)
				p.sums = harmonicSums(2 * uint64(n))
				d := p.resample()
				take([]*resample{d}, nil, splitMix(rng.Uint64()))
				for _, m := range every {
					want, err := d.asSample().metric(m, b)
					if err != nil {
						want = math.NaN()
					}
					got := d.figure(m)
					if math.IsNaN(got) != math.IsNaN(want) || math.Abs(got-want) > 1e-13*max(1, want) {
						t.Errorf("%s, n=%d, rule %d with %d bins, metric %d: %v, want %v", shape.name, n, rule, b.Bins, m, got, want)
					}
				}
			}
		}
	}
}

// TestCellsAgree: the cells of pairs in their own order are those in ascending order.
func TestCellsAgree(t *testing.T) {
	conf, correct := simulated(1000, shapes[2].draw)
	s, _ := NewSample(conf, correct)
	count := map[uint32]int{}
	for _, c := range cellsOf(s) {
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
