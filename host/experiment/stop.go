package experiment

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/finece/finece/host/baseline"
	"github.com/finece/finece/metrics"
	"github.com/finece/finece/metrics/calibrate/fit"
	"github.com/finece/finece/metrics/portable"
	"github.com/finece/finece/wasm/estimate"
)

// alphas are the shares of right answers that may be stopped.
var alphas = []float64{0.05, 0.1, 0.2}

// shownAlphas is how many of them the summary has. The tables have all.
const shownAlphas = 2

const stopFolds = 5

const meanName = "mean log-probability"

// Stopping says what happens if answers are stopped early. An answer is stopped at the
// first paragraph end or periodic position inside it where the confidence is below a
// threshold. The threshold is chosen on the answers to other questions (fit.StopHeldOut).
type Stopping struct {
	Name  string
	Alpha float64
	Right Figure  // share of right answers that were stopped, at most Alpha on average
	Wrong float64 // share of wrong answers that were stopped
	Saved float64 // share of all tokens that stopping saves
}

// Holds reports whether the interval of Right reaches down to Alpha or below.
func (s *Stopping) Holds() bool { return s.Right.Low <= s.Alpha }

// leastName is the name of the least log-probability so far.
const leastName = "least log-probability"

// withTrajectory is added to the name of a confidence model for the model and the trajectory
// model of the most labels together.
const withTrajectory = " and trajectory"

// stoppers returns the methods that have a confidence at every position.
func stoppers(records []*Record, list []method) ([]method, error) {
	out := []method{
		{name: meanName, read: byFeature(estimate.Mean)},
		{name: leastName, read: byFeature(estimate.Max)},
	}
	var models []method
	var trajectory reading
	for _, m := range list {
		switch {
		case m.name == FineCE, m.name == ValueHead:
			models = append(models, m)
		case m.name == baseline.PIK{}.Name(): // the question alone: an answer is stopped at its first position or never
		case m.everywhere:
			trajectory = m.read
		default:
			continue
		}
		out = append(out, m)
	}
	if trajectory == nil {
		return out, nil
	}
	for _, m := range models {
		both, err := together(records, m.read, trajectory)
		if err != nil {
			return nil, err
		}
		out = append(out, method{name: m.name + withTrajectory, read: both})
	}
	return out, nil
}

// together returns confidences by a logistic regression on the logits of two methods. The
// questions are in folds by their ids. The regression of a fold is fitted on answers to the
// questions of the other folds, at the positions that have both confidences.
func together(records []*Record, a, b reading) (reading, error) {
	values := map[*Point]float64{}
	for fold := range trajectoryFolds {
		columns := make([][]float64, 2)
		var right, wrong []float64
		of := map[*Point][2]float64{}
		for _, r := range records {
			for _, p := range inside(r) {
				x, ok := a(p)
				y, has := b(p)
				if !ok || !has {
					continue
				}
				logits := [2]float64{logit(x), logit(y)}
				if foldOf(r.ID) == fold {
					of[p] = logits
					continue
				}
				for k := range columns {
					columns[k] = append(columns[k], logits[k])
				}
				outcome, not := ofAnswer(r, p)
				right, wrong = append(right, float64(outcome)), append(wrong, float64(not))
			}
		}
		intercept, weights, err := fit.Ridge(columns, right, wrong, profilePenalty)
		if errors.Is(err, fit.ErrOneClass) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for p, x := range of {
			values[p] = 1 / (1 + portable.Exp(-(intercept + float64(weights[0]*x[0]) + float64(weights[1]*x[1]))))
		}
	}
	return in(values), nil
}

// logit returns the natural logarithm of the odds of p, which is first limited to
// [0.001, 0.999].
func logit(p float64) float64 {
	p = min(max(p, 0.001), 0.999)
	return portable.Log(p / (1 - p))
}

// byFeature reads a confidence from a feature that is the square root of a negative
// log-probability: exp(-feature^2).
func byFeature(f estimate.Feature) reading {
	return func(p *Point) (float64, bool) {
		if len(p.Trajectory) <= int(f) {
			return 0, false
		}
		return portable.Exp(-p.Trajectory[f] * p.Trajectory[f]), true
	}
}

