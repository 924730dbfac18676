package metrics

import (
	"math"
	"math/rand/v2"
	"sort"
	"testing"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat"
)

// Plain versions of the definitions, quadratic or over random orders. The package is compared
// with them.

// wins is 1, 1/2 or 0 for a correct answer's confidence over a wrong one's.
func wins(right, wrong float64) float64 {
	switch {
	case right > wrong:
		return 1
	case right == wrong:
		return 0.5
	}
	return 0
}

func split(conf []float64, correct []bool) (right, wrong []float64) {
	for i, v := range conf {
		if correct[i] {
			right = append(right, v)
		} else {
			wrong = append(wrong, v)
		}
	}
	return right, wrong
}

func naiveAUROC(conf []float64, correct []bool) float64 {
	right, wrong := split(conf, correct)
	u := 0.0
	for _, r := range right {
		for _, w := range wrong {
			u += wins(r, w)
		}
	}
	return u / float64(len(right)*len(wrong))
}

// naiveECE takes bins (lo, hi], the first closed.
func naiveECE(conf []float64, correct []bool, bins int) float64 {
	ece := 0.0
	for b := range bins {
		lo, hi := float64(b)/float64(bins), float64(b+1)/float64(bins)
		gap := 0.0
		for i, v := range conf {
			if v <= hi && (v > lo || b == 0) {
				gap += v
				if correct[i] {
					gap--
				}
			}
		}
		ece += math.Abs(gap)
	}
	return ece / float64(len(conf))
}

// naiveAveragePrecision takes each distinct confidence as a threshold.
func naiveAveragePrecision(conf []float64, correct []bool) float64 {
	thresholds := append([]float64(nil), conf...)
	sort.Sort(sort.Reverse(sort.Float64Slice(thresholds)))
	right, _ := split(conf, correct)
	ap, before := 0.0, 0.0
	for _, t := range thresholds {
		tp, n := 0.0, 0.0
		for i, v := range conf {
			if v >= t {
				n++
				if correct[i] {
					tp++
				}
			}
		}
		recall := tp / float64(len(right))
		ap += (recall - before) * tp / n
		before = recall
	}
	return ap
}

// cumulativeRisk returns the errors among the first k pairs divided by k, in one order.
func cumulativeRisk(order []int, correct []bool) (risks []float64, errs []float64) {
	e := 0.0
	for k, i := range order {
		if !correct[i] {
			e++
		}
		risks = append(risks, e/float64(k+1))
		errs = append(errs, e)
	}
	return risks, errs
}

// shuffledOrders calls visit with confidence-descending orders whose ties are
// broken at random.
func shuffledOrders(conf []float64, times int, visit func(order []int)) {
	rng := rand.New(rand.NewPCG(11, 12))
	for range times {
		order := rng.Perm(len(conf))
		sort.SliceStable(order, func(a, b int) bool { return conf[order[a]] > conf[order[b]] })
		visit(order)
	}
}

func TestRankingAgainstDefinition(t *testing.T) {
	number := must[float64](t)
	for _, c := range peerCases(t) {
		correct := c.labels()
		s := c.sample(t)
		for _, bins := range []int{1, 3, 10, 15, 30} {
			near(t, c.Name+": ECE", number(s.ECE(Binning{Bins: bins})), naiveECE(c.Conf, correct, bins), 1e-13)
		}
		if c.AUROC == nil {
			continue
		}
		near(t, c.Name+": AUROC", number(s.AUROC()), naiveAUROC(c.Conf, correct), 1e-15)
		near(t, c.Name+": AP", number(s.AveragePrecision()), naiveAveragePrecision(c.Conf, correct), 1e-14)
	}
}

// TestSelectiveAgainstShuffles averages the plain definitions over random orders of the tied
// pairs. The tolerances are about six standard errors.
func TestSelectiveAgainstShuffles(t *testing.T) {
	number := must[float64](t)
	for _, c := range peerCases(t) {
		correct, n := c.labels(), float64(len(c.Conf))
		s := c.sample(t)
		const times = 4000
		var aurc, augrc, risk []float64
		k := int(math.Ceil(0.6 * n))
		shuffledOrders(c.Conf, times, func(order []int) {
			risks, errs := cumulativeRisk(order, correct)
			aurc = append(aurc, stat.Mean(risks, nil))
			// Trapezoid over coverages 0, 1/n, ..., 1 of errors/n.
			area := 0.0
			before := 0.0
			for _, e := range errs {
				area += (before + e) / 2 / n / n
				before = e
			}
			augrc = append(augrc, area)
			risk = append(risk, risks[k-1])
		})
		within := func(x []float64) float64 { return 6*stat.StdDev(x, nil)/math.Sqrt(times) + 1e-12 }
		near(t, c.Name+": AURC", number(s.AURC()), stat.Mean(aurc, nil), within(aurc))
		near(t, c.Name+": AUGRC", number(s.AUGRC()), stat.Mean(augrc, nil), within(augrc))
		near(t, c.Name+": risk at coverage", number(s.RiskAtCoverage(float64(k)/n)), stat.Mean(risk, nil), within(risk)+1e-9)
	}
}

