package experiment

import (
	"errors"
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/finece/finece/metrics"
)

// Pairs are confidences with the outcomes of the answers that they belong to.
type Pairs struct {
	Confidence []float64
	Correct    []bool
	IDs        []string // id of the pair's question; pairs of one question are not independent
	Missing    int      // points without a confidence

	Tokens, Ratio float64 // means over the pairs of Point.Tokens and Point.Ratio
}

// At names a position: the strategy and one of its positions.
type At struct {
	Strategy string
	Which    Which
}

// Which names a position among p(0) to p(z), or a share of the answer's tokens.
type Which uint8

const (
	Question Which = iota // p(0)
	First                 // p(1), if it is not p(z)
	LastBut1              // p(z-1), if it is not p(0)
	Whole                 // p(z)
	Middle                // all positions between p(0) and p(z)
	Share10               // after 10% of the tokens; the next ones after 30, 50 and 100%
	Share30
	Share50
	Share100
)

func (w Which) String() string {
	return [...]string{"p(0)", "p(1)", "p(z-1)", "p(z)", "p(1) to p(z-1)", "10%", "30%", "50%", "100%"}[w]
}

// places are the places that the tables show.
var places = []Which{Question, First, LastBut1, Whole, Share10, Share30, Share50, Share100}

// at returns the place with its strategy: shares of the tokens, or paragraphs.
func (w Which) at() At {
	if w >= Share10 {
		return At{ByShare, w}
	}
	return At{ByParagraph, w}
}

func (a At) has(p *Point) bool {
	if p.Strategy != a.Strategy {
		return false
	}
	if a.Which >= Share10 {
		return p.Index == int(a.Which-Share10)
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

// reading returns a point's confidence by one method, and whether there is one.
type reading func(*Point) (float64, bool)

func named(name string) reading {
	return func(p *Point) (float64, bool) {
		v, ok := p.Confidence[name]
		return v, ok
	}
}

// outcome returns the numbers of right and wrong answers that a confidence is compared with.
type outcome func(*Record, *Point) (right, wrong int)

// ofAnswer returns the outcome of the point's own answer.
func ofAnswer(r *Record, _ *Point) (right, wrong int) {
	if r.Correct {
		return 1, 0
	}
	return 0, 1
}

// ofLabel returns the outcomes of the continuations of the point's state.
func ofLabel(_ *Record, p *Point) (right, wrong int) {
	if p.Label == nil {
		return 0, 0
	}
	return p.Label.K, p.Label.N - p.Label.K
}

// share returns the label as a confidence, and whether the point has a label.
func share(p *Point) (float64, bool) {
	if p.Label == nil {
		return 0, false
	}
	return float64(p.Label.K) / float64(p.Label.N), true
}

// pairs returns the confidences at a position, each with the outcome of its answer.
func pairs(records []*Record, at At, read reading) Pairs {
	return against(records, at, read, ofAnswer)
}

// against returns the confidences at a position, each with the outcomes that of counts.
func against(records []*Record, at At, read reading, of outcome) Pairs {
	var out Pairs
	for _, r := range records {
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
				out.IDs = append(out.IDs, r.ID)
				out.Tokens += float64(p.Tokens)
				out.Ratio += p.Ratio
			}
		}
	}
	n := float64(max(len(out.Confidence), 1))
	out.Tokens /= n
	out.Ratio /= n
	return out
}

// questions returns the number of each pair's question, from 0 without gaps. Package
// metrics takes these numbers as clusters.
func (p *Pairs) questions() []int {
	out := make([]int, len(p.IDs))
	seen := map[string]int{}
	for i, id := range p.IDs {
		if _, ok := seen[id]; !ok {
			seen[id] = len(seen)
		}
		out[i] = seen[id]
	}
	return out
}

// Figure is a number with its interval, at level 0.95 if nothing else is said. All three
// are NaN if the number is undefined.
type Figure struct{ Value, Low, High float64 }

var unknown = Figure{math.NaN(), math.NaN(), math.NaN()}

// Quality says how good the confidences of some pairs are.
type Quality struct {
	N, Missing int
	Accuracy   float64
	ECE, AUROC Figure
	Brier      float64
	Skill      float64 // Brier skill
	AUGRC      float64
	Within     Figure // within-question discrimination; NaN with one answer to each question
	// True is the ECE that these pairs would have if each confidence were the true
	// probability: the mean over random outcomes, with the range of the middle 95% of
	// them. It is above 0 because the number of pairs is limited.
	True          Figure
	Tokens, Ratio float64
	Kept          Kept // at DefaultThreshold
}

// unmeasured returns the quality of no pairs.
var unmeasured = Quality{
	Accuracy: math.NaN(), ECE: unknown, AUROC: unknown, Brier: math.NaN(), Skill: math.NaN(), AUGRC: math.NaN(), Within: unknown, True: unknown,
}

// Kept says which answers a threshold keeps: those with at least that confidence.
type Kept struct {
	Threshold          float64
	N, Right           int     // answers that are kept, and the correct ones among them
	Coverage, Accuracy float64 // share of answers kept, and their accuracy
}

// measured lists the figures that have bootstrap intervals.
var measured = []metrics.Metric{metrics.MetricECE, metrics.MetricAUROC}

// valuesOf returns the figures that measured lists, for a sample. The AUROC is NaN if all
// answers are right or all are wrong.
func valuesOf(s *metrics.Sample) ([2]float64, error) {
	ece, err := s.ECE(metrics.DefaultBinning())
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
	r := metrics.DefaultResampling()
	r.Seed = seed
	return r
}

// quality computes the quality of pairs.
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
	questions := p.questions()
	intervals, err := metrics.BootstrapClusters(p.Confidence, p.Correct, questions, measured, resampling(seed))
	if err != nil {
		return q, err
	}
	if q.Accuracy, err = s.Accuracy(); err != nil {
		return q, err
	}
	if q.Brier, err = s.Brier(); err != nil {
		return q, err
	}
	if q.Skill, err = s.BrierSkill(); err != nil {
		q.Skill = math.NaN() // all answers are right, or all are wrong
	}
	if q.AUGRC, err = s.AUGRC(); err != nil {
		return q, err
	}
	within, err := metrics.WithinQuestion(p.Confidence, p.Correct, questions, resampling(seed))
	switch {
	case err == nil:
		q.Within = Figure{within.Value, within.Interval.Low, within.Interval.High}
	case !errors.Is(err, metrics.ErrNoContrast):
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

const draws = 200 // random draws of outcomes for Quality.True

// calibrated computes Quality.True. It draws outcomes with the confidences as their
// probabilities.
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
		if eces[i], err = s.ECE(metrics.DefaultBinning()); err != nil {
			return unknown, err
		}
	}
	return spread(eces, 0.95), nil
}

// DefaultThreshold is the paper's threshold for filtering.
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

// names returns the sorted names of the methods with a confidence at some point.
func names(records []*Record) []string {
	seen := map[string]bool{}
	for _, r := range records {
		for i := range r.Points {
			for name := range r.Points[i].Confidence {
				seen[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// of returns the records of a domain.
func of(records []*Record, domain string) []*Record {
	return slices.DeleteFunc(slices.Clone(records), func(r *Record) bool { return r.Domain != domain })
}
