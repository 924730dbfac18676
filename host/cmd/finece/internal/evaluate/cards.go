package evaluate

import (
	"fmt"
	"html/template"
	"slices"

	"github.com/finece/finece/host/cmd/finece/internal/diagram"
	"github.com/finece/finece/metrics"
)

// card is a diagram of the report.
type card struct {
	Title, Says string
	Drawing     template.HTML
	Key         []entry
}

// entry is a line of a diagram's key. Class is its colour: first, second or rest.
type entry struct{ Class, Name string }

const (
	reliabilitySays = "Answers in bins of confidence (horizontal), and the share of correct answers in each bin (vertical). On the dashed line both are equal. Below: the number of answers in each bin."
	rocSays         = "Each threshold keeps a share of the wrong answers (horizontal) and a share of the correct ones (vertical). The area under the line is the AUROC."
	riskSays        = "The share of wrong answers (vertical) if only the most confident share of the answers is kept (horizontal)."
	confidencesSays = "The number of answers with each confidence. With a good confidence, correct answers are on the right and wrong ones on the left."
)

// measured is one column of confidences in the diagrams.
type measured struct {
	name    string
	sample  *metrics.Sample
	summary *metrics.Summary
	figures []figure
}

// diagrams returns the diagrams of all rows: of --confidence, and of --against in the same
// diagram or in one of its own.
func (f *options) diagrams(all *result) (cards []card, err error) {
	columns := []measured{{f.columns.Confidence, all.sample, &all.summary, all.figures}}
	var key []entry
	of := func(measured) string { return "" }
	if c := all.against; c != nil {
		columns = append(columns, measured{c.column, c.sample, &c.summary, c.figures})
		key = []entry{{"first", columns[0].name}, {"second", c.column}}
		of = func(m measured) string { return " of " + m.name }
	}
	add := func(title, says string, key []entry, drawing template.HTML, failed error) {
		cards = append(cards, card{title, f.counted(says), drawing, key})
		if err == nil {
			err = failed
		}
	}
	var curves [][]metrics.Operating
	for _, m := range columns {
		curves = append(curves, m.sample.RiskCoverage())
		drawing, failed := diagram.Inline(m.summary, fmt.Sprintf(f.counted("Reliability diagram of %d answers. ECE %s."), m.summary.N, named(m.figures, "ece").text()))
		add("Reliability"+of(m), reliabilitySays, nil, drawing, failed)
	}
	s := &all.summary
	if s.Correct > 0 && s.Correct < s.N {
		drawing, failed := diagram.InlineROC(1-s.Accuracy, "Receiver operating characteristic. AUROC "+named(all.figures, "auroc").text()+".", curves...)
		add("ROC", rocSays, append(slices.Clone(key), entry{"rest", "confidences at random"}), drawing, failed)
	}
	drawing, failed := diagram.InlineRisk(1-s.Accuracy, "Risk-coverage curve. AURC "+named(all.figures, "aurc").text()+".", curves...)
	add("Risk and coverage", riskSays, append(slices.Clone(key), entry{"rest", f.counted("answers in any order")}), drawing, failed)
	for _, m := range columns {
		drawing, failed := diagram.InlineConfidences(m.summary.Bins, fmt.Sprintf("Histogram of %d confidences.", m.summary.N))
		add("Values"+of(m), confidencesSays, []entry{{"first", "correct"}, {"second", "wrong"}}, drawing, failed)
	}
	return cards, err
}
