package fit

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
)

// asked makes questions of a vocabulary: the same words in any order.
func asked(seed uint64, n int, words ...string) []string {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([]string, n)
	for i := range out {
		for range 8 {
			out[i] += words[r.IntN(len(words))] + " "
		}
		out[i] += fmt.Sprint(r.IntN(1e6), "?")
	}
	return out
}

var (
	fruit = []string{"apple", "pear", "plum", "cherry", "sells", "buys", "and", "then", "how", "many"}
	law   = []string{"court", "verdict", "statute", "appeal", "judge", "whose", "under", "which", "binding", "clause"}
)

// TestFewQuestionsOfTheSameKindAreUnlike checks the share over many draws of all questions.
// The bound is on the probability over such draws.
func TestFewQuestionsOfTheSameKindAreUnlike(t *testing.T) {
	near, far, n := 0, 0, 0
	for seed := range uint64(40) {
		l, err := LikenessOf(asked(seed, 600, fruit...))
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Validate(); err != nil {
			t.Fatal(err)
		}
		for i, q := range asked(1000+seed, 200, fruit...) {
			n++
			if l.Unlike(q) {
				near++
			}
			if l.Unlike(asked(2000+seed*200+uint64(i), 1, law...)[0]) {
				far++
			}
		}
	}
	// 8,000 questions: the standard error of 1% is 0.11 points, and more for the 40 draws of limits.
	if share := float64(near) / float64(n); share > 0.015 {
		t.Errorf("%.4f of the questions of the same kind are called unlike, want 0.01 or less", share)
	}
	if share := float64(far) / float64(n); share < 0.99 {
		t.Errorf("%.4f of the other questions are called unlike", share)
	}
}

func TestALikenessOfTheSameQuestions(t *testing.T) {
	questions := asked(1, FewestQuestions, fruit...)
	once, err := LikenessOf(questions)
	if err != nil {
		t.Fatal(err)
	}
	var thrice []string
	for _, q := range questions {
		thrice = append(thrice, q, q, q)
	}
	if again, err := LikenessOf(thrice); err != nil || !reflect.DeepEqual(again, once) {
		t.Errorf("repeated questions change the likeness: %v", err)
	}
	if _, err := LikenessOf(thrice[3:]); !errors.Is(err, ErrFewQuestions) {
		t.Errorf("%d questions: %v", FewestQuestions-1, err)
	}
}
