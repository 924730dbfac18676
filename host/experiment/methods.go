package experiment

import (
	"math"
	"strings"

	"github.com/finece/finece/bci"
	"github.com/finece/finece/host/baseline"
)

// method is a row of the tables: it knows where a method's confidences and costs are.
type method struct {
	name  string
	read  reading
	spent func(*Point) (Spent, bool)
	// everywhere says that the method has a confidence at every position of the stream,
	// not only at the places of the tables.
	everywhere bool
}

// methods lists the confidence models, and then the baselines.
func methods(records []*Record) ([]method, error) {
	var models, baselines []method
	for _, name := range names(records) {
		m := method{name: name, read: named(name), spent: func(p *Point) (Spent, bool) { return costOf(p, name) }}
		if isModel(name) {
			models = append(models, m)
		} else {
			baselines = append(baselines, m)
		}
	}
	if depth, width := largest(records); depth > 0 {
		params := bci.Params{Alpha: DefaultAlpha, Depth: depth, Width: width}
		models = append(models, method{name: Fused, read: fused(params), spent: treeCost})
	}
	read, err := profiled(records)
	if err != nil {
		return nil, err
	}
	free := func(*Point) (Spent, bool) { return Spent{}, true }
	if n := len(pairs(records, Whole.at(), read).Confidence); n > 0 {
		baselines = append(baselines, method{name: TraceProfile, read: read, spent: free})
	}
	for _, row := range trajectoryRows {
		read, err := trajectories(records, row.labels)
		if err != nil {
			return nil, err
		}
		if read != nil {
			baselines = append(baselines, method{name: trajectoryName(row.labels), read: read, spent: free, everywhere: true})
		}
	}
	return append(models, baselines...), nil
}

// costOf returns the cost of a confidence.
func costOf(p *Point, name string) (Spent, bool) {
	c, ok := p.Cost[name]
	if !ok {
		return Spent{}, false
	}
	tokens := tokensOf(c)
	if isModel(name) || name == (baseline.PIK{}).Name() || strings.HasPrefix(name, baseline.SolverPrefix) {
		return Spent{Model: tokens}, true
	}
	return Spent{Generator: tokens}, true
}

func tokensOf(c baseline.Cost) float64 { return float64(c.PromptTokens + c.CompletionTokens) }

// treeCost returns the cost of a point's own confidence and of its tree.
func treeCost(p *Point) (Spent, bool) {
	own, ok := costOf(p, FineCE)
	if p.Tree == nil || !ok {
		return Spent{}, false
	}
	return Spent{tokensOf(p.Tree.Sampled), own.Model + tokensOf(p.Tree.Scored)}, true
}

// row measures a method at all places.
func (m *method) row(records []*Record, draws []labelling, seed uint64) (*Row, error) {
	r := &Row{Name: m.name, At: map[Which]Quality{}, Mapped: map[Which]Mapped{}, Spent: map[Which]Spent{}}
	for _, w := range places {
		p := pairs(records, w.at(), m.read)
		q, err := p.quality(seed)
		if err != nil {
			return nil, err
		}
		r.At[w] = q
		if r.Mapped[w], err = mapped(records, w.at(), m.read, draws); err != nil {
			return nil, err
		}
		r.Spent[w] = m.meanCost(records, w.at())
	}
	return r, nil
}

// meanCost returns the mean cost at a position, over the points with a confidence.
func (m *method) meanCost(records []*Record, at At) Spent {
	var sum Spent
	n := 0.0
	for _, r := range records {
		for i := range r.Points {
			p := &r.Points[i]
			if !at.has(p) {
				continue
			}
			if _, ok := m.read(p); !ok {
				continue
			}
			if c, ok := m.spent(p); ok {
				sum.Generator += c.Generator
				sum.Model += c.Model
				n++
			}
		}
	}
	if n == 0 {
		return Spent{math.NaN(), math.NaN()}
	}
	return Spent{sum.Generator / n, sum.Model / n}
}
