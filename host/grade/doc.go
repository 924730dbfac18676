// Package grade decides whether an answer to a question is correct.
//
//	q := &grade.Question{Text: "What is 6 times 7?", Gold: []string{"42"}}
//	verdict, err := grade.NumberGrader{}.Grade(ctx, q, "6 * 7 = 42. The answer is 42.")
//	// verdict is grade.Right
//
// A [Grader] compares an answer with the question's right answers: by number, option letter,
// alias, set of items or statement. A [Judge] is a grader that asks a language model, for
// questions without one right answer. An [Equivalence] groups answers that mean the same, by
// their final answers or with an [Entailment].
package grade
