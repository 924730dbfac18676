package experiment

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/finece/finece/metrics"
)

// Names of confidence models, and of their variants, that some tables are about.
const (
	FineCE    = "FineCE"                // the main model, by instruction fine-tuning
	Plain     = "FineCE (labels alone)" // an ablation of the built-in model, which has learnt reference solutions, too
	ValueHead = "FineCE (value head)"   // the alternative of figure 7 of the paper
	Fused     = "FineCE (fused)"        // FineCE at p(1), integrated over the whole tree
	// QuestionAlone is FineCE's estimate of the question alone, kept for all later
	// positions.
	QuestionAlone = "FineCE (question alone)"
)

// Report holds everything that is computed from records.
type Report struct{ Domains []Domain }

// Domain holds everything that is computed from the records of one domain.
type Domain struct {
	Name               string
	Questions, Answers int
	Accuracy           float64
	Tokens             float64 // of an answer, on average

	Rows           []Row             // one for each method, at all places
	Unavailable    map[string]string // why a method has no figures, by the method's name
	Comparisons    []Comparison
	Gains          []Gain      // of trajectory models, if any were fitted
	Stops          []Stopping  // by method and alpha
	Unlikeness     *Unlikeness // nil if the questions of the training data are not known
	Filter         *Filter     // nil if the paper's claim about filtering does not apply
	Seeds          []Seed      // FineCE by seed, if there are several
	Noise          []Noise     // of the labels, if records have labels
	Labelled       []Row       // p(1) and p(z-1) against the labels, if records have labels
	Labels         Row         // the labels themselves as confidences
	Table4         []Strategy  // the paper's table 4: the three strategies
	Entropies      []Strategy  // the rows of Table4 and entropy positions above further thresholds, if records have these
	Thresholds     []Threshold
	Fusions        []Fusion
	Alphas         []Fusion                 // by revision coefficient, at the full depth and width
	Models         []string                 // the confidence models, for the paper's figures 5 to 7
	Pooled         map[string][]metrics.Bin // reliability bins of each of Models, over all paragraph ends, p(0) and p(z)
	Recalibrations []Recalibration
}

// Row is the quality of one method's confidences at some places.
type Row struct {
	Name   string
	At     map[Which]Quality
	Mapped map[Which]Mapped
	Spent  map[Which]Spent
}

// Spent is the mean number of tokens that an estimate takes beyond the answer itself,
// prompts included. Generator counts the tokens of the generator. Model counts those of
// trained models: FineCE's, the head of P(IK) and the solver. Both are NaN if they were
// not counted.
type Spent struct{ Generator, Model float64 }

func (s Spent) total() float64 { return s.Generator + s.Model }

// Seed is the quality of FineCE on the answers of one seed.
type Seed struct {
	Seed    uint64
	Answers int
	At      map[Which]Quality // p(1) and p(z-1)
}

// Noise says how far labels are from the probabilities that they estimate.
type Noise struct {
	At     Which
	States int
	K      float64 // continuations per label, on average
	Error  float64 // standard error of a label: the square root of the mean of p(1-p)/(k-1)
}

// Strategy is a row of table 4 or of the table of entropy thresholds.
type Strategy struct {
	Name       string
	Positions  float64 // per answer, on average, without p(0) and p(z)
	First, All Quality // at p(1); at every position between p(0) and p(z)
}

// Threshold is a curve of the paper's figure 4: the answers that thresholds on FineCE's
// confidence at a place keep.
type Threshold struct {
	At   Which
	Kept []Kept
}

// Analyse computes a report from records. The seed is that of the bootstrap and of the
// draws of labelled answers.
func Analyse(records []*Record, seed uint64) (*Report, error) {
	r := &Report{}
	var domains []string
	for _, record := range records {
		if !slices.Contains(domains, record.Domain) {
			domains = append(domains, record.Domain)
		}
	}
	for _, name := range domains {
		d, err := analyse(of(records, name), name, seed)
		if err != nil {
			return nil, fmt.Errorf("experiment: domain %s: %w", name, err)
		}
		r.Domains = append(r.Domains, *d)
	}
	return r, r.unlikeness(records, seed)
}

func analyse(records []*Record, name string, seed uint64) (*Domain, error) {
	d := &Domain{Name: name, Answers: len(records), Pooled: map[string][]metrics.Bin{}, Unavailable: map[string]string{}}
	questions := map[string]bool{}
	for _, r := range records {
		questions[r.ID] = true
		d.Tokens += float64(r.Tokens) / float64(len(records))
		if r.Correct {
			d.Accuracy += 1 / float64(len(records))
		}
		maps.Copy(d.Unavailable, r.Unavailable)
	}
	d.Questions = len(questions)
	list, err := methods(records)
	if err != nil {
		return nil, err
	}
	draws := drawn(records, MapLabels, rand.New(rand.NewPCG(seed, 5)))
	for i := range list {
		row, err := list[i].row(records, draws, seed)
		if err != nil {
			return nil, err
		}
		d.Rows = append(d.Rows, *row)
		if m := list[i].name; isModel(m) && m != Fused && m != QuestionAlone {
			d.Models = append(d.Models, m)
			d.Pooled[m] = reliability(records, m)
		}
	}
	if err := d.compare(records, list, draws, seed); err != nil {
		return nil, err
	}
	if err := d.gains(records); err != nil {
		return nil, err
	}
	if err := d.stops(records, list, seed); err != nil {
		return nil, err
	}
	if err := d.filter(); err != nil {
		return nil, err
	}
	if err := d.seeds(records, seed); err != nil {
		return nil, err
	}
	if err := d.labels(records, seed); err != nil {
		return nil, err
	}
	if err := d.strategies(records, seed); err != nil {
		return nil, err
	}
	for _, w := range []Which{Question, First, LastBut1, Whole} {
		p := pairs(records, w.at(), named(FineCE))
		t := Threshold{At: w}
		for i := range 20 {
			t.Kept = append(t.Kept, p.kept(float64(i)/20))
		}
		d.Thresholds = append(d.Thresholds, t)
	}
	if d.Recalibrations, err = recalibrations(records, d.Models, seed); err != nil {
		return nil, err
	}
	return d, d.fusions(records, seed)
}

