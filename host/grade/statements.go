package grade

import (
	"context"
	"strings"
)

// StatementsGrader grades an answer to an open-ended question of which all true
// statements are known, in Question.Gold: it is right if each statement of it, a
// line or paragraph, is one of these. Which ones it has, how many and in what order
// is free, and one said twice is as true as said once. White space is compared as
// single spaces, and a final period is not looked at; all else is, case as well.
//
// It is no [Reader]: two right answers need have nothing in common.
type StatementsGrader struct{}

// Name is "statements".
func (StatementsGrader) Name() string { return "statements" }

// Check wants a statement.
func (StatementsGrader) Check(q *Question) error {
	for _, g := range q.Gold {
		if stated(g) != "" {
			return nil
		}
	}
	return ErrNoGold
}

// Grade is Unread if there is no statement in the answer.
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

// stated is a statement in the form that equal ones have in common.
func stated(s string) string {
	return strings.TrimRight(strings.Join(strings.Fields(s), " "), " .")
}
