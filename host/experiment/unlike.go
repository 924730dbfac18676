package experiment

import (
	"math"

	"github.com/finece/finece/metrics"
	"github.com/finece/finece/metrics/calibrate"
)

// Likeness says how close a record's question reads to the questions that the confidence
// model was trained on.
type Likeness struct {
	Surprisal float64 `json:"surprisal"` // mean surprisal, in bits (calibrate.Likeness)
	Unlike    bool    `json:"unlike"`    // the question is unlike them: the core's records have "unlike" in source.outside
}

// likenessOf returns the likeness of a question, or nil if Config.Seen is nil.
func (c *Config) likenessOf(question string) *Likeness {
	if c.Seen == nil {
		return nil
	}
	return &Likeness{c.Seen.Of(question), c.Seen.Unlike(question)}
}

// Unlikeness says how useful the mark "unlike" is in a domain.
type Unlikeness struct {
	Marked float64 // share of the answers whose question is marked
	// AUROC says how well the surprisal tells this domain's questions from those of the first
	// domain. It is the chance that a question of this domain has a higher surprisal than one
	// of the first. It is NaN for the first domain.
	AUROC float64
	// Rest is the quality of FineCE's confidences for the answers that are not marked.
	Rest map[Which]Quality
}

// unlikeness sets the Unlikeness of each domain, if the records have a likeness.
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

// farFromNear returns the AUROC with which the surprisal tells far questions from near ones.
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

// unlikeTable writes the summary's table about the mark "unlike".
func (r *Report) unlikeTable(m *markdown) {
	if len(r.Domains) == 0 || r.Domains[0].Unlikeness == nil {
		return
	}
	m.say("\n## Questions unlike the training data\n\nA question is marked if it reads unlike those that FineCE was trained on. AUROC says how well this tells a domain from %s. ECE is FineCE's without a map.\n", r.Domains[0].Name)
	m.head("domain", "marked", "AUROC", "p(z-1): ECE", "without the marked")
	for i := range r.Domains {
		d := &r.Domains[i]
		u, row := d.Unlikeness, d.row(FineCE)
		if u == nil {
			continue
		}
		m.row(d.Name, percent(u.Marked), number(100*u.AUROC, 1), show(row.At[LastBut1].ECE), show(u.Rest[LastBut1].ECE))
	}
}

// unlikeTable writes the same for all places of a domain.
func (d *Domain) unlikeTable(m *markdown) {
	u, row := d.Unlikeness, d.row(FineCE)
	if u == nil {
		return
	}
	m.say("\n## Questions unlike the training data\n\n%s of the answers belong to questions that read unlike the questions that FineCE was trained on. The last columns leave these answers out.\n", percent(u.Marked))
	m.head("at", "n", "ECE", "AUROC", "n, without the marked", "ECE", "AUROC")
	for _, w := range unlikePlaces {
		all, rest := row.At[w], u.Rest[w]
		m.row(w.String(), number(float64(all.N), 0), show(all.ECE), show(all.AUROC), number(float64(rest.N), 0), show(rest.ECE), show(rest.AUROC))
	}
}
