package experiment

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// About describes a run, for RESULTS.md.
type About struct {
	Models  string   // a sentence or two about the models
	Notes   []string // facts that a reader of the figures needs
	Command []string // lines of a shell that make the results again
}

// claimed are the places that claims are made about. The other places are only in the
// tables.
var claimed = []Which{First, LastBut1, Whole}

// Markdown writes the summary, about a page long. The summary links to the plots of
// [Report.Plots] and to the files of [Domain.Tables].
func (r *Report) Markdown(w io.Writer, about About) error {
	m := &markdown{w: w}
	m.say("# Results\n\nCan a confidence tell right answers from wrong ones while they are still being written, and better than methods of the same cost? %s\n", strings.TrimSpace(about.Models))
	if len(r.Domains) > 0 {
		r.Domains[0].summary(m)
	}
	r.unlikeTable(m)
	r.claims(m)
	r.unavailable(m)
	m.say("\n## How to read and rerun\n\n- The package comment of host/baseline describes the baselines.\n")
	for _, note := range about.Notes {
		m.say("- %s\n", note)
	}
	if len(about.Command) > 0 {
		m.say("\n    %s\n", strings.Join(about.Command, "\n    "))
	}
	m.say("\nAll tables and differences: ")
	for i := range r.Domains {
		if i > 0 {
			m.say(", ")
		}
		name := r.Domains[i].TablesName()
		m.say("[%s](%s)", r.Domains[i].Name, name)
	}
	m.say(".\n")
	return m.err
}

// summary writes the domain's table and the plot.
func (d *Domain) summary(m *markdown) {
	after := fmt.Sprintf("Brier score and ECE are measured after Platt's map; every method's map is fitted on the same %d labelled answers.", MapLabels)
	if !d.enough() {
		after = "There are too few answers to fit a calibration map, so Brier scores are measured without one."
	}
	m.say("\n## %s: %d answers, %.0f%% of them right\n\np(1) is the end of the first paragraph, p(z-1) the last position before the end, p(z) the whole answer. Figures are in percent; a low Brier score and ECE and a high AUROC are good. %s The column \"tokens\" counts the tokens of all models for one estimate at p(z-1).\n", title(d.Name), d.Answers, 100*d.Accuracy, after)
	m.head("method", "p(1): Brier", "AUROC", "p(z-1): Brier", "AUROC", "ECE", "tokens", "p(z): Brier", "AUROC")
	for _, r := range d.ranked() {
		m.row(r.Name, r.shown(First, r.brier(First)), r.shown(First, r.At[First].AUROC.Value),
			r.shown(LastBut1, r.brier(LastBut1)), r.shown(LastBut1, r.At[LastBut1].AUROC.Value), r.shown(LastBut1, r.Mapped[LastBut1].ECE.Value), number(r.Spent[LastBut1].total(), 0),
			r.shown(Whole, r.brier(Whole)), r.shown(Whole, r.At[Whole].AUROC.Value))
	}
	m.say("\n![Brier score over the share of the tokens that were read](%s)\n", SharesPlot)
	if r := d.row(FineCE); r != nil && r.At[Share30].N > 0 {
		m.say("\nFineCE's AUROC is %s after 10%% of the tokens, %s after 30%%, %s after 50%% and %s at the end.\n",
			number(100*r.At[Share10].AUROC.Value, 1), number(100*r.At[Share30].AUROC.Value, 1), number(100*r.At[Share50].AUROC.Value, 1), number(100*r.At[Share100].AUROC.Value, 1))
	}
	if d.row(FineCE) == nil {
		d.gainTable(m)
	}
	d.stopTable(m, true)
}

// enough reports whether there are enough answers for the map and for a claim.
func (d *Domain) enough() bool { return d.Answers >= 2*MapLabels }

// lacking reports whether a row has some confidences at p(1) or p(z-1), but at both places
// fewer than a comparison needs.
func (r *Row) lacking() bool {
	have := r.At[First].N+r.At[LastBut1].N > 0
	return have && r.few(LastBut1) && (r.few(First) || r.At[First].N == 0)
}

// shown formats a figure of a row at a place in percent: "-" if it is of too few answers.
func (r *Row) shown(w Which, v float64) string {
	if r.few(w) {
		return "-"
	}
	return number(100*v, 1)
}

// few reports whether a row has fewer confidences at a place than a comparison needs.
func (r *Row) few(w Which) bool {
	return float64(r.At[w].N) < least*float64(r.At[w].N+r.At[w].Missing)
}

// ranked returns the rows with a figure at p(1), p(z-1) or p(z). FineCE is the first. The
// others are in the order of their Brier score at p(z-1) or, if they have none there, at
// p(1). Rows that have figures only at p(z) are the last.
func (d *Domain) ranked() []Row {
	rows := slices.DeleteFunc(slices.Clone(d.Rows), func(r Row) bool {
		return r.At[First].N+r.At[LastBut1].N+r.At[Whole].N == 0 || !isModel(r.Name) && r.lacking()
	})
	key := func(r *Row) float64 {
		v := r.brier(LastBut1)
		switch {
		case r.Name == FineCE:
			return -1
		case math.IsNaN(v) && r.At[First].N > 0:
			return r.brier(First)
		case math.IsNaN(v):
			return 1 + r.brier(Whole)
		}
		return v
	}
	slices.SortStableFunc(rows, func(a, b Row) int {
		return cmp.Compare(key(&a), key(&b))
	})
	return rows
}

