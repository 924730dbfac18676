package fit

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/finece/finece/metrics"
	"github.com/finece/finece/metrics/calibrate"
)

// Scores say how good confidences are: expected calibration error over Options.Bins bins of
// equal width, Brier score, and negative log-likelihood in nats. Lower is better for all.
type Scores struct {
	ECE   Figure `json:"ece"`
	Brier Figure `json:"brier"`
	NLL   Figure `json:"nll"`
}

// Figure is a value and its bootstrap interval over questions. The interval is the percentile
// interval, for the ECE the basic one (see [metrics.Interval.Around]).
type Figure struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// scored are the metrics of Scores, in order.
var scored = []metrics.Metric{metrics.MetricECE, metrics.MetricBrier, metrics.MetricNLL}

// outcomes returns one entry for each outcome of the rows. conf has the confidence of each
// row.
func outcomes(rows []Row, conf []float64) (p []float64, correct []bool, group []int) {
	for i := range rows {
		for k := range rows[i].N {
			p = append(p, conf[i])
			correct = append(correct, k < rows[i].Correct)
			group = append(group, rows[i].Group)
		}
	}
	return p, correct, group
}

// scoresOf returns the scores of rows whose confidences are conf.
func scoresOf(rows []Row, conf []float64, o *Options) (s Scores, err error) {
	p, correct, group := outcomes(rows, conf)
	sample, err := metrics.NewSample(p, correct)
	if err != nil {
		return s, err
	}
	binning := metrics.Binning{Bins: o.Bins}
	intervals, err := metrics.BootstrapClusters(p, correct, group, scored, metrics.Resampling{
		Resamples: o.Resamples, Level: o.Level, Seed: o.Seed, Binning: binning,
	})
	if err != nil {
		return s, err
	}
	ece, err1 := sample.ECE(binning)
	brier, err2 := sample.Brier()
	nll, _, err3 := sample.NLL()
	intervals[0] = intervals[0].Around(ece)
	for i, v := range []float64{ece, brier, nll} {
		*[]*Figure{&s.ECE, &s.Brier, &s.NLL}[i] = Figure{v, intervals[i].Low, intervals[i].High}
	}
	return s, errors.Join(err1, err2, err3)
}

func confidences(rows []Row) []float64 {
	out := make([]float64, len(rows))
	for i := range rows {
		out[i] = rows[i].Confidence
	}
	return out
}

// folds divides the groups into folds by a seeded shuffle. It returns the fold of each row,
// which does not depend on the order of the rows.
func folds(rows []Row, n int, seed uint64) ([]int, error) {
	groups := make([]int, 0, len(rows))
	for i := range rows {
		groups = append(groups, rows[i].Group)
	}
	slices.Sort(groups)
	groups = slices.Compact(groups)
	if n < 2 {
		return nil, fmt.Errorf("fit: %d folds: want at least 2", n)
	}
	if len(groups) < n {
		return nil, fmt.Errorf("fit: %d questions are too few for %d folds", len(groups), n)
	}
	rand.New(rand.NewPCG(seed, 0x666f6c6473)).Shuffle(len(groups), func(i, j int) { groups[i], groups[j] = groups[j], groups[i] })
	of := make(map[int]int, len(groups))
	for i, g := range groups {
		of[g] = i % n
	}
	out := make([]int, len(rows))
	for i := range rows {
		out[i] = of[rows[i].Group]
	}
	return out, nil
}

// outOfFold returns the value of each row by a map that was fitted without the row's fold.
func outOfFold(rows []Row, fold []int, n int, fit func(train []Row) (calibrate.Map, error)) ([]float64, error) {
	out := make([]float64, len(rows))
	var train []Row
	for f := range n {
		train = train[:0]
		held := 0
		for i := range rows {
			if fold[i] != f {
				train = append(train, rows[i])
			} else {
				held++
			}
		}
		if held == 0 {
			continue
		}
		m, err := fit(train)
		if err != nil {
			return nil, fmt.Errorf("without fold %d: %w", f+1, err)
		}
		for i := range rows {
			if fold[i] == f {
				out[i] = m.Apply(rows[i].Confidence)
			}
		}
	}
	return out, nil
}
