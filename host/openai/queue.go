package openai

import (
	"context"
	"slices"
	"sync"
)

// queue hands out the slots for requests. The requests for one prefix go out one
// behind the other, with none for another between them, so that a server finds
// the prefix in its cache. Of prefixes that wait, that of the earliest question
// comes first.
type queue struct {
	mu      sync.Mutex
	free    int
	current []*ticket // of the prefix whose turn it is
	waiting []turn
}

type turn struct {
	rank    int
	tickets []*ticket
}

type ticket struct {
	ready chan struct{} // closed when there is a slot
	given bool
	gone  bool
}

func newQueue(slots int) *queue { return &queue{free: slots} }

// tickets makes n tickets for one prefix.
func (q *queue) tickets(rank, n int) []*ticket {
	list := make([]*ticket, n)
	for i := range list {
		list[i] = &ticket{ready: make(chan struct{})}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, turn{rank, slices.Clone(list)})
	q.give()
	return list
}

// wait waits for a slot. Without an error, done has to be called.
func (q *queue) wait(ctx context.Context, t *ticket) error {
	select {
	case <-t.ready:
		return nil
	case <-ctx.Done():
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if t.gone = true; t.given {
		q.free++
		q.give()
	}
	return ctx.Err()
}

// done gives a slot back.
func (q *queue) done() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.free++
	q.give()
}

// give hands out free slots. The caller holds mu.
func (q *queue) give() {
	for q.free > 0 {
		for len(q.current) == 0 {
			if len(q.waiting) == 0 {
				return
			}
			next := 0
			for i := range q.waiting {
				if q.waiting[i].rank < q.waiting[next].rank {
					next = i
				}
			}
			q.current = q.waiting[next].tickets
			q.waiting = slices.Delete(q.waiting, next, next+1)
		}
		t := q.current[0]
		q.current = q.current[1:]
		if t.gone {
			continue
		}
		q.free--
		t.given = true
		close(t.ready)
	}
}
