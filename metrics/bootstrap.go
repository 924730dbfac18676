package metrics

import (
	"math"
	"math/bits"
	"slices"
)

// Metric names a figure for [Sample.Value] and [Sample.Bootstrap].
type Metric uint8

const (
	MetricAccuracy Metric = iota
	MetricECE
	MetricBrier
	MetricNLL
	MetricAUROC
	MetricAUPRC
	MetricAURC
	MetricAUGRC
	MetricPRR
	MetricBrierSkill
	metricCount
)

// DefaultResamples is the number of resamples of [DefaultResampling].
const DefaultResamples = 1000

// Resampling says how to bootstrap. Start from [DefaultResampling].
type Resampling struct {
	Resamples int // at least 1
	Level     float64
	Seed      uint64
	Binning   Binning // for the ECE
}

// DefaultResampling is 1000 resamples, level 0.95, seed 0 and [DefaultBinning].
func DefaultResampling() Resampling {
	return Resampling{Resamples: DefaultResamples, Level: defaultLevel, Binning: DefaultBinning()}
}

func (r *Resampling) validate() error {
	if r.Resamples < 1 {
		return ErrResamples
	}
	if _, err := twoSidedZ(r.Level); err != nil {
		return err
	}
	if !r.Binning.valid() {
		return ErrBinning
	}
	return nil
}

// Bootstrap returns the percentile bootstrap interval of a metric (Efron 1979). A resample
// is n pairs drawn with replacement. The interval goes from the (1-level)/2 quantile of the
// metric over the resamples to the (1+level)/2 quantile, both interpolated linearly. A
// resample on which the metric is undefined (all answers correct, or all wrong) is skipped
// and counted. The same sample and seed give the same interval on every engine, with any
// number of processors. The resamples are drawn on all processors. A resample takes
// O(n) steps and no sort.
//
// With more than 32,768 pairs, neighbouring confidences are drawn as if they were tied, in
// about 4096 groups. That changes the metric a little, and the interval is shifted back by
// the same difference. With more than 131,071 pairs, a resample draws a count for each
// group. So its cost no longer grows with the number of pairs.
//
// The ECE is biased upward, and more so in resamples. So its interval can lie above its
// value: see [Interval.Around].
func (s *Sample) Bootstrap(m Metric, r Resampling) (Interval, error) {
	if _, err := s.Value(m, r.Binning); err != nil {
		return Interval{Low: math.NaN(), High: math.NaN(), Level: r.Level, Method: Percentile}, err
	}
	all, err := s.Bootstraps([]Metric{m}, r)
	if err == nil && all[0].Resamples == 0 {
		err = ErrTooFew
	}
	return all[0], err
}

// Bootstraps is [Sample.Bootstrap] of several metrics from the same resamples. The interval
// of a metric that is undefined on all of them is NaN.
func (s *Sample) Bootstraps(metrics []Metric, r Resampling) ([]Interval, error) {
	p, out, err := s.drawnFrom(metrics, r)
	if err != nil {
		return out, err
	}
	return p.intervals(metrics, r, func(m Metric) float64 {
		v, _ := s.Value(m, r.Binning) // NaN after an error
		return v
	}), nil
}

// drawnFrom returns the population that Bootstraps draws from. With an error, it returns the
// intervals of Bootstraps instead.
func (s *Sample) drawnFrom(metrics []Metric, r Resampling) (*population, []Interval, error) {
	out := make([]Interval, len(metrics))
	for k, m := range metrics {
		out[k] = Interval{Low: math.NaN(), High: math.NaN(), Level: r.Level, Method: Percentile}
		if m >= metricCount {
			return nil, out, ErrMetric
		}
	}
	if err := r.validate(); err != nil {
		return nil, out, err
	}
	var p *population
	switch n := s.N(); {
	case n > math.MaxUint32:
		return nil, out, ErrOverflow
	case n < condenseFrom:
		p = newPopulation(s, metrics, r.Binning)
		p.cells = cellsOf(p.groups)
	case n < countFrom:
		p = condensed(s, metrics, r.Binning)
		p.cells = cellsOf(p.groups)
	default:
		p = condensed(s, metrics, r.Binning)
		p.chances = chancesOf(p.groups)
	}
	return p, out, nil
}

