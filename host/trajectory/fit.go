package trajectory

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/finece/finece/metrics"
	"github.com/finece/finece/metrics/calibrate"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/estimate"
)

// Sets are the sets of features that are tried, the smallest first. Features that need
// alternatives to tokens are left out unless every answer has alternatives.
var Sets = [][]estimate.Feature{
	{estimate.Mean, estimate.Recent, estimate.Entropy},
	{estimate.Mean, estimate.Second, estimate.AboveHalf, estimate.Recent, estimate.Tokens, estimate.Entropy, estimate.EntropyRecent},
	estimate.AllFeatures(),
}

// Penalties are the ridge penalties that are tried, the strongest first; see fit.Ridge. The
// weight of an answer there is 1.
var Penalties = []float64{30, 10, 3}

// Least is the number of answers that a part needs to get weights of its own.
const Least = 50

// Options of [Fit]. Start from [DefaultOptions].
type Options struct {
	Folds     int     // of both cross-validations, at least 2
	Seed      uint64  // of the folds and of the bootstrap
	Bins      int     // of the ECE; see metrics.Binning
	Resamples int     // of the bootstrap, at least 1
	Level     float64 // of the intervals, such as 0.95; see metrics.Resampling
}

// DefaultOptions returns five folds, seed 0, and the bins, resamples and level of package
// metrics.
func DefaultOptions() Options {
	r := metrics.DefaultResampling()
	return Options{Folds: 5, Bins: metrics.DefaultBins, Resamples: r.Resamples, Level: r.Level}
}

// ErrFew is the error for fewer than Least answers with log-probabilities.
var ErrFew = fmt.Errorf("trajectory: want at least %d labelled answers with log-probabilities", Least)

// row is a state as an example to fit on.
type row struct {
	*State
	answer  int // number of the answer
	group   int
	correct bool
	weight  float64 // the weights of an answer's rows in a part sum to 1
}

// choice is a set of features and a penalty.
type choice struct{ set, penalty int }

// Fit fits a model and reports how good it is. Answers without states are left out. The error
// is [ErrFew]; fit.ErrOneClass if all answers of a fit are right or all are wrong (a part, or
// a part without one fold, is a fit, too); or one about the options: fewer than two folds,
// metrics.ErrResamples, metrics.ErrLevel or metrics.ErrBinning.
func Fit(answers []Answer, o Options) (*estimate.TrajectoryModel, *Report, error) {
	return fitted(answers, o, true)
}

// Learn fits the same model as [Fit], without a report and without figures on its card. It
// takes about a sixth of the time.
func Learn(answers []Answer, o Options) (*estimate.TrajectoryModel, error) {
	m, _, err := fitted(answers, o, false)
	return m, err
}

func fitted(answers []Answer, o Options, report bool) (*estimate.TrajectoryModel, *Report, error) {
	if o.Folds < 2 {
		return nil, nil, errors.New("trajectory: want at least 2 folds")
	}
	f := newFitter(answers, o)
	f.report = report
	if f.answers < Least {
		return nil, nil, ErrFew
	}
	m := f.model()
	r := &Report{Folds: o.Folds, Seed: o.Seed, Level: o.Level, Answers: f.answers, Questions: len(f.fold), Alternatives: f.alternatives}
	card := &calibrate.Card{Labels: f.answers, Low: 1}
	for _, p := range f.parts() {
		w, of, err := f.part(&p)
		if errors.Is(err, errFewRows) {
			continue // the part gets the weights of another one, and the card does not cover it
		}
		if err != nil {
			return nil, nil, err
		}
		for _, phase := range p.phases {
			m.Parts[phase] = w
		}
		r.Parts = append(r.Parts, of)
		for i := range p.rows {
			card.Kinds |= p.rows[i].Kind
			v := m.Confidence(p.phases[0], &p.rows[i].Features)
			card.Low, card.High = min(card.Low, v), max(card.High, v)
		}
	}
	if len(r.Parts) == 0 {
		return nil, nil, ErrFew
	}
	share(m)
	for _, p := range r.Parts {
		if !report {
			break
		}
		card.Figures = append(card.Figures, calibrate.Figure{Name: p.Part + "_auroc", Value: p.AUROC.Value},
			calibrate.Figure{Name: p.Part + "_ece", Value: p.ECE.Value}, calibrate.Figure{Name: p.Part + "_brier", Value: p.Brier.Value})
	}
	m.Card = card
	return m, r, m.Validate()
}

