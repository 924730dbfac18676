package metrics

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestClopperPearsonUpper(t *testing.T) {
	// scipy 1.17.1: scipy.stats.beta.isf(delta, k+1, n-k).
	for _, c := range []struct {
		k, n  uint64
		delta float64
		want  float64
	}{
		{0, 1, 0.05, 0.95},
		{0, 59, 0.05, 0.049507609888226944},
		{1, 20, 0.1, 0.1809609634367385},
		{3, 50, 0.0025, 0.2175442146112721},
		{10, 100, 0.05, 0.1637176232758148},
		{45, 1000, 0.01, 0.06265162388158968},
		{500, 1000, 0.025, 0.5314508270282081},
		{99, 100, 0.05, 0.9994871985837377},
		{12, 100000, 0.005, 0.00024143474989562575},
		{99999, 100000, 0.1, 0.9999989463953984},
		{123456, 1000000, 0.05, 0.12399839637931603},
		{1, 3, 1e-06, 0.999422538566208},
		{2, 1000000, 0.05, 6.295780099210493e-06},
		{7, 7, 0.05, 1},
	} {
		got, err := ClopperPearsonUpper(c.k, c.n, c.delta)
		if err != nil || !(math.Abs(got-c.want) <= 1e-9*c.want) {
			t.Errorf("%d of %d at %g: %.17g, %v, want %.17g", c.k, c.n, c.delta, got, err, c.want)
		}
	}
	// scipy 1.17.1: scipy.stats.binomtest(8, 40).proportion_ci(0.95, "exact").
	iv, err := ClopperPearson(8, 40, 0.95)
	near(t, "low", iv.Low, 0.0905224093999562, 1e-12)
	near(t, "high", iv.High, 0.3564780186792217, 1e-12)
	if err != nil || iv.Method != Exact {
		t.Errorf("%+v, %v", iv, err)
	}
	for _, c := range []struct {
		k, n  uint64
		delta float64
		want  error
	}{{1, 0, 0.5, ErrCount}, {0, 0, 0.5, ErrEmpty}, {0, 5, 0, ErrDelta}, {0, 5, 1, ErrDelta}, {0, 5, math.NaN(), ErrDelta}} {
		if v, err := ClopperPearsonUpper(c.k, c.n, c.delta); err != c.want || !math.IsNaN(v) {
			t.Errorf("%+v: %v, %v", c, v, err)
		}
	}
}

