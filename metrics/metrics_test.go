package metrics

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// options are the defaults with a change.
func options(change func(*Options)) Options {
	o := DefaultOptions()
	change(&o)
	return o
}

func resampling(resamples int, seed uint64) Resampling {
	r := DefaultResampling()
	r.Resamples, r.Seed = resamples, seed
	return r
}

func sampleOf(t *testing.T, conf []float64, correct ...int) *Sample {
	t.Helper()
	c := peerCase{Conf: conf, Correct: correct}
	return c.sample(t)
}

// TestBinEdges compares the rules at edges where they differ. The figures are computed by hand.
func TestBinEdges(t *testing.T) {
	for _, c := range []struct {
		name    string
		rule    Rule
		bins    int
		conf    []float64
		correct []int
		want    float64
	}{
		{"an edge belongs to the bin below it", RightClosed, 10, []float64{0.3, 0.31}, []int{1, 0}, (0.7 + 0.31) / 2},
		{"an edge belongs to the bin above it (netcal)", Netcal, 2, []float64{0.5, 0.6}, []int{1, 0}, 0.1 / 2},
		{"the same by the default", RightClosed, 2, []float64{0.5, 0.6}, []int{1, 0}, (0.5 + 0.6) / 2},
		{"zero is in the first bin", RightClosed, 10, []float64{0, 0}, []int{1, 1}, 1},
		{"zero is in no bin but counts (guo)", Guo, 10, []float64{0, 0.4}, []int{1, 0}, 0.4 / 2},
		{"0.6 is over edge 9 of 15 (guo)", Guo, 15, []float64{0.6, 0.64}, []int{1, 0}, (0.6 + 0.64 - 1) / 2},
		{"it is at that edge by the default", RightClosed, 15, []float64{0.6, 0.64}, []int{1, 0}, (0.4 + 0.64) / 2},
		{"0.8 is not over edge 12 of 15 (guo)", Guo, 15, []float64{0.8, 0.81}, []int{1, 0}, (0.2 + 0.81) / 2},
		{"zero in float32 is in no bin (guo)", Guo, 10, []float64{1e-50, 0.4}, []int{1, 0}, 0.4 / 2},
		{"one shares the last bin", RightClosed, 10, []float64{0.95, 1}, []int{1, 0}, 0.475},
		{"one has a bin of its own (torchmetrics)", Torchmetrics, 10, []float64{0.95, 1}, []int{1, 0}, 0.525},
		{"equal mass cuts after rank n/2", EqualMass, 2, []float64{0.1, 0.2, 0.3, 0.9}, []int{0, 1, 1, 1}, (0.7 + 0.8) / 4},
		{"equal mass never cuts a tie", EqualMass, 2, []float64{0.1, 0.5, 0.5, 0.5}, []int{0, 1, 1, 0}, 0.4 / 4},
		{"equal mass of one value", EqualMass, 10, []float64{0.25, 0.25}, []int{0, 1}, 0.25},
	} {
		t.Run(c.name, func(t *testing.T) {
			near(t, "ECE", must[float64](t)(sampleOf(t, c.conf, c.correct...).ECE(Binning{c.rule, c.bins})), c.want, 1e-15)
		})
	}
}

// TestTenthsFallOnTheirOwnEdge: with ten bins, k/10 is the upper end of bin k-1, computed or
// parsed, even where 0.1*k is another number.
func TestTenthsFallOnTheirOwnEdge(t *testing.T) {
	p := DefaultBinning().fixed()
	for k, v := range []float64{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1} {
		if got, _ := p.place(v); got != max(k-1, 0) {
			t.Errorf("%v is in bin %d, want %d", v, got, max(k-1, 0))
		}
		if got, _ := p.place(math.Nextafter(v, 2)); k < 10 && got != k {
			t.Errorf("just over %v is in bin %d, want %d", v, got, k)
		}
	}
}

