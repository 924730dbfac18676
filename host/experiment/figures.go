package experiment

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/finece/finece/metrics"
)

// Pairs are confidences with the correctness of the answers that they are about.
type Pairs struct {
	Confidence []float64
	Correct    []bool
	Question   []int // number of the pair's question; pairs of one are not independent
	Missing    int   // points without a confidence

	Tokens, Ratio float64 // of the positions, on average
}

// At names a position: its strategy, and which one it is.
type At struct {
	Strategy string
	Which    Which
}

// Which is a position of an answer with z+1 of them.
type Which uint8

const (
	Question Which = iota // p(0)
	First                 // p(1), where it is not p(z)
	LastBut1              // p(z-1), where it is not p(0)
	Whole                 // p(z)
	Middle                // every one between p(0) and p(z)
)

func (w Which) String() string {
	return [...]string{"p(0)", "p(1)", "p(z-1)", "p(z)", "p(1) to p(z-1)"}[w]
}

func (a At) has(p *Point) bool {
	if p.Strategy != a.Strategy {
		return false
	}
	switch a.Which {
	case Question:
		return p.Index == 0
	case First:
		return p.Index == 1 && p.Last > 1
	case LastBut1:
		return p.Index == p.Last-1 && p.Index > 0
	case Whole:
		return p.Index == p.Last
	}
	return p.Index > 0 && p.Index < p.Last
}

// Confidence of a point, and whether it has one.
type reading func(*Point) (float64, bool)

func named(name string) reading {
	return func(p *Point) (float64, bool) {
		v, ok := p.Confidence[name]
		return v, ok
	}
}

// outcome is what a confidence is held against: so many right ones and wrong ones.
type outcome func(*Record, *Point) (right, wrong int)

// ofAnswer is the one answer that the point is of.
func ofAnswer(r *Record, _ *Point) (right, wrong int) {
	if r.Correct {
		return 1, 0
	}
	return 0, 1
}

// ofLabel is each of the continuations from the point's state.
func ofLabel(_ *Record, p *Point) (right, wrong int) {
	if p.Label == nil {
		return 0, 0
	}
	return p.Label.K, p.Label.N - p.Label.K
}

// share is the label as a confidence.
func share(p *Point) (float64, bool) {
	if p.Label == nil {
		return 0, false
	}
	return float64(p.Label.K) / float64(p.Label.N), true
}

// pairs are those of the records' points at a position with the answers.
func pairs(records []*Record, at At, read reading) Pairs {
	return against(records, at, read, ofAnswer)
}

// against are the pairs of the records' points at a position with outcomes.
func against(records []*Record, at At, read reading, of outcome) Pairs {
	var out Pairs
	numbers := map[string]int{}
	for _, r := range records {
		number, ok := numbers[r.ID]
		if !ok {
			number = len(numbers)
			numbers[r.ID] = number
		}
		for i := range r.Points {
			p := &r.Points[i]
			if !at.has(p) {
				continue
			}
			v, ok := read(p)
			if !ok {
				out.Missing++
				continue
			}
			right, wrong := of(r, p)
			for i := range right + wrong {
				out.Confidence = append(out.Confidence, v)
				out.Correct = append(out.Correct, i < right)
				out.Question = append(out.Question, number)
				out.Tokens += float64(p.Tokens)
				out.Ratio += p.Ratio
			}
		}
	}
	n := float64(max(len(out.Confidence), 1))
	out.Tokens /= n
	out.Ratio /= n
	// BootstrapClusters wants clusters without gaps.
	seen := map[int]int{}
	for i, q := range out.Question {
		if _, ok := seen[q]; !ok {
			seen[q] = len(seen)
		}
		out.Question[i] = seen[q]
	}
	return out
}

// Figure is a number with its interval at level 0.95; NaN where it is not defined.
type Figure struct{ Value, Low, High float64 }

var unknown = Figure{math.NaN(), math.NaN(), math.NaN()}

// apart reports whether the intervals of a and b do not overlap, a the lower.
func apart(a, b Figure) bool { return a.High < b.Low }

// Quality is how good some pairs are.
type Quality struct {
	N, Missing int
	Accuracy   float64
	ECE, AUROC Figure
	Brier      float64
	// True is the ECE were each confidence the probability of its outcome: the mean
	// of draws of such outcomes, and the middle 95 in 100 of them. So few pairs leave
	// it above 0.
	True          Figure
	Tokens, Ratio float64
	Kept          Kept // at DefaultThreshold
}

