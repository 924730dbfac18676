package experiment

import (
	"math"

	"github.com/finece/finece/metrics"
)

// Comparison is a paired comparison of two methods on the same answers: the difference of
// a figure, with an interval by a bootstrap over questions.
type Comparison struct {
	Name    string // FineCE, FineCE (fused) or FineCE (value head)
	Against string
	At      Which
	Figure  string // BrierFigure or AUROCFigure
	// Any says that Against is the best baseline of any cost. If Any is false, Against is
	// the best baseline of equal or lower cost, or FineCE itself. The cost is the number of
	// tokens of all models together.
	Any          bool
	Ours, Theirs float64
	Gap          Figure // Ours - Theirs
}

// The figures that methods are compared by.
const (
	BrierFigure = "Brier" // after the map ([Mapped]), or without one if there are too few labels
	AUROCFigure = "AUROC"
)

// Better reports whether the interval of the difference excludes 0 in favour of Name.
func (c *Comparison) Better() bool {
	if c.Figure == BrierFigure {
		return c.Gap.High < 0
	}
	return c.Gap.Low > 0
}

// Worse reports whether the interval of the difference excludes 0 in favour of Against.
func (c *Comparison) Worse() bool {
	if c.Figure == BrierFigure {
		return c.Gap.Low > 0
	}
	return c.Gap.High < 0
}

// compare sets Comparisons. FineCE, its value head and, at p(1), FineCE with fusion are
// compared with the best baseline of equal or lower cost, and with the best of any cost. The
// value head and FineCE with fusion are also compared with FineCE.
func (d *Domain) compare(records []*Record, list []method, draws []labelling, seed uint64) error {
	by := map[string]*method{}
	for i := range list {
		by[list[i].name] = &list[i]
	}
	add := func(ours *Row, against string, w Which, figure string, any bool) error {
		c, err := paired(records, by[ours.Name], by[against], w, figure, draws, seed)
		if err != nil {
			return err
		}
		if !math.IsNaN(c.Gap.Low) {
			c.Any = any
			d.Comparisons = append(d.Comparisons, *c)
		}
		return nil
	}
	for _, w := range places {
		for _, name := range []string{FineCE, Fused, ValueHead} {
			ours := d.row(name)
			if ours == nil || ours.At[w].N == 0 || ours.few(w) {
				continue
			}
			for _, figure := range []string{BrierFigure, AUROCFigure} {
				cheap, best := d.best(w, figure, ours, false), d.best(w, figure, ours, true)
				if cheap != "" {
					if err := add(ours, cheap, w, figure, false); err != nil {
						return err
					}
				}
				if best != "" && best != cheap {
					if err := add(ours, best, w, figure, true); err != nil {
						return err
					}
				}
				if name != FineCE {
					if err := add(ours, FineCE, w, figure, false); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

func (d *Domain) row(name string) *Row {
	for i := range d.Rows {
		if d.Rows[i].Name == name {
			return &d.Rows[i]
		}
	}
	return nil
}

// brier returns the Brier score after the map, or without a map if there are too few
// labels to fit one.
func (r *Row) brier(w Which) float64 {
	if v := r.Mapped[w].Brier.Value; !math.IsNaN(v) {
		return v
	}
	return r.At[w].Brier
}

// least is the share of a method's pairs that a baseline needs to be compared with the
// method. Figures of a few answers say little.
const least = 0.9

// best returns the name of the best baseline at a place, or "" for none. If any is false,
// only baselines that cost at most as much as ours are considered. If the cost of ours was
// not counted, all baselines are considered.
func (d *Domain) best(w Which, figure string, ours *Row, any bool) string {
	name, best := "", math.NaN()
	budget := ours.Spent[w].total()
	for i := range d.Rows {
		r := &d.Rows[i]
		if isModel(r.Name) || float64(r.At[w].N) < max(least*float64(ours.At[w].N), 1) {
			continue
		}
		if !any && budget > 0 && r.Spent[w].total() > budget {
			continue
		}
		v := r.At[w].AUROC.Value
		if figure == BrierFigure {
			v = -r.brier(w)
		}
		if !math.IsNaN(v) && (name == "" || v > best) {
			name, best = r.Name, v
		}
	}
	return name
}

// paired compares two methods on the answers that have a confidence of both. The Brier
// score is measured after the map of each draw; the pairs of all draws are joined.
func paired(records []*Record, a, b *method, w Which, figure string, draws []labelling, seed uint64) (*Comparison, error) {
	c := &Comparison{Name: a.name, Against: b.name, At: w, Figure: figure, Ours: math.NaN(), Theirs: math.NaN(), Gap: unknown}
	both := func(one, other reading) reading {
		return func(p *Point) (float64, bool) {
			v, ok := one(p)
			_, too := other(p)
			return v, ok && too
		}
	}
	sides := make([]Pairs, 2)
	for i, read := range []reading{both(a.read, b.read), both(b.read, a.read)} {
		if figure == AUROCFigure || draws == nil {
			sides[i] = pairs(records, w.at(), read)
			continue
		}
		all, err := mappedPairs(records, w.at(), read, draws)
		if err != nil {
			return nil, err
		}
		sides[i] = pooled(all)
	}
	if len(sides[0].Confidence) == 0 {
		return c, nil
	}
	metric := metrics.MetricAUROC
	if figure == BrierFigure {
		metric = metrics.MetricBrier
	}
	for i, to := range []*float64{&c.Ours, &c.Theirs} {
		s, err := metrics.NewSample(sides[i].Confidence, sides[i].Correct)
		if err != nil {
			return nil, err
		}
		if *to, err = s.Value(metric, metrics.DefaultBinning()); err != nil {
			return c, nil // no AUROC: all answers are right, or all are wrong
		}
	}
	intervals, err := metrics.BootstrapDifferences(sides[0].Confidence, sides[1].Confidence, sides[0].Correct, sides[0].questions(), []metrics.Metric{metric}, resampling(seed))
	if err != nil {
		return nil, err
	}
	c.Gap = Figure{c.Ours - c.Theirs, intervals[0].Low, intervals[0].High}
	return c, nil
}

// pooled joins the pairs of several draws. A question is one cluster in all of them.
func pooled(all []Pairs) Pairs {
	var out Pairs
	for i := range all {
		out.Confidence = append(out.Confidence, all[i].Confidence...)
		out.Correct = append(out.Correct, all[i].Correct...)
		out.IDs = append(out.IDs, all[i].IDs...)
	}
	return out
}