func TestSelectiveByHand(t *testing.T) {
	// Descending: right, {wrong, right} tied, wrong. E = 0, 1/2, 1, 2.
	s, number := sampleOf(t, []float64{0.9, 0.6, 0.6, 0.1}, 1, 0, 1, 0), must[float64](t)
	near(t, "AURC", number(s.AURC()), (0+0.5/2+1.0/3+2.0/4)/4, 1e-16)
	near(t, "AUROC", number(s.AUROC()), 3.5/4, 0)
	near(t, "AUGRC", number(s.AUGRC()), (1-3.5/4)*0.25+0.125, 1e-16)
	near(t, "PRR", number(s.PRR()), (0.5-(0.25+1.0/3+0.5)/4)/(0.5-(1.0/3+0.5)/4), 1e-15)
	near(t, "risk at half", number(s.RiskAtCoverage(0.5)), 0.25, 1e-16)
	for _, c := range []struct{ risk, coverage, threshold float64 }{
		{0, 0.25, 0.9}, {0.3, 0.25, 0.9}, {0.34, 0.75, 0.6}, {0.5, 1, 0.1}, {1, 1, 0.1},
	} {
		o, err := s.CoverageAtRisk(c.risk)
		if err != nil || o.Coverage != c.coverage || o.Threshold != c.threshold {
			t.Errorf("coverage at risk %v = %+v, %v; want %v at %v", c.risk, o, err, c.coverage, c.threshold)
		}
	}
	o, err := sampleOf(t, []float64{0.9, 0.1}, 0, 1).CoverageAtRisk(0.1)
	if err != nil || o.Coverage != 0 || !math.IsNaN(o.Threshold) {
		t.Errorf("no threshold reaches the risk: %+v, %v", o, err)
	}
	if _, err := s.CoverageAtRisk(math.NaN()); err != ErrOption {
		t.Errorf("risk NaN: %v", err)
	}
	if _, err := s.RiskAtCoverage(0); err != ErrOption {
		t.Errorf("coverage 0: %v", err)
	}
}

// TestHarmonic compares the closed form with its terms.
func TestHarmonic(t *testing.T) {
	for _, c := range [][2]uint64{{0, 1}, {0, 300}, {255, 5000}, {256, 257}, {1000, 100000}, {7, 7}, {1 << 20, 1<<20 + 5000}} {
		want := 0.0
		for k := c[1]; k > c[0]; k-- {
			want += 1 / float64(k)
		}
		near(t, "harmonic", harmonic(c[0], c[1]), want, 1e-13)
	}
}

func TestBrierDecompositionIdentity(t *testing.T) {
	for _, c := range peerCases(t) {
		s := c.sample(t)
		for rule := range ruleCount {
			for _, bins := range []int{1, 5, 10, 15} {
				d, err := s.BrierDecomposition(Binning{rule, bins})
				if err != nil {
					t.Fatal(err)
				}
				near(t, c.Name, d.Reliability-d.Resolution+d.Uncertainty+d.WithinVariance-d.WithinCovariance, d.Brier, 1e-14)
			}
		}
	}
	// By hand: one bin, f = 0.2 and 0.4, y = 0 and 1.
	d, err := sampleOf(t, []float64{0.2, 0.4}, 0, 1).BrierDecomposition(Binning{Bins: 1})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "Brier", d.Brier, (0.04+0.36)/2, 1e-16)
	near(t, "reliability", d.Reliability, 0.04, 1e-16)
	near(t, "resolution", d.Resolution, 0, 0)
	near(t, "uncertainty", d.Uncertainty, 0.25, 0)
	near(t, "within variance", d.WithinVariance, 0.01, 1e-16)
	near(t, "within covariance", d.WithinCovariance, 2*(0.1*0.5+0.1*0.5)/2, 1e-16)
}

func TestNLLClips(t *testing.T) {
	nll, clipped, err := sampleOf(t, []float64{1, 0, 0.5, 1}, 0, 1, 1, 1).NLL()
	if err != nil || clipped != 2 {
		t.Errorf("clipped %d (%v), want 2", clipped, err)
	}
	near(t, "NLL", nll, (2*15*math.Ln10+math.Ln2)/4, 1e-3) // 1 - (1-1e-15) is 9.99e-16
}

