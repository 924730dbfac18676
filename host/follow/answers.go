package follow

import (
	"math"
	"slices"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
)

// Answers is what the records of a stream add up to: each choice with its
// positions. It keeps all of them. The zero value is a stream without records.
type Answers struct {
	Choices []*Answer // in the order in which they began
	Faults  []*record.Fault
	Faulted int // faults, also those that are not kept
}

// Answer is one choice of a stream.
type Answer struct {
	Choice int
	Places []Place
	End    *record.End // nil until the choice has ended
}

// Place is a position with its last confidence. Before the first one, its state is
// pending and its revision -1.
type Place struct {
	record.Confidence
	First  float64 // the first fused value; NaN if there was none
	Values int     // how many fused values there were
}

// KeptFaults is how many faults are kept.
const KeptFaults = 10

// Take takes the next record. It keeps what r points to.
func (a *Answers) Take(r record.Record) {
	switch r := r.(type) {
	case *record.Position:
		of := a.Of(r.Choice)
		p := Place{First: math.NaN()}
		p.Place, p.Revision, p.Raw, p.Fused = r.Place, -1, math.NaN(), math.NaN()
		of.Places = append(of.Places, p)
	case *record.Confidence:
		a.Of(r.Choice).confidence(r)
	case *record.Fault:
		if a.Faulted++; len(a.Faults) < KeptFaults {
			a.Faults = append(a.Faults, r)
		}
	case *record.End:
		a.Of(r.Choice).end(r)
	}
}

// Of is the choice with a number. A number that has no records yet gets an empty
// one.
func (a *Answers) Of(choice int) *Answer {
	for _, of := range a.Choices {
		if of.Choice == choice {
			return of
		}
	}
	of := &Answer{Choice: choice}
	a.Choices = append(a.Choices, of)
	return of
}

// Sorted returns the choices in the order of their numbers.
func (a *Answers) Sorted() []*Answer {
	sorted := slices.Clone(a.Choices)
	slices.SortFunc(sorted, func(x, y *Answer) int { return x.Choice - y.Choice })
	return sorted
}

// Missing returns the strategies that some choice could not serve.
func (a *Answers) Missing() (k position.Kind) {
	for _, of := range a.Choices {
		if of.End != nil {
			k |= of.End.Missing
		}
	}
	return k
}

func (a *Answer) confidence(r *record.Confidence) {
	if r.Index < 0 || r.Index >= len(a.Places) {
		return // no stream has it
	}
	p := &a.Places[r.Index]
	p.Confidence = *r
	if r.HasValue() {
		if p.Values == 0 {
			p.First = r.Fused
		}
		p.Values++
	}
}

// end makes the token ratios known that were not when a confidence became final.
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

// Whole is p(z), the position of the whole answer, or nil while there is none.
func (a *Answer) Whole() *Place {
	if n := len(a.Places); n > 0 && a.Places[n-1].Kinds&position.End != 0 {
		return &a.Places[n-1]
	}
	return nil
}

// Headline is the one confidence to show for the answer: that of its newest
// position that has a value, and at the end that of the whole answer, which may
// have a reason instead. nil: there is none.
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

// Revisions is how often the position's value was revised.
func (p *Place) Revisions() int { return max(p.Values-1, 0) }
