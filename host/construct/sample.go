package construct

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
)

// node is a prefix: a question with a partial answer.
type node struct {
	at      string // "" for the question, else branch.fragments
	partial string
	rank    int
	// openings are how the answers to the question begin.
	openings map[string]bool
}

// piece is completions start..start+n-1 of a prefix.
type piece struct{ start, n int }

// pieces cuts what is missing into requests of at most most, none of them across
// the end of a block: so it does not matter to what begins where when it was learnt
// that a server gives fewer than block.
func pieces(have []bool, block int, most func(n int) int) []piece {
	var out []piece
	for i := 0; i < len(have); {
		if have[i] {
			i++
			continue
		}
		end := i
		for stop := min(len(have), (i/block+1)*block); end < stop && !have[end]; {
			end++
		}
		for i < end {
			n := max(most(end-i), 1)
			out = append(out, piece{i, n})
			i += n
		}
	}
	return out
}

// seedOf is the seed of the request for the completions of a prefix from start
// on: 31 bits, which every server takes. Seeds of requests are unrelated, since
// servers give the n completions of one request seeds that follow each other.
func seedOf(seed uint64, id, at string, start int) int64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %q %q %d", seed, id, at, start))
	return int64(binary.LittleEndian.Uint32(sum[:4]) >> 1)
}

// Sampler gets completions of prefixes: those that are in the store, and the
// rest from the server, with a seed for each request. It is safe for concurrent
// use.
type Sampler struct {
	generator *Generator
	seed      uint64
	store     Store
	queue     *queue
	observe   func(completions int)
}

// NewSampler makes a sampler that has at most so many requests in flight. The
// store may be nil.
func NewSampler(g *Generator, seed uint64, store Store, requests int) *Sampler {
	return &Sampler{g, seed, store, newQueue(max(requests, 1)), func(int) {}}
}

// Sample gets n completions of a question with a partial answer, "" for none.
// They are those that a run has for this prefix, if at is the prefix's place in
// it: "" for the question.
func (s *Sampler) Sample(ctx context.Context, q *Question, at, partial string, n int) (*Sampled, error) {
	got, err := s.sample(ctx, q, node{at: at, partial: partial}, n)
	if err != nil {
		return nil, err
	}
	return &Sampled{got.out, got.name, got.replies, got.tally}, nil
}

// Saved reports whether any of the n completions of a question is in the store.
func (s *Sampler) Saved(q *Question, n int) (bool, error) {
	got, _, err := s.saved(q, node{}, n)
	return err == nil && got.replies > 0, err
}

// Sampled is what a [Sampler] got.
type Sampled struct {
	Completions []Completion
	Served      string // the model, as the server names it
	Replies     int    // that the completions came in, saved ones included
	// Tally has Completions, PromptTokens and CompletionTokens, saved ones
	// included, and Requests, which are those made now.
	Tally Tally
}

// sampling is the completions of one prefix as they arrive.
type sampling struct {
	mu      sync.Mutex
	out     []Completion
	have    []bool
	replies int
	tally   Tally
	name    string // of the model, as the server says
}

func (s *sampling) take(v *savedCompletions, start int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for i, c := range v.Completions {
		if at := start + i; at < len(s.have) && !s.have[at] {
			s.out[at], s.have[at] = c, true
			n++
		}
	}
	s.replies++
	s.tally.Completions += n
	s.tally.PromptTokens += v.PromptTokens
	s.tally.CompletionTokens += v.CompletionTokens
	if start == 0 {
		s.name = v.Served
	}
	return n
}

// saved takes what the store has of a prefix's completions. keyAt names the reply
// that begins with one of them.
func (b *Sampler) saved(q *Question, n node, k int) (s *sampling, keyAt func(start int) string, err error) {
	s = &sampling{out: make([]Completion, k), have: make([]bool, k)}
	g := b.generator
	seed := b.seed
	if g.c.NoSeed {
		seed = 0
	}
	key, err := KeyOf("completions", q.ID, n.at, g.c.API.String(), g.request(q, n.partial), seed, g.c.NoSeed)
	if err != nil {
		return nil, nil, err
	}
	keyAt = func(start int) string { return fmt.Sprintf("%s-%d", key, start) }
	for start := 0; start < k; {
		var v savedCompletions
		ok, err := LoadFrom(b.store, keyAt(start), &v)
		if err != nil {
			return nil, nil, err
		}
		if !ok || len(v.Completions) == 0 {
			start++
			continue
		}
		s.take(&v, start)
		start += len(v.Completions)
	}
	return s, keyAt, nil
}

func (b *Sampler) sample(ctx context.Context, q *Question, n node, k int) (*sampling, error) {
	s, keyAt, err := b.saved(q, n, k)
	if err != nil {
		return nil, err
	}
	b.observe(s.tally.Completions)
	g := b.generator
	block := k
	if g.c.PerRequest > 0 {
		block = g.c.PerRequest
	}
	// Each round ends with an error or with fewer missing.
	for {
		missing := pieces(s.have, block, g.perRequest)
		if len(missing) == 0 {
			return s, nil
		}
		// A request that fails keeps those that wait from being sent, and lets
		// those in flight arrive: they are paid for.
		waiting, stop := context.WithCancel(ctx)
		tickets := b.queue.tickets(n.rank, len(missing))
		errs := make([]error, len(missing))
		var group sync.WaitGroup
		for i, p := range missing {
			group.Go(func() {
				if errs[i] = b.queue.wait(waiting, tickets[i]); errs[i] != nil {
					return
				}
				defer b.queue.done()
				v, err := b.ask(ctx, q, n, p, s)
				if err == nil {
					err = SaveTo(b.store, keyAt(p.start), q.ID, "completions", v)
				}
				if err != nil {
					errs[i] = err
					stop()
					return
				}
				b.observe(s.take(v, p.start))
			})
		}
		group.Wait()
		stop()
		if err := firstError(errs); err != nil {
			return nil, err
		}
	}
}

// ask makes the request for a piece. Where the server does not allow n, it asks
// for the first of them.
func (b *Sampler) ask(ctx context.Context, q *Question, n node, p piece, s *sampling) (*savedCompletions, error) {
	g := b.generator
	seed := seedOf(b.seed, q.ID, n.at, p.start)
	p.n = g.perRequest(p.n) // which may have been learnt since
	s.request()
	v, err := g.ask(ctx, g.request(q, n.partial), p.n, seed)
	if err != nil && p.n > 1 && Refused(err) {
		s.request()
		if v, err = g.ask(ctx, g.request(q, n.partial), 1, seed); err == nil {
			g.gave(p.n, 1)
		}
	}
	if err != nil {
		return nil, err
	}
	g.gave(p.n, len(v.Completions))
	v.At, v.Start, v.Partial, v.Seed = n.at, p.start, n.partial, seed
	return v, nil
}

func (s *sampling) request() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tally.Requests++
}

// firstError is the first that is not about having been cancelled, or else the
// first.
func firstError(errs []error) error {
	var first error
	for _, err := range errs {
		switch {
		case err == nil:
		case !errors.Is(err, context.Canceled):
			return err
		case first == nil:
			first = err
		}
	}
	return first
}
