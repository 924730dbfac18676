package construct

import (
	"fmt"
	"math/big"
)

// Plan says how many completions Algorithm 1 requests for each question.
type Plan struct {
	K int // completions of the question, and of each partial answer
	T int // fragments of the longest partial answers; 0 for none
	M int // partial answers of each length; ignored if T is 0
}

// Validate returns what is wrong with p, or nil.
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

// Completions returns K(1+MT), the completions for a question if nothing ends early.
func (p Plan) Completions() int { return p.K * (1 + p.M*p.T) }

// Prefixes returns 1+MT, the prefixes of a question that completions are sampled for.
func (p Plan) Prefixes() int { return 1 + p.M*p.T }

// Requests returns the requests to the generator for a question if nothing ends early and a
// request gives up to n completions; 0 gives all of a prefix.
func (p Plan) Requests(n int) int {
	if n < 1 || n > p.K {
		n = p.K
	}
	return p.Prefixes() * ((p.K + n - 1) / n)
}

// Embeddings returns the requests to a model of embeddings for a question if nothing ends
// early: one for the first fragments, and one for each partial answer that is continued.
func (p Plan) Embeddings() int {
	if p.T == 0 {
		return 0
	}
	return p.Prefixes() - p.M
}

// Tree returns the completions of a full K-ary tree of depth T+1, in which every
// fragment of every answer is completed K times: K + K^2 + ... + K^(T+1).
func (p Plan) Tree() *big.Int {
	k, power, sum := big.NewInt(int64(p.K)), big.NewInt(1), new(big.Int)
	for range p.T + 1 {
		power.Mul(power, k)
		sum.Add(sum, power)
	}
	return sum
}

// Tally counts what was done for a plan. For each question, Completions + NotClustered
// + NotContinued is Plan.Completions.
type Tally struct {
	Completions  int // completions from the server or the store
	NotClustered int // completions not requested, because there were fewer clusters than M
	NotContinued int // completions not requested, because no completion of a partial answer had a further fragment

	Short  int // answers to the question that have no fragment to cut after
	Ends   int // branches that ended before T
	Cut    int // completions that reached the token limit
	Unread int // completions in which the grader found no answer; they count as wrong
	// Restarted counts completions of partial answers whose first 16 bytes are those of
	// an answer to the question. If there are many, the server does not continue a
	// partial answer but starts again, and the labels are wrong: choose another
	// [openai.API]. They are not counted for [grade.StatementsGrader], where any
	// statement may follow another one.
	Restarted int
	// Ungraded counts completions without a verdict from the judge. They are in no label.
	Ungraded int

	// Counts of Config.Equivalence: distinct answers that were graded, distinct answers that
	// share the verdict of an answer with the same meaning, and the cost of comparing them.
	Verdicts           int
	VerdictsShared     int
	Meanings           int // classes of answers
	Entailments        int // judgements of entailment
	EntailmentsUnclear int // judgements whose reply could not be read; they count as no entailment

	Requests         int // to the generator
	PromptTokens     int // by the server's count, if it sends one
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
