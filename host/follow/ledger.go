package follow

import (
	"math"
	"slices"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
)

// Ledger collects the records of one stream: its answers with all their positions. The zero
// value is ready to use.
type Ledger struct {
	Answers []*Answer       // in the order of their first records
	Faults  []*record.Fault // the first KeptFaults
	Faulted int             // all faults
}

// Answer is one choice of a stream.
type Answer struct {
	Choice int
	Places []Place
	End    *record.End // nil until the choice has ended
}

// Place is a position with its last confidence. Before the first confidence, its state is
// pending and its revision -1.
type Place struct {
	record.Confidence
	First  float64 // the first fused value; NaN if there was none
	Sure   bool    // whether First was calibrated
	Values int     // how many fused values there were
}

// newPlace returns a position without a confidence.
func newPlace(at record.Place) Place {
	nan := math.NaN()
	c := record.Confidence{Place: at, Revision: -1, Raw: nan, Fused: nan, Source: record.Source{Mass: nan}}
	return Place{Confidence: c, First: nan}
}

// maxPlaces is the most positions that an answer can have.
const maxPlaces = 1 << 20

// KeptFaults is how many faults a Ledger keeps.
const KeptFaults = 10

// Take adds the next record. It keeps the pointer.
func (l *Ledger) Take(r record.Record) {
	switch r := r.(type) {
	case *record.Position:
		l.Answer(r.Choice).place(r.Place)
	case *record.Confidence:
		l.Answer(r.Choice).confidence(r)
	case *record.Fault:
		if l.Faulted++; len(l.Faults) < KeptFaults {
			l.Faults = append(l.Faults, r)
		}
	case *record.End:
		l.Answer(r.Choice).end(r)
	}
}

// Answer returns the answer of a choice. If there are no records of the choice yet, the answer
// is new and has no positions.
func (l *Ledger) Answer(choice int) *Answer {
	for _, a := range l.Answers {
		if a.Choice == choice {
			return a
		}
	}
	a := &Answer{Choice: choice}
	l.Answers = append(l.Answers, a)
	return a
}

// Sorted returns the answers in the order of their choices.
func (l *Ledger) Sorted() []*Answer {
	sorted := slices.Clone(l.Answers)
	slices.SortFunc(sorted, func(a, b *Answer) int { return a.Choice - b.Choice })
	return sorted
}

// Missing returns the strategies that some answer could not use, for lack of log-probabilities.
func (l *Ledger) Missing() (k position.Kind) {
	for _, a := range l.Answers {
		if a.End != nil {
			k |= a.End.Missing
		}
	}
	return k
}

// place returns a position, and makes it if there is none yet. A gateway sends a position's
// first confidence without a position record, and not always in order. place returns nil for an
// index that no stream has.
func (a *Answer) place(at record.Place) *Place {
	if at.Index < 0 || at.Index >= maxPlaces {
		return nil
	}
	for len(a.Places) <= at.Index {
		a.Places = append(a.Places, newPlace(record.Place{Choice: at.Choice, Index: len(a.Places)}))
	}
	p := &a.Places[at.Index]
	if p.Revision < 0 {
		p.Place = at
	}
	return p
}

func (a *Answer) confidence(r *record.Confidence) {
	p := a.place(r.Place)
	if p == nil {
		return
	}
	p.Confidence = *r
	if r.HasValue() {
		if p.Values == 0 {
			p.First, p.Sure = r.Fused, r.Calibrated
		}
		p.Values++
	}
}

// end fills in the token ratios that were not known when a confidence became final.
func (a *Answer) end(r *record.End) {
	a.End = r
	for i := range a.Places {
		p := &a.Places[i]
		if !math.IsNaN(p.Ratio) {
			continue
		}
		switch p.Segment {
		case position.Answer:
			p.Ratio = position.Position{Token: p.Token}.Ratio(r.Tokens)
		case position.Reasoning:
			p.Ratio = position.Position{Token: p.Token}.Ratio(r.Reasoning)
		}
	}
}

// Whole returns p(z), the position of the whole answer, or nil while there is none.
func (a *Answer) Whole() *Place {
	if n := len(a.Places); n > 0 && a.Places[n-1].Kinds&position.End != 0 {
		return &a.Places[n-1]
	}
	return nil
}

// Headline returns the one confidence to show for the answer. Before the end it is that of the
// newest position with a value. At the end it is that of the whole answer, which may have a
// reason instead of a value. It is nil if there is none.
func (a *Answer) Headline() *record.Confidence {
	if whole := a.Whole(); whole != nil && whole.State != session.Pending {
		return &whole.Confidence
	}
	for i := range slices.Backward(a.Places) {
		if p := &a.Places[i]; p.Segment == position.Answer && p.HasValue() {
			return &p.Confidence
		}
	}
	return nil
}

// LacksLogprobs reports whether no position has a confidence because the stream
// came without log-probabilities.
func (a *Answer) LacksLogprobs() bool {
	lacks := false
	for i := range a.Places {
		switch a.Places[i].Reason {
		case session.NoReason:
			return false
		case session.NoLogprobs:
			lacks = true
		}
	}
	return lacks
}

// FirstShown returns the first fused value as people are shown it, see record.Confidence.Shown.
func (p *Place) FirstShown() string {
	first := p.Confidence
	first.Calibrated = p.Sure
	return first.Shown(p.First)
}

// Revisions returns how often the position's value was revised.
func (p *Place) Revisions() int { return max(p.Values-1, 0) }
