package experiment

import (
	"fmt"
	"io"
	"math"
	"strings"
)

func number(v float64, digits int) string {
	if math.IsNaN(v) {
		return "-"
	}
	return fmt.Sprintf("%.*f", digits, v)
}

// percent formats a share, "-" for NaN.
func percent(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return number(100*v, 1) + "%"
}

// show formats a figure in percent with its interval.
func show(f Figure) string {
	if math.IsNaN(f.Value) {
		return "-"
	}
	if math.IsNaN(f.Low) {
		return number(100*f.Value, 1)
	}
	return fmt.Sprintf("%.1f [%.1f, %.1f]", 100*f.Value, 100*f.Low, 100*f.High)
}

// markdown writes tables. It keeps the first error and then writes nothing.
type markdown struct {
	w   io.Writer
	err error
}

func (m *markdown) say(format string, a ...any) {
	if m.err == nil {
		_, m.err = fmt.Fprintf(m.w, format, a...)
	}
}

func (m *markdown) head(cells ...string) {
	m.say("\n| %s |\n|%s\n", strings.Join(cells, " | "), strings.Repeat(" --- |", len(cells)))
}

func (m *markdown) row(cells ...string) { m.say("| %s |\n", strings.Join(cells, " | ")) }

var domainTitles = map[string]string{
	"in":      "In domain",
	"hard":    "In domain, the hardest",
	"long":    "Longer chains (never trained on)",
	"wording": "Other wording (never trained on)",
	"open":    "Open-ended: any of many true statements",
}

func title(name string) string {
	if t, ok := domainTitles[name]; ok {
		return t
	}
	return name
}

// Markdown writes the report. about describes the run: the models, the seed, the
// command. The report links to the plots of [Report.Plots].
func (r *Report) Markdown(w io.Writer, about string) error {
	m := &markdown{w: w}
	m.say("# Results\n\n%s\n\n", strings.TrimSpace(about))
	m.say("%d answers to %d questions. ECE and AUROC are in percent, with 95%% intervals bootstrapped over questions; ECE has ten bins. p(0) is the question alone, p(1) the first paragraph's end, p(z-1) the last but one, p(z) the whole answer. Behind a difference in points is its own interval, of both on the same draws; behind the accuracy of answers that are kept is the exact one, and beyond chance it is where that lies above the accuracy of all. A baseline that lacks a confidence for more than a tenth of the answers is not the best one. Tokens are what an estimate takes beyond the answer, prompts included; those of confidence models, one request each, are not counted.\n", r.Answers, r.Questions)

	m.say("\n## What is to be reached\n")
	m.head("domain", "claim", "found", "reached")
	for _, v := range r.Verdicts {
		reached := "**no**"
		if v.Reached {
			reached = "yes"
		}
		m.row(v.Domain, v.Claim, v.Found, reached)
	}
	m.say("\nThe paper's own figures, for models of 7 to 13 billion parameters on GSM8K, CommonsenseQA and TriviaQA: up to 60%% lower ECE and 15 points more AUROC than the baselines; accuracy 39.5%% higher when answers below 0.8 are left out; an ECE after about 30%% of the tokens within 2.1 points of the whole answer's.\n")
	for i := range r.Domains {
		r.Domains[i].markdown(m)
	}
	return m.err
}

func (d *Domain) markdown(m *markdown) {
	m.say("\n## %s\n\n%d answers to %d questions, %.1f%% of them correct, %.0f tokens long on average.\n", title(d.Name), d.Answers, d.Questions, 100*d.Accuracy, d.Tokens)
	m.qualities("Table 1: while the answer is written", d.Table1, First, LastBut1)
	if d.Labelled != nil {
		m.say("\n### Table 1 against the labels\n\nThe same confidences, each held against all the continuations of its state that the label counts, and not the one answer: less of the intervals is the luck of that one.\n")
		m.quality(d.Labelled, First, LastBut1)
		d.limits(m)
	}
	m.qualities("Table 2: before the answer, and of the whole one", d.Table2, Question, Whole)

	m.say("\n### Table 3: answers kept at %.1f\n", DefaultThreshold)
	m.head("", "p(1): kept", "accuracy", "p(z-1): kept", "accuracy", "p(z): kept", "accuracy")
	for i := range d.Table1 {
		cells := []string{d.Table1[i].Name}
		for _, q := range []Quality{d.Table1[i].At[First], d.Table1[i].At[LastBut1], d.Table2[i].At[Whole]} {
			if q.N == 0 {
				cells = append(cells, "-", "-")
				continue
			}
			cells = append(cells, percent(q.Kept.Coverage), percent(q.Kept.Accuracy))
		}
		m.row(cells...)
	}

	m.say("\n### Table 4: the three strategies\n")
	m.strategies(d.Table4)
	if d.Entropies != nil {
		m.say("\n### Open question: entropy positions by threshold\n\nThe number after entropy is the threshold in nats, where it is not that of Table 4.\n")
		m.strategies(d.Entropies)
	}

	m.say("\n### Figure 4: thresholds, and fusion\n\n![Accuracy of the answers kept, and their share, over thresholds](%s-thresholds.svg)\n", d.Name)
	if len(d.Fusions) > 0 {
		m.say("\nBackward Confidence Integration at p(1), a = %.1f:\n", DefaultAlpha)
		m.head("d", "w", "ECE", "AUROC", "states scored", "continuations sampled")
		for _, f := range d.Fusions {
			m.row(fmt.Sprint(f.Depth), fmt.Sprint(f.Width), show(f.Quality.ECE), show(f.Quality.AUROC), number(f.Scored, 1), number(f.Sampled, 1))
		}
		m.say("\nOver a, with d = %d and w = %d (a = 1 is no fusion):\n", d.Alphas[0].Depth, d.Alphas[0].Width)
		m.head("a", "ECE", "AUROC")
		for _, f := range d.Alphas {
			m.row(number(f.Alpha, 1), show(f.Quality.ECE), show(f.Quality.AUROC))
		}
	}

	m.say("\n### Figures 5 to 7, and sweeps: confidence models side by side\n\n![Reliability of the confidence models](%s-reliability.svg)\n", d.Name)
	m.head("", "p(0): ECE", "AUROC", "p(1): ECE", "AUROC", "p(z-1): ECE", "AUROC", "p(z): ECE", "AUROC")
	for _, row := range d.Models {
		cells := []string{row.Name}
		for _, w := range []Which{Question, First, LastBut1, Whole} {
			cells = append(cells, show(row.At[w].ECE), show(row.At[w].AUROC))
		}
		m.row(cells...)
	}
	d.recalibration(m)
}

