package experiment

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"slices"

	"github.com/finece/finece/host/openai"
	"github.com/finece/finece/host/trajectory"
	"github.com/finece/finece/metrics"
	"github.com/finece/finece/metrics/calibrate/fit"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/session"
)

// trajectoryRows are the trajectory models that are fitted. labels is the number of
// labelled answers. early and end are the goals: how much the AUROC should gain over the
// mean log-probability after 30% of the tokens and at p(z).
var trajectoryRows = []struct {
	labels     int
	early, end float64
}{{100, 0.04, 0.10}, {1000, 0.06, 0.12}}

const trajectoryFolds = 5

// trajectoryName returns the name of a trajectory model's row.
func trajectoryName(labels int) string { return fmt.Sprintf("trajectory, %d labels", labels) }

// featuresOf returns the features of the tokens so far, or nil if no log-probability is
// plausible.
func featuresOf(tokens []openai.Token) []float64 {
	var t estimate.Trajectory
	any := false
	for i := range tokens {
		top := math.NaN()
		for _, a := range tokens[i].Top {
			if !(top >= a.Logprob) {
				top = a.Logprob
			}
		}
		if top < tokens[i].Logprob {
			top = tokens[i].Logprob
		}
		t.Token(tokens[i].Logprob, top)
		any = any || estimate.IsPlausible(tokens[i].Logprob)
	}
	if !any {
		return nil
	}
	var f [estimate.Features]float64
	t.Read(&f, session.DefaultConfig().MaxMissing)
	if math.IsNaN(f[estimate.Entropy]) {
		return f[:estimate.Entropy]
	}
	return f[:]
}

// stateOf returns a point as an example for a trajectory model. ok is false for a point
// without log-probabilities. The whole answer is a point of several strategies: only that
// of paragraphs is an example.
func stateOf(p *Point) (s trajectory.State, ok bool) {
	whole := p.Index == p.Last
	if len(p.Trajectory) == 0 || whole && p.Strategy != ByParagraph {
		return s, false
	}
	s = trajectory.State{Kind: position.Paragraph, Tokens: int64(p.Tokens)}
	if whole {
		s.Kind = position.End
	}
	for i := range s.Features {
		s.Features[i] = math.NaN()
	}
	copy(s.Features[:], p.Trajectory)
	return s, true
}

// trajectories returns the confidences by trajectory models that are fitted on the given
// number of labelled answers, as finece calibrate fits them. The questions are in folds by
// their ids. The model of a fold learns from answers to questions of the other folds. The
// result is nil if there are too few of these.
func trajectories(records []*Record, labels int) (reading, error) {
	values := map[*Point]float64{}
	for fold := range trajectoryFolds {
		others := slices.DeleteFunc(slices.Clone(records), func(r *Record) bool { return foldOf(r.ID) == fold })
		learn := answersOf(others, inOrder(others, fold), labels)
		if len(learn) < labels {
			return nil, nil
		}
		m, err := trajectory.Learn(learn, trajectory.DefaultOptions())
		if errors.Is(err, fit.ErrOneClass) || errors.Is(err, trajectory.ErrFew) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			if foldOf(r.ID) == fold {
				fill(values, m, r)
			}
		}
	}
	return in(values), nil
}

// in reads confidences from a map.
func in(values map[*Point]float64) reading {
	return func(p *Point) (float64, bool) {
		v, ok := values[p]
		return v, ok
	}
}

// fill adds the confidences of a record's points.
func fill(values map[*Point]float64, m *estimate.TrajectoryModel, r *Record) {
	var whole *float64
	for i := range r.Points {
		p := &r.Points[i]
		s, ok := stateOf(p)
		if !ok {
			continue
		}
		v := m.Confidence(m.PhaseAt(s.Kind&position.End != 0, s.Tokens), &s.Features)
		if math.IsNaN(v) {
			continue
		}
		if values[p] = v; s.Kind&position.End != 0 {
			whole = &v
		}
	}
	for i := range r.Points {
		if p := &r.Points[i]; whole != nil && p.Strategy == ByShare && p.Index == p.Last {
			values[p] = *whole
		}
	}
}

func hashOf(parts ...any) uint32 {
	h := fnv.New32a()
	fmt.Fprint(h, parts...)
	return h.Sum32() >> 4
}

func foldOf(id string) int { return int(hashOf(id) % trajectoryFolds) }

// inOrder returns the ids of the questions in a random order that depends on number.
func inOrder(records []*Record, number int) []string {
	ids := map[string]bool{}
	for _, r := range records {
		ids[r.ID] = true
	}
	return slices.SortedFunc(maps.Keys(ids), func(a, b string) int {
		return cmp.Or(cmp.Compare(hashOf(number, a), hashOf(number, b)), cmp.Compare(a, b))
	})
}

