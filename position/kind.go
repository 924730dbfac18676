package position

import (
	"errors"
	"strings"
)

// Kind says why there is a position. It is a set of bits, since several
// strategies may choose the same place.
type Kind uint8

const (
	Question  Kind = 1 << iota // p(0): nothing is written yet
	Paragraph                  // the end of a paragraph
	Line                       // the end of a line
	Periodic                   // every N tokens
	Entropy                    // after a token of high entropy
	End                        // p(z): the whole answer
)

// strategies are the kinds that Options may ask for.
const strategies = Paragraph | Line | Periodic | Entropy

const wantStrategy = ": want paragraph, line, periodic, entropy, or several such as paragraph+entropy"

var kindNames = [...]string{"question", "paragraph", "line", "periodic", "entropy", "end"}

// String joins the names of the kinds in k with "+", such as
// "paragraph+entropy". The empty set is "none".
func (k Kind) String() string {
	s := ""
	for i, name := range kindNames {
		if k&(1<<i) != 0 {
			if s != "" {
				s += "+"
			}
			s += name
		}
	}
	if s == "" {
		return "none"
	}
	return s
}

// Kinds returns every kind, one bit each, in the order of their bits.
func Kinds() []Kind {
	all := make([]Kind, len(kindNames))
	for i := range all {
		all[i] = 1 << i
	}
	return all
}

// ParseStrategy reads "paragraph", "line", "periodic", "entropy" or several of
// these, joined by "+". White space around names is ignored.
func ParseStrategy(s string) (Kind, error) {
	var k Kind
	for name := range strings.SplitSeq(s, "+") {
		bit := strategyNamed(strings.TrimSpace(name))
		if bit == 0 {
			return 0, errors.New("position: unknown strategy \"" + name + "\" in \"" + s + "\"" + wantStrategy)
		}
		k |= bit
	}
	return k, nil
}

func strategyNamed(name string) Kind {
	for i, n := range kindNames {
		if bit := Kind(1 << i); n == name && bit&strategies != 0 {
			return bit
		}
	}
	return 0
}

// Segment is one of the separate texts of an answer. Offsets and token counts are
// counted within one segment.
type Segment uint8

const (
	Answer    Segment = iota // what the user is shown
	Reasoning                // the model's thoughts, before the answer or within it
	Refusal                  // a refusal, if the provider marks it as one
	segments  = iota
)

// Segments returns every segment, in the order of their numbers.
func Segments() []Segment { return []Segment{Answer, Reasoning, Refusal} }

// String returns "answer", "reasoning" or "refusal", and "unknown" for another
// number.
func (s Segment) String() string {
	switch s {
	case Answer:
		return "answer"
	case Reasoning:
		return "reasoning"
	case Refusal:
		return "refusal"
	}
	return "unknown"
}