// claims writes the claims that the paired intervals support, and those that they do not. So
// that they fit on a page, they are mainly about the first domain.
func (r *Report) claims(m *markdown) {
	var yes, open, no lines
	for i := range r.Domains {
		d := &r.Domains[i]
		if !d.enough() {
			open.add(d.Name, fmt.Sprintf("%d answers are fewer than the %d that a claim needs", d.Answers, 2*MapLabels))
			continue
		}
		for k := range d.Comparisons {
			c := &d.Comparisons[k]
			if c.Any || !slices.Contains(claimed, c.At) || d.repeats(c) || minor(c, i == 0) {
				continue
			}
			at := c.At.String()
			switch c.Name {
			case Fused:
				at += ", fused"
			case ValueHead:
				at += ", value head"
			}
			where := d.Name + ", " + at
			switch {
			case c.Better():
				yes.add(where, fmt.Sprintf("%s %s against %s of %s: %s", c.Figure, number(100*c.Ours, 1), number(100*c.Theirs, 1), c.Against, show(c.Gap)))
			case c.Worse():
				no.add(where, fmt.Sprintf("%s %s against %s", c.Figure, show(c.Gap), c.Against))
			case c.At != Whole && c.Against != FineCE && (c.Name != ValueHead || c.Figure == BrierFigure): // the tables have all undecided differences
				open.add(d.Name, c.Figure+" at "+at)
			}
		}
		if f := d.Filter; f != nil && i == 0 {
			if f.Reached() {
				yes.add(d.Name+", p(z)", f.String())
			} else {
				open.add(d.Name, fmt.Sprintf("a threshold of %g at p(z)", DefaultThreshold))
			}
		}
	}
	list := func(heading, none string, l lines) {
		m.say("\n%s\n\n", heading)
		if len(l.where) == 0 {
			m.say("%s\n", none)
		}
		for i, where := range l.where {
			m.say("- %s: %s\n", where, strings.Join(l.says[i], "; "))
		}
	}
	list("## Claimed\n\nA method is better than the best baseline of equal or lower cost, or than FineCE, or a threshold keeps answers that are right more often. Differences, in percentage points, are claimed only if their paired interval excludes 0:", "None.", yes)
	list("## Not claimed\n\nSignificantly worse (a higher Brier score or a lower AUROC):", "None.", no)
	list("Undecided against the best baseline of equal or lower cost: the interval includes 0, or there are too few answers:", "None.", open)
}

// minor reports whether a comparison is left to the tables: of whole answers and of the value
// head, those of the first domain are in the summary, except those of both.
func minor(c *Comparison, first bool) bool {
	whole, head := c.At == Whole, c.Name == ValueHead
	return whole && head || (whole || head) && !first
}

// repeats reports whether the outcome of a comparison is left out of the summary because
// another has the same outcome: the Brier score against the same method or, for FineCE with
// fusion and the value head, FineCE against a baseline. The tables have all of them.
func (d *Domain) repeats(c *Comparison) bool {
	return slices.ContainsFunc(d.Comparisons, func(o Comparison) bool {
		if o.Any || o.At != c.At || o.Better() != c.Better() || o.Worse() != c.Worse() {
			return false
		}
		if o.Name == c.Name {
			return o.Against == c.Against && o.Figure == BrierFigure && c.Figure == AUROCFigure && (c.Better() || c.Worse())
		}
		return o.Name == FineCE && o.Figure == c.Figure && c.Against != FineCE
	})
}

// lines holds sentences by the place that they are about.
type lines struct {
	where []string
	says  [][]string
}

func (l *lines) add(where, says string) {
	if n := len(l.where); n > 0 && l.where[n-1] == where {
		l.says[n-1] = append(l.says[n-1], says)
		return
	}
	l.where, l.says = append(l.where, where), append(l.says, []string{says})
}

// missing is the share of the answers without a confidence of a method at p(z-1), or the range of
// the shares in the domains where the method is lacking.
func missing(r *Report, name string) string {
	low, high := math.Inf(1), math.Inf(-1)
	for i := range r.Domains {
		if row := r.Domains[i].row(name); row != nil && row.lacking() {
			q := row.At[LastBut1]
			share := math.Round(100 * float64(q.Missing) / float64(max(q.N+q.Missing, 1)))
			low, high = min(low, share), max(high, share)
		}
	}
	if low == high {
		return fmt.Sprintf("%g%%", low)
	}
	return fmt.Sprintf("%g to %g%%", low, high)
}

// unavailable lists the methods that have no figures. Methods with the same reason share a
// line, which names the domains.
func (r *Report) unavailable(m *markdown) {
	names, where := map[string][]string{}, map[string][]string{}
	var order []string
	add := func(domain int, name, says string) {
		if names[says] == nil {
			order = append(order, says)
		}
		if !slices.Contains(names[says], name) {
			names[says] = append(names[says], name)
		}
		if of := r.Domains[domain].Name; !slices.Contains(where[says], of) {
			where[says] = append(where[says], of)
		}
	}
	for i := range r.Domains {
		for _, name := range r.Domains[i].unavailableNames() {
			add(i, name, r.Domains[i].Unavailable[name])
		}
	}
	for i := range r.Domains {
		for k := range r.Domains[i].Rows {
			if row := &r.Domains[i].Rows[k]; !isModel(row.Name) && row.lacking() {
				add(i, row.Name, "no confidence for "+missing(r, row.Name)+" of the answers at p(z-1)")
			}
		}
	}
	if len(order) == 0 {
		return
	}
	m.say("\n## Unavailable\n\n")
	for _, says := range order {
		of := strings.Join(where[says], ", ")
		if n := len(r.Domains); n > 1 && len(where[says]) == n {
			of = "all domains"
		}
		m.say("- %s: %s (%s)\n", strings.Join(names[says], ", "), says, of)
	}
}