// TestPRRAgainstShuffles follows lm-polygraph: areas are means of the accuracy
// of the k kept answers, random is the mean over shuffles.
func TestPRRAgainstShuffles(t *testing.T) {
	for _, c := range peerCases(t) {
		if c.AUROC == nil {
			continue
		}
		correct := c.labels()
		area := func(order []int) float64 {
			risks, _ := cumulativeRisk(order, correct)
			return 1 - stat.Mean(risks, nil)
		}
		const times = 4000
		var score, random []float64
		shuffledOrders(c.Conf, times, func(o []int) { score = append(score, area(o)) })
		shuffledOrders(make([]float64, len(c.Conf)), times, func(o []int) { random = append(random, area(o)) })
		perfect := make([]float64, len(c.Conf))
		for i, v := range correct {
			if v {
				perfect[i] = 1
			}
		}
		var oracle float64
		shuffledOrders(perfect, 1, func(o []int) { oracle = area(o) })
		r := stat.Mean(random, nil)
		spread := 6 * (stat.StdDev(score, nil) + 2*stat.StdDev(random, nil)) / math.Sqrt(times)
		want := (stat.Mean(score, nil) - r) / (oracle - r)
		got, err := c.sample(t).PRR()
		if err != nil {
			t.Error(err)
		}
		near(t, c.Name+": PRR", got, want, spread/(oracle-r)*(1+math.Abs(want))+1e-12)
	}
}

// naiveDeLong is the variance by placements over all pairs.
func naiveDeLong(conf []float64, correct []bool) float64 {
	v10, v01 := naivePlacements(conf, correct)
	return stat.Variance(v10, nil)/float64(len(v10)) + stat.Variance(v01, nil)/float64(len(v01))
}

func TestDeLong(t *testing.T) {
	for _, c := range peerCases(t) {
		if c.AUROC == nil || c.Name == "two near one" {
			continue
		}
		iv, err := c.sample(t).DeLong(0.9)
		if err != nil {
			t.Fatal(err)
		}
		half := mathext.NormalQuantile(0.95) * math.Sqrt(naiveDeLong(c.Conf, c.labels()))
		near(t, c.Name+": low", iv.Low, max(0, *c.AUROC-half), 1e-13)
		near(t, c.Name+": high", iv.High, min(1, *c.AUROC+half), 1e-13)
	}
}

func TestNormalQuantileAgreesWithGonum(t *testing.T) {
	for level := 0.5; level <= 0.999999; level += 0.00037 {
		z, err := twoSidedZ(level)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "quantile", z, mathext.NormalQuantile(1-(1-level)/2), 1e-12)
	}
	for _, level := range []float64{0, 0.4, 1, -1, 2, math.NaN(), math.Inf(1)} {
		if _, err := twoSidedZ(level); err != ErrLevel {
			t.Errorf("level %v: %v, want ErrLevel", level, err)
		}
	}
}

// TestWilson: the ends solve |p - k/n| = z sqrt(p(1-p)/n), by definition.
func TestWilson(t *testing.T) {
	for _, c := range []struct{ k, n uint64 }{{1, 30}, {15, 30}, {29, 30}, {7, 10}, {123456, 1000000}} {
		iv, err := WilsonInterval(c.k, c.n, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		z, n := mathext.NormalQuantile(0.975), float64(c.n)
		for _, p := range []float64{iv.Low, iv.High} {
			near(t, "score equation", math.Abs(p-float64(c.k)/n), z*math.Sqrt(p*(1-p)/n), 1e-14)
		}
	}
	none, _ := WilsonInterval(0, 30, 0.95)
	all, _ := WilsonInterval(30, 30, 0.95)
	if none.Low != 0 || !(none.High > 0.05) || all.High != 1 || !(all.Low < 0.95) {
		t.Errorf("0 of 30: %v, 30 of 30: %v", none, all)
	}
	if _, err := WilsonInterval(0, 0, 0.95); err != ErrEmpty {
		t.Errorf("0 of 0: %v, want ErrEmpty", err)
	}
	if _, err := WilsonInterval(2, 1, 0.95); err != ErrCount {
		t.Errorf("2 of 1: %v, want ErrCount", err)
	}
}