// unmeasured is the quality of no pairs.
var unmeasured = Quality{Accuracy: math.NaN(), ECE: unknown, AUROC: unknown, Brier: math.NaN(), True: unknown}

// Kept is what a threshold does.
type Kept struct {
	Threshold          float64
	N, Right           int     // answers that are kept, and correct ones among them
	Coverage, Accuracy float64 // share kept, and accuracy of what is kept
}

// measured are the figures that have intervals.
var measured = []metrics.Metric{metrics.MetricECE, metrics.MetricAUROC}

// valuesOf are what a sample has of measured, the AUROC NaN if all are right, or all
// wrong.
func valuesOf(s *metrics.Sample) ([2]float64, error) {
	ece, err := s.ECE(metrics.Binning{})
	if err != nil {
		return [2]float64{}, err
	}
	auroc, err := s.AUROC()
	if err != nil {
		auroc = math.NaN()
	}
	return [2]float64{ece, auroc}, nil
}

func resampling(seed uint64) metrics.Resampling {
	return metrics.Resampling{Resamples: 1000, Seed: seed}
}

// quality measures pairs.
func (p *Pairs) quality(seed uint64) (Quality, error) {
	q := unmeasured
	q.N, q.Missing, q.Tokens, q.Ratio = len(p.Confidence), p.Missing, p.Tokens, p.Ratio
	if q.N == 0 {
		return q, nil
	}
	s, err := metrics.NewSample(p.Confidence, p.Correct)
	if err != nil {
		return q, err
	}
	intervals, err := metrics.BootstrapClusters(p.Confidence, p.Correct, p.Question, measured, resampling(seed))
	if err != nil {
		return q, err
	}
	if q.Accuracy, err = s.Accuracy(); err != nil {
		return q, err
	}
	if q.Brier, err = s.Brier(); err != nil {
		return q, err
	}
	values, err := valuesOf(s)
	if err != nil {
		return q, err
	}
	q.ECE = Figure{values[0], intervals[0].Low, intervals[0].High}
	if !math.IsNaN(values[1]) {
		q.AUROC = Figure{values[1], intervals[1].Low, intervals[1].High}
	}
	q.Kept = p.kept(DefaultThreshold)
	q.True, err = p.calibrated(seed)
	return q, err
}

const draws = 200 // of outcomes, for Quality.True

// calibrated draws outcomes by the confidences: see Quality.True.
func (p *Pairs) calibrated(seed uint64) (Figure, error) {
	r := rand.New(rand.NewPCG(seed, 11))
	correct := make([]bool, len(p.Confidence))
	eces := make([]float64, draws)
	s := new(metrics.Sample)
	for i := range eces {
		for j, c := range p.Confidence {
			correct[j] = r.Float64() < c
		}
		err := s.Reset(p.Confidence, correct)
		if err != nil {
			return unknown, err
		}
		if eces[i], err = s.ECE(metrics.Binning{}); err != nil {
			return unknown, err
		}
	}
	return spread(eces, 0.95), nil
}

// DefaultThreshold is the paper's for filtering.
const DefaultThreshold = 0.8

func (p *Pairs) kept(threshold float64) Kept {
	k := Kept{Threshold: threshold, Accuracy: math.NaN()}
	for i, c := range p.Confidence {
		if c >= threshold {
			k.N++
			if p.Correct[i] {
				k.Right++
			}
		}
	}
	k.Coverage = float64(k.N) / float64(max(len(p.Confidence), 1))
	if k.N > 0 {
		k.Accuracy = float64(k.Right) / float64(k.N)
	}
	return k
}

// names are those that any point has a confidence of, sorted.
func names(records []*Record) []string {
	seen := map[string]bool{}
	for _, r := range records {
		for i := range r.Points {
			for name := range r.Points[i].Confidence {
				seen[name] = true
			}
		}
	}
	out := make([]string, 0, len(seen))
	for name := range seen {
		out = append(out, name)
	}
	slices.SortFunc(out, cmp.Compare[string])
	return out
}

// of are the records of a domain.
func of(records []*Record, domain string) []*Record {
	return slices.DeleteFunc(slices.Clone(records), func(r *Record) bool { return r.Domain != domain })
}
