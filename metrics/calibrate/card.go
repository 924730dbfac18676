package calibrate

import (
	"errors"

	"github.com/finece/finece/position"
)

// CardVersion is the version of a card's JSON form, see wasm/calibration.
const CardVersion = 1

// Card describes the labelled answers that a confidence model was trained on, or that a map
// was fitted on. Confidences are probabilities only for answers of the same kind: those that
// the card covers. A field without a value covers everything.
type Card struct {
	Name      string // of the model or of the map's data
	Generator string // the model whose answers were labelled; "" is not stated
	Domain    string // what the questions are about; "" is not stated

	Bands        []Band        // the bands whose maps were fitted on positions of that band; empty is all
	Kinds        position.Kind // the kinds of the labelled positions; 0 is all
	Conversation Turns         // whether the questions were conversations; if so, single questions are covered, too

	Questions *Likeness // the wording of the questions; nil is not stated

	Labels    int     // the number of labelled answers, or states of answers
	Low, High float64 // their lowest and highest raw confidence
	Figures   []Figure
}

// Figure is a measured figure, such as the ECE on held-out answers.
type Figure struct {
	Name  string
	Value float64
}

// Turns says whether a question is a conversation: it has more than one message, system
// messages not counted.
type Turns uint8

const (
	AnyTurns Turns = iota // not known, or not stated
	OneTurn
	ManyTurns
	turns
)

var turnsNames = [turns]string{"unknown", "no", "yes"}

// String says whether the question is a conversation: "no", "yes" or "unknown".
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

// Outside is a set of reasons why a card or a map does not cover a confidence.
type Outside uint8

const (
	OutsideGenerator    Outside = 1 << iota // another model answers
	OutsideDomain                           // the question is of another domain
	OutsideKind                             // the position is of another kind or band
	OutsideConversation                     // the question is a conversation, the labelled ones were not
	OutsideRange                            // the raw value is not between Low and High, and was clamped
	OutsideUnlike                           // the question reads unlike the labelled ones
	OutsideDrift                            // later labels contradict the map
)

// Disqualifying are the reasons why a confidence is not a probability. With the other reasons
// it still is one.
const Disqualifying = OutsideGenerator | OutsideDomain | OutsideKind | OutsideConversation | OutsideDrift

var outsideNames = [...]string{"generator", "domain", "kind", "conversation", "range", "unlike", "drift"}

// Names returns the name of every reason in o, in the order of their bits.
func (o Outside) Names() (names []string) {
	for i, name := range outsideNames {
		if o&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// AllOutside returns every reason, one bit each, in the order of their bits.
func AllOutside() []Outside {
	all := make([]Outside, len(outsideNames))
	for i := range all {
		all[i] = 1 << i
	}
	return all
}

// Asked has the facts about a stream that are known when its question is asked. A fact that
// is not known counts as covered.
type Asked struct {
	Generator    string // the model that answers; "" is not known
	Domain       string // what the question is about; "" is not known
	Conversation Turns
}

// Excludes returns the reasons why c does not cover answers to a. A nil card covers
// everything.
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
	// A card of conversations covers single questions, since conversations begin with one.
	if c.Conversation == OneTurn && a.Conversation == ManyTurns {
		o |= OutsideConversation
	}
	return o
}

// Covers reports whether c covers a position of these kinds.
func (c *Card) Covers(k position.Kind) bool { return c == nil || c.Kinds == 0 || c.Kinds&k != 0 }

// CoversBand reports whether the map of band b was fitted on positions of that band.
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

// Validate returns an error about the first field that is missing or out of range.
func (c *Card) Validate() error {
	switch {
	case c.Labels < 1 || int64(c.Labels) > maxWhole:
		return errors.New("card: labels: want the number of labelled answers, 1 to 2147483647")
	case !(c.Low >= 0 && c.Low <= c.High && c.High <= 1):
		return errors.New("card: range: want the lowest and the highest raw confidence, in [0,1]")
	case c.Questions != nil:
		return c.Questions.Validate()
	}
	return nil
}
