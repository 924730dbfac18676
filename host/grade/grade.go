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

// Graders returns the names that GraderNamed accepts.
func Graders() []string { return []string{"number", "letter", "alias", "alias-contains", "statements"} }

// GraderNamed returns the grader "number", "letter", "alias", "alias-contains" or
// "statements".
func GraderNamed(name string) (Grader, error) {
	switch name {
	case "number":
		return NumberGrader{}, nil
	case "letter":
		return LetterGrader{}, nil
	case "alias":
		return AliasGrader{}, nil
	case "alias-contains":
		return AliasGrader{Contains: true}, nil
	case "statements":
		return StatementsGrader{}, nil
	}
	return nil, fmt.Errorf("grade: unknown grader %q: want %s", name, strings.Join(Graders(), ", "))
}

// ErrNoGold is the error of a question without a right answer.
var ErrNoGold = errors.New("there is no right answer to compare with")
