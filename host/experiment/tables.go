package experiment

import (
	"fmt"
	"io"
	"maps"
	"slices"
)

// TablesName returns the file name of a domain's tables.
func (d *Domain) TablesName() string { return "TABLES-" + d.Name + ".md" }

// Tables writes all tables of a domain. They link to the plots of [Report.Plots].
func (d *Domain) Tables(w io.Writer) error {
	m := &markdown{w: w}
	m.say("# Tables: %s\n\n%d answers to %d questions, %.1f%% of them right, %.0f tokens long on average. RESULTS.md has the summary.\n", title(d.Name), d.Answers, d.Questions, 100*d.Accuracy, d.Tokens)
	m.say(`
All figures except counts are in percent. Intervals are at the 95%% level, by a bootstrap over questions.

- p(0) is the question alone, p(1) the end of the first paragraph, p(z-1) the last position before the end, p(z) the whole answer. After 10%%, 30%%, 50%% and 100%% of the tokens, a method has the latest confidence that a reader of the stream would have by then. Baselines that send requests are measured at p(0), p(1), p(z-1) and p(z). Methods that use only log-probabilities see exactly the tokens so far.
- Package metrics defines Brier score, Brier skill, AUROC, AUGRC, within-question discrimination and ECE (ten bins).
- "Mapped" means after Platt's map. Every method's map is fitted on the same %d labelled answers and measured on the other questions. The figure is the mean of %d draws of the labelled answers, with the range of the middle 90%% of the draws.
- The last two columns count the tokens of one estimate at this place. Prompts are included, the answer itself is not. Trained models are FineCE's, the head of P(IK) and the solver.
- %s is fitted on four fifths of all answers, split by question. No other row uses so many labels.
`, MapLabels, splits, TraceProfile)
	for _, w := range places {
		d.place(m, w)
	}
	d.unavailable(m)
	d.comparisons(m)
	d.gainTable(m)
	d.stopTable(m, false)
	d.unlikeTable(m)
	d.bySeed(m)
	d.againstLabels(m)
	d.kept(m)
	if d.row(FineCE) == nil {
		return m.err // the other tables are about FineCE
	}

	m.say("\n## The three strategies\n")
	m.strategies(d.Table4)
	if d.Entropies != nil {
		m.say("\n## Entropy positions by threshold\n\nThe number after \"entropy>\" is the threshold in nats. The row \"entropy\" has the threshold of the table above.\n")
		m.strategies(d.Entropies)
	}
	d.fusionTables(m)
	m.say("\n## Confidence models side by side\n\n![Reliability of the confidence models](%s-reliability.svg)\n", d.Name)
	d.recalibration(m)
	return m.err
}

// place writes the table of a place.
func (d *Domain) place(m *markdown, w Which) {
	heading := w.String()
	if w >= Share10 {
		heading = "After " + heading + " of the tokens"
	}
	m.say("\n## %s\n", heading)
	m.head("method", "Brier, mapped", "Brier", "skill", "AUROC", "AUGRC", "within a question", "ECE", "ECE, mapped", "n", "tokens: generator", "trained models")
	for i := range d.Rows {
		r := &d.Rows[i]
		q := r.At[w]
		if q.N == 0 {
			continue
		}
		n := fmt.Sprint(q.N)
		if q.Missing > 0 {
			n += fmt.Sprintf(" (%d without)", q.Missing)
		}
		m.row(r.Name, show(r.Mapped[w].Brier), number(100*q.Brier, 1), number(100*q.Skill, 1), show(q.AUROC), number(100*q.AUGRC, 1), show(q.Within),
			show(q.ECE), show(r.Mapped[w].ECE), n, number(r.Spent[w].Generator, 0), number(r.Spent[w].Model, 0))
	}
}

// unavailable lists the methods without figures, and why.
func (d *Domain) unavailable(m *markdown) {
	if len(d.Unavailable) == 0 {
		return
	}
	m.say("\n## Unavailable\n\nThese methods have no rows. A baseline that had a confidence for none of the first answers was not asked again.\n\n")
	for _, name := range d.unavailableNames() {
		m.say("- %s: %s\n", name, d.Unavailable[name])
	}
}

