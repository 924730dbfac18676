package scoring

import (
	"fmt"
	"math"
	"slices"

	"github.com/spf13/cobra"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/cmd/finece/internal/jsonline"
	"github.com/finece/finece/host/cmd/finece/internal/terminal"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// Ledger is what a session's events add up to.
type Ledger struct {
	Choices []*Answer
	Faults  []stream.Fault // the first few
	Faulted int
	Over    bool                                                    // the stream's end marker came
	Text    func(choice int, segment position.Segment, text []byte) // if set, gets the text
}

// Answer is one choice of a stream.
type Answer struct {
	Number int
	Places []Place
	Finish stream.Reason
	Total  [2]session.Total
	Ended  bool
	// missing are the strategies that the choice could not serve.
	Missing position.Kind
}

// Place is a position and what is known of its confidence.
type Place struct {
	position.Position
	State  session.State
	Raw    float64
	Fused  float64
	First  float64 // the first fused value; NaN if there was none
	Values int     // how many values it has had
	Source session.Source
	Reason session.Reason
}

// KeptFaults bounds how many faults are kept.
const KeptFaults = 10

// Take takes the events of a session.
func (l *Ledger) Take(events []host.Event) {
	for i := range events {
		e := &events[i]
		switch e.Kind {
		case session.Text:
			if l.Text != nil {
				l.Text(e.Choice, e.Segment, e.Text)
			}
		case session.Positioned:
			a := l.Choice(e.Choice)
			a.Places = append(a.Places, Place{Position: e.Position, Raw: math.NaN(), Fused: math.NaN(), First: math.NaN()})
		case session.Confidence:
			l.confidence(e)
		case session.Fault:
			if l.Faulted++; len(l.Faults) < KeptFaults {
				f := e.Fault
				f.Detail = slices.Clone(f.Detail)
				l.Faults = append(l.Faults, f)
			}
		case session.Finish:
			a := l.Choice(e.Choice)
			a.Finish, a.Total, a.Ended, a.Missing = e.Finish, e.Total, true, e.Missing
		case session.Ended:
			l.Over = true
		}
	}
}

func (l *Ledger) confidence(e *host.Event) {
	a := l.Choice(e.Choice)
	if e.Position.Index >= len(a.Places) {
		return
	}
	p := &a.Places[e.Position.Index]
	p.State, p.Raw, p.Fused, p.Source, p.Reason = e.State, e.Raw, e.Fused, e.Source, e.Reason
	if !math.IsNaN(e.Fused) {
		if p.Values == 0 {
			p.First = e.Fused
		}
		p.Values++
	}
}

// Choice is the answer with a number.
func (l *Ledger) Choice(number int) *Answer {
	for _, a := range l.Choices {
		if a.Number == number {
			return a
		}
	}
	a := &Answer{Number: number}
	l.Choices = append(l.Choices, a)
	return a
}

// Sorted is the choices by number.
func (l *Ledger) Sorted() []*Answer {
	slices.SortFunc(l.Choices, func(a, b *Answer) int { return a.Number - b.Number })
	return l.Choices
}

// Ratio is a position's token ratio: 0 for p(0) and 1 for p(z), whatever the
// answer's length; NaN while the answer goes on.
func (a *Answer) Ratio(p *Place) float64 {
	switch {
	case p.Kind&position.Question != 0:
		return 0
	case p.Kind&position.End != 0:
		return 1
	case !a.Ended || int(p.Segment) >= len(a.Total):
		return math.NaN()
	}
	return p.Ratio(a.Total[p.Segment].Tokens)
}

// End is p(z), nil if there is none.
func (a *Answer) End() *Place {
	if n := len(a.Places); n > 0 && a.Places[n-1].Kind&position.End != 0 {
		return &a.Places[n-1]
	}
	return nil
}

// LacksLogprobs reports whether there is no confidence for want of
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

// Revisions is how often a value has been revised.
func (p *Place) Revisions() int { return max(p.Values-1, 0) }

// FaultText is a fault in words: where, what, what was expected, and what
// became of it.
func FaultText(f stream.Fault) string {
	text := session.FaultName(f.Code)
	if f.Offset >= 0 {
		text = fmt.Sprintf("byte %d: %s", f.Offset, text)
	}
	detail := string(f.Detail)
	switch f.Code {
	case stream.ProviderError, session.FaultReply, session.FaultPositions:
	case stream.UnknownFormat:
		detail = "" // it would say so twice
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

// outcome is what became of the input at a fault, or what to do about it.
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

// Missing are the strategies that some choice could not serve.
func (l *Ledger) Missing() (k position.Kind) {
	for _, a := range l.Choices {
		k |= a.Missing
	}
	return k
}

// WritePlace writes the keys that say where a position is.
func WritePlace(o *jsonline.Object, a *Answer, p *Place) {
	o.Integer("index", int64(p.Index))
	o.Text("kind", p.Kind.String())
	o.Integer("byte", p.Byte)
	o.Integer("utf16", p.UTF16)
	o.Integer("token", p.Token)
	o.Number("ratio", a.Ratio(p))
}

// NoLogprobs says why the built-in estimator has no confidence, and what to do.
const NoLogprobs = "--estimator logprob needs log-probabilities, which there are none of; --estimator URL asks a confidence model"
