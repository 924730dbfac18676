package experiment

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/finece/finece/metrics"
	"github.com/finece/finece/metrics/calibrate/fit"
	"github.com/finece/finece/metrics/portable"
	"github.com/finece/finece/wasm/estimate"
)

// alphas are the shares of right answers that may be stopped.
var alphas = []float64{0.05, 0.1, 0.2}

const stopFolds = 5

// Stopping is what ending answers early does. An answer ends at the first position inside
// it, of paragraphs or periodic, where the confidence is below a threshold. The threshold
// was chosen on the answers to other questions (fit.StopHeldOut).
type Stopping struct {
	Name  string
	Alpha float64
	Right Figure  // share of right answers that were stopped, at most Alpha on average
	Wrong float64 // share of wrong answers that were stopped
	Saved float64 // share of all tokens that were not generated
}

// Holds reports whether the share of right answers is within alpha, up to chance.
func (s *Stopping) Holds() bool { return s.Right.Low <= s.Alpha }

// stoppers are the methods that have a confidence at every position.
func stoppers(list []method) []method {
	out := []method{
		{name: "mean log-probability", read: byFeature(estimate.Mean)},
		{name: "least log-probability", read: byFeature(estimate.Max)},
	}
	for _, m := range list {
		if m.name == FineCE || m.everywhere {
			out = append(out, m)
		}
	}
	return out
}

// byFeature reads the probability of a feature that is the root of a negative
// log-probability.
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
	for _, m := range stoppers(list) {
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

// pathsOf returns the confidences of each answer in the order of its text, nil if the
// method has none.
func pathsOf(records []*Record, read reading) []fit.Path {
	groups := map[string]int{}
	var out []fit.Path
	some := false
	for _, r := range records {
		if _, ok := groups[r.ID]; !ok {
			groups[r.ID] = len(groups)
		}
		path := fit.Path{Group: groups[r.ID], Correct: r.Correct, Tokens: int64(r.Tokens)}
		var points []*Point
		for i := range r.Points {
			if p := &r.Points[i]; (p.Strategy == ByParagraph || p.Strategy == ByPeriod) && p.Index > 0 && p.Index < p.Last {
				points = append(points, p)
			}
		}
		slices.SortStableFunc(points, func(a, b *Point) int { return cmp.Compare(a.Tokens, b.Tokens) })
		for _, p := range points {
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

// shareStopped is the share of answers that were stopped, with its interval.
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

// stopTable writes what stopping does. In a summary it has the first method and the last.
func (d *Domain) stopTable(m *markdown, summary bool) {
	if len(d.Stops) == 0 {
		return
	}
	first, last := d.Stops[0].Name, d.Stops[len(d.Stops)-1].Name
	m.say("\n## Stopping early\n\nAn answer ends at the first paragraph or periodic position inside it where the confidence falls below a threshold. The threshold is chosen so that at most a share alpha of right answers ends (split conformal prediction), on the answers to other questions: %d folds.\n", stopFolds)
	m.head("confidence", "alpha", "right answers stopped", "wrong answers stopped", "tokens saved", "the share holds")
	for i := range d.Stops {
		s := &d.Stops[i]
		if summary && s.Name != first && s.Name != last {
			continue
		}
		holds := "yes"
		if !s.Holds() {
			holds = "no"
		}
		m.row(s.Name, fmt.Sprintf("%g%%", 100*s.Alpha), show(s.Right), number(100*s.Wrong, 1), number(100*s.Saved, 1), holds)
	}
}
