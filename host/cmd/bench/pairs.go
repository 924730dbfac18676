package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"time"

	"gonum.org/v1/gonum/integrate"
	"gonum.org/v1/gonum/stat"

	"github.com/finece/finece/host/wazero"
	"github.com/finece/finece/metrics"
)

// pairs compares AUROC and ECE with gonum's AUROC, measures how the time grows, and sends 100
// million pairs through an accumulator.
func pairs(t *table, _ *wazero.Engine) error {
	const n = 1_000_000
	for _, shape := range []struct {
		name string
		draw func(*rand.Rand) float64
	}{
		{"uniform", (*rand.Rand).Float64},
		{"multiples of 1/30", func(r *rand.Rand) float64 { return float64(r.IntN(31)) / 30 }},
	} {
		conf, correct := draw(n, shape.draw)
		sortedConf, sortedCorrect := make([]float64, n), make([]bool, n)
		var sample metrics.Sample
		var ours, theirs float64
		times := contest(
			func() { ours = evaluate(&sample, conf, correct) },
			func() {
				copy(sortedConf, conf)
				copy(sortedCorrect, correct)
				stat.SortWeightedLabeled(sortedConf, sortedCorrect, nil)
				tpr, fpr, _ := stat.ROC(nil, sortedConf, sortedCorrect, nil)
				theirs = integrate.Trapezoidal(fpr, tpr)
			},
		)
		if math.Abs(ours-theirs) > 1e-9 {
			return fmt.Errorf("AUROC %v, gonum has %v", ours, theirs)
		}
		t.row("AUROC + ECE of 1,000,000 pairs, "+shape.name, fmt.Sprintf("%.1f ms, %.1f x gonum's AUROC alone",
			times[0].median().Seconds()*1e3, ratio(times[1], times[0])), "at least 10 x")
	}

	var perPair string
	for _, n := range []int{100_000, 1_000_000, 10_000_000} {
		conf, correct := draw(n, (*rand.Rand).Float64)
		var sample metrics.Sample
		t := contest(func() { evaluate(&sample, conf, correct) })[0].median()
		perPair += fmt.Sprintf("%.1f ", float64(t.Nanoseconds())/float64(n))
	}
	t.row("  ns for each pair, of 10^5, 10^6 and 10^7 pairs", perPair, "linear")

	accumulator, err := metrics.NewAccumulator(metrics.DefaultBinning())
	if err != nil {
		return err
	}
	const many = 100_000_000
	rng := rand.New(rand.NewPCG(1, 2))
	before := heap()
	start := time.Now()
	for range many {
		c := rng.Float64()
		accumulator.Add(c, rng.Float64() < c)
	}
	elapsed := time.Since(start)
	ece, err := accumulator.ECE()
	if err != nil {
		return err
	}
	t.row("100,000,000 pairs added one by one to an accumulator", fmt.Sprintf("%.1f s, %.0f KB more heap, ECE %.5f",
		elapsed.Seconds(), max(0, float64(int64(heap())-int64(before))/1024), ece), "constant memory")
	return nil
}

func evaluate(s *metrics.Sample, conf []float64, correct []bool) float64 {
	if err := s.Reset(conf, correct); err != nil {
		return math.NaN()
	}
	if _, err := s.ECE(metrics.DefaultBinning()); err != nil {
		return math.NaN()
	}
	auroc, _ := s.AUROC()
	return auroc
}

func draw(n int, confidence func(*rand.Rand) float64) ([]float64, []bool) {
	rng := rand.New(rand.NewPCG(7, uint64(n)))
	conf, correct := make([]float64, n), make([]bool, n)
	for i := range conf {
		conf[i] = confidence(rng)
		correct[i] = rng.Float64() < conf[i]
	}
	return conf, correct
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