// drawnFor draws labelled answers. It also returns the records of the questions that were
// not drawn, which are at least a tenth of all questions. Both are nil if there are too
// few answers.
func drawnFor(records []*Record, number, labels int) (learn []trajectory.Answer, rest []*Record) {
	ids := inOrder(records, number)
	ids = ids[:min(labels, len(ids)*9/10)]
	drawn := map[string]bool{}
	for _, id := range ids {
		drawn[id] = true
	}
	var from []*Record
	for _, r := range records {
		if drawn[r.ID] {
			from = append(from, r)
		} else {
			rest = append(rest, r)
		}
	}
	if learn = answersOf(from, ids, labels); len(learn) < labels {
		return nil, nil
	}
	return learn, rest
}

// answersOf returns the given number of labelled answers, or fewer if there are no more.
// It takes one answer to each question before it takes a second one to any.
func answersOf(records []*Record, ids []string, labels int) []trajectory.Answer {
	by := map[string][]*Record{}
	for _, r := range records {
		by[r.ID] = append(by[r.ID], r)
	}
	var out []trajectory.Answer
	for round, more := 0, true; more && len(out) < labels; round++ {
		more = false
		for group, id := range ids {
			if len(out) == labels || round >= len(by[id]) {
				continue
			}
			more = true
			r := by[id][round]
			a := trajectory.Answer{Group: group, Correct: r.Correct}
			for i := range r.Points {
				if s, ok := stateOf(&r.Points[i]); ok {
					a.States = append(a.States, s)
				}
			}
			if len(a.States) > 0 {
				out = append(out, a)
			}
		}
	}
	return out
}

// Gain compares a trajectory model with the mean log-probability. A figure is the mean over
// draws of the labelled answers, with the range of the middle 90% of the draws: with ten
// draws, the range of all. Each draw is measured on the answers to the other questions.
type Gain struct {
	Labels           int
	At               Which
	AUROC, Mean, Gap Figure  // of the model, of the mean log-probability, and their difference
	Goal             float64 // the least Gap that is wanted
}

const gainDraws = 10

// gains sets Gains. A row of the tables mixes the confidences of the models of all folds.
// Here, each AUROC is that of one model, because models that are fitted on few labels
// differ in how high their confidences are.
func (d *Domain) gains(records []*Record) error {
	mean := byFeature(estimate.Mean)
	for _, row := range trajectoryRows {
		var values [2][3][]float64
		for draw := range gainDraws {
			learn, rest := drawnFor(records, draw, row.labels)
			if learn == nil {
				break
			}
			m, err := trajectory.Learn(learn, trajectory.DefaultOptions())
			if errors.Is(err, fit.ErrOneClass) || errors.Is(err, trajectory.ErrFew) {
				continue
			}
			if err != nil {
				return err
			}
			of := map[*Point]float64{}
			for _, r := range rest {
				fill(of, m, r)
			}
			for i, w := range []Which{Share30, Whole} {
				ours, err := aurocOf(rest, w, in(of))
				if err != nil {
					return err
				}
				theirs, err := aurocOf(rest, w, mean)
				if err != nil {
					return err
				}
				if v := ours - theirs; !math.IsNaN(v) {
					for k, v := range []float64{ours, theirs, v} {
						values[i][k] = append(values[i][k], v)
					}
				}
			}
		}
		for i, g := range []Gain{{At: Share30, Goal: row.early}, {At: Whole, Goal: row.end}} {
			if v := &values[i]; len(v[0]) > 0 {
				g.Labels, g.AUROC, g.Mean, g.Gap = row.labels, spread(v[0], 0.9), spread(v[1], 0.9), spread(v[2], 0.9)
				d.Gains = append(d.Gains, g)
			}
		}
	}
	return nil
}

// aurocOf returns the AUROC of the confidences at a place, or NaN if it is undefined.
func aurocOf(records []*Record, w Which, read reading) (float64, error) {
	p := pairs(records, w.at(), read)
	if len(p.Confidence) == 0 {
		return math.NaN(), nil
	}
	s, err := metrics.NewSample(p.Confidence, p.Correct)
	if err != nil {
		return 0, err
	}
	v, err := s.AUROC()
	if err != nil {
		return math.NaN(), nil // all answers are right, or all are wrong
	}
	return v, nil
}

// gainTable writes the table of Gains.
func (d *Domain) gainTable(m *markdown) {
	if len(d.Gains) == 0 {
		return
	}
	m.say("\n## Trajectory models against the mean log-probability\n\nAUROC in percent. A figure is the mean of %d draws of the labelled answers, with the range of the draws. Each draw is measured on the answers to the other questions. The model is fitted as `finece calibrate --estimator trajectory` fits it.\n", gainDraws)
	m.head("labelled answers", "at", "AUROC", "AUROC of the mean", "gain", "goal", "reached")
	for i := range d.Gains {
		g := &d.Gains[i]
		at, reached := g.At.String(), "no"
		if g.At >= Share10 {
			at += " of the tokens"
		}
		if g.Gap.Value >= g.Goal {
			reached = "yes"
		}
		m.row(fmt.Sprint(g.Labels), at, show(g.AUROC), show(g.Mean), show(g.Gap), fmt.Sprintf("%+.0f", 100*g.Goal), reached)
	}
}
