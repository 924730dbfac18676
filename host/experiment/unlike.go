package experiment

import (
	"math"

	"github.com/finece/finece/metrics"
	"github.com/finece/finece/metrics/calibrate"
)

// Likeness is how a record's question reads, beside those that the confidence model was
// trained on.
type Likeness struct {
	Surprisal float64 `json:"surprisal"` // mean, in bits (calibrate.Likeness)
	Unlike    bool    `json:"unlike"`    // records of the core then have "unlike" in source.outside
}

// likenessOf returns nil if the questions of the training are not given.
func (c *Config) likenessOf(question string) *Likeness {
	if c.Seen == nil {
		return nil
	}
	return &Likeness{c.Seen.Of(question), c.Seen.Unlike(question)}
}

// Unlikeness is what the mark "unlike" is worth in a domain.
type Unlikeness struct {
	Marked float64 // share of the answers whose question is marked
	// AUROC says how well the surprisal tells this domain's questions from those of the first
	// domain: the chance that one of this domain's has a higher surprisal. NaN for the first domain.
	AUROC float64
	// Rest is the quality of FineCE's confidences of the answers that are not marked.
	Rest map[Which]Quality
}

// unlikeness sets Unlikeness of each domain, if the records have a likeness.
func (r *Report) unlikeness(records []*Record, seed uint64) error {
	for i := range r.Domains {
		d := &r.Domains[i]
		mine := of(records, d.Name)
		if len(mine) == 0 || mine[0].Likeness == nil || d.row(FineCE) == nil {
			continue
		}
		u := &Unlikeness{AUROC: math.NaN(), Rest: map[Which]Quality{}}
		var rest []*Record
		for _, record := range mine {
			if !record.Likeness.Unlike {
				rest = append(rest, record)
			}
		}
		u.Marked = float64(len(mine)-len(rest)) / float64(len(mine))
		if i > 0 {
			var err error
			if u.AUROC, err = farFromNear(of(records, r.Domains[0].Name), mine); err != nil {
				return err
			}
		}
		for _, w := range unlikePlaces {
			p := pairs(rest, w.at(), named(FineCE))
			q, err := p.quality(seed)
			if err != nil {
				return err
			}
			u.Rest[w] = q
		}
		d.Unlikeness = u
	}
	return nil
}

var unlikePlaces = []Which{Question, First, LastBut1, Whole}

// farFromNear is the AUROC of the surprisal as a score of far questions.
func farFromNear(near, far []*Record) (float64, error) {
	most := float64(calibrate.MaxSurprisal-calibrate.LeastSurprisal) * calibrate.SurprisalStep
	var score []float64
	var isFar []bool
	seen := map[string]bool{}
	for i, records := range [][]*Record{near, far} {
		for _, r := range records {
			if key := r.Domain + "\x00" + r.ID; !seen[key] && r.Likeness != nil {
				seen[key] = true
				score, isFar = append(score, r.Likeness.Surprisal/most), append(isFar, i == 1)
			}
		}
	}
	return metrics.AUROC(score, isFar)
}

// unlikeTable writes what the mark is worth, in the summary.
func (r *Report) unlikeTable(m *markdown) {
	if len(r.Domains) == 0 || r.Domains[0].Unlikeness == nil {
		return
	}
	m.say("\n## Questions unlike those of the training\n\nA question is marked where it reads unlike those that FineCE was trained on. AUROC says how well this tells a domain's questions from those of %s. ECE is of FineCE's confidences as they are.\n", r.Domains[0].Name)
	m.head("domain", "marked", "AUROC", "p(1): ECE", "without the marked", "p(z-1): ECE", "without the marked")
	for i := range r.Domains {
		d := &r.Domains[i]
		u, row := d.Unlikeness, d.row(FineCE)
		if u == nil {
			continue
		}
		cells := []string{d.Name, percent(u.Marked), number(100*u.AUROC, 1)}
		for _, w := range []Which{First, LastBut1} {
			cells = append(cells, show(row.At[w].ECE), show(u.Rest[w].ECE))
		}
		m.row(cells...)
	}
}

// unlikeTable writes it for all places of a domain.
func (d *Domain) unlikeTable(m *markdown) {
	u, row := d.Unlikeness, d.row(FineCE)
	if u == nil {
		return
	}
	m.say("\n## Questions unlike those of the training\n\n%s of the answers are to questions that read unlike those that FineCE was trained on. In the last columns they are left out.\n", percent(u.Marked))
	m.head("at", "n", "ECE", "AUROC", "n, without the marked", "ECE", "AUROC")
	for _, w := range unlikePlaces {
		all, rest := row.At[w], u.Rest[w]
		m.row(w.String(), number(float64(all.N), 0), show(all.ECE), show(all.AUROC), number(float64(rest.N), 0), show(rest.ECE), show(rest.AUROC))
	}
}
