package metrics

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/finece/finece/metrics/portable"
)

// TestPointsOfKeys: sorted keys give the sums that tied groups give, bit by bit, also at the ends
// of the range, where the NLL clips.
func TestPointsOfKeys(t *testing.T) {
	ends := []float64{0, 5e-324, 1e-300, 1e-17, NLLEpsilon, 0x1p-56, 0x1p-20, 0x1p-11, 0.1, 1 - 0x1p-53, 1 - NLLEpsilon/2, 1 - NLLEpsilon, 1}
	for _, shape := range shapes[:2] {
		for _, ties := range []int{1, 3} {
			conf, correct := simulated(3*pointBlock*pointBlock/100, shape.draw)
			for i := range conf {
				if i%50 == 0 {
					conf[i] = ends[i/50%len(ends)]
				}
				conf[i] = conf[i-i%ties]
			}
			keys, right, _ := new(sorter).sort(conf, correct)
			ofKeys := &Sample{keys: keys, right: right, wrong: uint64(len(keys)) - right}
			ofGroups := &Sample{keys: keys, right: right, wrong: uint64(len(keys)) - right}
			ofGroups.tied()
			for rule := range ruleCount {
				o := options(func(o *Options) { o.Binning, o.Risk = Binning{rule, 15}, 0.6 })
				got, want := ofKeys.together(&o), ofGroups.together(&o)
				if got.clipped != want.clipped || want.clipped == 0 {
					t.Errorf("%s, rule %d: %d clipped, want %d", shape.name, rule, got.clipped, want.clipped)
				}
				if got.atRisk != want.atRisk {
					t.Errorf("%s, rule %d: %+v, want %+v", shape.name, rule, got.atRisk, want.atRisk)
				}
				for i, v := range []float64{got.mean, got.brier, got.nll, got.mass, got.smooth, got.atCoverage} {
					if w := []float64{want.mean, want.brier, want.nll, want.mass, want.smooth, want.atCoverage}[i]; v != w {
						t.Errorf("%s, rule %d: figure %d is %v, want %v", shape.name, rule, i, v, w)
					}
				}
				for i := range got.tally.slots {
					if got.tally.slots[i] != want.tally.slots[i] {
						t.Errorf("%s, rule %d: bin %d is %+v, want %+v", shape.name, rule, i, got.tally.slots[i], want.tally.slots[i])
					}
				}
			}
		}
	}
}

func TestAddAll(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 32))
	for range 200 {
		all := make([]float64, rng.IntN(5000))
		for i := range all {
			all[i] = math.Ldexp(rng.Float64(), 5-rng.IntN(80))
		}
		if len(all) > 2 {
			all[0], all[1] = 0, 5e-324
		}
		var got, want sum
		got.addAll(all)
		for _, x := range all {
			want.add(x, 1)
		}
		if got != want {
			t.Fatalf("%d numbers: %v, want %v", len(all), got.value(), want.value())
		}
	}
	// The largest significand, as often as fits.
	all := make([]float64, 1<<13)
	for i := range all {
		all[i] = 1 - 0x1p-53
	}
	var got, want sum
	got.addAll(all)
	if want.add(1-0x1p-53, 1<<13); got != want {
		t.Errorf("%v, want %v", got.value(), want.value())
	}
}

// TestEvaluateAndBootstrap: it gives what both methods give.
func TestEvaluateAndBootstrap(t *testing.T) {
	all := []Metric{MetricAccuracy, MetricECE, MetricBrier, MetricNLL, MetricAUROC, MetricAUPRC, MetricAURC, MetricAUGRC, MetricPRR, MetricBrierSkill}
	for _, n := range []int{300, condenseFrom, countFrom} {
		conf, correct := simulated(n, shapes[0].draw)
		for _, rule := range []Rule{RightClosed, EqualMass} {
			s := must[*Sample](t)(NewSample(conf, correct))
			o := options(func(o *Options) { o.Interval, o.Binning = DeLong, Binning{rule, 10} })
			r := resampling(11, 3) // not a multiple of lanes
			r.Binning = o.Binning
			summary, intervals, err := s.EvaluateAndBootstrap(o, all, r)
			if err != nil {
				t.Fatal(err)
			}
			want := must[Summary](t)(s.Evaluate(o))
			var got, wanted []float64
			summary.Each(func(_ string, v float64) { got = append(got, v) })
			want.Each(func(_ string, v float64) { wanted = append(wanted, v) })
			for i := range got {
				if got[i] != wanted[i] {
					t.Errorf("n = %d: figure %d is %v, want %v", n, i, got[i], wanted[i])
				}
			}
			for k, iv := range must[[]Interval](t)(s.Bootstraps(all, r)) {
				if intervals[k] != iv {
					t.Errorf("n = %d: interval %d is %+v, want %+v", n, k, intervals[k], iv)
				}
				if v := must[float64](t)(s.Value(all[k], r.Binning)); summary.metric(all[k]) != v {
					t.Errorf("n = %d: metric %d is %v, want %v", n, all[k], summary.metric(all[k]), v)
				}
			}
		}
		s := must[*Sample](t)(NewSample(conf, correct))
		if _, _, err := s.EvaluateAndBootstrap(options(func(o *Options) { o.Risk = 2 }), all, resampling(5, 0)); err != ErrOption {
			t.Errorf("n = %d: %v", n, err)
		}
		if _, _, err := s.EvaluateAndBootstrap(DefaultOptions(), []Metric{metricCount}, resampling(5, 0)); err != ErrMetric {
			t.Errorf("n = %d: %v", n, err)
		}
	}
}

