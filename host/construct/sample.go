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

// pieces cuts what is missing into requests of at most most.
func pieces(have []bool, most func(n int) int) []piece {
	var out []piece
	for i := 0; i < len(have); {
		if have[i] {
			i++
			continue
		}
		end := i
		for end < len(have) && !have[end] {
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

// sampling is the completions of one prefix as they arrive.
type sampling struct {
	mu    sync.Mutex
	out   []Completion
	have  []bool
	tally Tally
	name  string // of the model, as the server says
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
	s.tally.Completions += n
	s.tally.PromptTokens += v.PromptTokens
	s.tally.CompletionTokens += v.CompletionTokens
	if start == 0 {
		s.name = v.Served
	}
	return n
}

// sample gets K completions of a prefix: those in the store, and the rest from
// the server.
func (b *builder) sample(ctx context.Context, q *Question, n node) (*sampling, error) {
	s := &sampling{out: make([]Completion, b.K), have: make([]bool, b.K)}
	g := b.Generator
	seed := b.Seed
	if g.c.NoSeed {
		seed = 0
	}
	key, err := keyOf("completions", q.ID, n.at, g.c.API.String(), g.request(q, n.partial), seed, g.c.NoSeed)
	if err != nil {
		return nil, err
	}
	keyAt := func(start int) string { return fmt.Sprintf("%s-%d", key, start) }
	for start := 0; start < b.K; {
		var v savedCompletions
		ok, err := load(b.Store, keyAt(start), &v)
		if err != nil {
			return nil, err
		}
		if !ok || len(v.Completions) == 0 {
			start++
			continue
		}
		b.observe(s.take(&v, start), 0)
		start += len(v.Completions)
	}
	// Each round ends with an error or with fewer missing.
	for {
		missing := pieces(s.have, g.perRequest)
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
					err = save(b.Store, keyAt(p.start), q.ID, "completions", v)
				}
				if err != nil {
					errs[i] = err
					stop()
					return
				}
				b.observe(s.take(v, p.start), 0)
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
func (b *builder) ask(ctx context.Context, q *Question, n node, p piece, s *sampling) (*savedCompletions, error) {
	seed := seedOf(b.Seed, q.ID, n.at, p.start)
	p.n = b.Generator.perRequest(p.n) // which may have been learnt since
	s.request()
	v, err := b.Generator.ask(ctx, b.Generator.request(q, n.partial), p.n, seed)
	if err != nil && p.n > 1 && refusesN(err) {
		s.request()
		if v, err = b.Generator.ask(ctx, b.Generator.request(q, n.partial), 1, seed); err == nil {
			b.Generator.gave(p.n, 1)
		}
	}
	if err != nil {
		return nil, err
	}
	b.Generator.gave(p.n, len(v.Completions))
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