// fitter holds the prepared answers of a fit.
type fitter struct {
	o             Options
	report        bool // parts get a report
	answers       int
	alternatives  bool // every answer has alternatives to its tokens
	features      []estimate.Feature
	center, scale []float64   // of each feature
	boundary      int         // number of tokens between early and late positions
	states        []row       // of all answers
	fold          map[int]int // the fold of each question, by its number
}

func newFitter(answers []Answer, o Options) *fitter {
	f := &fitter{o: o, alternatives: true}
	var tokens []int64
	groups := map[int]bool{}
	for i := range answers {
		a := &answers[i]
		if len(a.States) == 0 {
			continue
		}
		f.answers++
		groups[a.Group] = true
		for k := range a.States {
			s := &a.States[k]
			f.states = append(f.states, row{State: s, answer: i, group: a.Group, correct: a.Correct})
			f.alternatives = f.alternatives && !math.IsNaN(s.Features[estimate.Entropy])
			if s.Kind&position.End == 0 {
				tokens = append(tokens, s.Tokens)
			}
		}
	}
	if len(tokens) > 0 {
		slices.Sort(tokens)
		f.boundary = int(min(tokens[len(tokens)/2], math.MaxInt32))
	}
	for _, feature := range estimate.AllFeatures() {
		if f.alternatives || !feature.OfAlternatives() {
			f.features = append(f.features, feature)
		}
	}
	f.standardise()
	f.fold = folds(groups, o)
	return f
}

// model returns a model without weights.
func (f *fitter) model() *estimate.TrajectoryModel {
	return &estimate.TrajectoryModel{Features: f.features, Center: f.center, Scale: f.scale, Boundary: f.boundary}
}

// standardise finds the center and the scale of each feature over all states. A feature
// that is the same everywhere gets the scale 1.
func (f *fitter) standardise() {
	for _, feature := range f.features {
		mean, squares := 0.0, 0.0
		for i := range f.states {
			mean += f.states[i].Features[feature] / float64(len(f.states))
		}
		for i := range f.states {
			d := f.states[i].Features[feature] - mean
			squares += float64(d*d) / float64(len(f.states))
		}
		scale := math.Sqrt(squares)
		if scale < 1e-9 {
			scale = 1
		}
		f.center, f.scale = append(f.center, mean), append(f.scale, scale)
	}
}

// folds distributes the groups over the folds, by a seeded shuffle.
func folds(groups map[int]bool, o Options) map[int]int {
	order := make([]int, 0, len(groups))
	for g := range groups {
		order = append(order, g)
	}
	slices.Sort(order)
	rand.New(rand.NewPCG(o.Seed, 0x7472616a)).Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	fold := make(map[int]int, len(order))
	for i, g := range order {
		fold[g] = i % o.Folds
	}
	return fold
}

// part has the states that share weights.
type part struct {
	name   string
	phases []estimate.Phase
	rows   []row
}

// parts divides the states into parts: whole answers, and positions before and after the
// boundary. If one side of the boundary has too few answers, both sides are one part.
func (f *fitter) parts() []part {
	var by [estimate.Phases][]row
	m := f.model()
	for _, s := range f.states {
		p := m.PhaseAt(s.Kind&position.End != 0, s.Tokens)
		by[p] = append(by[p], s)
	}
	parts := []part{{"end", []estimate.Phase{estimate.WholeText}, weighed(by[estimate.WholeText])}}
	early, late := weighed(by[estimate.EarlyText]), weighed(by[estimate.LateText])
	if min(answersOf(early), answersOf(late)) >= Least {
		return append(parts, part{"early", []estimate.Phase{estimate.EarlyText}, early}, part{"late", []estimate.Phase{estimate.LateText}, late})
	}
	together := weighed(append(by[estimate.EarlyText], by[estimate.LateText]...))
	return append(parts, part{"partial", []estimate.Phase{estimate.EarlyText, estimate.LateText}, together})
}

// weighed sets the weights of the rows, so those of each answer sum to 1.
func weighed(rows []row) []row {
	count := map[int]float64{}
	for i := range rows {
		count[rows[i].answer]++
	}
	for i := range rows {
		rows[i].weight = 1 / count[rows[i].answer]
	}
	return rows
}

func answersOf(rows []row) int {
	seen := map[int]bool{}
	for i := range rows {
		seen[rows[i].answer] = true
	}
	return len(seen)
}

// share gives a part without weights the weights of another part.
func share(m *estimate.TrajectoryModel) {
	for p := range m.Parts {
		for _, from := range []estimate.Phase{estimate.LateText, estimate.WholeText, estimate.EarlyText} {
			if m.Parts[p].Weights == nil {
				m.Parts[p] = m.Parts[from]
				m.Parts[p].N = 0
			}
		}
	}
}
