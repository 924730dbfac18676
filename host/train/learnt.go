package train

import (
	"hash/fnv"
	"io"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/finece/finece/host/train/problems"
)

// Chains are families with chains of equations ([problems.Problem.Chain]).
type Chains map[uint64]struct{}

func keyOf(p *problems.Problem) uint64 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, p.Chain())
	return h.Sum64()
}

// Has reports whether the chain of p is one of c. Of different chains, one pair in 2^64 is
// taken for the same.
func (c Chains) Has(p *problems.Problem) bool {
	_, ok := c[keyOf(p)]
	return ok
}

// BuiltIn has the numbers of host/train/model.sh, by which the built-in models were
// trained from seed 1: conversations of the corpus, prompts of the tokenizer, questions
// of the labels, and what the solver learnt from seed 2.
var BuiltIn = struct {
	Seed                                     uint64
	Corpus, Prompts, Questions, Chat, Judged int
}{1, 160000, 3000, 3000 + 21000 + 20000, 48000, 32000}

// Learnt returns the chains of all problems that the built-in models learnt from, on
// reference solutions or on labels. It makes these problems again, which takes some
// seconds.
func Learnt() (Chains, error) {
	all := Chains{}
	var mu sync.Mutex
	var group errgroup.Group
	// learn writes what source makes, and adds its chains.
	learn := func(seed uint64, pool problems.Pool, write func(*problems.Source) error) {
		group.Go(func() error {
			var keys []uint64
			s := problems.NewSource(seed, problems.InDomain, pool)
			s.Made = func(p *problems.Problem) { keys = append(keys, keyOf(p)) }
			err := write(s)
			mu.Lock()
			defer mu.Unlock()
			for _, k := range keys {
				all[k] = struct{}{}
			}
			return err
		})
	}
	seed := BuiltIn.Seed
	learn(seed, problems.Corpus, func(s *problems.Source) error { return writeCorpus(io.Discard, s, seed, BuiltIn.Corpus) })
	learn(seed, problems.Corpus, func(s *problems.Source) error { return writePrompts(io.Discard, s, BuiltIn.Prompts) })
	learn(seed, problems.Confidence, func(s *problems.Source) error {
		for range BuiltIn.Questions {
			s.Next()
		}
		return nil
	})
	learn(seed+1, problems.Corpus, func(s *problems.Source) error { return writeCorpus(io.Discard, s, seed+1, BuiltIn.Chat) })
	learn(seed+1, problems.Corpus, func(s *problems.Source) error { return writePrompts(io.Discard, s, BuiltIn.Judged) })
	return all, group.Wait()
}
