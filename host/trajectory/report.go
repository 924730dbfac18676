package trajectory

import (
	"github.com/finece/finece/metrics"
	"github.com/finece/finece/wasm/estimate"
)

// Report says how a model was fitted and how good it is. It is the "report" in the model's
// file.
type Report struct {
	Folds        int          `json:"folds"`
	Seed         uint64       `json:"seed"`
	Level        float64      `json:"level"`   // of the intervals, such as 0.95
	Answers      int          `json:"answers"` // answers with log-probabilities
	Questions    int          `json:"questions"`
	Alternatives bool         `json:"alternatives"` // every answer has alternatives to its tokens
	Parts        []PartReport `json:"parts"`
}

// PartReport is about a part: positions that share weights. Its figures are cross-validated
// and count every position. Package metrics defines them. Intervals are bootstrapped over
// questions (metrics.BootstrapClusters).
type PartReport struct {
	Part     string   `json:"part"` // end, early, late, or partial (early and late together)
	Answers  int      `json:"answers"`
	States   int      `json:"states"`
	Features []string `json:"features"` // the features that have weights
	Penalty  float64  `json:"penalty"`  // one of Penalties
	AUROC    Figure   `json:"auroc"`
	Brier    Figure   `json:"brier"`
	NLL      Figure   `json:"nll"` // in nats
	ECE      Figure   `json:"ece"`
	Mean     Figure   `json:"mean_auroc"` // AUROC of the mean log-probability
	Gain     Figure   `json:"auroc_gain"` // AUROC minus Mean, on the same bootstrap draws
}

// Figure is a value with its interval, at Report.Level.
type Figure struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// reportOn measures the out-of-fold values of a part.
func (f *fitter) reportOn(p *part, c choice, values []float64) (PartReport, error) {
	r := PartReport{Part: p.name, Answers: answersOf(p.rows), States: len(p.rows), Penalty: Penalties[c.penalty]}
	for _, feature := range Sets[c.set] {
		if f.alternatives || !feature.OfAlternatives() {
			r.Features = append(r.Features, feature.String())
		}
	}
	means, correct, groups := make([]float64, len(values)), make([]bool, len(values)), make([]int, len(values))
	for i := range p.rows {
		// This has the same order as the mean log-probability, and lies in [0,1].
		means[i] = 1 / (1 + p.rows[i].Features[estimate.Mean])
		correct[i], groups[i] = p.rows[i].correct, p.rows[i].group
	}
	resampling := metrics.Resampling{Resamples: f.o.Resamples, Level: f.o.Level, Seed: f.o.Seed, Binning: metrics.Binning{Bins: f.o.Bins}}
	figures := []metrics.Metric{metrics.MetricAUROC, metrics.MetricBrier, metrics.MetricNLL, metrics.MetricECE}
	own, err := metrics.BootstrapClusters(values, correct, groups, figures, resampling)
	if err != nil {
		return r, err
	}
	mean, err := metrics.BootstrapClusters(means, correct, groups, figures[:1], resampling)
	if err != nil {
		return r, err
	}
	gain, err := metrics.BootstrapDifferences(values, means, correct, groups, figures[:1], resampling)
	if err != nil {
		return r, err
	}
	sample, err := metrics.NewSample(values, correct)
	if err != nil {
		return r, err
	}
	for i, to := range []*Figure{&r.AUROC, &r.Brier, &r.NLL, &r.ECE} {
		value, err := sample.Value(figures[i], resampling.Binning)
		if err != nil {
			return r, err
		}
		if figures[i] == metrics.MetricECE {
			own[i] = own[i].Around(value)
		}
		*to = Figure{value, own[i].Low, own[i].High}
	}
	value, err := metrics.AUROC(means, correct)
	if err != nil {
		return r, err
	}
	r.Mean = Figure{value, mean[0].Low, mean[0].High}
	r.Gain = Figure{r.AUROC.Value - value, gain[0].Low, gain[0].High}
	return r, nil
}
