package metrics

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"gonum.org/v1/gonum/integrate"
	"gonum.org/v1/gonum/stat"
)

// simulated draws n confidences, and outcomes that are right with these probabilities.
func simulated(n int, confidence func(*rand.Rand) float64) ([]float64, []bool) {
	rng := rand.New(rand.NewPCG(7, uint64(n)))
	conf, correct := make([]float64, n), make([]bool, n)
	for i := range conf {
		conf[i] = confidence(rng)
		correct[i] = rng.Float64() < conf[i]*conf[i]
	}
	return conf, correct
}

var shapes = []struct {
	name string
	draw func(*rand.Rand) float64
}{
	{"uniform", (*rand.Rand).Float64},
	{"near one", func(r *rand.Rand) float64 { return math.Exp(-r.ExpFloat64() / 20) }},
	{"thirtieths", func(r *rand.Rand) float64 { return float64(r.IntN(31)) / 30 }},
}

// gonumAUROC is the peer: sort the pairs, ROC, trapezoid. It sorts in place.
func gonumAUROC(conf []float64, correct []bool) float64 {
	stat.SortWeightedLabeled(conf, correct, nil)
	tpr, fpr, _ := stat.ROC(nil, conf, correct, nil)
	return integrate.Trapezoidal(fpr, tpr)
}

// BenchmarkMillionPairs times AUROC and ECE of 1,000,000 pairs, and in the same run gonum's
// AUROC. x-gonum is how many times as fast AUROC and ECE are as gonum's AUROC.
func BenchmarkMillionPairs(b *testing.B) {
	for _, shape := range shapes {
		b.Run(shape.name, func(b *testing.B) {
			conf, correct := simulated(1_000_000, shape.draw)
			sortedConf, sortedCorrect := make([]float64, len(conf)), make([]bool, len(conf))
			var s Sample
			var ours, theirs time.Duration
			for b.Loop() {
				start := time.Now()
				if err := s.Reset(conf, correct); err != nil {
					b.Fatal(err)
				}
				got, _ := s.AUROC()
				ece, _ := s.ECE(DefaultBinning())
				ours += time.Since(start)
				if !(ece >= 0) {
					b.Fatal(ece)
				}

				copy(sortedConf, conf)
				copy(sortedCorrect, correct)
				start = time.Now()
				want := gonumAUROC(sortedConf, sortedCorrect)
				theirs += time.Since(start)
				if math.Abs(got-want) > 1e-9 {
					b.Fatalf("AUROC %v, gonum has %v", got, want)
				}
			}
			b.ReportMetric(float64(ours.Nanoseconds())/float64(b.N), "ours-ns")
			b.ReportMetric(float64(theirs)/float64(ours), "x-gonum")
		})
	}
}

// BenchmarkScaling shows the time of a pair as n grows.
func BenchmarkScaling(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000, 10_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			conf, correct := simulated(n, shapes[0].draw)
			var s Sample
			for b.Loop() {
				if err := s.Reset(conf, correct); err != nil {
					b.Fatal(err)
				}
				s.AUROC()
				s.ECE(DefaultBinning())
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/pair")
		})
	}
}

// BenchmarkAccumulator streams pairs in constant memory: 100,000,000 with
// -benchtime=100000000x. B/state is the size of the state at the end.
func BenchmarkAccumulator(b *testing.B) {
	for _, shape := range shapes {
		b.Run(shape.name, func(b *testing.B) {
			const period = 1 << 16
			conf, correct := simulated(period, shape.draw)
			a, err := NewAccumulator(DefaultBinning())
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				a.Add(conf[i%period], correct[i%period])
			}
			b.StopTimer()
			buf, _ := a.AppendBinary(nil)
			b.ReportMetric(float64(len(buf)), "B/state")
		})
	}
}

// BenchmarkEvaluate is every figure of 100,000 pairs, with an interval by DeLong.
func BenchmarkEvaluate(b *testing.B) {
	conf, correct := simulated(100_000, shapes[0].draw)
	var s Sample
	for b.Loop() {
		if err := s.Reset(conf, correct); err != nil {
			b.Fatal(err)
		}
		if _, err := s.Evaluate(options(func(o *Options) { o.Interval = DeLong })); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBootstrap is the AUROC interval of 10,000 pairs by 1000 resamples.
func BenchmarkBootstrap(b *testing.B) {
	conf, correct := simulated(10_000, shapes[0].draw)
	s, err := NewSample(conf, correct)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.Bootstrap(MetricAUROC, DefaultResampling()); err != nil {
			b.Fatal(err)
		}
	}
}
