package main

import (
	"fmt"
	"math"
	"slices"

	"github.com/finece/finece/host"
	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// ledger is what a session's events add up to.
type ledger struct {
	choices []*answer
	faults  []stream.Fault // the first few
	faulted int
	over    bool                                                    // the stream's end marker came
	text    func(choice int, segment position.Segment, text []byte) // if set, gets the text
}

// answer is one choice of a stream.
type answer struct {
	number int
	places []place
	finish stream.Reason
	total  [2]session.Total
	ended  bool
	// missing are the strategies that the choice could not serve.
	missing position.Kind
}

// place is a position and what is known of its confidence.
type place struct {
	position.Position
	state  session.State
	raw    float64
	fused  float64
	first  float64 // the first fused value; NaN if there was none
	values int     // how many values it has had
	source session.Source
	reason session.Reason
}

// keptFaults bounds how many faults are kept.
const keptFaults = 10

func (l *ledger) take(events []host.Event) {
	for i := range events {
		e := &events[i]
		switch e.Kind {
		case session.Text:
			if l.text != nil {
				l.text(e.Choice, e.Segment, e.Text)
			}
		case session.Positioned:
			a := l.choice(e.Choice)
			a.places = append(a.places, place{Position: e.Position, raw: math.NaN(), fused: math.NaN(), first: math.NaN()})
		case session.Confidence:
			l.confidence(e)
		case session.Fault:
			if l.faulted++; len(l.faults) < keptFaults {
				f := e.Fault
				f.Detail = slices.Clone(f.Detail)
				l.faults = append(l.faults, f)
			}
		case session.Finish:
			a := l.choice(e.Choice)
			a.finish, a.total, a.ended, a.missing = e.Finish, e.Total, true, e.Missing
		case session.Ended:
			l.over = true
		}
	}
}

func (l *ledger) confidence(e *host.Event) {
	a := l.choice(e.Choice)
	if e.Position.Index >= len(a.places) {
		return
	}
	p := &a.places[e.Position.Index]
	p.state, p.raw, p.fused, p.source, p.reason = e.State, e.Raw, e.Fused, e.Source, e.Reason
	if !math.IsNaN(e.Fused) {
		if p.values == 0 {
			p.first = e.Fused
		}
		p.values++
	}
}

func (l *ledger) choice(number int) *answer {
	for _, a := range l.choices {
		if a.number == number {
			return a
		}
	}
	a := &answer{number: number}
	l.choices = append(l.choices, a)
	return a
}

// sorted is the choices by number.
func (l *ledger) sorted() []*answer {
	slices.SortFunc(l.choices, func(a, b *answer) int { return a.number - b.number })
	return l.choices
}

// ratio is a position's token ratio: 0 for p(0) and 1 for p(z), whatever the
// answer's length; NaN while the answer goes on.
func (a *answer) ratio(p *place) float64 {
	switch {
	case p.Kind&position.Question != 0:
		return 0
	case p.Kind&position.End != 0:
		return 1
	case !a.ended || int(p.Segment) >= len(a.total):
		return math.NaN()
	}
	return p.Ratio(a.total[p.Segment].Tokens)
}

// end is p(z), nil if there is none.
func (a *answer) end() *place {
	if n := len(a.places); n > 0 && a.places[n-1].Kind&position.End != 0 {
		return &a.places[n-1]
	}
	return nil
}

// lacksLogprobs reports whether there is no confidence for want of
// log-probabilities.
func (a *answer) lacksLogprobs() bool {
	lacks := false
	for i := range a.places {
		switch a.places[i].reason {
		case session.NoReason:
			return false
		case session.NoLogprobs:
			lacks = true
		}
	}
	return lacks
}

// revisions is how often a value has been revised.
func (p *place) revisions() int { return max(p.values-1, 0) }

// faultText is a fault in words: where, what, what was expected, and what
// became of it.
func faultText(f stream.Fault) string {
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
