package metrics

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestBootstrapIsDeterministic(t *testing.T) {
	conf, correct := simulated(500, shapes[0].draw)
	s, _ := NewSample(conf, correct)
	first, err := s.Bootstrap(MetricAUROC, resampling(200, 5))
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(conf)
	slices.Reverse(correct)
	s, _ = NewSample(conf, correct)
	again, _ := s.Bootstrap(MetricAUROC, resampling(200, 5))
	other, _ := s.Bootstrap(MetricAUROC, resampling(200, 6))
	if first != again {
		t.Errorf("%+v, then on the reversed pairs %+v", first, again)
	}
	if first == other {
		t.Errorf("another seed gives the same: %+v", other)
	}
}

// TestBootstrapAgreesWithPlainOne draws pairs by a generator of its own and evaluates each
// resample from the beginning. The ends of two independent 95% intervals of 4000 resamples
// differ by far less than a tenth of the width.
func TestBootstrapAgreesWithPlainOne(t *testing.T) {
	conf, correct := simulated(300, shapes[2].draw)
	s, _ := NewSample(conf, correct)
	const times = 4000
	got, err := s.Bootstrap(MetricAUROC, resampling(times, 0))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(41, 42))
	c, y := make([]float64, len(conf)), make([]bool, len(conf))
	var values []float64
	for range times {
		for i := range c {
			k := rng.IntN(len(conf))
			c[i], y[i] = conf[k], correct[k]
		}
		values = append(values, naiveAUROC(c, y))
	}
	slices.Sort(values)
	low, high := values[times/40], values[times-times/40]
	near(t, "low", got.Low, low, (high-low)/10)
	near(t, "high", got.High, high, (high-low)/10)

	// For 300 pairs, DeLong's interval is close to it, too.
	d, _ := s.DeLong(0.95)
	near(t, "DeLong low", d.Low, low, (high-low)/5)
	near(t, "DeLong high", d.High, high, (high-low)/5)
}

func TestBootstrapOfEveryMetric(t *testing.T) {
	conf, correct := simulated(400, shapes[2].draw)
	s, _ := NewSample(conf, correct)
	for m := range metricCount {
		v, err := s.Value(m, DefaultBinning())
		if err != nil {
			t.Fatal(err)
		}
		iv, err := s.Bootstrap(m, resampling(300, 0))
		if err != nil || iv.Resamples != 300 || !(iv.Low < iv.High) {
			t.Errorf("metric %d: %+v, %v", m, iv, err)
		}
		if m != MetricECE && !(iv.Low < v && v < iv.High) {
			t.Errorf("metric %d: %v outside %+v", m, v, iv)
		}
	}
	if _, err := s.Bootstrap(metricCount, DefaultResampling()); err != ErrMetric {
		t.Errorf("unknown metric: %v", err)
	}
}

func TestBootstrapCountsOneClassResamples(t *testing.T) {
	s := sampleOf(t, []float64{0.2, 0.4, 0.9}, 0, 1, 1)
	iv, err := s.Bootstrap(MetricAUROC, resampling(2000, 0))
	// A resample lacks the wrong answer with probability (2/3)^3, and the right ones with (1/3)^3.
	want := 2000 * (8.0 + 1) / 27
	if err != nil || iv.Resamples+iv.Skipped != 2000 || math.Abs(float64(iv.Skipped)-want) > 6*math.Sqrt(want) {
		t.Errorf("%+v, %v; about %v resamples have one class", iv, err, want)
	}
}

func TestAutoTakesDeLongForMany(t *testing.T) {
	conf, correct := simulated(20_000, shapes[2].draw)
	s, _ := NewSample(conf, correct)
	for resamples, want := range map[int]Method{5: Percentile, 5001: DeLong} {
		r, err := s.Evaluate(options(func(o *Options) { o.Resamples = resamples }))
		if err != nil || r.AUROCInterval.Method != want {
			t.Errorf("%d resamples: %+v, %v", resamples, r.AUROCInterval, err)
		}
	}
}