// isModel reports whether a name is that of a confidence model or a variant of one.
func isModel(name string) bool { return strings.HasPrefix(name, FineCE) }

// labels measures the labels as confidences, and compares the other confidences with them.
func (d *Domain) labels(records []*Record, seed uint64) error {
	read := func(name string, read reading, of outcome, which ...Which) (*Row, error) {
		r := &Row{Name: name, At: map[Which]Quality{}}
		for _, w := range which {
			p := against(records, w.at(), read, of)
			q, err := p.quality(seed)
			if err != nil {
				return nil, err
			}
			r.At[w] = q
		}
		return r, nil
	}
	all, err := read("labels", share, ofAnswer, Question, First, LastBut1)
	if err != nil {
		return err
	}
	d.Labels = *all
	if all.At[Question].N == 0 {
		return nil
	}
	for _, name := range names(records) {
		row, err := read(name, named(name), ofLabel, First, LastBut1)
		if err != nil {
			return err
		}
		d.Labelled = append(d.Labelled, *row)
	}
	for _, w := range []Which{Question, First, LastBut1} {
		d.Noise = append(d.Noise, noise(records, w))
	}
	return nil
}

// noise measures the standard error of the labels at a place.
func noise(records []*Record, w Which) Noise {
	n := Noise{At: w}
	at, sum := w.at(), 0.0
	for _, r := range records {
		for i := range r.Points {
			l := r.Points[i].Label
			if l == nil || l.N < 2 || !at.has(&r.Points[i]) {
				continue
			}
			p := float64(l.K) / float64(l.N)
			sum += float64(p*(1-p)) / float64(l.N-1)
			n.K += float64(l.N)
			n.States++
		}
	}
	n.K /= float64(max(n.States, 1))
	n.Error = math.Sqrt(sum / float64(max(n.States, 1)))
	return n
}

// seeds measures FineCE seed by seed.
func (d *Domain) seeds(records []*Record, seed uint64) error {
	by := map[uint64][]*Record{}
	for _, r := range records {
		by[r.Seed] = append(by[r.Seed], r)
	}
	if len(by) < 2 {
		return nil
	}
	for _, s := range slices.Sorted(maps.Keys(by)) {
		one := Seed{Seed: s, Answers: len(by[s]), At: map[Which]Quality{}}
		for _, w := range []Which{First, LastBut1} {
			p := pairs(by[s], w.at(), named(FineCE))
			q, err := p.quality(seed)
			if err != nil {
				return err
			}
			one.At[w] = q
		}
		d.Seeds = append(d.Seeds, one)
	}
	return nil
}

// reliability returns the bins of a model's reliability diagram, or nil if the model has no
// confidences.
func reliability(records []*Record, name string) []metrics.Bin {
	var p Pairs
	for _, w := range []Which{Question, Middle, Whole} {
		q := pairs(records, At{ByParagraph, w}, named(name))
		p.Confidence, p.Correct = append(p.Confidence, q.Confidence...), append(p.Correct, q.Correct...)
	}
	s, err := metrics.NewSample(p.Confidence, p.Correct)
	if err != nil {
		return nil
	}
	bins, err := s.Reliability(metrics.DefaultBinning())
	if err != nil {
		return nil
	}
	return bins
}

func (d *Domain) strategies(records []*Record, seed uint64) error {
	further := furtherEntropies(records)
	for i, name := range append([]string{ByParagraph, ByPeriod, ByEntropy}, further...) {
		s := Strategy{Name: name}
		var err error
		first, all := pairs(records, At{name, First}, named(FineCE)), pairs(records, At{name, Middle}, named(FineCE))
		if s.First, err = first.quality(seed); err != nil {
			return err
		}
		if s.All, err = all.quality(seed); err != nil {
			return err
		}
		s.Positions = float64(s.All.N+s.All.Missing) / float64(max(len(records), 1))
		if i < 3 {
			d.Table4 = append(d.Table4, s)
		}
		if len(further) > 0 {
			d.Entropies = append(d.Entropies, s)
		}
	}
	return nil
}

// furtherEntropies returns the names of the strategies of entropy positions above further
// thresholds, in the order of the records.
func furtherEntropies(records []*Record) []string {
	var out []string
	for _, r := range records {
		for i := range r.Points {
			if name := r.Points[i].Strategy; strings.HasPrefix(name, ByEntropy+">") && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}