func TestUndefined(t *testing.T) {
	type figure struct {
		name string
		of   func(*Sample) (float64, error)
	}
	ranked := []figure{
		{"AUROC", (*Sample).AUROC},
		{"Brier skill", (*Sample).BrierSkill},
		{"PRR", (*Sample).PRR},
		{"DeLong", func(s *Sample) (float64, error) { iv, err := s.DeLong(0.95); return iv.Low, err }},
		{"bootstrap of AUROC", func(s *Sample) (float64, error) {
			iv, err := s.Bootstrap(MetricAUROC, resampling(3, 0))
			return iv.Low, err
		}},
	}
	always := []figure{
		{"accuracy", (*Sample).Accuracy},
		{"mean confidence", (*Sample).MeanConfidence},
		{"AURC", (*Sample).AURC},
		{"AUGRC", (*Sample).AUGRC},
		{"Brier", (*Sample).Brier},
		{"NLL", func(s *Sample) (float64, error) { v, _, err := s.NLL(); return v, err }},
		{"smooth ECE", func(s *Sample) (float64, error) { v, _, err := s.SmoothECE(); return v, err }},
		{"ECE", func(s *Sample) (float64, error) { return s.ECE(DefaultBinning()) }},
		{"equal-mass ECE", func(s *Sample) (float64, error) { return s.ECE(Binning{Rule: EqualMass, Bins: 10}) }},
		{"MCE", func(s *Sample) (float64, error) { return s.MCE(DefaultBinning()) }},
		{"debiased ECE", func(s *Sample) (float64, error) { return s.DebiasedECE(DefaultBinning()) }},
		{"risk at coverage", func(s *Sample) (float64, error) { return s.RiskAtCoverage(0.5) }},
	}
	empty := sampleOf(t, nil)
	one := sampleOf(t, []float64{0.2, 0.8}, 1, 1)
	for _, f := range append(ranked, always...) {
		if v, err := f.of(empty); !math.IsNaN(v) || !errors.Is(err, ErrEmpty) {
			t.Errorf("%s of nothing = %v, %v; want NaN, ErrEmpty", f.name, v, err)
		}
	}
	for _, f := range ranked {
		if v, err := f.of(one); !math.IsNaN(v) || !errors.Is(err, ErrOneClass) {
			t.Errorf("%s of one class = %v, %v; want NaN, ErrOneClass", f.name, v, err)
		}
	}
	for _, f := range always {
		if v, err := f.of(one); math.IsNaN(v) || err != nil {
			t.Errorf("%s of one class = %v, %v; it is defined", f.name, v, err)
		}
	}
	if _, err := sampleOf(t, []float64{0.2, 0.8, 0.9}, 1, 1, 0).DeLong(0.95); err != ErrTooFew {
		t.Errorf("DeLong with one wrong answer: %v, want ErrTooFew", err)
	}
}

func TestInvalidConfidences(t *testing.T) {
	many := make([]float64, 5000) // so many that they are sorted, not counted
	for i := range many {
		many[i] = float64(i) / 5000
	}
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), -1e-300, math.Nextafter(1, 2), -math.MaxFloat64} {
		for _, conf := range [][]float64{{0.5, bad, 0.7, bad}, append(append([]float64{}, many...), bad, bad)} {
			at := 1
			if len(conf) > 4 {
				at = len(conf) - 2
			}
			correct := make([]bool, len(conf))
			correct[0] = true
			_, err := ECE(conf, correct, DefaultBinning())
			_, err2 := AUROC(conf, correct)
			for _, err := range []error{err, err2} {
				var v *ValueError
				if !errors.As(err, &v) || v.Index != at || math.Float64bits(v.Value) != math.Float64bits(bad) {
					t.Errorf("%v at %d: %v", bad, at, err)
				}
			}
			r, err := Evaluate(conf, correct, options(func(o *Options) { o.SkipInvalid, o.Resamples = true, 2 }))
			if err != nil || r.Rejected != 2 || r.N != uint64(len(conf)-2) {
				t.Errorf("skipping %v: n %d, rejected %d, %v", bad, r.N, r.Rejected, err)
			}
		}
	}
	var l *LengthError
	if _, err := Evaluate([]float64{1}, nil, DefaultOptions()); !errors.As(err, &l) {
		t.Errorf("one confidence, no label: %v", err)
	}
	if v, err := AUROC([]float64{math.Copysign(0, -1), 0}, []bool{true, false}); err != nil || v != 0.5 {
		t.Errorf("-0 and 0 are tied: AUROC %v, %v", v, err)
	}
}

