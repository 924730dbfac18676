package construct

import (
	"fmt"
	"math/big"
)

// Plan is what Algorithm 1 asks for, for each question.
type Plan struct {
	K int // completions of the question, and of each partial answer
	T int // fragments of the longest partial answers; 0 for none
	M int // partial answers of each length; of no account if T is 0
}

// Validate says what is wrong with p, or nil.
func (p Plan) Validate() error {
	const most = 1 << 20 // keeps every count within an int
	switch {
	case p.K < 1 || p.K > 10_000:
		return fmt.Errorf("construct: K is %d: want 1 to 10000", p.K)
	case p.T < 0 || p.T > 1000:
		return fmt.Errorf("construct: T is %d: want 0 to 1000", p.T)
	case p.T == 0 && p.M >= 0:
		return nil
	case p.M < 1 || p.M > p.K:
		return fmt.Errorf("construct: M is %d: want 1 to K, which is %d, or no partial answers: T 0", p.M, p.K)
	case p.M*p.T > most:
		return fmt.Errorf("construct: M*T is %d: want at most %d partial answers", p.M*p.T, most)
	}
	return nil
}

// Completions is k(1+mT), the completions a question when nothing ends early.
func (p Plan) Completions() int { return p.K * (1 + p.M*p.T) }

// Prefixes is 1+mT, the states a question that are sampled from.
func (p Plan) Prefixes() int { return 1 + p.M*p.T }

// Tree is what the plain k-ary tree of depth T+1 would take: every fragment of
// every answer completed K times, k + k^2 + ... + k^(T+1).
func (p Plan) Tree() *big.Int {
	k, power, sum := big.NewInt(int64(p.K)), big.NewInt(1), new(big.Int)
	for range p.T + 1 {
		power.Mul(power, k)
		sum.Add(sum, power)
	}
	return sum
}

// Tally is what became of a plan. Completions + NotClustered + NotContinued is
// Plan.Completions for each question.
type Tally struct {
	Completions  int // that were had, from the server or the store
	NotClustered int // not asked: there were fewer clusters than M
	NotContinued int // not asked: no completion of a partial answer had a further fragment

	Short  int // of the answers to questions, those without a fragment to cut behind
	Ends   int // branches that ended before T
	Cut    int // completions that reached the token limit
	Unread int // completions in which the grader found no answer; they count as wrong
	// Restarted completions of partial answers begin as an answer to the question
	// does, to 16 bytes. Where they are many, the server does not go on with a
	// partial answer but answers anew, and the labels are not those of partial
	// answers: another [API] is needed. For [StatementsGrader] none are counted: what
	// may begin an answer may go on with one.
	Restarted int
	// Ungraded completions got no verdict from the judge, and are in no label.
	Ungraded int

	// Of Config.Equivalence: of the different answers, how many were graded and
	// how many took the verdict on one that means the same, and what that took.
	Verdicts           int
	VerdictsShared     int
	Meanings           int // classes of answers
	Entailments        int // judgements of entailment
	EntailmentsUnclear int // of those, the ones that could not be read and count as none

	Requests         int // that were made to the generator
	PromptTokens     int // by the server's count, where it gives one
	CompletionTokens int
}

func (t *Tally) add(o *Tally) {
	t.Completions += o.Completions
	t.NotClustered += o.NotClustered
	t.NotContinued += o.NotContinued
	t.Short += o.Short
	t.Ends += o.Ends
	t.Cut += o.Cut
	t.Unread += o.Unread
	t.Restarted += o.Restarted
	t.Ungraded += o.Ungraded
	t.Verdicts += o.Verdicts
	t.VerdictsShared += o.VerdictsShared
	t.Meanings += o.Meanings
	t.Entailments += o.Entailments
	t.EntailmentsUnclear += o.EntailmentsUnclear
	t.Requests += o.Requests
	t.PromptTokens += o.PromptTokens
	t.CompletionTokens += o.CompletionTokens
}

// Add adds o to t.
func (t *Tally) Add(o Tally) { t.add(&o) }
