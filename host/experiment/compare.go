package experiment

import (
	"math"

	"github.com/finece/finece/metrics"
)

// Comparison is a paired comparison of a method with another one: how far its figure lies
// from the other's on the same answers, with an interval by the bootstrap over questions.
type Comparison struct {
	Name    string // FineCE, or FineCE (fused)
	Against string
	At      Which
	Figure  string // BrierFigure or AUROCFigure
	// Any says that baselines of any cost were to choose from. Otherwise the best was
	// taken among those of equal or lower cost, in tokens of all models together.
	Any          bool
	Ours, Theirs float64
	Gap          Figure // Ours - Theirs
}

// The figures that methods are compared by.
const (
	BrierFigure = "Brier" // after the map where there are labels for one, which is in [Mapped]
	AUROCFigure = "AUROC"
)

// Better reports whether the interval of the difference excludes 0 in favour of the method.
func (c *Comparison) Better() bool {
	if c.Figure == BrierFigure {
		return c.Gap.High < 0
	}
	return c.Gap.Low > 0
}

// Worse reports whether it excludes 0 in favour of the other one.
func (c *Comparison) Worse() bool {
	if c.Figure == BrierFigure {
		return c.Gap.Low > 0
	}
	return c.Gap.High < 0
}

// compare compares FineCE, and at p(1) with fusion, with the best baseline of equal or
// lower cost, and with the best of all; and fusion with FineCE without it.
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
		for _, name := range []string{FineCE, Fused} {
			ours := d.row(name)
			if ours == nil || ours.At[w].N == 0 {
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
				if name == Fused {
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

// brier returns the Brier score after the map, or without one where there are too few
// labels for it.
func (r *Row) brier(w Which) float64 {
	if v := r.Mapped[w].Brier.Value; !math.IsNaN(v) {
		return v
	}
	return r.At[w].Brier
}

// least is the share of the method's pairs that a baseline needs in order to be compared.
// Figures of a few answers say nothing.
const least = 0.9

// best returns the name of the best baseline at a place, "" for none. Unless any is set,
// it costs no more than ours; if the cost of ours was not counted, all baselines compete.
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

// paired compares two methods over the answers that have a confidence of both. Brier is
// measured after the map of each draw, and averaged over the draws.
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
			return c, nil // there is no AUROC where all answers are right, or all wrong
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