// plainly is rejected without the squeezes of heights.
func (s *splitMix) plainly(trials uint64, p float64) uint64 {
	n := float64(trials)
	spread := math.Sqrt(float64(n*p) * (1 - p))
	b := 1.15 + float64(2.53*spread)
	a := -0.0873 + float64(0.0248*b) + float64(0.01*p)
	centre := float64(n*p) + 0.5
	for {
		u, v := s.uniform()-0.5, s.uniform()
		us := 0.5 - math.Abs(u)
		k := math.Floor(float64((2*a/us+b)*u) + centre)
		if us >= 0.07 && v <= 0.92-4.2/b {
			return uint64(k)
		}
		if k < 0 || k > n {
			continue
		}
		alpha := float64((2.83 + 5.1/b) * spread)
		if portable.Log(float64(v*alpha)/(a/float64(us*us)+b)) <= logRatio(n, p, k, math.Floor(float64((n+1)*p))) {
			return uint64(k)
		}
	}
}

// TestSqueezes: the squeezes change no draw.
func TestSqueezes(t *testing.T) {
	rng := rand.New(rand.NewPCG(33, 34))
	for range 3000 {
		n := uint64(math.Exp(3.1 + rng.Float64()*(math.Log(math.MaxUint32)-3.1)))
		low := math.Log(10 / float64(n))
		p := math.Exp(low + rng.Float64()*(math.Log(0.5)-low))
		state := splitMix(rng.Uint64())
		same := state
		for range 100 {
			if got, want := state.rejected(n, p), same.plainly(n, p); got != want || state != same {
				t.Fatalf("n = %d, p = %v: drew %d, want %d", n, p, got, want)
			}
		}
	}
}

// TestHeights: the bounds hold at all distances from the mode, by exact ratios of neighbouring
// probabilities.
func TestHeights(t *testing.T) {
	rng := rand.New(rand.NewPCG(35, 36))
	for range 300 {
		n := math.Floor(math.Exp(3.1 + 13*rng.Float64()))
		low := math.Log(10 / n)
		p := math.Exp(low + rng.Float64()*(math.Log(0.5)-low))
		mode, spread := math.Floor((n+1)*p), math.Sqrt(n*p*(1-p))
		for _, up := range []bool{true, false} {
			var ratio compensated
			for d := 0.0; d < min(5000, spread*spread/2-1) && mode-d >= 0; d++ {
				if low, high := heights(d, spread); !(low <= ratio.value() && ratio.value() <= high) {
					t.Fatalf("n = %v, p = %v, mode %v, distance %v: %v is not from %v to %v", n, p, mode, d, ratio.value(), low, high)
				}
				if k := mode + d; up {
					ratio.add(math.Log((n - k) / (k + 1) * p / (1 - p)))
				} else {
					k = mode - d
					ratio.add(math.Log(k / (n - k + 1) * (1 - p) / p))
				}
			}
		}
	}
}

// TestDrawnTogether: resamples that are drawn at once are those that are drawn one by one.
func TestDrawnTogether(t *testing.T) {
	conf, correct := simulated(countFrom, shapes[1].draw)
	s := must[*Sample](t)(NewSample(conf, correct))
	p := condensed(s, nil, DefaultBinning())
	p.chances = chancesOf(p.groups)
	draws, states := make([][]*resample, lanes), make([]splitMix, lanes)
	for j := range draws {
		draws[j], states[j] = []*resample{p.resample()}, splitMix(j)
	}
	take(draws, nil, states)
	for j := range draws {
		alone := p.resample()
		take([][]*resample{{alone}}, nil, []splitMix{splitMix(j)})
		if alone.right != draws[j][0].right || alone.right+alone.wrong != countFrom {
			t.Errorf("%d: %d right and %d wrong, want %d right", j, draws[j][0].right, draws[j][0].wrong, alone.right)
		}
		for i, n := range alone.counts {
			if n != draws[j][0].counts[i] {
				t.Fatalf("%d: cell %d has %d, want %d", j, i, draws[j][0].counts[i], n)
			}
		}
	}
}