func (d *Domain) unavailableNames() []string {
	return slices.Sorted(maps.Keys(d.Unavailable))
}

// comparisons writes the paired comparisons.
func (d *Domain) comparisons(m *markdown) {
	if len(d.Comparisons) == 0 {
		return
	}
	m.say("\n## Paired differences\n\nEach row compares a method with the best baseline of equal or lower cost, on the same answers. If a more expensive baseline is better, a second row compares the method with that one. FineCE with fusion and the value head are also compared with FineCE. Brier scores are mapped, unless there are too few labels for a map. The best baseline was chosen on these same answers.\n")
	m.head("at", "method", "figure", "value", "compared with", "value", "cost", "difference", "interval excludes 0")
	for i := range d.Comparisons {
		c := &d.Comparisons[i]
		cost := "equal or lower"
		switch {
		case c.Any:
			cost = "any"
		case isModel(c.Against):
			cost = "-"
		}
		verdict := "no"
		switch {
		case c.Better():
			verdict = "better"
		case c.Worse():
			verdict = "worse"
		}
		m.row(c.At.String(), c.Name, c.Figure, number(100*c.Ours, 1), c.Against, number(100*c.Theirs, 1), cost, show(c.Gap), verdict)
	}
}

// bySeed writes the figures of FineCE seed by seed, with the spread over the seeds.
func (d *Domain) bySeed(m *markdown) {
	if len(d.Seeds) == 0 {
		return
	}
	m.say("\n## FineCE by seed\n\nEach seed has other answers and, if questions are made from the seed, other questions. The trained models are the same.\n")
	m.head("seed", "answers", "p(1): Brier", "AUROC", "ECE", "p(z-1): Brier", "AUROC", "ECE")
	columns := make([][]float64, 6)
	for _, s := range d.Seeds {
		cells := []string{fmt.Sprint(s.Seed), fmt.Sprint(s.Answers)}
		for i, w := range []Which{First, LastBut1} {
			for k, v := range []float64{s.At[w].Brier, s.At[w].AUROC.Value, s.At[w].ECE.Value} {
				cells = append(cells, number(100*v, 1))
				columns[3*i+k] = append(columns[3*i+k], v)
			}
		}
		m.row(cells...)
	}
	cells := []string{"largest minus smallest", ""}
	for _, c := range columns {
		cells = append(cells, number(100*(slices.Max(c)-slices.Min(c)), 1))
	}
	m.row(cells...)
}

// againstLabels writes the tables that need labels.
func (d *Domain) againstLabels(m *markdown) {
	if d.Labelled == nil {
		return
	}
	m.say("\n## Against the labels\n\nHere each confidence is compared with all continuations that its state's label counts, not with one answer. This leaves less to chance.\n")
	m.head("", "p(1): ECE", "AUROC", "Brier", "p(z-1): ECE", "AUROC", "Brier")
	for _, r := range d.Labelled {
		cells := []string{r.Name}
		for _, w := range []Which{First, LastBut1} {
			q := r.At[w]
			cells = append(cells, show(q.ECE), show(q.AUROC), number(100*q.Brier, 1))
		}
		m.row(cells...)
	}
	m.say("\n## Noise of the labels\n\nThe standard error of a label is the square root of the mean of p(1-p)/(k-1) over the states: p is a state's label, k its number of continuations.\n")
	m.head("at", "states", "continuations per label", "standard error")
	for _, n := range d.Noise {
		m.row(n.At.String(), fmt.Sprint(n.States), number(n.K, 1), number(100*n.Error, 1))
	}
	d.limits(m)
}

