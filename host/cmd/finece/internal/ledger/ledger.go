// Package ledger keeps what is known of each answer of a stream: its positions
// with their latest confidences, and how it ended.
package ledger

import (
	"fmt"
	"math"
	"slices"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/contract/record"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// Ledger adds up the records of one stream.
type Ledger struct {
	Answers []*Answer
	Faults  []*record.Fault // the first KeptFaults
	Faulted int             // how many faults there are
}

// Answer is one choice of a stream.
type Answer struct {
	Number int
	Places []Place
	End    *record.End // nil: the answer has not ended
}

// Place is a position with its latest confidence. Before the first one, State is
// pending and Fused is NaN.
type Place struct {
	record.Confidence
	First  float64 // the first fused value; NaN if there was none
	Values int     // how many values it has had
}

// newPlace is a position without a confidence.
func newPlace(r *record.Position) Place {
	nan := math.NaN()
	c := record.Confidence{Place: r.Place, Raw: nan, Fused: nan, Source: record.Source{Mass: nan}}
	return Place{Confidence: c, First: nan}
}

// KeptFaults is how many faults a Ledger keeps.
const KeptFaults = 10

// Take takes the next record of the stream.
func (l *Ledger) Take(r record.Record) {
	switch r := r.(type) {
	case *record.Position:
		a := l.Answer(r.Choice)
		a.Places = append(a.Places, newPlace(r))
	case *record.Confidence:
		l.confidence(r)
	case *record.Fault:
		if l.Faulted++; len(l.Faults) < KeptFaults {
			l.Faults = append(l.Faults, r)
		}
	case *record.End:
		l.Answer(r.Choice).end(r)
	}
}

func (l *Ledger) confidence(c *record.Confidence) {
	a := l.Answer(c.Choice)
	if c.Index >= len(a.Places) {
		return
	}
	p := &a.Places[c.Index]
	p.Confidence = *c
	if c.HasValue() {
		if p.Values == 0 {
			p.First = c.Fused
		}
		p.Values++
	}
}

// end fills in the token ratios, which need the number of tokens.
func (a *Answer) end(r *record.End) {
	a.End = r
	totals := map[position.Segment]int64{position.Answer: r.Tokens, position.Reasoning: r.Reasoning}
	for i := range a.Places {
		p := &a.Places[i]
		if total, ok := totals[p.Segment]; ok && math.IsNaN(p.Ratio) {
			p.Ratio = position.Position{Token: p.Token}.Ratio(total)
		}
	}
}

// Answer is the answer of a number, which is made if it is not there.
func (l *Ledger) Answer(number int) *Answer {
	for _, a := range l.Answers {
		if a.Number == number {
			return a
		}
	}
	a := &Answer{Number: number}
	l.Answers = append(l.Answers, a)
	return a
}

// Sorted is the answers by number.
func (l *Ledger) Sorted() []*Answer {
	slices.SortFunc(l.Answers, func(a, b *Answer) int { return a.Number - b.Number })
	return l.Answers
}

// Whole is p(z), the position of the whole answer; nil if there is none.
func (a *Answer) Whole() *Place {
	if n := len(a.Places); n > 0 && a.Places[n-1].Kinds&position.End != 0 {
		return &a.Places[n-1]
	}
	return nil
}

// Approximate says that the numbers of tokens are estimates.
func (a *Answer) Approximate() {
	for i := range a.Places {
		a.Places[i].Approximate = true
	}
}

// LacksLogprobs reports whether the answer has no confidence because it has no
// log-probabilities.
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

// NoLogprobs says what to do about an answer that LacksLogprobs.
const NoLogprobs = "--estimator logprob needs log-probabilities, and there are none; --estimator URL asks a confidence model"

// Missing are the strategies that some answer could not serve.
func (l *Ledger) Missing() (k position.Kind) {
	for _, a := range l.Answers {
		if a.End != nil {
			k |= a.End.Missing
		}
	}
	return k
}

// Report prints the faults in the input.
func (l *Ledger) Report(cmd *cobra.Command, name string) {
	for _, f := range l.Faults {
		terminal.Say(cmd, "%s: %s", name, FaultText(f))
	}
	if more := l.Faulted - len(l.Faults); more > 0 {
		terminal.Say(cmd, "%s: %d more faults", name, more)
	}
}

// Verdict is the error of an input with faults, which were reported already.
func (l *Ledger) Verdict() error {
	if l.Faulted > 0 {
		return exit.Silently(exit.Faults)
	}
	return nil
}

// FaultText describes a fault: where it is, what is wrong, what was expected,
// and what was done about it.
func FaultText(f *record.Fault) string {
	text := session.FaultName(f.Code)
	if f.Offset >= 0 {
		text = fmt.Sprintf("byte %d: %s", f.Offset, text)
	}
	detail := f.Detail
	switch f.Code {
	case stream.ProviderError, session.FaultReply, session.FaultPositions:
	case stream.UnknownFormat:
		detail = "" // it would repeat the name
	case stream.Truncated:
		detail = "the input ends before " + detail
	default:
		detail = "want " + detail
	}
	if detail != "" {
		text += ": " + detail
	}
	return text + outcome(f.Code)
}

// outcome is what was done about a fault, or what the user can do.
func outcome(code stream.FaultCode) string {
	switch code {
	case stream.InvalidJSON, stream.EventTooLarge:
		return "; the event is left out"
	case stream.InvalidUTF8:
		return "; the bytes are shown as U+FFFD"
	case stream.UnknownFormat:
		return "; if this is a recorded stream, name its --format"
	case stream.TooManyChoices, stream.BadLogprobs:
		return "; they are left out"
	}
	return ""
}