// limits writes how good an estimate of a state can be.
func (d *Domain) limits(m *markdown) {
	m.say(`
### How good an estimate can be

The answer that follows a state is drawn by chance. No estimate can be expected to tell more of it than the probability that the generator comes to be right from there, to which the label is close: its AUROC and Brier score against the answers are about the best there is, or a little below, since a label is of so many continuations only. Nor is the ECE of so many answers 0 when every confidence is true: in brackets what it would be then, by draws of answers that are right as often as the confidences say.
`)
	m.head("at", "AUROC: labels", "FineCE", "best baseline", "Brier: labels", "FineCE", "best baseline", "ECE: FineCE (if true)", "best baseline (if true)")
	for _, at := range []struct {
		which Which
		table []Row
	}{{Question, d.Table2}, {First, d.Table1}, {LastBut1, d.Table1}} {
		label := d.Labels.At[at.which]
		ours, _ := find(at.table, FineCE, at.which)
		auroc, byAUROC, _ := bestBaseline(at.table, at.which, highestAUROC, ours.N)
		brier, byBrier, _ := bestBaseline(at.table, at.which, lowestBrier, ours.N)
		ece, byECE, _ := bestBaseline(at.table, at.which, lowestECE, ours.N)
		m.row(at.which.String(), show(label.AUROC), show(ours.AUROC), strings.TrimSpace(show(auroc.AUROC)+" "+byAUROC),
			number(100*label.Brier, 1), number(100*ours.Brier, 1), strings.TrimSpace(number(100*brier.Brier, 1)+" "+byBrier),
			fmt.Sprintf("%s (%s)", show(ours.ECE), show(ours.True)), fmt.Sprintf("%s (%s)", strings.TrimSpace(show(ece.ECE)+" "+byECE), show(ece.True)))
	}
}

// strategies writes a table of strategies.
func (m *markdown) strategies(rows []Strategy) {
	m.head("", "positions an answer", "p(1) after", "of the tokens", "ECE at p(1)", "AUROC at p(1)", "ECE, all", "AUROC, all")
	for _, s := range rows {
		m.row(s.Name, number(s.Positions, 1), number(s.First.Tokens, 0)+" tokens", number(100*s.First.Ratio, 0)+"%", show(s.First.ECE), show(s.First.AUROC), show(s.All.ECE), show(s.All.AUROC))
	}
}

func (d *Domain) recalibration(m *markdown) {
	m.say("\n### Open question: how many labels does another domain take, or another generator?\n\nECE with Platt's map of the confidences, fitted on so many labelled answers of the domain and measured on its other questions; mean of %d draws, and the range of nine in ten. 0 is the confidences as they are.\n", splits)
	head := []string{"labelled answers"}
	for _, model := range d.Models {
		head = append(head, model.Name)
	}
	m.head(head...)
	for _, r := range d.Recalibrations {
		cells := []string{fmt.Sprint(r.Labels)}
		for _, model := range d.Models {
			cells = append(cells, show(r.ECE[model.Name]))
		}
		m.row(cells...)
	}
}

// qualities writes a table of names at two positions.
func (m *markdown) qualities(heading string, rows []Row, a, b Which) {
	m.say("\n### %s\n", heading)
	m.quality(rows, a, b)
}

func (m *markdown) quality(rows []Row, a, b Which) {
	m.head("", a.String()+": ECE", "AUROC", "Brier", "n", "tokens", b.String()+": ECE", "AUROC", "Brier", "n", "tokens")
	for _, r := range rows {
		cells := []string{r.Name}
		for _, w := range []Which{a, b} {
			q := r.At[w]
			n := fmt.Sprint(q.N)
			if q.Missing > 0 {
				n += fmt.Sprintf(" (%d without)", q.Missing)
			}
			cells = append(cells, show(q.ECE), show(q.AUROC), number(100*q.Brier, 1), n, number(r.Tokens[w], 0))
		}
		m.row(cells...)
	}
}