func TestWrongOptions(t *testing.T) {
	conf, correct := []float64{0.1, 0.9}, []bool{false, true}
	for _, b := range []Binning{{}, {Bins: -1}, {Bins: MaxBins + 1}, {Rule: ruleCount, Bins: 10}} {
		if _, err := ECE(conf, correct, b); err != ErrBinning {
			t.Errorf("%v: %v, want ErrBinning", b, err)
		}
		if _, err := NewAccumulator(b); err != ErrBinning {
			t.Errorf("accumulator of %v: %v, want ErrBinning", b, err)
		}
	}
	for _, c := range []struct {
		name string
		with func(*Options)
		want error
	}{
		{"level over 1", func(o *Options) { o.Level = 2 }, ErrLevel},
		{"level 0", func(o *Options) { o.Level = 0 }, ErrLevel},
		{"negative risk", func(o *Options) { o.Risk = -1 }, ErrOption},
		{"coverage 0", func(o *Options) { o.Coverage = 0 }, ErrOption},
		{"an interval of proportions", func(o *Options) { o.Interval = Wilson }, ErrMetric},
		{"negative bins", func(o *Options) { o.Binning.Bins = -3 }, ErrBinning},
		{"no bins", func(o *Options) { o.Binning.Bins = 0 }, ErrBinning},
		{"no resamples", func(o *Options) { o.Resamples = 0 }, ErrResamples},
	} {
		if _, err := Evaluate(conf, correct, options(c.with)); err != c.want {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	o := options(func(o *Options) { o.Interval, o.Resamples = DeLong, 0 })
	if _, err := Evaluate(conf, correct, o); err != nil {
		t.Errorf("DeLong draws nothing, yet no resamples: %v", err)
	}
}

// A maximum risk of 0 is allowed: it gives the largest share of answers without a wrong one.
func TestZeroRiskIsARisk(t *testing.T) {
	conf, correct := make([]float64, 100), make([]bool, 100)
	for i := range conf {
		conf[i], correct[i] = float64(i)/100, i != 50
	}
	r, err := Evaluate(conf, correct, options(func(o *Options) { o.Risk = 0 }))
	if err != nil || r.CoverageAtRisk.Coverage != 0.49 {
		t.Errorf("%+v, %v; want a coverage of 0.49", r.CoverageAtRisk, err)
	}
}

func TestSummaryOfOneClass(t *testing.T) {
	r, err := Evaluate([]float64{0.5, 0.9}, []bool{true, true}, DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	reasons := map[string]error{}
	for _, u := range r.Unavailable {
		reasons[u.Name] = u.Reason
	}
	if r.AUPRC != 1 {
		t.Errorf("the average precision of correct answers alone is %v, want 1", r.AUPRC)
	}
	for _, name := range []string{"auroc", "auroc_ci", "brier_skill", "prr"} {
		if reasons[name] != ErrOneClass {
			t.Errorf("%s: %v, want ErrOneClass", name, reasons[name])
		}
	}
	r.Each(func(name string, v float64) {
		undefined := name == "auroc_lower_bound" || name == "auroc_upper_bound" || name == "auroc_ci_low" || name == "auroc_ci_high" || reasons[name] != nil
		if math.IsNaN(v) != undefined {
			t.Errorf("%s = %v, reason %v", name, v, reasons[name])
		}
	})
}

// TestPermutationInvariance: the order of the pairs changes no bit of any figure.
func TestPermutationInvariance(t *testing.T) {
	rng := rand.New(rand.NewPCG(51, 52))
	for _, shape := range shapes {
		conf, correct := simulated(3000, shape.draw)
		o := options(func(o *Options) { o.Resamples = 20 })
		want, err := Evaluate(conf, correct, o)
		if err != nil {
			t.Fatal(err)
		}
		rng.Shuffle(len(conf), func(i, j int) {
			conf[i], conf[j] = conf[j], conf[i]
			correct[i], correct[j] = correct[j], correct[i]
		})
		got, err := Evaluate(conf, correct, o)
		if err != nil || !sameBits(got, want) {
			t.Errorf("%s: shuffled pairs give\n%+v, %v\nnot\n%+v", shape.name, got, err, want)
		}
		// The one-pass ECE and the sorted one have the same bits.
		for _, rule := range fixedRules {
			s, _ := NewSample(conf, correct)
			sorted, _ := s.ECE(Binning{rule, 7})
			if once, err := ECE(conf, correct, Binning{rule, 7}); err != nil || once != sorted {
				t.Errorf("%s, rule %d: one pass %v, sorted %v, %v", shape.name, rule, once, sorted, err)
			}
		}
	}
}

// TestComplement: 1-c is exact from 1/2 up, so the order of c reverses there.
func TestComplement(t *testing.T) {
	conf, correct := simulated(5000, func(r *rand.Rand) float64 { return 0.5 + r.Float64()/2 })
	auroc, err := AUROC(conf, correct)
	if err != nil {
		t.Fatal(err)
	}
	for i := range conf {
		conf[i] = 1 - conf[i]
	}
	near(t, "AUROC of 1-c", must[float64](t)(AUROC(conf, correct)), 1-auroc, 1e-15)
}

// TestSampleIsReused: no figure of AUROC and ECE allocates after the first time.
func TestSampleIsReused(t *testing.T) {
	conf, correct := simulated(5000, shapes[0].draw)
	var s Sample
	if allocs := testing.AllocsPerRun(3, func() {
		if err := s.Reset(conf, correct); err != nil {
			t.Fatal(err)
		}
		s.AUROC()
	}); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}