// intervals returns the bootstrap intervals of metrics. value returns the value of a metric of
// the sample.
func (p *population) intervals(metrics []Metric, r Resampling, value func(Metric) float64) []Interval {
	out := bootstrapped([]*population{p}, nil, metrics, r)
	if !p.condensed {
		return out
	}
	whole := p.whole()
	for k, m := range metrics {
		if p.exact(m) {
			continue
		}
		if v := value(m); !math.IsNaN(v) {
			shift := v - whole.figure(m)
			out[k].Low, out[k].High = out[k].Low+shift, out[k].High+shift
		}
	}
	return out
}

// percentiles returns the interval of the values, one for each resample with a value.
func percentiles(values []float64, r Resampling) Interval {
	iv := Interval{Low: math.NaN(), High: math.NaN(), Level: r.Level, Method: Percentile, Resamples: len(values), Skipped: r.Resamples - len(values)}
	if len(values) > 0 {
		slices.Sort(values)
		iv.Low, iv.High = quantile(values, (1-r.Level)/2), quantile(values, (1+r.Level)/2)
	}
	return iv
}

// Around turns a percentile interval into the basic bootstrap interval of a value
// (Davison and Hinkley 1997, section 5.2.1): it reflects the percentile interval at
// the value. Use it for calibration errors. They are biased upward in the sample, and
// at least as much in the resamples. So a percentile interval can lie above the
// value. The basic interval corrects that. It still contains a true error of 0 less
// often than its level says: about 6 times in 10 at 200 pairs. The percentile
// interval never contains it there. The value is at least 0, and so are the ends.
func (iv Interval) Around(value float64) Interval {
	iv.Low, iv.High = max(2*value-iv.High, 0), max(2*value-iv.Low, 0)
	iv.Method = Basic
	return iv
}

// Value returns a metric of the sample, like the method of that name. Only the ECE reads b.
// Errors: those of the method, and [ErrMetric].
func (s *Sample) Value(m Metric, b Binning) (float64, error) {
	switch m {
	case MetricAccuracy:
		return s.Accuracy()
	case MetricECE:
		return s.ECE(b)
	case MetricBrier:
		return s.Brier()
	case MetricNLL:
		v, _, err := s.NLL()
		return v, err
	case MetricAUROC:
		return s.AUROC()
	case MetricAUPRC:
		return s.AveragePrecision()
	case MetricAURC:
		return s.AURC()
	case MetricAUGRC:
		return s.AUGRC()
	case MetricPRR:
		return s.PRR()
	case MetricBrierSkill:
		return s.BrierSkill()
	}
	return math.NaN(), ErrMetric
}

// splitMix is the generator SplitMix64 (Steele, Lea and Flood 2014).
type splitMix uint64

func (s *splitMix) next() uint64 {
	*s += 0x9E3779B97F4A7C15
	return mix(uint64(*s))
}

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// below is uniform on [0,n), without bias (Lemire 2019).
func (s *splitMix) below(n uint64) uint64 {
	hi, lo := bits.Mul64(s.next(), n)
	if lo < n {
		for limit := -n % n; lo < limit; {
			hi, lo = bits.Mul64(s.next(), n)
		}
	}
	return hi
}

// quantile interpolates linearly between the order statistics (type 7 of Hyndman
// and Fan 1996, the default of NumPy and R).
func quantile(sorted []float64, q float64) float64 {
	at := float64(q * float64(len(sorted)-1))
	i := min(int(at), len(sorted)-1)
	if i == len(sorted)-1 {
		return sorted[i]
	}
	return sorted[i] + float64((at-float64(i))*(sorted[i+1]-sorted[i]))
}
