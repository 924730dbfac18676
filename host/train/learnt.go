package train

import (
	"hash/fnv"
	"io"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/finece/finece/host/train/problems"
)

// Chains is a set of chains of equations, each with its family ([problems.Problem.Chain]).
type Chains map[uint64]struct{}

func keyOf(p *problems.Problem) uint64 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, p.Chain())
	return h.Sum64()
}

// Has reports whether the chain of p is in c. Chains are compared by a hash of 64 bits.
func (c Chains) Has(p *problems.Problem) bool {
	_, ok := c[keyOf(p)]
	return ok
}

// BuiltIn has the numbers with which host/train/model.sh trained the built-in models:
// conversations of the corpus, prompts of the tokenizer and questions of the labels, all
// from Seed, and the solver's conversations and quoted solutions, from Seed+1.
var BuiltIn = struct {
	Seed                                     uint64
	Corpus, Prompts, Questions, Chat, Judged int
}{1, 160000, 3000, 3000 + 21000 + 20000, 48000, 32000}

// Learnt returns the chains of all problems in the training data of the built-in models:
// reference solutions and labels. It makes these problems again, which takes some seconds.
func Learnt() (Chains, error) {
	all := Chains{}
	var mu sync.Mutex
	var group errgroup.Group
	// learn calls write with a source, and adds the chains of the problems that write takes.
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