// kept writes the table of the answers that a threshold keeps.
func (d *Domain) kept(m *markdown) {
	m.say("\n## Answers kept at %.1f\n", DefaultThreshold)
	if d.row(FineCE) != nil {
		m.say("\n![Accuracy of the answers kept, and their share, over thresholds](%s-thresholds.svg)\n", d.Name)
	}
	if f := d.Filter; f != nil {
		m.say("\n%s\n", f.String())
	}
	m.head("", "p(1): kept", "accuracy", "p(z-1): kept", "accuracy", "p(z): kept", "accuracy")
	for i := range d.Rows {
		cells := []string{d.Rows[i].Name}
		for _, w := range []Which{First, LastBut1, Whole} {
			q := d.Rows[i].At[w]
			if q.N == 0 {
				cells = append(cells, "-", "-")
				continue
			}
			cells = append(cells, percent(q.Kept.Coverage), percent(q.Kept.Accuracy))
		}
		m.row(cells...)
	}
}

// fusionTables writes the figures by depth, width and revision coefficient.
func (d *Domain) fusionTables(m *markdown) {
	if len(d.Fusions) == 0 {
		return
	}
	m.say("\n## Fusion\n\nBackward Confidence Integration at p(1), by depth d and width w. The weight of a position's own confidence is a = %.1f:\n", DefaultAlpha)
	m.head("d", "w", "ECE", "AUROC", "Brier", "states scored", "continuations sampled")
	for _, f := range d.Fusions {
		m.row(fmt.Sprint(f.Depth), fmt.Sprint(f.Width), show(f.Quality.ECE), show(f.Quality.AUROC), number(100*f.Quality.Brier, 1), number(f.Scored, 1), number(f.Sampled, 1))
	}
	m.say("\nThe same by a, with d = %d and w = %d (a = 1 means no fusion):\n", d.Alphas[0].Depth, d.Alphas[0].Width)
	m.head("a", "ECE", "AUROC", "Brier")
	for _, f := range d.Alphas {
		m.row(number(f.Alpha, 1), show(f.Quality.ECE), show(f.Quality.AUROC), number(100*f.Quality.Brier, 1))
	}
}

// limits writes the table of the best that an estimate of a state can reach.
func (d *Domain) limits(m *markdown) {
	m.say(`
## How good an estimate can be

The answer that follows a state is drawn at random. The best estimate of a state is the probability that the generator reaches a right answer from there. The label is close to that probability, so the AUROC and the Brier score of the labels are about the best that can be reached. With so few answers, ECE is above 0 even if every confidence is the true probability. The last column has the ECE for that case.
`)
	m.head("at", "AUROC: labels", "FineCE", "Brier: labels", "FineCE", "ECE: FineCE", "if true")
	for _, w := range []Which{Question, First, LastBut1} {
		ours, label := unmeasured, d.Labels.At[w]
		if r := d.row(FineCE); r != nil && r.At[w].N > 0 {
			ours = r.At[w]
		}
		m.row(w.String(), show(label.AUROC), show(ours.AUROC), number(100*label.Brier, 1), number(100*ours.Brier, 1), show(ours.ECE), show(ours.True))
	}
}

// strategies writes a table of strategies.
func (m *markdown) strategies(rows []Strategy) {
	m.head("", "positions per answer", "p(1) after", "of the tokens", "ECE at p(1)", "AUROC at p(1)", "ECE, all", "AUROC, all")
	for _, s := range rows {
		m.row(s.Name, number(s.Positions, 1), number(s.First.Tokens, 0)+" tokens", number(100*s.First.Ratio, 0)+"%", show(s.First.ECE), show(s.First.AUROC), show(s.All.ECE), show(s.All.AUROC))
	}
}

func (d *Domain) recalibration(m *markdown) {
	m.say("\n## Open question: how many labels does another domain or another generator need?\n\nECE after Platt's map. The map is fitted on the given number of labelled answers of the domain, and measured on the domain's other questions. A figure is the mean of %d draws of the labelled answers, with the range of the middle 90%% of the draws. The row 0 has the confidences without a map.\n", splits)
	head := []string{"labelled answers"}
	head = append(head, d.Models...)
	m.head(head...)
	for _, r := range d.Recalibrations {
		cells := []string{fmt.Sprint(r.Labels)}
		for _, name := range d.Models {
			cells = append(cells, show(r.ECE[name]))
		}
		m.row(cells...)
	}
}
