package metrics

import (
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// TestBinomial compares draws with the distribution, by a chi-squared test over all values
// that are not too rare.
func TestBinomial(t *testing.T) {
	const draws = 50_000
	state := splitMix(11)
	for _, c := range []struct {
		n uint64
		p float64
	}{{1, 0.3}, {5, 0.5}, {100, 0.01}, {19, 0.5}, {40, 0.26}, {1000, 0.02}, {300, 0.7}, {1_000_000, 0.00001}, {5_000_000, 0.0001}, {1 << 31, 1e-8}} {
		t.Run(fmt.Sprint(c.n, " ", c.p), func(t *testing.T) {
			times := map[uint64]int{}
			for range draws {
				times[state.binomial(c.n, c.p)]++
			}
			pmf := distuv.Binomial{N: float64(c.n), P: c.p}
			chi, cells, rest, restWant := 0.0, -1.0, draws, float64(draws)
			for k, n := range times {
				if k > c.n {
					t.Fatalf("%d of %d", k, c.n)
				}
				if want := draws * pmf.Prob(float64(k)); want >= 20 {
					chi += math.Pow(float64(n)-want, 2) / want
					cells++
					rest -= n
					restWant -= want
				}
			}
			if restWant > 20 {
				chi += math.Pow(float64(rest)-restWant, 2) / restWant
				cells++
			}
			if cells < 1 {
				t.Fatalf("%v cells", cells)
			}
			if p := (distuv.ChiSquared{K: cells}).Survival(chi); p < 1e-4 {
				t.Errorf("chi squared is %v of %v cells, p = %v", chi, cells, p)
			}
		})
	}
}

// TestCondensedFigures: a draw that takes each pair once has the figures of the sample.
func TestCondensedFigures(t *testing.T) {
	every := []Metric{MetricAccuracy, MetricECE, MetricBrier, MetricBrierSkill, MetricNLL, MetricAUROC, MetricAUPRC, MetricAURC, MetricAUGRC}
	for _, shape := range shapes {
		conf, correct := simulated(150_000, shape.draw)
		conf[0], conf[1] = 0, 1
		s, err := NewSample(conf, correct)
		if err != nil {
			t.Fatal(err)
		}
		for rule := range ruleCount {
			b := Binning{rule, 15}
			p := condensed(s, every, b)
			if n := len(p.groups); n > 2*condensedGroups {
				t.Errorf("%s: %d groups", shape.name, n)
			}
			d := p.whole()
			if d.right != s.right || d.wrong != s.wrong {
				t.Fatalf("%s: %d right and %d wrong, want %d and %d", shape.name, d.right, d.wrong, s.right, s.wrong)
			}
			for _, m := range every {
				most := 1e-11
				switch m {
				case MetricAUROC, MetricAUPRC, MetricAURC, MetricAUGRC:
					most = 1e-4 // the order within groups
				case MetricECE:
					if rule == EqualMass {
						most = 1e-4 // edges lie between groups
					}
				}
				if p.exact(m) && most > 1e-11 {
					t.Errorf("metric %d, rule %d counts as exact", m, rule)
				}
				near(t, fmt.Sprintf("%s, rule %d, metric %d", shape.name, rule, m), d.figure(m), must[float64](t)(s.Value(m, b)), most)
			}
		}
	}
}

// TestCondensedWidths: the groups lose hardly any of the spread that makes the width of an
// interval. DeLong's interval shows that without the noise of random draws.
func TestCondensedWidths(t *testing.T) {
	for _, shape := range shapes {
		for _, n := range []int{condenseFrom, countFrom} {
			s := must[*Sample](t)(NewSample(simulated(n, shape.draw)))
			p := condensed(s, []Metric{MetricAUROC}, DefaultBinning())
			want := must[Interval](t)(s.DeLong(0.95))
			got := must[Interval](t)((&Sample{groups: p.groups, right: s.right, wrong: s.wrong}).DeLong(0.95))
			near(t, fmt.Sprintf("%s, n = %d, width", shape.name, n), (got.High-got.Low)/(want.High-want.Low), 1, 1e-3)
		}
	}
}

// TestCondensedIntervals compares intervals with those of pairs that are drawn one by one.
func TestCondensedIntervals(t *testing.T) {
	every := []Metric{MetricAccuracy, MetricECE, MetricBrier, MetricAUROC, MetricAURC}
	r := resampling(500, 1)
	for _, n := range []int{condenseFrom, countFrom} {
		conf, correct := simulated(n, shapes[0].draw)
		s, err := NewSample(conf, correct)
		if err != nil {
			t.Fatal(err)
		}
		p := newPopulation(s, every, r.Binning)
		p.cells = cellsOf(p.groups)
		want := bootstrapped([]*population{p}, nil, every, r)
		got, err := s.Bootstraps(every, r)
		if err != nil {
			t.Fatal(err)
		}
		for k := range every {
			width := want[k].High - want[k].Low
			near(t, fmt.Sprint("low of ", every[k], ", n = ", n), (got[k].Low-want[k].Low)/width, 0, 0.12)
			near(t, fmt.Sprint("high of ", every[k], ", n = ", n), (got[k].High-want[k].High)/width, 0, 0.12)
		}
		again, err := s.Bootstraps(every, r)
		if err != nil || again[3] != got[3] {
			t.Errorf("%v the second time, %v", again[3], err)
		}
	}
}
