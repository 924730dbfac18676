package construct

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/finece/finece/host/grade"
)

// graded holds the meanings of the answers to one question and a verdict for each.
type graded struct {
	*grade.Meanings
	q        *grade.Question
	verdicts []grade.Verdict // grade.Ungraded until a member gets another verdict
}

func (g *graded) clone() *graded {
	if g == nil {
		return nil
	}
	return &graded{g.Meanings.Clone(), g.q, slices.Clone(g.verdicts)}
}

// grade grades distinct answers, one for each meaning. The result depends on their
// order: the first answer of a meaning represents the others.
func (g *graded) grade(ctx context.Context, by grade.Grader, answers []string, t *Tally) ([]grade.Verdict, error) {
	out := make([]grade.Verdict, len(answers))
	before := g.Len()
	for i, a := range answers {
		class, err := g.Of(ctx, a)
		if err != nil {
			return nil, err
		}
		if class == grade.NoAnswer {
			out[i] = grade.Unread
			continue
		}
		if class == len(g.verdicts) {
			g.verdicts = append(g.verdicts, grade.Ungraded)
		}
		if g.verdicts[class] != grade.Ungraded {
			t.VerdictsShared++
		} else {
			t.Verdicts++
			if g.verdicts[class], err = by.Grade(ctx, g.q, a); err != nil {
				return nil, err
			}
		}
		out[i] = g.verdicts[class]
	}
	t.Meanings += g.Len() - before
	judged := g.Judged()
	t.Entailments += judged.Judgements
	t.EntailmentsUnclear += judged.Unclear
	return out, nil
}

// grade grades each distinct answer once, or one answer of each meaning.
func (b *builder) grade(ctx context.Context, q *grade.Question, answers []string, g *graded, t *Tally) ([]grade.Verdict, error) {
	number := map[string]int{}
	var distinct []string
	for _, a := range answers {
		if _, ok := number[a]; !ok {
			number[a] = len(distinct)
			distinct = append(distinct, a)
		}
	}
	verdicts, err := b.gradeEach(ctx, q, distinct, g, t)
	if err != nil {
		return nil, err
	}
	out := make([]grade.Verdict, len(answers))
	for i, a := range answers {
		out[i] = verdicts[number[a]]
	}
	return out, nil
}

func (b *builder) gradeEach(ctx context.Context, q *grade.Question, distinct []string, g *graded, t *Tally) ([]grade.Verdict, error) {
	if g != nil {
		return g.grade(ctx, b.Grader, distinct, t)
	}
	verdicts := make([]grade.Verdict, len(distinct))
	var group errgroup.Group
	group.SetLimit(b.Requests)
	for i, a := range distinct {
		group.Go(func() (err error) {
			verdicts[i], err = b.Grader.Grade(ctx, q, a)
			return err
		})
	}
	return verdicts, group.Wait()
}
