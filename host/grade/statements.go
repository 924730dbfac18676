package grade

import (
	"context"
	"strings"
)

// StatementsGrader grades answers to an open-ended question whose true statements are
// all known: they are Question.Gold. An answer is right if each of its lines is one of
// them. Their number, order and repetition do not matter. White space is compared as
// single spaces and a final period is ignored; case counts.
//
// It is not a [Reader], because two right answers may have nothing in common.
type StatementsGrader struct{}

// Name is "statements".
func (StatementsGrader) Name() string { return "statements" }

// Check requires at least one true statement.
func (StatementsGrader) Check(q *Question) error {
	for _, g := range q.Gold {
		if stated(g) != "" {
			return nil
		}
	}
	return ErrNoGold
}

// Grade returns Unread for an answer without statements.
func (StatementsGrader) Grade(_ context.Context, q *Question, answer string) (Verdict, error) {
	known := map[string]bool{}
	for _, g := range q.Gold {
		known[stated(g)] = true
	}
	verdict := Unread
	for line := range strings.Lines(answer) {
		switch s := stated(line); {
		case s == "":
		case !known[s]:
			return Wrong, nil
		default:
			verdict = Right
		}
	}
	return verdict, nil
}

// stated returns the normal form of a statement.
func stated(s string) string {
	return strings.TrimRight(strings.Join(strings.Fields(s), " "), " .")
}
