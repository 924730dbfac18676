// Package grade decides whether an answer to a question is correct.
//
// A [Grader] compares an answer with the question's right answers: by number, by
// option letter, by alias or by statement. A [Judge] asks a language model, for
// questions without one right answer. An [Equivalence] groups answers that mean the
// same, by their final answers or with an [Entailment].
package grade
