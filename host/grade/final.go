package grade

import (
	"context"
	"errors"
	"strings"
)

// Equivalence groups the answers to a question that mean the same. It is safe for
// concurrent use.
type Equivalence interface {
	// Name says how answers are compared, for the provenance of figures.
	Name() string
	// Classes numbers the classes of the answers from 0, in the order of their first
	// members. If a model decides, the result may depend on the order of the answers.
	Classes(ctx context.Context, q *Question, answers []string) (*Classes, error)
}

// NoAnswer is the class of an answer that contains nothing to compare. Two such
// answers are not equivalent either.
const NoAnswer = -1

// Classes is the result of an [Equivalence].
type Classes struct {
	Of []int // the class of each answer, or NoAnswer
	// Judged counts a model's judgements; all zeros if no model was asked.
	Judged Judged
}

// Reader is a [Grader] that looks for the final answer in an answer. Two answers are
// equivalent if their final answers are equal.
type Reader interface {
	// Final returns the final answer in a normal form. ok is false if there is none.
	Final(q *Question, answer string) (final string, ok bool)
}

// Final returns the number as a fraction in lowest terms.
func (NumberGrader) Final(_ *Question, answer string) (string, bool) {
	v := NumberIn(answer)
	if v == nil {
		return "", false
	}
	return v.RatString(), true
}

// Final returns the letter.
func (LetterGrader) Final(q *Question, answer string) (string, bool) {
	l := LetterIn(answer, q.Choices)
	return l, l != ""
}

// Final returns the stated answer in lower case, without punctuation, articles and
// white space. It does not use Gold: two aliases of the same right answer are
// different final answers.
func (AliasGrader) Final(_ *Question, answer string) (string, bool) {
	s := strings.ReplaceAll(normalised(statedAlias(answer), ""), " ", "")
	return s, s != ""
}

// ByFinal compares final answers, as a grader reads them.
type ByFinal struct{ Reader Reader }

// EquivalenceBy returns [ByFinal] for a grader that is a [Reader]. A judge is not
// one: use an [Entailment].
func EquivalenceBy(g Grader) (Equivalence, error) {
	r, ok := g.(Reader)
	if !ok {
		return nil, errors.New("grade: the grader " + g.Name() + " reads no final answer; let an Entailment compare answers")
	}
	return ByFinal{r}, nil
}

// Name is "final", with the grader's name.
func (e ByFinal) Name() string {
	if g, ok := e.Reader.(Grader); ok {
		return "final " + g.Name()
	}
	return "final"
}

// Classes never fails.
func (e ByFinal) Classes(_ context.Context, q *Question, answers []string) (*Classes, error) {
	number := map[string]int{}
	out := &Classes{}
	for _, a := range answers {
		f, ok := e.Reader.Final(q, a)
		if !ok {
			out.Of = append(out.Of, NoAnswer)
			continue
		}
		if _, known := number[f]; !known {
			number[f] = len(number)
		}
		out.Of = append(out.Of, number[f])
	}
	return out, nil
}
