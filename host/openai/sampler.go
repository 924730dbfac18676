package openai

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// Stem is a question with a partial answer, which may be empty. Completions continue it.
type Stem struct {
	ID       string // of the question
	Question string // its text
	// At is the name of the stem among those of its question: "" is the question itself. Seeds
	// depend on it.
	At      string
	Partial string // the partial answer; "" for none
	Rank    int    // of the waiting stems, the one with the lowest rank is next
}

// piece is completions start to start+n-1 of a stem.
type piece struct{ start, n int }

// savedCompletions is a reply as the store keeps it.
type savedCompletions struct {
	Saved
	At               string       `json:"at"`              // which partial answer: "" is the question, "2.1" the first fragment of branch 2
	Start            int          `json:"start"`           // number of the first completion, from 0
	Partial          string       `json:"partial"`         // the partial answer that was continued
	Served           string       `json:"model,omitempty"` // as the server names it
	Seed             int64        `json:"seed"`
	Completions      []Completion `json:"completions"`
	PromptTokens     int          `json:"prompt_tokens,omitempty"`
	CompletionTokens int          `json:"completion_tokens,omitempty"`
}

// pieces splits the missing completions into requests of at most most(n). No request
// crosses the end of a block, so the requests of a block do not depend on when the sampler
// learnt how many completions the server gives.
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

// seedOf returns the seed of the request for a stem's completions from start on. It has 31 bits,
// which every server accepts. Seeds of different requests are unrelated: servers use consecutive
// seeds for the n completions of one request, and those must not overlap.
func seedOf(seed uint64, id, at string, start int) int64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %q %q %d", seed, id, at, start))
	return int64(binary.LittleEndian.Uint32(sum[:4]) >> 1)
}

// Sampler gets completions of stems from the store if they are there, else from the server, with
// a seed for each request. It is safe for concurrent use.
type Sampler struct {
	generator *Generator
	seed      uint64
	store     Store
	queue     *queue

	// Observe is called with the number of completions that have come, by several goroutines at
	// once. It may be nil.
	Observe func(completions int)
}

func (s *Sampler) observe(completions int) {
	if s.Observe != nil {
		s.Observe(completions)
	}
}

// NewSampler makes a sampler. requests is the most requests in flight. The store may be nil.
func NewSampler(g *Generator, seed uint64, store Store, requests int) *Sampler {
	return &Sampler{generator: g, seed: seed, store: store, queue: newQueue(max(requests, 1))}
}

// Sample gets n completions of a stem.
func (s *Sampler) Sample(ctx context.Context, p Stem, n int) (*Sampled, error) {
	got, err := s.sample(ctx, p, n)
	if err != nil {
		return nil, err
	}
	return &got.Sampled, nil
}

// Saved reports whether any of the n completions of a stem is in the store.
func (s *Sampler) Saved(p Stem, n int) (bool, error) {
	got, _, err := s.saved(p, n)
	return err == nil && got.Replies > 0, err
}

// Sampled is the completions of a stem, with their cost.
type Sampled struct {
	Completions []Completion
	Served      string // the model, as the server names it
	Replies     int    // replies that the completions came in, saved ones included
	Requests    int    // requests that were made now
	// The tokens by the server's count, if it gives one; saved completions are included.
	PromptTokens, CompletionTokens int
}

// sampling collects the completions of one stem as they arrive.
type sampling struct {
	mu sync.Mutex
	Sampled
	have []bool
	had  int // completions that are there
}

func (s *sampling) take(v *savedCompletions, start int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for i, c := range v.Completions {
		if at := start + i; at < len(s.have) && !s.have[at] {
			s.Completions[at], s.have[at] = c, true
			n++
		}
	}
	s.Replies++
	s.had += n
	s.PromptTokens += v.PromptTokens
	s.CompletionTokens += v.CompletionTokens
	if start == 0 {
		s.Served = v.Served
	}
	return n
}

// saved reads the stem's completions that the store has. keyAt returns the key of
// the reply that starts with a given completion.
func (b *Sampler) saved(p Stem, k int) (s *sampling, keyAt func(start int) string, err error) {
	s = &sampling{Sampled: Sampled{Completions: make([]Completion, k)}, have: make([]bool, k)}
	g := b.generator
	seed := b.seed
	if g.c.NoSeed {
		seed = 0
	}
	key, err := KeyOf("completions", p.ID, p.At, g.c.API.String(), g.request(p.Question, p.Partial), seed, g.c.NoSeed)
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

func (b *Sampler) sample(ctx context.Context, p Stem, k int) (*sampling, error) {
	s, keyAt, err := b.saved(p, k)
	if err != nil {
		return nil, err
	}
	b.observe(s.had)
	g := b.generator
	block := k
	if g.c.PerRequest > 0 {
		block = g.c.PerRequest
	}
	// Each round ends with an error or with fewer completions missing.
	for {
		missing := pieces(s.have, block, g.perRequest)
		if len(missing) == 0 {
			return s, nil
		}
		// After a failure no further request is sent. The sampler waits for those in flight,
		// because they are paid for.
		waiting, stop := context.WithCancel(ctx)
		tickets := b.queue.tickets(p.Rank, len(missing))
		errs := make([]error, len(missing))
		var group sync.WaitGroup
		for i, wanted := range missing {
			group.Go(func() {
				if errs[i] = b.queue.wait(waiting, tickets[i]); errs[i] != nil {
					return
				}
				defer b.queue.done()
				v, err := b.ask(ctx, p, wanted, s)
				if err == nil {
					err = SaveTo(b.store, keyAt(wanted.start), p.ID, "completions", v)
				}
				if err != nil {
					errs[i] = err
					stop()
					return
				}
				b.observe(s.take(v, wanted.start))
			})
		}
		group.Wait()
		stop()
		if err := FirstError(errs); err != nil {
			return nil, err
		}
	}
}

// ask makes the request for a piece. If the server does not allow n, it asks for the
// first completion only.
func (b *Sampler) ask(ctx context.Context, p Stem, wanted piece, s *sampling) (*savedCompletions, error) {
	g := b.generator
	seed := seedOf(b.seed, p.ID, p.At, wanted.start)
	wanted.n = g.perRequest(wanted.n) // the server's limit may be known by now
	s.request()
	v, err := g.ask(ctx, g.request(p.Question, p.Partial), wanted.n, seed)
	if err != nil && wanted.n > 1 && Refused(err) {
		s.request()
		if v, err = g.ask(ctx, g.request(p.Question, p.Partial), 1, seed); err == nil {
			g.gave(wanted.n, 1)
		}
	}
	if err != nil {
		return nil, err
	}
	if g.c.API != Completions {
		v.cutRepeated(p.Partial)
	}
	g.gave(wanted.n, len(v.Completions))
	v.At, v.Start, v.Partial, v.Seed = p.At, wanted.start, p.Partial, seed
	return v, nil
}

// cutRepeated removes a partial answer that the server repeats before its completions.
// llama.cpp's server does so in plain replies of chat completions. Its tokens do not repeat the
// partial answer.
func (v *savedCompletions) cutRepeated(partial string) {
	for i := range v.Completions {
		v.Completions[i].Text = strings.TrimPrefix(v.Completions[i].Text, partial)
	}
}

func (s *sampling) request() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Requests++
}

// FirstError returns the first error that is not a cancellation, else the first error, else nil.
func FirstError(errs []error) error {
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
