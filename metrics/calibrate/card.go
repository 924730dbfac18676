package calibrate

import (
	"errors"

	"github.com/finece/finece/position"
)

// CardVersion is the version of a card's JSON form, see wasm/calibration.
const CardVersion = 1

// Card says what the labelled answers cover that a confidence model was trained on, or
// that a map was fitted on. A confidence is a probability only inside of that. A field
// that says nothing covers everything.
type Card struct {
	Name      string // of the model or of the map's data
	Generator string // the model whose answers were labelled; "" is not stated
	Domain    string // what the questions are about; "" is not stated

	Bands        []Band        // the positions whose maps were fitted on positions of their own; empty is all
	Kinds        position.Kind // the kinds of the labelled positions; 0 is all
	Conversation Turns         // whether the questions were conversations; such a card covers single questions, too

	Questions *Likeness // what the questions read like; nil is not stated

	Labels    int     // labelled answers, or states of answers
	Low, High float64 // the least and the greatest raw confidence of them
	Figures   []Figure
}

// Figure is a measured figure, such as the ECE on held-out answers.
type Figure struct {
	Name  string
	Value float64
}

// Turns says whether a question is a conversation: more than one message, not counting the
// system's.
type Turns uint8

const (
	AnyTurns Turns = iota // not known, or not stated
	OneTurn
	ManyTurns
	turns
)

var turnsNames = [turns]string{"unknown", "no", "yes"}

// String answers whether it is a conversation: "no", "yes" or "unknown".
func (t Turns) String() string {
	if t < turns {
		return turnsNames[t]
	}
	return "unknown"
}

// AllTurns returns every value, in the order of their numbers.
func AllTurns() []Turns { return []Turns{AnyTurns, OneTurn, ManyTurns} }

// ParseTurns reads what String writes.
func ParseTurns(name string) (Turns, error) {
	for t, n := range turnsNames {
		if n == name {
			return Turns(t), nil
		}
	}
	return 0, errors.New("calibrate: conversation \"" + name + "\": want unknown, no or yes")
}

// Outside is the set of ways in which a confidence lies outside what a card or a map
// covers.
type Outside uint8

const (
	OutsideGenerator    Outside = 1 << iota // another model answers
	OutsideDomain                           // the question is of another domain
	OutsideKind                             // the position is of another kind or band
	OutsideConversation                     // the question is a conversation and the labelled ones were not
	OutsideRange                            // the raw value is not within Low and High, and was clamped to them
	OutsideUnlike                           // the question reads unlike the labelled ones
	OutsideDrift                            // labels that came later contradict the map
)

// Disqualifying are the ways that make a confidence no probability.
const Disqualifying = OutsideGenerator | OutsideDomain | OutsideKind | OutsideConversation | OutsideDrift

var outsideNames = [...]string{"generator", "domain", "kind", "conversation", "range", "unlike", "drift"}

// Names returns the name of every way in o, in the order of their bits.
func (o Outside) Names() (names []string) {
	for i, name := range outsideNames {
		if o&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// AllOutside returns every way, one bit each, in the order of their bits.
func AllOutside() []Outside {
	all := make([]Outside, len(outsideNames))
	for i := range all {
		all[i] = 1 << i
	}
	return all
}

// Asked is what is known of a stream when its question is asked. What is not known
// counts as covered.
type Asked struct {
	Generator    string // the model that answers; "" is not known
	Domain       string // what the question is about; "" is not known
	Conversation Turns
}

// Excludes says in which ways c does not cover an answer to what is asked. A nil card
// covers everything.
func (c *Card) Excludes(a Asked) (o Outside) {
	if c == nil {
		return 0
	}
	if c.Generator != "" && a.Generator != "" && c.Generator != a.Generator {
		o |= OutsideGenerator
	}
	if c.Domain != "" && a.Domain != "" && c.Domain != a.Domain {
		o |= OutsideDomain
	}
	if c.Conversation == OneTurn && a.Conversation == ManyTurns { // conversations begin with one turn
		o |= OutsideConversation
	}
	return o
}

// Covers reports whether c covers a position of these kinds.
func (c *Card) Covers(k position.Kind) bool { return c == nil || c.Kinds == 0 || c.Kinds&k != 0 }

// CoversBand reports whether the map of a band was fitted on positions of its own.
func (c *Card) CoversBand(b Band) bool {
	if c == nil || len(c.Bands) == 0 {
		return true
	}
	for _, covered := range c.Bands {
		if covered == b {
			return true
		}
	}
	return false
}

// Validate says what is wrong with a card that nothing would make.
func (c *Card) Validate() error {
	switch {
	case c.Labels < 1 || int64(c.Labels) > maxWhole:
		return errors.New("card: labels: want how many labelled answers it stands for, from 1 to 2147483647")
	case !(c.Low >= 0 && c.Low <= c.High && c.High <= 1):
		return errors.New("card: range: want the lowest and the highest raw confidence, in [0,1]")
	case c.Questions != nil:
		return c.Questions.Validate()
	}
	return nil
}
