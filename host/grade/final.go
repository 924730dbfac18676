package grade

import (
	"context"
	"errors"
	"strings"
)

// Equivalence says which answers to a question come to the same. It is safe for
// concurrent use.
type Equivalence interface {
	// Name says what decides, for the provenance of figures.
	Name() string
	// Classes numbers the classes of answers from 0, in the order in which they
	// come first. No order of the answers is better than another, but it may
	// matter where a model decides.
	Classes(ctx context.Context, q *Question, answers []string) (*Classes, error)
}

// NoAnswer is the class of an answer in which nothing was found to compare. It
// is like no other, not even another one of these.
const NoAnswer = -1

// Classes is what an [Equivalence] makes of answers.
type Classes struct {
	Of []int // the class of each answer, or NoAnswer
	// Judged is what it took where a model decides; zeros elsewhere.
	Judged Judged
}

// Reader is a [Grader] that finds the final answer in an answer before it
// compares it. Two answers are equivalent if they have the same.
type Reader interface {
	// Final is the final answer in a form that equal ones have in common. ok is
	// false if there is none.
	Final(q *Question, answer string) (final string, ok bool)
}

// Final is the number as a fraction in lowest terms.
func (NumberGrader) Final(_ *Question, answer string) (string, bool) {
	v := NumberIn(answer)
	if v == nil {
		return "", false
	}
	return v.RatString(), true
}

// Final is the letter.
func (LetterGrader) Final(q *Question, answer string) (string, bool) {
	l := LetterIn(answer, q.Choices)
	return l, l != ""
}

// Final is the stated answer in lower case, without punctuation, articles and
// white space. Gold is not looked at: two aliases of it are two answers.
func (AliasGrader) Final(_ *Question, answer string) (string, bool) {
	s := strings.ReplaceAll(normalised(statedAlias(answer), ""), " ", "")
	return s, s != ""
}

// ByFinal compares final answers, as a grader reads them.
type ByFinal struct{ Reader Reader }

// EquivalenceBy is [ByFinal] for a grader that is a [Reader]. A judge is none:
// for it, there is [Entailment].
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