func TestThresholdForRisk(t *testing.T) {
	// Even confidences; those below 0.4 are wrong, the others right.
	const n = 4000
	conf, correct := make([]float64, n), make([]bool, n)
	for i := range conf {
		conf[i] = float64(i+1) / n
		correct[i] = conf[i] >= 0.4
	}
	g, err := ThresholdForRisk(conf, correct, 0.1, 0.1, 1)
	// A threshold t below 0.4 has the error rate (0.4-t)/(1-t), 0.1 at t = 1/3.
	if err != nil || !(g.Threshold > 1.0/3 && g.Threshold < 0.4) || g.Pairs != 3000 || !(g.Bound <= 0.1) || g.Tested < 2 {
		t.Errorf("%+v, %v", g, err)
	}
	kept, wrong := uint64(0), uint64(0)
	_, rest := quarters(conf, correct, 1)
	for _, group := range rest.tied() {
		if group.conf >= g.Threshold {
			kept, wrong = kept+group.size(), wrong+group.wrong
		}
	}
	bound, _ := ClopperPearsonUpper(wrong, kept, 0.1)
	if g.Kept != kept || g.Wrong != wrong || g.Coverage != float64(kept)/3000 || g.Bound != bound {
		t.Errorf("%+v, want %d kept, %d wrong, bound %v", g, kept, wrong, bound)
	}
	if again, _ := ThresholdForRisk(conf, correct, 0.1, 0.1, 1); again != g {
		t.Errorf("the same seed gives %+v and %+v", g, again)
	}
	// Everything qualifies.
	if g, _ := ThresholdForRisk(conf[2000:], correct[2000:], 0.1, 0.1, 1); g.Threshold != 0 || g.Coverage != 1 {
		t.Errorf("without errors: %+v", g)
	}
	none := func(what string, conf []float64, correct []bool, target float64) {
		g, err := ThresholdForRisk(conf, correct, target, 0.05, 1)
		if err != nil || !math.IsNaN(g.Threshold) || !math.IsNaN(g.Bound) || g.Coverage != 0 || g.Kept != 0 {
			t.Errorf("%s: %+v, %v", what, g, err)
		}
	}
	none("too few, though all are right", conf[n-60:], correct[n-60:], 0.05)
	none("all tied and wrong", make([]float64, 200), make([]bool, 200), 0.5)
	none("one pair", conf[:1], correct[:1], 0.5)
	for _, c := range []struct{ target, delta float64 }{{0, 0.1}, {1, 0.1}, {math.NaN(), 0.1}, {0.1, 0}, {0.1, 1}} {
		if _, err := ThresholdForRisk(conf, correct, c.target, c.delta, 1); err != ErrOption && err != ErrDelta {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if _, err := ThresholdForRisk(nil, nil, 0.1, 0.1, 1); err != ErrEmpty {
		t.Error(err)
	}
	if _, err := ThresholdForRisk([]float64{2}, []bool{true}, 0.1, 0.1, 1); err == nil {
		t.Error("a confidence of 2 was accepted")
	}
}

func TestAThresholdIsAboveWhatItLeavesOut(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	values := []float64{0, 0.7, 0.3, 0.1, 0.9999, 0.99995, 1 - 0x1p-53, 0x1p-1074, 0.5}
	for range 1000 {
		values = append(values, rng.Float64(), 1-math.Pow(2, -50*rng.Float64()))
	}
	for _, v := range values {
		if a := above(v, math.Inf(1)); !(a > v) || !(a <= 1) || a > v+1.1e-4 {
			t.Errorf("above(%.17g) = %.17g", v, a)
		}
	}
	for _, c := range []struct{ v, next, want float64 }{
		{0.7, 0.8, 0.7001}, {0.7, 0.70001, 0.7001}, {0.99987, 0.99988, 0.999871},
		{0, 0.3, 1e-4}, {0, 1e-4, 1e-4}, {0.0034, 0.0036, 0.0035}, // four decimals are enough
		{0.0034, 0.00345, 0.00341}, {4.003e-6, 4.1e-6, 4.1e-6}, {4.003e-6, 4.004e-6, 4.01e-6}, {0, 2e-9, 1e-9}, {0, 0x1p-1074, 1e-22},
	} {
		if a := above(c.v, c.next); a != c.want {
			t.Errorf("above(%g, %g) = %.17g, want %g", c.v, c.next, a, c.want)
		}
	}
}

// A threshold is found on every scale of the confidences. It keeps the same pairs; only its
// digits differ.
func TestTheScaleOfConfidencesDoesNotMatter(t *testing.T) {
	const n = 4000
	for _, zeros := range []int{0, n / 10} {
		var want float64
		for _, scale := range []float64{1, 1e-2, 2e-4, 1e-5, 1e-15} {
			rng := rand.New(rand.NewPCG(17, 19))
			conf, correct := make([]float64, n), make([]bool, n)
			for i := range conf {
				u := rng.Float64()
				conf[i], correct[i] = u*scale, u > 0.4
				if i < zeros {
					conf[i], correct[i] = 0, false
				}
			}
			g, err := ThresholdForRisk(conf, correct, 0.1, 0.1, 3)
			if scale == 1 {
				want = g.Coverage
			}
			if err != nil || !(g.Coverage > 0.5) || math.Abs(g.Coverage-want) > 0.005 {
				t.Errorf("%d zeros, scale %g: %+v, %v, want a coverage of about %g", zeros, scale, g, err, want)
			}
		}
	}
}

// TestTheRiskIsKept draws samples from populations whose error rate above any threshold is
// known. It counts the samples whose threshold has a higher error rate than promised. One of
// the populations has most errors at the highest confidences, where no order of tests helps.
func TestTheRiskIsKept(t *testing.T) {
	const runs, n, target, delta = 2000, 400, 0.2, 0.1
	for name, risk := range map[string]func(c float64) float64{ // error rate at a confidence
		"calibrated":       func(c float64) float64 { return 1 - c },
		"at the target":    func(float64) float64 { return target },
		"just above it":    func(float64) float64 { return target + 0.005 },
		"worst at the top": func(c float64) float64 { return map[bool]float64{true: 0.5, false: 0.1}[c > 0.8] },
	} {
		t.Run(name, func(t *testing.T) {
			// The true risk above each hundredth, by summing over a fine grid.
			const fine = 100_000
			above := make([]float64, fine+1) // sum of risk from i on
			for i := fine - 1; i >= 0; i-- {
				above[i] = above[i+1] + risk((float64(i)+0.5)/fine)
			}
			trueRisk := func(threshold float64) float64 {
				i := int(threshold * fine)
				return above[i] / float64(fine-i)
			}
			rng := rand.New(rand.NewPCG(11, 13))
			broken, found := 0, 0
			conf, correct := make([]float64, n), make([]bool, n)
			for run := range runs {
				for i := range conf {
					conf[i] = rng.Float64()
					correct[i] = rng.Float64() >= risk(conf[i])
				}
				g, err := ThresholdForRisk(conf, correct, target, delta, uint64(run))
				if err != nil {
					t.Fatal(err)
				}
				if g.Kept > 0 {
					found++
					if trueRisk(g.Threshold) > target+1e-9 {
						broken++
					}
				}
			}
			t.Logf("a threshold in %d of %d runs, %d of them above the target", found, runs, broken)
			// Three standard errors of a binomial share of delta.
			if most := runs * (delta + 3*math.Sqrt(delta*(1-delta)/runs)); float64(broken) > most {
				t.Errorf("%d of %d runs exceed the target risk, delta allows %g", broken, runs, most)
			}
			if name == "calibrated" && found < runs/2 {
				t.Errorf("a threshold in %d of %d runs only", found, runs)
			}
		})
	}
}

func TestBootstrapClusters(t *testing.T) {
	// Each question is there ten times. If pairs were drawn, intervals would be too narrow by sqrt(10).
	rng := rand.New(rand.NewPCG(5, 6))
	var conf []float64
	var correct []bool
	var cluster, single []int
	for q := range 200 {
		c := rng.Float64()
		y := rng.Float64() < c
		for range 10 {
			single = append(single, len(conf))
			conf, correct, cluster = append(conf, c), append(correct, y), append(cluster, 3*q)
		}
	}
	figures := []Metric{MetricBrier, MetricAUROC}
	narrow, err := BootstrapClusters(conf, correct, single, figures, resampling(DefaultResamples, 1))
	if err != nil {
		t.Fatal(err)
	}
	wide, err := BootstrapClusters(conf, correct, cluster, figures, resampling(DefaultResamples, 1))
	if err != nil {
		t.Fatal(err)
	}
	for k := range figures {
		if r := (wide[k].High - wide[k].Low) / (narrow[k].High - narrow[k].Low); !(r > 2.5 && r < 4) {
			t.Errorf("figure %d: the interval of questions is %.2f times as wide as that of pairs, want about %.2f", k, r, math.Sqrt(10))
		}
	}
	// Clusters of one pair are the ordinary bootstrap, but for the random draws.
	s, _ := NewSample(conf, correct)
	plain, err := s.Bootstrap(MetricBrier, resampling(DefaultResamples, 1))
	if err != nil || math.Abs(plain.Low-narrow[0].Low) > 0.003 || math.Abs(plain.High-narrow[0].High) > 0.003 {
		t.Errorf("%+v and %+v, %v", plain, narrow[0], err)
	}
	for _, c := range []struct {
		conf    []float64
		cluster []int
		figures []Metric
	}{{conf, cluster[1:], figures}, {nil, nil, figures}, {conf[:1], []int{-1}, figures}, {conf, cluster, []Metric{99}}} {
		if _, err := BootstrapClusters(c.conf, correct[:len(c.conf)], c.cluster, c.figures, DefaultResampling()); err == nil {
			t.Error("no error for", len(c.conf), len(c.cluster), c.figures)
		}
	}
}

func TestBootstrapDifferences(t *testing.T) {
	// b is a little worse than a, by less than the width of each interval.
	rng := rand.New(rand.NewPCG(7, 8))
	var a, b []float64
	var correct []bool
	var cluster []int
	for q := range 300 {
		c := rng.Float64()
		for range 2 {
			a, correct, cluster = append(a, c), append(correct, rng.Float64() < c), append(cluster, q)
			b = append(b, min(max(c+0.15*rng.NormFloat64(), 0), 1))
		}
	}
	figures := []Metric{MetricAUROC, MetricBrier}
	d, err := BootstrapDifferences(a, b, correct, cluster, figures, resampling(DefaultResamples, 1))
	if err != nil {
		t.Fatal(err)
	}
	of := func(conf []float64) ([]Interval, *Sample) {
		intervals, err := BootstrapClusters(conf, correct, cluster, figures, resampling(DefaultResamples, 1))
		if err != nil {
			t.Fatal(err)
		}
		s, _ := NewSample(conf, correct)
		return intervals, s
	}
	ia, sa := of(a)
	ib, sb := of(b)
	for k, figure := range figures {
		va, _ := sa.Value(figure, DefaultBinning())
		vb, _ := sb.Value(figure, DefaultBinning())
		if !(d[k].Low < va-vb && va-vb < d[k].High) {
			t.Errorf("figure %d: %v is not in %+v", figure, va-vb, d[k])
		}
		if d[k].Low < 0 && d[k].High > 0 || ia[k].High < ib[k].Low || ib[k].High < ia[k].Low {
			t.Errorf("figure %d: %+v and %+v differ by %+v: want a difference clear of 0 and intervals that overlap", figure, ia[k], ib[k], d[k])
		}
		back, err := BootstrapDifferences(b, a, correct, cluster, figures, resampling(DefaultResamples, 1))
		if err != nil || math.Abs(back[k].Low+d[k].High) > 1e-12 || math.Abs(back[k].High+d[k].Low) > 1e-12 {
			t.Errorf("figure %d: %+v one way and %+v the other, %v", figure, d[k], back[k], err)
		}
	}
	if _, err := BootstrapDifferences(a, b[1:], correct, cluster, figures, DefaultResampling()); err == nil {
		t.Error("no error for confidences of other answers")
	}
}