// stops sets Stops.
func (d *Domain) stops(records []*Record, list []method, seed uint64) error {
	list, err := stoppers(records, list)
	if err != nil {
		return err
	}
	for _, m := range list {
		paths := pathsOf(records, m.read)
		if paths == nil {
			continue
		}
		for _, alpha := range alphas {
			if len(fit.RightPaths(paths, seed))*(stopFolds-1)/stopFolds < fit.FewestRight(alpha) {
				continue
			}
			right, wrong, err := fit.StopHeldOut(paths, alpha, stopFolds, seed)
			if err != nil {
				return err
			}
			s := Stopping{Name: m.name, Alpha: alpha, Wrong: math.NaN(), Saved: float64(right.Saved+wrong.Saved) / float64(max(right.Tokens+wrong.Tokens, 1))}
			if s.Right, err = shareStopped(&right, seed); err != nil {
				return err
			}
			if n := len(wrong.Stopped); n > 0 {
				s.Wrong = float64(wrong.Count()) / float64(n)
			}
			d.Stops = append(d.Stops, s)
		}
	}
	return nil
}

// pathsOf returns the confidences of each answer, in the order of its text. It returns nil
// if the method has no confidence at all.
func pathsOf(records []*Record, read reading) []fit.Path {
	groups := map[string]int{}
	var out []fit.Path
	some := false
	for _, r := range records {
		if _, ok := groups[r.ID]; !ok {
			groups[r.ID] = len(groups)
		}
		path := fit.Path{Group: groups[r.ID], Correct: r.Correct, Tokens: int64(r.Tokens)}
		for _, p := range inside(r) {
			if v, ok := read(p); ok {
				path.Confidence, path.At = append(path.Confidence, v), append(path.At, int64(p.Tokens))
				some = true
			}
		}
		out = append(out, path)
	}
	if !some {
		return nil
	}
	return out
}

// inside returns the positions where an answer can be stopped, in the order of its text.
func inside(r *Record) []*Point {
	var points []*Point
	for i := range r.Points {
		if p := &r.Points[i]; (p.Strategy == ByParagraph || p.Strategy == ByPeriod) && p.Index > 0 && p.Index < p.Last {
			points = append(points, p)
		}
	}
	slices.SortStableFunc(points, func(a, b *Point) int { return cmp.Compare(a.Tokens, b.Tokens) })
	return points
}

// shareStopped returns the share of answers that were stopped, with its interval.
func shareStopped(s *fit.Stopped, seed uint64) (Figure, error) {
	n := len(s.Stopped)
	if n == 0 {
		return unknown, nil
	}
	none := make([]float64, n) // the share needs no confidences
	of, err := metrics.BootstrapClusters(none, s.Stopped, s.Groups, []metrics.Metric{metrics.MetricAccuracy}, resampling(seed))
	if err != nil {
		return unknown, err
	}
	return Figure{float64(s.Count()) / float64(n), of[0].Low, of[0].High}, nil
}

// stopTable writes the table of Stops. A summary has one line for each confidence.
func (d *Domain) stopTable(m *markdown, summary bool) {
	if len(d.Stops) == 0 {
		return
	}
	m.say("\n## Stopping early\n\nAn answer is stopped at the first paragraph end or periodic position where the confidence is below a threshold. Split conformal prediction chooses it on other questions (%d folds): on average, at most a share alpha of the right answers is stopped.\n", stopFolds)
	if summary {
		d.stopSummary(m)
		return
	}
	m.head("confidence", "alpha", "right answers stopped", "wrong answers stopped", "tokens saved", "within alpha")
	for i := range d.Stops {
		s := &d.Stops[i]
		holds := "yes"
		if !s.Holds() {
			holds = "no"
		}
		m.row(s.Name, fmt.Sprintf("%g%%", 100*s.Alpha), show(s.Right), number(100*s.Wrong, 1), number(100*s.Saved, 1), holds)
	}
}

// stopSummary writes a line for each confidence, with two columns for each of the first alphas.
func (d *Domain) stopSummary(m *markdown) {
	head := []string{"confidence"}
	for _, alpha := range alphas[:shownAlphas] {
		head = append(head, fmt.Sprintf("alpha %g%%: right answers stopped", 100*alpha), "tokens saved")
	}
	m.head(head...)
	var names []string
	cells := map[string][]string{}
	for i := range d.Stops {
		s := &d.Stops[i]
		if s.Name == leastName || strings.HasSuffix(s.Name, withTrajectory) {
			continue // they are in the tables
		}
		if cells[s.Name] == nil {
			names = append(names, s.Name)
		}
		if slices.Index(alphas, s.Alpha) >= shownAlphas {
			continue
		}
		for len(cells[s.Name]) < 2*slices.Index(alphas, s.Alpha) {
			cells[s.Name] = append(cells[s.Name], "-") // too few right answers for this share
		}
		cells[s.Name] = append(cells[s.Name], show(s.Right), number(100*s.Saved, 1))
	}
	for _, name := range names {
		for len(cells[name]) < 2*shownAlphas {
			cells[name] = append(cells[name], "-")
		}
		m.row(append([]string{name}, cells[name]...)...)
	}
}
