package grade

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Verdict is a grader's result for one answer.
type Verdict uint8

const (
	Wrong    Verdict = iota
	Right            // agrees with one of Question.Gold
	Unread           // no final answer was found in it; it counts as wrong
	Ungraded         // the grader could not decide; it is left out of labels
)

var verdictNames = [...]string{"wrong", "right", "unread", "ungraded"}

// String returns "wrong", "right", "unread" or "ungraded".
func (v Verdict) String() string {
	if int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return fmt.Sprintf("verdict(%d)", v)
}

// Grader decides whether answers are correct. It is safe for concurrent use.
type Grader interface {
	// Name says how the grader works, for the provenance of labels.
	Name() string
	// Check returns why answers to q cannot be graded, or nil. It is called before
	// any answer is sampled.
	Check(q *Question) error
	// Grade grades a complete answer to a question that Check allows. An error
	// means that the grader failed, for instance a judge that cannot be reached.
	Grade(ctx context.Context, q *Question, answer string) (Verdict, error)
}

// graders are the graders that can be chosen by name.
var graders = []Grader{
	NumberGrader{},
	LetterGrader{},
	AliasGrader{},
	AliasGrader{Contains: true},
	SetGrader{},
	StatementsGrader{},
}

// Graders returns the names that GraderNamed accepts.
func Graders() (names []string) {
	for _, g := range graders {
		names = append(names, g.Name())
	}
	return names
}

// GraderNamed returns the grader with a name. [Graders] lists the names.
func GraderNamed(name string) (Grader, error) {
	for _, g := range graders {
		if g.Name() == name {
			return g, nil
		}
	}
	return nil, fmt.Errorf("grade: unknown grader %q: want %s", name, strings.Join(Graders(), ", "))
}

// ErrNoGold is the error of a question without a right answer.
var ErrNoGold = errors.New("there is no right answer to compare with")
